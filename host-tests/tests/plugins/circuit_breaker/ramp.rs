//! After it has closed: a growing share of the requests is admitted.

use super::{calls, policy, strikes_with, tell};
use host::{Host, millis, secs};
use serde_json::{Value, json};

/// A host whose breaker has just closed, with this ramp.
fn closing(settings: Value) -> Host {
    let host = policy(strikes_with(settings)).workers(2);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(0), "s");
    host
}

fn ramp(ramp: Value) -> Host {
    closing(json!({ "ramp": ramp }))
}

/// How many of a thousand requests are admitted.
#[track_caller]
fn admitted(host: &Host) -> usize {
    (0..1000)
        .filter(|number| host.worker(number % 2).get("/orders").run(200).status() == 200)
        .count()
}

#[track_caller]
fn about(host: &Host, percent: usize) {
    let admitted = admitted(host);
    // Four standard deviations of a thousand draws are less than 65.
    assert!(
        admitted.abs_diff(percent * 10) < 65,
        "{percent} %: {admitted} of 1000"
    );
}

#[test]
fn the_share_that_is_admitted_grows_evenly_to_all() {
    let host = ramp(json!({ "over": "10s", "from_percent": 10 }));
    about(&host, 10);
    for percent in [28, 46, 64, 82] {
        host.advance(secs(2));
        about(&host, percent);
    }
    host.advance(secs(2));
    assert_eq!(admitted(&host), 1000);
}

#[test]
fn from_nothing_none_is_admitted_at_first() {
    let host = ramp(json!({ "over": "10s", "from_percent": 0 }));
    assert_eq!(admitted(&host), 0);
    host.advance(secs(5));
    about(&host, 50);
    host.advance(secs(5));
    assert_eq!(admitted(&host), 1000);
}

#[test]
fn without_a_ramp_all_are_admitted_at_once() {
    for none in [Value::Null, json!({ "over": "0s", "from_percent": 0 })] {
        assert_eq!(admitted(&ramp(none.clone())), 1000, "{none}");
    }
}

#[test]
fn a_breaker_that_was_never_open_does_not_ramp() {
    let host = policy(json!({ "ramp": { "over": "1h", "from_percent": 0 } })).workers(2);
    assert_eq!(admitted(&host), 1000);
}

#[test]
fn who_is_not_admitted_is_told_so() {
    let host = ramp(json!({ "over": "10s", "from_percent": 0 }));
    let exchange = host.get("/orders").expect_rejected(503);
    exchange
        .header("retry-after", "1")
        .header("x-error-code", "CIRCUIT_RAMPING");
    assert_eq!(exchange.details(), "circuit_breaker_ramping");
    let body: Value = serde_json::from_slice(&exchange.body()).expect("it is JSON");
    assert_eq!(
        (&body["error_code"], &body["retry_after"]),
        (&json!("CIRCUIT_RAMPING"), &json!(1))
    );
    // The state is closed, of which filter state says nothing.
    exchange.filter_state("policy.circuit").is_absent();
    exchange.filter_state("policy.error_code").is("CIRCUIT_RAMPING");
}

#[test]
fn a_configured_code_takes_the_place_of_both() {
    let host =
        closing(json!({ "ramp": { "over": "10s", "from_percent": 0 }, "reject": { "error_code": "SHED" } }));
    host.get("/orders")
        .expect_rejected(503)
        .header("x-error-code", "SHED");
}

#[test]
fn who_is_not_admitted_is_rejected_and_no_failure() {
    let host = ramp(json!({ "over": "10s", "from_percent": 0 }));
    let before = calls(&host, "rejected", "enforce");
    assert_eq!(admitted(&host), 0);
    assert_eq!(calls(&host, "rejected", "enforce") - before, 1000);
    host.advance(secs(10));
    assert_eq!(admitted(&host), 1000);
    assert_eq!(calls(&host, "failure", "enforce"), 3);
}

#[test]
fn a_trip_while_ramping_grows_the_open_time_whatever_reset_after_says() {
    for (closed, seconds) in [(0, "20"), (9_999, "20"), (10_000, "10")] {
        let open = json!({ "reset_after": "0s" });
        let host = closing(json!({ "open": open, "ramp": { "over": "10s", "from_percent": 99.9 } }));
        host.advance(millis(closed));
        // Three that are admitted, whomever the ramp keeps out.
        let failed = (0..20)
            .filter(|_| host.get("/orders").run(503).details() == "via_upstream")
            .count();
        assert_eq!(failed, 3);
        host.get("/orders")
            .expect_rejected(503)
            .header("retry-after", seconds);
    }
}
