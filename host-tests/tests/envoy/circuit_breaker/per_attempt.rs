//! As a filter of a cluster, with two workers: each attempt counts, and retries end when it opens.

use super::stage::{calls, start, three_strikes, transitions};
use host_tests::plugin::CIRCUIT_BREAKER;
use live::client::Request;
use live::{Envoy, Sample, Upstream};
use serde_json::{Value, json};
use std::thread;

const DOZENS: usize = 48;

/// The sample with this policy: it tries each request up to four times.
fn stand(but: &Value) -> (Envoy, Upstream) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let load = || {
        Sample::load("circuit-breaker-per-attempt.yaml")?
            .on_free_ports()
            .cluster("upstream", upstream.address())?
            .module(CIRCUIT_BREAKER.name, CIRCUIT_BREAKER.path())?
            .configuration(CIRCUIT_BREAKER.name, &json!({ "default": three_strikes(but) }))
    };
    let sample: Sample = load().unwrap_or_else(|error: live::Error| panic!("{error}"));
    (start(&sample), upstream)
}

fn open_for_long(failures: u64) -> Value {
    json!({ "trip": { "consecutive_failures": failures }, "open": { "for": "1000s", "max": "1000s" } })
}

/// The series of attempts, which are told from requests.
fn of_attempts(series: &str) -> String {
    series.replacen(
        "breaker=\"upstream\"",
        "breaker=\"upstream\",position=\"upstream\"",
        1,
    )
}

fn attempts(outcome: &str) -> String {
    of_attempts(&calls(outcome))
}

#[track_caller]
fn get(envoy: &Envoy, path: &str) -> live::client::Response {
    envoy
        .send(&Request::get(path))
        .unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn metric(envoy: &Envoy, series: &str, value: u64) {
    envoy
        .metric_reaches(series, value)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn each_attempt_of_a_request_counts_and_the_retries_end_when_it_opens() {
    let (envoy, upstream) = stand(&open_for_long(6));
    let first = get(&envoy, "/status/503");
    assert_eq!(
        (first.status, first.values("x-error-code").len()),
        (503, 0),
        "the upstream's own"
    );
    assert_eq!(upstream.received().len(), 4);
    metric(&envoy, &attempts("failure"), 4);

    // Two more failures open it. The third attempt of this request is the last, and reaches no upstream.
    let second = get(&envoy, "/status/503");
    assert_eq!(
        (second.status, second.values("x-error-code")),
        (503, vec![&b"CIRCUIT_OPEN"[..]])
    );
    assert_eq!(upstream.received().len(), 6);
    metric(&envoy, &attempts("failure"), 6);
    metric(&envoy, &attempts("rejected"), 1);
    metric(
        &envoy,
        &of_attempts(&transitions("closed", "open", "consecutive_failures")),
        1,
    );
    let log = envoy.access_log_of(2).expect("each request is logged");
    assert_eq!(
        (&log[0]["attempts"], &log[0]["circuit"]),
        (&json!(4), &json!(null)),
        "{log:?}"
    );
    assert_eq!(
        (&log[1]["attempts"], &log[1]["circuit"]),
        (&json!(3), &json!("upstream:open")),
        "{log:?}"
    );
    assert_eq!(log[1]["details"], "circuit_breaker_open");
}

#[test]
fn dozens_of_requests_and_their_retries_are_ended_on_both_workers() {
    let (envoy, upstream) = stand(&open_for_long(3));
    (0..3).for_each(|_| drop(get(&envoy, "/status/503")));
    let reached = upstream.received().len();
    assert_eq!(reached, 3);
    let address = envoy.address().expect("the sample has a listener");
    let clients: Vec<_> = (0..DOZENS)
        .map(|_| {
            thread::spawn(move || live::client::send(address, &Request::get("/orders")).expect("an answer"))
        })
        .collect();
    for client in clients {
        let response = client.join().expect("no client failed");
        assert_eq!(response.values("x-error-code"), [b"CIRCUIT_OPEN"]);
    }
    assert_eq!(upstream.received().len(), reached);
}
