//! What a rejected request is answered.

use super::{expect_rejected, host, policy, strikes_with, tell, three_strikes};
use host::{Exchange, Host, millis, secs};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A host whose breaker is open, with these settings.
fn open_with(settings: Value) -> Host {
    open(json!({ "default": strikes_with(settings) }))
}

fn open(configuration: Value) -> Host {
    let host = host(configuration);
    tell(host.worker(0), "fff");
    host
}

#[track_caller]
fn body(exchange: &Exchange) -> Value {
    let bytes = exchange.body();
    exchange.header("content-length", bytes.len().to_string());
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}\n{exchange}"))
}

#[test]
fn it_gets_the_standard_body_and_all_that_goes_with_it() {
    let host = open(json!({ "default": three_strikes(), "service_name": "shop" }));
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = host
        .get("/orders")
        .header("x-request-id", "r-1")
        .header("traceparent", parent);
    let exchange = request.expect_rejected(503);
    exchange
        .header("retry-after", "10")
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("x-envoy-ratelimited", "true")
        .header("content-type", "application/json");
    let expected = json!({
        "trace_id": "0af7651916cd43dd8448eb211c80319c", "request_id": "r-1", "error_code": "CIRCUIT_OPEN",
        "message": "The service is temporarily unavailable.", "status_code": 503, "timestamp": "2026-01-01T00:00:00.000Z",
        "service_name": "shop", "retryable": true, "retry_after": 10,
    });
    assert_eq!(body(&exchange), expected);
    assert_eq!(exchange.details(), "circuit_breaker_open");
    exchange.filter_state("policy.error_code").is("CIRCUIT_OPEN");
    exchange.filter_state("policy.circuit").is("upstream:open");
    assert!(!exchange.reached_upstream());
}

#[test]
fn without_any_id_it_gets_one_of_its_own() {
    let host = open_with(json!({}));
    let ids: BTreeSet<String> = (0..5)
        .map(|_| {
            let body = body(&expect_rejected(&host));
            assert_eq!(body["trace_id"], body["request_id"]);
            body["request_id"].as_str().expect("a text").to_owned()
        })
        .collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| id.len() == 36), "{ids:?}");
}

#[test]
fn nothing_was_done_so_any_method_may_be_sent_again() {
    let host = open_with(json!({}));
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        let exchange = host.request(method, "/orders").expect_rejected(503);
        assert_eq!(body(&exchange)["retryable"], true, "{exchange}");
    }
}

#[test]
fn retry_after_is_whole_seconds_rounded_up_and_never_none() {
    let host = open_with(json!({}));
    for (pass, seconds) in [
        (0, "10"),
        (1, "10"),
        (998, "10"),
        (1, "9"),
        (1, "9"),
        (7_998, "2"),
        (1, "1"),
        (1, "1"),
        (998, "1"),
    ] {
        host.advance(millis(pass));
        expect_rejected(&host).header("retry-after", seconds);
    }
    let short = open_with(json!({ "open": { "for": "1ms" } }));
    expect_rejected(&short).header("retry-after", "1");
}

#[test]
fn retry_after_is_spread_upwards_by_the_jitter() {
    let host = open_with(json!({ "open": { "for": "100s", "jitter": 0.2 } }));
    let told: BTreeSet<u64> = (0..300)
        .map(|_| {
            expect_rejected(&host)
                .response_header("retry-after")
                .text()
                .parse()
                .expect("a number")
        })
        .collect();
    let (least, most) = (*told.first().expect("some"), *told.last().expect("some"));
    // The open time itself is 100 to 120 seconds already, of which up to a fifth more is told.
    assert!(least >= 100 && most <= 144 && told.len() > 15, "{told:?}");
    assert!(
        most as f64 > least as f64 * 1.15 && most as f64 <= least as f64 * 1.2 + 1.0,
        "{told:?}"
    );
}

