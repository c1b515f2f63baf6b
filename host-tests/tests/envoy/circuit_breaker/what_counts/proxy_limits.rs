//! Envoy's own limits: what they turn away has not met the upstream.

use super::case::Case;
use super::{check, claim};
use serde_json::{Value, json};

fn limited(name: &'static str, threshold: Value) -> Case {
    Case::new(name).cluster(json!({ "circuit_breakers": { "thresholds": [threshold] } }))
}

const OVERFLOW: &str = "503 upstream_reset_before_response_started{overflow} UO";

#[test]
fn the_proxys_own_limits_count_nowhere() {
    check(vec![
        claim(an_overflow_says_nothing_of_the_upstream),
        claim(load_that_is_dropped_says_nothing_of_the_upstream),
    ]);
}

fn an_overflow_says_nothing_of_the_upstream() -> Vec<Case> {
    vec![
        limited("pending-requests", json!({ "max_pending_requests": 0 })).is(OVERFLOW, "ignored", ""),
        limited(
            "pending-requests-over-http2",
            json!({ "max_pending_requests": 0 }),
        )
        .http2()
        .is(OVERFLOW, "ignored", ""),
        limited("of-grpc", json!({ "max_pending_requests": 0 }))
            .grpc()
            .is(
                "200 upstream_reset_before_response_started{overflow} UO",
                "ignored",
                "",
            ),
        // It strikes when the connection has come up: a cluster's filter cannot tell it from a connection that failed.
        limited("requests", json!({ "max_requests": 0 })).is(OVERFLOW, "ignored", "failure"),
    ]
}

fn load_that_is_dropped_says_nothing_of_the_upstream() -> Vec<Case> {
    let all = json!({ "category": "tests", "drop_percentage": { "numerator": 100 } });
    vec![
        Case::new("dropped")
            .cluster(json!({ "load_assignment": { "policy": { "drop_overloads": [all] } } }))
            .is("503 unconditional_drop_overload UDO", "ignored", ""),
    ]
}
