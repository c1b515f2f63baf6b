//! The order of the plugins is the module's, whatever the order in the text.

use super::{body, fail, host, text, tried};
use host::{Exchange, secs};
use serde_json::{Value, json};

const SECTIONS: [&str; 4] = [
    r#""error-envelope": { "explain": "all" }"#,
    r#""request-id": { "explain": "all" }"#,
    r#""circuit-breaker": {
        "explain": "all",
        "default": { "trip": { "consecutive_failures": 2 }, "open": { "for": "10s", "jitter": 0 } }
    }"#,
    r#""retry": { "explain": "all" }"#,
];

/// The configuration with its sections in this order.
fn written(order: [usize; 4]) -> String {
    format!("{{ {} }}", order.map(|place| SECTIONS[place]).join(", "))
}

/// Who explained itself, in this order.
fn explained(exchange: &Exchange) -> Vec<String> {
    let told = exchange.filter_state("policy.explain").value();
    let told: Vec<Value> =
        serde_json::from_slice(&told).unwrap_or_else(|error| panic!("{error}\n{exchange}"));
    told.iter()
        .map(|one| one["plugin"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_request_comes_by_request_id_then_circuit_breaker_then_retry_and_its_error_by_error_envelope() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
        let host = host(written(order));
        let exchange = host.get("/").answered_with(text(404, "none"));
        assert_eq!(
            explained(&exchange),
            ["request-id", "circuit-breaker", "retry", "error-envelope"]
        );
    }
}

#[test]
fn what_is_before_others_is_known_to_them_in_any_order_of_the_text() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let host = host(written(order));
        fail(&host, 2);
        // The breaker's reply names the id that request-id has made, and retry is not asked.
        let exchange = host.get("/").expect_rejected(503);
        let id = exchange.response_header("x-request-id").text();
        assert_eq!(body(&exchange)["request_id"], id, "{exchange}");
        assert_eq!(
            explained(&exchange),
            ["request-id", "circuit-breaker", "error-envelope"]
        );
    }
}

#[test]
fn nothing_of_an_exchange_tells_the_order_of_the_text() {
    let told = |order: [usize; 4]| {
        let host = host(written(order));
        let failed = tried(host.get("/").header("x-request-id", "r-1"), &text(503, "busy"));
        let rejected = host.get("/").header("x-request-id", "r-1").run(200);
        (failed.to_string(), rejected.to_string(), host.metrics())
    };
    assert_eq!(told([0, 1, 2, 3]), told([3, 1, 2, 0]));
}

#[test]
fn what_retry_tells_callers_is_not_taken_for_the_upstreams_retry_after() {
    // Each answer is given a `Retry-After` of 20 s by retry, and its maker has said nothing.
    let sections = json!({
        "circuit-breaker": { "default": {
            "trip": { "consecutive_failures": 1 },
            "open": { "for": "10s", "multiplier": 3, "max": "60s", "jitter": 0, "honor_retry_after": true }
        } },
        "retry": { "default": { "attempts": 1, "retry_after": { "base": "20s", "jitter": 0 } } },
    });
    let host = host(sections.to_string());
    let failed = host.get("/").answered_with(text(503, "busy"));
    failed.header("retry-after", "20");
    host.get("/").expect_rejected(503).header("retry-after", "10");
    host.advance(secs(10));
    // It grows as if nobody had said anything; what the upstream says itself takes the place of that.
    host.get("/").answered_with(text(503, "busy"));
    host.get("/").expect_rejected(503).header("retry-after", "30");
    host.advance(secs(30));
    host.get("/")
        .answered_with(text(503, "busy").header("retry-after", "25"));
    host.get("/").expect_rejected(503).header("retry-after", "25");
}
