//! With the other plugins: one body, one line, the same ids.

use super::{breaker, tell, three_strikes};
use crate::lines;
use host::{Exchange, Host, Plugin, secs};
use host_tests::plugin::{ERROR_ENVELOPE, PUPPET, REQUEST_ID};
use serde_json::{Value, json};

fn envelope(configuration: Value) -> Plugin {
    Plugin::new(ERROR_ENVELOPE.module())
        .name("error-envelope")
        .config(configuration)
}

fn request_id() -> Plugin {
    Plugin::new(REQUEST_ID.module())
        .name("request-id")
        .config(json!({}))
}

/// A chain whose breaker is open.
fn open(before: impl IntoIterator<Item = Plugin>) -> Host {
    let host = Host::chain(
        before
            .into_iter()
            .chain([breaker(json!({ "default": three_strikes() }))]),
    );
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
fn the_envelope_leaves_the_breakers_body_and_headers_as_they_are() {
    let exchange = open([envelope(json!({}))])
        .get("/orders")
        .header("x-request-id", "r-1")
        .expect_rejected(503);
    exchange
        .header("content-type", "application/json")
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", "10")
        .header("x-envoy-ratelimited", "true");
    let expected = json!({
        "trace_id": "r-1", "request_id": "r-1", "error_code": "CIRCUIT_OPEN", "message": "The service is temporarily unavailable.",
        "status_code": 503, "timestamp": "2026-01-01T00:00:00.000Z", "retryable": true, "retry_after": 10,
    });
    assert_eq!(body(&exchange), expected);
    assert_eq!(exchange.details(), "circuit_breaker_open");
}

#[test]
fn a_rejection_is_logged_by_the_envelope_and_not_by_the_breaker() {
    let exchange = open([envelope(json!({}))]).get("/orders").expect_rejected(503);
    let line = lines::only(&exchange);
    assert_eq!(
        (&line["plugin"], &line["error_code"]),
        (&json!("error-envelope"), &json!("CIRCUIT_OPEN"))
    );
    assert_eq!(line["details"], "circuit_breaker_open");
}

#[test]
fn whom_shadow_would_reject_is_told_by_the_breaker_beside_the_upstreams_own_error() {
    let shadow = breaker(json!({ "mode": "shadow", "default": three_strikes() }));
    let host = Host::chain([envelope(json!({})), shadow]);
    tell(host.worker(0), "fff");
    host.advance(secs(1));
    let told = lines::of_exchange(&host.get("/orders").answered_with(503));
    let plugins: Vec<_> = told
        .iter()
        .map(|line| (line["plugin"].as_str(), line["event"].as_str()))
        .collect();
    let expected = [
        (Some("circuit-breaker"), Some("rejected")),
        (Some("error-envelope"), Some("error")),
    ];
    assert!(
        expected.iter().all(|line| plugins.contains(line)) && plugins.len() == 2,
        "{plugins:?}"
    );
}

#[test]
fn an_envelope_that_has_nothing_to_do_with_it_leaves_the_line_to_the_breaker() {
    for configuration in [
        json!({ "mode": "disabled" }),
        json!({ "default": { "statuses": ["404"] } }),
    ] {
        let exchange = open([envelope(configuration.clone())])
            .get("/orders")
            .expect_rejected(503);
        assert_eq!(
            lines::only(&exchange)["plugin"],
            "circuit-breaker",
            "{configuration}"
        );
    }
}

#[test]
fn who_asks_for_a_problem_gets_one_with_the_same_facts() {
    let request = open([envelope(json!({}))]);
    let exchange = request
        .get("/orders")
        .header("accept", "application/problem+json")
        .header("x-request-id", "r-1")
        .expect_rejected(503);
    exchange
        .header("content-type", "application/problem+json")
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", "10");
    let body: Value = serde_json::from_slice(&exchange.body()).expect("it is JSON");
    assert_eq!(body["status"], 503);
    assert_eq!(body["error_code"], "CIRCUIT_OPEN");
    assert_eq!(body["detail"], "The service is temporarily unavailable.");
    assert_eq!(
        (&body["request_id"], &body["retry_after"]),
        (&json!("r-1"), &json!(10))
    );
    assert_eq!(body.get("message"), None);
}

#[test]
fn the_envelope_counts_the_rejection_under_its_code() {
    let host = open([envelope(json!({}))]);
    host.get("/orders").expect_rejected(503);
    assert_eq!(
        host.metric("errors_total.error_code=CIRCUIT_OPEN;.class=server_error;.origin=local;.mode=enforce;"),
        1,
        "{:?}",
        host.metrics()
    );
}

#[test]
fn a_rejected_call_of_grpc_passes_the_envelope() {
    let exchange = open([envelope(json!({}))])
        .grpc("/shop.Orders/Get")
        .expect_rejected(200);
    exchange
        .header("grpc-status", "14")
        .header("grpc-retry-pushback-ms", "-1")
        .expect_body("");
}

#[test]
fn the_ids_of_request_id_are_in_the_body_and_in_the_lines() {
    let host = open([envelope(json!({})), request_id()]);
    host.advance(secs(1));
    let exchange = host.get("/orders").expect_rejected(503);
    let id = exchange.response_header("x-request-id").text();
    assert_eq!(id.len(), 36);
    assert_eq!(body(&exchange)["request_id"], *id);
    assert_eq!(lines::only(&exchange)["request_id"], *id);

    let host = open([request_id()]);
    let exchange = host
        .get("/orders")
        .header("x-correlation-id", "c-1")
        .expect_rejected(503);
    exchange.header("x-request-id", "c-1");
    assert_eq!(body(&exchange)["request_id"], "c-1");
    assert_eq!(lines::only(&exchange)["request_id"], "c-1");
}

#[test]
fn a_transition_is_logged_with_the_ids_of_the_request_that_did_it() {
    let host = Host::chain([request_id(), breaker(json!({ "default": three_strikes() }))]);
    tell(host.worker(0), "ff");
    let exchange = host
        .get("/orders")
        .header("x-request-id", "the-third")
        .answered_with(503);
    let line = lines::only(&exchange);
    assert_eq!(
        (&line["event"], &line["request_id"]),
        (&json!("transition"), &json!("the-third"))
    );
}

#[test]
fn a_filter_behind_the_breaker_that_answers_itself_tells_nothing_of_the_upstream() {
    let refusing =
        json!({ "request_headers": [["send_local_response", 503, "not_today", "", [], -1], ["returns", 1]] });
    let refusing = Plugin::new(PUPPET.module()).name("other").config(refusing);
    let host = Host::chain([breaker(json!({ "default": three_strikes() })), refusing]);
    for _ in 0..10 {
        assert_eq!(host.get("/orders").expect_rejected(503).details(), "not_today");
    }
    assert_eq!(super::calls(&host, "ignored", "enforce"), 10);
}

#[test]
fn a_filter_before_the_breaker_that_answers_itself_is_not_seen_at_all() {
    let refusing =
        json!({ "request_headers": [["send_local_response", 503, "not_today", "", [], -1], ["returns", 1]] });
    let refusing = Plugin::new(PUPPET.module()).name("other").config(refusing);
    let host = Host::chain([refusing, breaker(json!({ "default": three_strikes() }))]);
    for _ in 0..10 {
        host.get("/orders").expect_rejected(503);
    }
    host.advance(secs(2));
    assert!(
        host.metrics()
            .keys()
            .all(|name| !name.starts_with("circuit_breaker_calls_total")),
        "{:?}",
        host.metrics()
    );
}