#[test]
fn while_all_probes_are_out_retry_after_is_until_the_first_lease_ends_and_at_most_the_open_time() {
    for (lease, at_first, after_three) in [("7s", "7", "4"), ("10s", "10", "7"), ("1h", "10", "10")] {
        let half_open = json!({ "max_calls": 2, "lease": lease });
        let host = open_with(json!({ "half_open": half_open }));
        host.advance(secs(10));
        let first = host.get("/orders").expect_forwarded();
        let second = host.get("/orders").expect_forwarded();
        expect_rejected(&host)
            .header("retry-after", at_first)
            .filter_state("policy.circuit")
            .is("upstream:half_open");
        host.advance(secs(3));
        expect_rejected(&host).header("retry-after", after_three);
        drop((first, second));
    }
}

#[test]
fn half_open_and_full_is_answered_as_open() {
    let host = open_with(json!({}));
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    probe.filter_state("policy.circuit").is("upstream:half_open");
    let exchange = expect_rejected(&host);
    exchange.header("x-error-code", "CIRCUIT_OPEN");
    assert_eq!(body(&exchange)["error_code"], "CIRCUIT_OPEN");
}

#[test]
fn everything_about_it_can_be_set() {
    let reject = json!({ "status": 429, "error_code": "TRY_LATER", "message": "Später, \"bitte\".", "push_back": false });
    let host = open_with(json!({ "reject": reject }));
    let exchange = host.get("/orders").expect_rejected(429);
    exchange
        .header("x-error-code", "TRY_LATER")
        .header("retry-after", "10")
        .no_header("x-envoy-ratelimited");
    let body = body(&exchange);
    assert_eq!(body["status_code"], 429);
    assert_eq!(body["error_code"], "TRY_LATER");
    assert_eq!(body["message"], "Später, \"bitte\".");
    exchange.filter_state("policy.error_code").is("TRY_LATER");
    assert_eq!(exchange.details(), "circuit_breaker_open");
}

#[test]
fn any_status_of_an_error_can_be_set() {
    for status in [400, 404, 499, 500, 503, 599] {
        let host = open_with(json!({ "reject": { "status": status } }));
        let exchange = host.get("/orders").expect_rejected(status);
        assert_eq!(body(&exchange)["status_code"], status);
        exchange.header("x-error-code", "CIRCUIT_OPEN");
    }
}

#[test]
fn a_head_request_gets_the_headers_alone() {
    let host = open_with(json!({}));
    let exchange = host.request("HEAD", "/orders").expect_rejected(503);
    exchange
        .header("retry-after", "10")
        .header("x-error-code", "CIRCUIT_OPEN")
        .expect_body("");
}

#[test]
fn a_request_with_a_body_is_rejected_at_its_headers() {
    let host = open_with(json!({}));
    let exchange = host.post("/orders").body("x".repeat(10_000)).expect_rejected(503);
    assert_eq!(body(&exchange)["error_code"], "CIRCUIT_OPEN");
    let unfinished = host.post("/orders").unfinished().send();
    unfinished
        .expect_status(503)
        .header("x-error-code", "CIRCUIT_OPEN");
}

#[test]
fn what_is_rejected_counts_for_nothing() {
    let host = policy(strikes_with(json!({ "open": { "for": "5s" } })));
    tell(host.worker(0), "fff");
    for _ in 0..50 {
        expect_rejected(&host);
    }
    host.advance(secs(5));
    tell(host.worker(0), "s");
    tell(host.worker(0), "ff");
    tell(host.worker(0), "s");
}

#[test]
fn no_byte_of_a_request_gets_into_the_answer() {
    let host = open_with(json!({}));
    let exchange = host
        .get("/secret?q=hunter2")
        .header("x-request-id", "a\"b, c")
        .header("cookie", "hunter2")
        .expect_rejected(503);
    let text = String::from_utf8(exchange.body()).expect("it is a text");
    assert!(
        !text.contains("hunter2") && !text.contains("secret") && !text.contains("a\\\"b"),
        "{text}"
    );
}
