//! Replies that another plugin of ours made: known by filter state, and re-formatted on demand only.

use super::{before, problem};
use host::{Exchange, Host};
use serde_json::{Value, json};

/// As the circuit breaker would write it.
const BODY: &str = r#"{"trace_id":"t-1","request_id":"r-1","error_code":"CIRCUIT_OPEN","message":"Come back later.","status_code":503,"timestamp":"2026-01-01T00:00:00.000Z","context":{"breaker":"orders"},"documentation_url":"https://docs.example/CIRCUIT_OPEN","retryable":true,"retry_after":30}"#;

/// The envelope with this policy, and behind it a plugin that rejects with this body.
fn rejecting(policy: &Value, body: &str) -> Host {
    let headers = json!([
        ["content-type", "application/json"],
        ["x-error-code", "CIRCUIT_OPEN"],
        ["retry-after", "30"]
    ]);
    let script = json!({ "request_headers": [
        ["set_property", "policy.error_code", "CIRCUIT_OPEN"],
        ["send_local_response", 503, "circuit_breaker_open", body, headers, -1],
        ["returns", 1],
    ] });
    before(json!({ "default": policy, "log": { "errors": "all" } }), script)
}

#[track_caller]
fn assert_rejection(exchange: &Exchange) {
    exchange
        .expect_status(503)
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", "30");
    exchange
        .filter_state("policy.error_code")
        .is("CIRCUIT_OPEN")
        .filter_state("policy.error_origin")
        .is("local");
    assert_eq!(exchange.details(), "circuit_breaker_open");
}

#[test]
fn a_rejection_is_passed_on_byte_for_byte() {
    for policy in [
        json!({}),
        json!({ "passthrough": "never" }),
        json!({ "passthrough": "enveloped" }),
        json!({ "format": "standard" }),
    ] {
        for accept in ["*/*", "application/json", "text/html"] {
            let exchange = rejecting(&policy, BODY)
                .get("/")
                .header("accept", accept)
                .expect_rejected(503);
            assert_rejection(&exchange);
            exchange
                .expect_body(BODY)
                .header("content-type", "application/json");
            exchange.header("content-length", BODY.len().to_string());
        }
    }
}

#[test]
fn it_becomes_a_problem_with_the_same_facts_where_that_is_asked_for() {
    for (policy, accept) in [
        (json!({}), "application/problem+json"),
        (json!({ "passthrough": "never" }), "application/problem+json"),
        (json!({ "format": "problem" }), "*/*"),
    ] {
        let exchange = rejecting(&policy, BODY)
            .get("/")
            .header("accept", accept)
            .expect_rejected(503);
        assert_rejection(&exchange);
        assert_eq!(
            problem(&exchange),
            json!({
                "type": "https://docs.example/CIRCUIT_OPEN", "title": "Service Unavailable", "status": 503,
                "detail": "Come back later.", "trace_id": "t-1", "request_id": "r-1", "error_code": "CIRCUIT_OPEN",
                "timestamp": "2026-01-01T00:00:00.000Z", "context": { "breaker": "orders" }, "retryable": true,
                "retry_after": 30,
            })
        );
    }
}

#[test]
fn its_form_was_negotiated_either_way() {
    for accept in ["*/*", "application/problem+json"] {
        rejecting(&json!({}), BODY)
            .get("/")
            .header("accept", accept)
            .expect_rejected(503)
            .header("vary", "Accept");
    }
    rejecting(&json!({ "format": "standard" }), BODY)
        .get("/")
        .expect_rejected(503)
        .no_header("vary");
}

#[test]
fn it_is_counted_and_logged_here_once_with_its_own_code() {
    let host = rejecting(&json!({}), BODY);
    let exchange = host.get("/").expect_rejected(503);
    let ours: Vec<Value> = exchange
        .logs()
        .iter()
        .filter(|line| line.plugin == "error-envelope")
        .map(|line| serde_json::from_str(&line.message).expect("it is JSON"))
        .collect();
    assert_eq!(ours.len(), 1, "{exchange}");
    assert_eq!(
        (&ours[0]["error_code"], &ours[0]["details"]),
        (&json!("CIRCUIT_OPEN"), &json!("circuit_breaker_open"))
    );
    let counted: u64 = host
        .metrics()
        .iter()
        .filter(|(name, _)| name.starts_with("errors_total"))
        .map(|(_, n)| n)
        .sum();
    assert_eq!(counted, 1);
}

#[test]
fn an_upstream_cannot_pass_for_a_plugin_of_ours() {
    // The state is of an earlier moment of the stream; the error is the upstream's.
    let host = before(
        json!({ "default": { "passthrough": "never" } }),
        json!({ "request_headers": [["set_property", "policy.error_code", "CIRCUIT_OPEN"]] }),
    );
    let exchange = host.get("/").answered_with(super::json_error(503, BODY));
    super::assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
}

#[test]
fn a_rejection_that_is_no_standard_body_becomes_a_standard_problem() {
    let exchange = rejecting(&json!({}), "no json")
        .get("/")
        .header("accept", "application/problem+json")
        .expect_rejected(503);
    assert_rejection(&exchange);
    assert_eq!(problem(&exchange)["error_code"], "CIRCUIT_OPEN");
}
