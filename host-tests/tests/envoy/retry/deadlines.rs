//! How long a request may take, as the configuration and its caller say.

use super::stage::{Outcome, Stage};
use live::client::Request;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Far less than the upstream takes, and far more than any deadline here.
const SOON: Duration = Duration::from_secs(8);
const FOREVER: &str = "/slow/20000";

fn heeding_callers() -> Value {
    json!({ "deadline_headers": ["x-request-deadline-ms", "grpc-timeout", "x-envoy-expected-rq-timeout-ms"] })
}

/// Sends a request that the upstream answers far too late.
#[track_caller]
fn ends_soon(stage: &Stage, request: &Request) -> Outcome {
    let start = Instant::now();
    let outcome = stage.send(request);
    assert!(start.elapsed() < SOON, "{request:?} took {:?}", start.elapsed());
    outcome
}

#[test]
fn a_request_takes_no_longer_than_its_caller_waits_whichever_way_it_says_so() {
    let stage = Stage::new(&heeding_callers());
    let get = || Request::get(FOREVER);
    for (entry, request) in [
        get().header("x-request-deadline-ms", "300"),
        get().header("grpc-timeout", "300m"),
        get().header("grpc-timeout", "300000u"),
        get().header("x-envoy-expected-rq-timeout-ms", "300"),
        // Of several the shortest.
        get()
            .header("x-request-deadline-ms", "60000")
            .header("grpc-timeout", "300m"),
        get()
            .header("x-request-deadline-ms", "300")
            .header("x-request-deadline-ms", "60000"),
        // What its caller tells the router is no deadline.
        get()
            .header("x-request-deadline-ms", "300")
            .header("x-envoy-upstream-rq-timeout-ms", "60000"),
    ]
    .into_iter()
    .enumerate()
    {
        let outcome = ends_soon(&stage, &request);
        assert_eq!(
            (outcome.response.status, outcome.received.len()),
            (504, 1),
            "{request:?}"
        );
        let told = outcome.received[0].values("x-envoy-expected-rq-timeout-ms");
        assert_eq!(told, [b"300"], "the upstream is told what is left");
        assert_eq!(stage.logged(entry + 1)["details"], "response_timeout");
    }
}

#[test]
fn the_configured_time_out_is_the_longest_that_a_caller_can_ask_for() {
    let mut policy = heeding_callers();
    policy["timeout"] = json!("300ms");
    let stage = Stage::new(&policy);
    for request in [
        Request::get(FOREVER),
        Request::get(FOREVER).header("x-request-deadline-ms", "60000"),
    ] {
        assert_eq!(ends_soon(&stage, &request).response.status, 504);
        assert_eq!(
            ends_soon(&stage, &request.header("x-envoy-upstream-rq-timeout-ms", "60000"))
                .response
                .status,
            504
        );
    }
}

#[test]
fn each_attempt_takes_no_longer_than_configured_and_is_tried_again() {
    let stage = Stage::new(&json!({ "per_try_timeout": "300ms" }));
    let outcome = ends_soon(&stage, &Request::get(FOREVER));
    assert_eq!((outcome.response.status, outcome.received.len()), (504, 3));
    assert_eq!(stage.logged(1)["details"], "upstream_per_try_timeout");
    // The upstream has seen it.
    let outcome = ends_soon(&stage, &Request::post(FOREVER, "one"));
    assert_eq!((outcome.response.status, outcome.received.len()), (504, 1));
}

#[test]
fn retries_end_when_the_caller_no_longer_waits() {
    let mut policy = heeding_callers();
    policy["attempts"] = json!(10);
    let stage = Stage::new(&policy);
    let outcome = ends_soon(
        &stage,
        &Request::get("/slow/150?status=503").header("x-request-deadline-ms", "400"),
    );
    assert_eq!(outcome.response.status, 504);
    // Each takes 150 ms: a fourth would begin after 450.
    assert!(
        (1..=3).contains(&outcome.received.len()),
        "{}",
        outcome.received.len()
    );
    stage.metric(
        "retry_suppressed_total{route=\"all\",reason=\"deadline\",mode=\"enforce\"}",
        1,
    );
}

#[test]
fn a_deadline_that_is_past_is_answered_at_once() {
    let stage = Stage::new(&heeding_callers());
    let past = Request::get(FOREVER).header("x-request-deadline-ms", "0");
    let outcome = ends_soon(&stage, &past);
    assert_eq!((outcome.response.status, outcome.received.len()), (504, 0));
    assert_eq!(outcome.response.values("x-error-code"), [b"DEADLINE_PASSED"]);
    let body: Value = serde_json::from_slice(&outcome.response.body).expect("the body is JSON");
    assert_eq!(
        (&body["error_code"], &body["status_code"]),
        (&json!("DEADLINE_PASSED"), &json!(504)),
        "{body}"
    );
    assert_eq!(stage.logged(1)["details"], "deadline_passed");

    let call = Request::post(FOREVER, "")
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "0m");
    let outcome = ends_soon(&stage, &call);
    assert_eq!((outcome.response.status, outcome.received.len()), (200, 0));
    assert_eq!(outcome.response.values("grpc-status"), [b"4"]);
}

#[test]
fn a_deadline_that_makes_no_sense_is_ignored_and_counted() {
    let stage = Stage::new(&heeding_callers());
    for value in ["soon", "-1", "1.5"] {
        let outcome = stage.send(&Request::get("/slow/50").header("x-request-deadline-ms", value));
        assert_eq!(outcome.response.status, 200, "{value}");
    }
    stage.metric(
        "policy_degradations_total{plugin=\"retry\",what=\"deadline_header\"}",
        3,
    );
}

#[test]
fn without_the_setting_no_caller_shortens_or_prolongs_anything() {
    let stage = Stage::new(&json!({ "timeout": "60s" }));
    for name in [
        "x-request-deadline-ms",
        "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-expected-rq-timeout-ms",
    ] {
        let outcome = stage.send(&Request::get("/slow/100").header(name, "1"));
        assert_eq!(outcome.response.status, 200, "{name}");
    }
}

#[test]
fn what_is_left_travels_on_with_each_attempt() {
    let stage = Stage::in_cluster_too(&json!({ "default": heeding_callers() }));
    let request = Request::get("/slow/100?status=503")
        .header("x-request-deadline-ms", "50000")
        .header("grpc-timeout", "60S");
    let outcome = stage.send(&request);
    assert_eq!((outcome.response.status, outcome.received.len()), (503, 3));
    let left = |name: &str| -> Vec<u64> {
        let values = outcome.received.iter().flat_map(|received| received.values(name));
        let read = |value: &[u8]| {
            let text = String::from_utf8_lossy(value);
            text.trim_end_matches('m')
                .parse()
                .unwrap_or_else(|_| panic!("{name}: {text}"))
        };
        values.map(read).collect()
    };
    for name in ["x-request-deadline-ms", "grpc-timeout"] {
        let [first, second, third] = left(name)[..] else {
            panic!("{name}: {:?}", left(name));
        };
        assert!(
            first <= 50_000 && first > 40_000,
            "{name}: {first}, of the shortest"
        );
        assert!(
            second + 100 <= first && third + 100 <= second,
            "{name}: {first}, {second}, {third}"
        );
    }
}
