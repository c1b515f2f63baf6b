//! What is told of a retry that the budget refused.

use super::{budgeted, fails, retries};
use crate::lines;
use crate::retry::suppressed;
use host::{Answer, Exchange, Host};
use serde_json::{Value, json};

/// This request, all of whose attempts fail, and whose only retry another request takes that is under way at the same
/// time.
#[track_caller]
fn outrun(host: &Host, request: host::Request) -> Exchange {
    let exchange = request.expect_forwarded();
    let other = fails(host.get("/orders").expect_forwarded(), 503);
    assert_eq!(retries(&other), 1, "{other}");
    fails(exchange, 503)
}

#[test]
fn what_is_refused_is_told_the_caller() {
    let host = budgeted(1, 0);
    let exchange = outrun(&host, host.get("/orders").header("x-request-id", "r-1"));
    exchange
        .expect_status(503)
        .header("content-type", "application/json")
        .header("x-error-code", "RETRY_BUDGET_SPENT");
    assert_eq!(exchange.details(), "retry_budget_spent");
    exchange
        .filter_state("policy.error_code")
        .is("RETRY_BUDGET_SPENT");
    let mut body: Value = serde_json::from_slice(&exchange.body()).expect("the body is JSON");
    let timestamp = body["timestamp"].take();
    assert!(
        timestamp
            .as_str()
            .is_some_and(|time| time.starts_with("2026-01-01T00:00:0")),
        "{timestamp}"
    );
    let expected = json!({
        "trace_id": "r-1", "request_id": "r-1", "error_code": "RETRY_BUDGET_SPENT",
        "message": "The service failed, and too much is being tried again.", "status_code": 503,
        "timestamp": null, "retryable": false,
    });
    assert_eq!(body, expected, "{exchange}");
    let reached: Vec<bool> = exchange
        .attempts()
        .iter()
        .map(host::Attempt::reached_upstream)
        .collect();
    assert_eq!(reached, [true, false], "{exchange}");
}

#[test]
fn a_head_has_the_headers_and_no_body() {
    let host = budgeted(1, 0);
    outrun(&host, host.request("HEAD", "/orders"))
        .expect_status(503)
        .header("x-error-code", "RETRY_BUDGET_SPENT")
        .expect_body("");
}

#[test]
fn a_call_of_grpc_is_told_that_the_service_is_unavailable() {
    let host = budgeted(1, 0);
    let exchange = host.grpc("/shop.Orders/Get").expect_forwarded();
    fails(host.get("/orders").expect_forwarded(), 503);
    fails(exchange, Answer::connection_failure())
        .expect_status(200)
        .header("grpc-status", "14")
        .header(
            "grpc-message",
            "The service failed, and too much is being tried again.",
        )
        .header("x-error-code", "RETRY_BUDGET_SPENT")
        .expect_body("");
}

#[test]
fn it_is_counted_as_a_retry_that_was_suppressed_and_not_as_one_that_was_made() {
    let host = budgeted(1, 0);
    let exchange = outrun(&host, host.get("/orders"));
    exchange.filter_state("policy.retry").is("suppressed:budget");
    // The other one, too, had no second retry.
    assert_eq!(suppressed(&host, "budget"), 2);
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 1);
    let line = lines::of_exchange(&exchange).pop().expect("it is logged");
    let told = ["event", "reason", "status", "attempts"].map(|member| line[member].clone());
    assert_eq!(
        told,
        [json!("retry_suppressed"), json!("budget"), json!(503), json!(1)],
        "{line}"
    );
}

#[test]
fn where_one_was_made_and_one_refused_it_says_so() {
    let host = budgeted(2, 0);
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    fails(host.get("/orders").expect_forwarded(), 503);
    let exchange = fails(exchange, 503);
    assert_eq!(exchange.details(), "retry_budget_spent");
    exchange
        .filter_state("policy.retry")
        .is("retried:1,suppressed:budget");
}
