//! What is counted, and under which names.

use super::{host, policy, suppressed, tried};
use host::{Answer, Host, RetryPolicy, Route};
use serde_json::json;
use std::collections::BTreeMap;

/// All counters of the plugin but those that are 0.
fn counters(host: &Host) -> BTreeMap<String, u64> {
    let all = host.metrics().into_iter();
    all.filter(|(name, value)| name.starts_with("retry_") && *value > 0)
        .collect()
}

fn counted<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn each_retry_that_was_made_is_counted_by_its_number() {
    let host = policy(json!({ "attempts": 4 })).routes([Route::new("orders")]);
    for answers in [
        [503, 503, 503, 200],
        [503, 503, 200, 0],
        [503, 200, 0, 0],
        [200, 0, 0, 0],
    ] {
        let mut exchange = host.get("/orders").send();
        for status in answers.into_iter().filter(|status| *status > 0) {
            exchange = exchange.begin_answer(status);
            if !exchange.is_finished() && !exchange.is_at_upstream() {
                exchange = exchange.expect_retried();
            }
        }
        exchange.expect_status(200);
    }
    let expected = counted([
        ("retry_attempts_total.route=orders;.attempt=2;", 3),
        ("retry_attempts_total.route=orders;.attempt=3;", 2),
        ("retry_attempts_total.route=orders;.attempt=4;", 1),
    ]);
    assert_eq!(counters(&host), expected);
}

#[test]
fn what_succeeds_at_the_first_attempt_counts_nothing() {
    let host = policy(json!({}));
    for status in [200, 404, 500, 429] {
        host.get("/orders").answered_with(status);
    }
    assert_eq!(counters(&host), counted([]));
}

#[test]
fn routes_are_told_apart() {
    let host = policy(json!({})).routes([
        Route::new("a").path("/a"),
        Route::new("b;c").path("/b"),
        Route::new("").path("/c"),
    ]);
    for path in ["/a", "/b", "/c"] {
        tried(host.get(path), Answer::new(503));
        tried(host.post(path), Answer::new(503));
    }
    let expected = counted([
        ("retry_attempts_total.route=a;.attempt=2;", 1),
        ("retry_attempts_total.route=a;.attempt=3;", 1),
        ("retry_attempts_total.route=b_c;.attempt=2;", 1),
        ("retry_attempts_total.route=b_c;.attempt=3;", 1),
        ("retry_attempts_total.route=;.attempt=2;", 1),
        ("retry_attempts_total.route=;.attempt=3;", 1),
        ("retry_suppressed_total.route=a;.reason=method;.mode=enforce;", 1),
        (
            "retry_suppressed_total.route=b_c;.reason=method;.mode=enforce;",
            1,
        ),
        ("retry_suppressed_total.route=;.reason=method;.mode=enforce;", 1),
    ]);
    assert_eq!(counters(&host), expected);
}

#[test]
fn retries_of_a_routes_own_policy_are_counted_too_up_to_the_tenth_attempt() {
    let host = host(json!({ "mode": "shadow" }))
        .routes([Route::new("orders").retry(RetryPolicy::on("5xx").num_retries(13))]);
    assert_eq!(tried(host.get("/orders"), 503).attempts().len(), 14);
    let attempt = |number: u32| host.metric(&format!("retry_attempts_total.route=orders;.attempt={number};"));
    assert_eq!(
        (2..=15).map(attempt).collect::<Vec<_>>(),
        [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    );
}

#[test]
fn only_what_would_have_been_tried_again_is_counted_as_suppressed() {
    let host = policy(json!({}));
    for answer in [
        Answer::new(200),
        Answer::new(404),
        Answer::new(409),
        Answer::new(500),
        Answer::new(503).header("x-envoy-ratelimited", "true"),
        Answer::overflow(),
        Answer::timeout(),
    ] {
        tried(host.post("/orders"), answer);
    }
    assert_eq!(suppressed(&host, "method"), 0, "{:?}", host.metrics());
    for (number, answer) in (1..).zip([502, 503, 504]) {
        tried(host.post("/orders"), answer);
        assert_eq!(suppressed(&host, "method"), number);
    }
    tried(host.post("/orders"), Answer::reset());
    assert_eq!(suppressed(&host, "method"), 4);
}

#[test]
fn what_was_tried_as_often_as_may_be_was_not_suppressed() {
    let host = policy(json!({}));
    for answer in [Answer::new(503), Answer::connection_failure()] {
        tried(host.get("/orders"), answer);
    }
    tried(host.post("/orders"), Answer::connection_failure());
    assert!(
        counters(&host)
            .keys()
            .all(|name| name.starts_with("retry_attempts_total")),
        "{:?}",
        host.metrics()
    );
}

#[test]
fn a_request_that_is_not_tried_again_by_configuration_was_not_suppressed() {
    let host = policy(json!({ "attempts": 1 }));
    tried(host.get("/orders"), 503);
    assert_eq!(counters(&host), counted([]));
}

#[test]
fn one_request_is_counted_under_one_reason() {
    let host = policy(
        json!({ "budget": { "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" } } }),
    );
    let request = |method: &str| {
        host.request(method, "/orders")
            .header("x-envoy-attempt-count", "2")
    };
    tried(host.get("/orders"), 503);
    assert_eq!(suppressed(&host, "budget"), 1);
    tried(request("GET"), 503);
    tried(request("POST"), 503);
    let reasons = [
        "method",
        "idempotency_key",
        "budget",
        "half_open",
        "inbound_retry",
        "deadline",
    ];
    assert_eq!(
        reasons.map(|reason| suppressed(&host, reason)),
        [1, 0, 1, 0, 1, 0]
    );
}
