//! The samples of retry, and of all plugins in one chain, do what their comments say, with two workers.

mod one_chain;

use crate::stand::{Stand, assert_metric, assert_nothing_given_up};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, REQUEST_ID, RETRY};
use live::client::{Request, Response};
use live::{Envoy, Sample, Upstream, wait};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// A sample with the modules that were just built, on free ports, with two workers.
#[track_caller]
fn stand(file: &str) -> Stand {
    let upstream = Upstream::start().expect("an upstream can be started");
    let start = || {
        let mut sample = Sample::load(file)?
            .on_free_ports()
            .cluster("upstream", upstream.address())?
            .module(RETRY.name, RETRY.path())?;
        if file == "envoy.yaml" {
            for plugin in [&ERROR_ENVELOPE, &REQUEST_ID, &CIRCUIT_BREAKER] {
                sample = sample.module(plugin.name, plugin.path())?;
            }
        } else {
            sample = sample.module("retry-attempts", RETRY.path())?;
        }
        Envoy::with(&sample.to_yaml()).concurrency(2).start()
    };
    let envoy = start().unwrap_or_else(|error: live::Error| panic!("{error}"));
    Stand { envoy, upstream }
}

#[track_caller]
fn send(stand: &Stand, request: &Request) -> Response {
    stand
        .envoy
        .send(request)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// Sends a request that reaches the upstream, and is tried so often, by what the upstream saw and by what the client is told.
#[track_caller]
fn tried(stand: &Stand, request: &Request, times: usize) -> Response {
    let response = send(stand, request);
    assert_eq!(
        text(&response, "x-envoy-attempt-count"),
        times.to_string(),
        "{}",
        response.text()
    );
    assert_eq!(stand.upstream.take_received().len(), times);
    response
}

/// The one value of a header.
#[track_caller]
fn text(response: &Response, name: &str) -> String {
    let values = response.values(name);
    let [value] = values.as_slice() else {
        panic!("{name}: {} values in {response:?}", values.len());
    };
    String::from_utf8_lossy(value).into_owned()
}

#[track_caller]
fn seconds(response: &Response) -> u64 {
    text(response, "retry-after").parse().expect("whole seconds")
}

/// An error of a plugin's own, with the standard body.
#[track_caller]
fn refused(stand: &Stand, request: &Request, status: u16, code: &str) {
    let response = send(stand, request);
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(text(&response, "x-error-code"), code);
    let body: Value = serde_json::from_slice(&response.body).expect("the body is JSON");
    assert_eq!(
        (&body["error_code"], &body["status_code"]),
        (&json!(code), &json!(status))
    );
    assert!(
        stand.upstream.take_received().is_empty(),
        "it reached the upstream"
    );
}

fn post(path: &str) -> Request {
    Request::post(path, "")
}

#[test]
fn a_get_is_tried_three_times_and_its_caller_is_told_when_to_come_back() {
    let stand = stand("retry.yaml");
    let response = tried(&stand, &Request::get("/status/503"), 3);
    assert_eq!(response.status, 503);
    assert!((1..=2).contains(&seconds(&response)), "{response:?}");
    for attempt in [2, 3] {
        let series = format!("retry_attempts_total{{route=\"everything-else\",attempt=\"{attempt}\"}}");
        assert_metric(&stand, &series, 1);
    }
    let entry = &stand.envoy.access_log_of(1).expect("each exchange is logged")[0];
    assert_eq!(
        (&entry["attempts"], &entry["retry"]),
        (&json!(3), &json!("retried:2")),
        "{entry}"
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn a_post_is_tried_once_and_where_keys_count_with_a_key_as_often_as_a_get() {
    let stand = stand("retry.yaml");
    tried(&stand, &post("/status/503"), 1);
    tried(&stand, &post("/status/503").header("idempotency-key", "42"), 1);
    tried(&stand, &post("/orders/status/503"), 1);
    tried(
        &stand,
        &post("/orders/status/503").header("idempotency-key", "42"),
        3,
    );
    let suppressed = |route: &str, reason: &str| {
        format!("retry_suppressed_total{{route=\"{route}\",reason=\"{reason}\",mode=\"enforce\"}}")
    };
    assert_metric(&stand, &suppressed("everything-else", "method"), 2);
    assert_metric(&stand, &suppressed("orders", "idempotency_key"), 1);
}

#[test]
fn a_payment_needs_a_key() {
    let stand = stand("retry.yaml");
    refused(
        &stand,
        &post("/payments/status/503"),
        400,
        "IDEMPOTENCY_KEY_MISSING",
    );
    let malformed = post("/payments/status/503").header("idempotency-key", "4 2");
    refused(&stand, &malformed, 400, "IDEMPOTENCY_KEY_MALFORMED");
    tried(
        &stand,
        &post("/payments/status/503").header("idempotency-key", "42"),
        3,
    );
    tried(&stand, &Request::get("/payments/status/503"), 3);
}

#[test]
fn what_a_proxy_in_front_tries_again_is_tried_once() {
    let stand = stand("retry.yaml");
    let second = Request::get("/status/503").header("x-envoy-attempt-count", "2");
    let response = tried(&stand, &second, 1);
    assert!((2..=3).contains(&seconds(&response)), "{response:?}");
}

#[test]
fn nobody_works_for_a_caller_who_has_left() {
    let stand = stand("retry.yaml");
    let began = Instant::now();
    let slow = Request::get("/slow/30000").header("x-request-deadline-ms", "500");
    let response = tried(&stand, &slow, 1);
    assert_eq!(response.status, 504);
    // The route alone would wait for ten.
    assert!(began.elapsed() < Duration::from_secs(10));
    let past = Request::get("/orders").header("x-request-deadline-ms", "0");
    refused(&stand, &past, 504, "DEADLINE_PASSED");
}

#[test]
fn each_attempt_is_told_what_is_left_of_the_deadline() {
    let stand = stand("retry.yaml");
    // By the second attempt, at least the 60 ms are over in which the first was answered.
    let request = Request::get("/status/503?delay=60").header("x-request-deadline-ms", "9000");
    send(&stand, &request);
    let told: Vec<u64> = stand
        .upstream
        .take_received()
        .iter()
        .map(|received| {
            let values = received.values("x-request-deadline-ms");
            let [value] = values.as_slice() else {
                panic!("{received:?}");
            };
            String::from_utf8_lossy(value).parse().expect("milliseconds")
        })
        .collect();
    let [first, second, third] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert!(
        *first <= 9_000 && first - second >= 60 && second - third >= 60,
        "{told:?}"
    );
}

#[test]
fn when_the_upstream_says_when_to_come_back_the_router_does_so_then() {
    let stand = stand("retry.yaml");
    let began = Instant::now();
    let response = tried(&stand, &Request::get("/status/503?header=retry-after:1"), 3);
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(seconds(&response), 1, "the upstream's own");
}

#[test]
fn a_background_job_is_tried_more_often() {
    let stand = stand("retry.yaml");
    thread::scope(|scope| {
        let job = scope.spawn(|| send(&stand, &Request::get("/background/status/503")));
        // Until it has been tried as often as others are, and was not given up.
        wait::until(Duration::from_secs(60), "the third attempt", || {
            Ok((stand.upstream.received().len() >= 3).then_some(()))
        })
        .unwrap_or_else(|error| panic!("{error}"));
        stand.upstream.answer("/status/503", live::Answer::ok());
        let response = job.join().expect("it is answered");
        assert_eq!(response.status, 200);
        let attempts = text(&response, "x-envoy-attempt-count");
        assert!(["4", "5"].contains(&attempts.as_str()), "{attempts}");
    });
}

#[test]
fn a_route_with_a_policy_of_its_own_is_narrowed_all_the_same() {
    let stand = stand("retry.yaml");
    tried(&stand, &Request::get("/legacy/status/503"), 3);
    tried(&stand, &post("/legacy/status/503"), 1);
}

#[test]
fn of_many_that_fail_the_later_ones_are_tried_once() {
    let stand = stand("retry.yaml");
    let budget = "retry_suppressed_total{route=\"everything-else\",reason=\"budget\",mode=\"enforce\"}";
    let began = Instant::now();
    let mut requests = 0;
    wait::until(Duration::from_secs(60), "a budget that is used up", || {
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        send(&stand, &Request::get("/status/503"));
                    }
                });
            }
        });
        requests += 100;
        Ok(stand.envoy.metric(budget)?.filter(|count| *count > 0))
    })
    .unwrap_or_else(|error| panic!("{error}"));
    // A fifth of the requests, ten a second and ten seconds' worth before, and what five clients let go of at once.
    let retries = stand.upstream.received().len() - requests;
    let bound = requests as u64 / 5 + 10 * (began.elapsed().as_secs() + 11) + 10;
    assert!(
        retries as u64 <= bound,
        "{retries} retries of {requests} requests, {bound} allowed"
    );
    assert!(retries > 0, "and few failures are tried again");
}
