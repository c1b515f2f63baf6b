//! When callers are told to come back.

use super::{host, policy, tried};
use host::{Answer, Host};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Without jitter, and without retries.
fn told(settings: Value) -> Host {
    let mut after = json!({ "jitter": 0 });
    after
        .as_object_mut()
        .expect("it is one")
        .extend(settings.as_object().expect("it is one").clone());
    policy(json!({ "attempts": 1, "retry_after": after }))
}

#[track_caller]
fn seconds(host: &Host, attempt: &str) -> String {
    let request = host.get("/orders").header("x-envoy-attempt-count", attempt);
    request.answered_with(503).response_header("retry-after").text()
}

#[test]
fn it_grows_with_the_callers_attempt_up_to_its_maximum() {
    let host = told(json!({}));
    let attempts = [
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "1000",
        "99999999999999999999999",
    ];
    assert_eq!(
        attempts.map(|attempt| seconds(&host, attempt)),
        ["1", "2", "4", "8", "16", "30", "30", "30", "30"]
    );
}

#[test]
fn a_caller_that_says_nothing_sensible_is_at_its_first_attempt() {
    let host = told(json!({}));
    host.get("/orders").answered_with(503).header("retry-after", "1");
    for attempt in ["", "0", "-3", "three", "3.0"] {
        assert_eq!(seconds(&host, attempt), "1", "{attempt:?}");
    }
}

#[test]
fn base_multiplier_and_maximum_are_settings() {
    let host = told(json!({ "base": "5s", "multiplier": 3, "max": "40s" }));
    assert_eq!(
        ["1", "2", "3", "4"].map(|attempt| seconds(&host, attempt)),
        ["5", "15", "40", "40"]
    );
    let host = told(json!({ "multiplier": 1 }));
    assert_eq!(
        ["1", "2", "9"].map(|attempt| seconds(&host, attempt)),
        ["1", "1", "1"]
    );
}

#[test]
fn part_of_a_second_is_a_whole_one() {
    let host = told(json!({ "base": "10ms", "multiplier": 1.5, "max": "1200ms" }));
    assert_eq!(
        ["1", "2", "1000"].map(|attempt| seconds(&host, attempt)),
        ["1", "1", "2"]
    );
}

#[test]
fn it_is_spread_within_its_bounds() {
    let host = told(json!({ "base": "10s", "max": "10s", "jitter": 0.5 }));
    let drawn: BTreeSet<u64> = (0..300)
        .map(|_| seconds(&host, "1").parse().expect("it is a number"))
        .collect();
    assert_eq!(drawn, BTreeSet::from([10, 11, 12, 13, 14, 15]));
}

#[test]
fn by_default_the_first_is_one_or_two_seconds() {
    let host = policy(json!({}));
    let after = |_| {
        tried(host.get("/orders"), 503)
            .response_header("retry-after")
            .text()
    };
    let drawn: BTreeSet<String> = (0..100).map(after).collect();
    assert_eq!(drawn, BTreeSet::from(["1".to_owned(), "2".to_owned()]));
}

#[test]
fn it_is_on_429_and_503_and_on_nothing_else() {
    let host = told(json!({}));
    for (status, expected) in [
        (429, true),
        (503, true),
        (200, false),
        (204, false),
        (301, false),
        (404, false),
        (500, false),
        (502, false),
        (504, false),
    ] {
        let exchange = host.get("/orders").answered_with(status);
        assert_eq!(
            exchange.response_header("retry-after").option().is_some(),
            expected,
            "{exchange}"
        );
    }
}

#[test]
fn the_statuses_are_a_setting() {
    let host = told(json!({ "statuses": ["500-502"] }));
    for (status, expected) in [(429, false), (499, false), (500, true), (502, true), (503, false)] {
        let exchange = host.get("/orders").answered_with(status);
        assert_eq!(
            exchange.response_header("retry-after").option().is_some(),
            expected,
            "{exchange}"
        );
    }
}

#[test]
fn one_that_is_there_is_kept_as_it_is() {
    let host = told(json!({}));
    for value in ["0", "7", "86400", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"] {
        let exchange = host
            .get("/orders")
            .answered_with(Answer::new(503).header("retry-after", value));
        exchange.header("retry-after", value);
    }
}

#[test]
fn the_proxys_own_answers_have_one_too() {
    let host = told(json!({}));
    for answer in [Answer::overflow(), Answer::connection_failure(), Answer::reset()] {
        tried(host.get("/orders"), answer).header("retry-after", "1");
    }
}

#[test]
fn any_method_is_told_and_grpc_by_its_status_of_http() {
    let host = told(json!({}));
    for method in ["POST", "HEAD", "PATCH"] {
        host.request(method, "/orders")
            .answered_with(503)
            .header("retry-after", "1");
    }
    host.grpc("/shop.Orders/Get")
        .answered_with(Answer::grpc_headers_only(14))
        .no_header("retry-after");
}

#[test]
fn the_last_answer_of_a_retried_request_has_it() {
    let host = policy(json!({ "retry_after": { "jitter": 0 } }));
    let exchange = tried(host.get("/orders"), 503);
    assert_eq!(exchange.attempts().len(), 3);
    exchange.header("retry-after", "1");
}

#[test]
fn where_callers_are_not_to_be_told_they_are_not() {
    let host = policy(json!({ "attempts": 1, "retry_after": null }));
    for status in [429, 503] {
        host.get("/orders").answered_with(status).no_header("retry-after");
    }
}

#[test]
fn shadow_tells_nobody() {
    let host = host(json!({ "mode": "shadow" }));
    for status in [429, 503] {
        host.get("/orders").answered_with(status).no_header("retry-after");
    }
}
