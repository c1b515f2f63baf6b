//! The key by which a service knows that it has seen a request before: what it unlocks, and of whom it is required.

use super::{attempts, host, policy, suppressed};
use host::{Answer, Host, Request};
use serde_json::{Value, json};

fn unlocking() -> Host {
    policy(json!({ "idempotency_key": { "unlocks": ["POST"] } }))
}

/// Keys that are none.
fn malformed() -> Vec<Vec<u8>> {
    let plain = [
        "",
        "a b",
        "a\tb",
        "caf\u{e9}",
        "\"",
        "\"\"",
        "\"a",
        "\"a\"b\"",
        "\"a b\"",
        "\"a\", \"b\"",
        "\"a\\b\"",
    ];
    let mut keys: Vec<Vec<u8>> = plain.iter().map(|key| key.as_bytes().to_vec()).collect();
    keys.push(vec![b'k'; 256]);
    keys.push(b"a\xff".to_vec());
    keys
}

#[test]
fn a_key_has_a_post_tried_again() {
    let host = unlocking();
    let longest = "k".repeat(255);
    for key in [
        "8e03978e-40d5-43dd-bc93-6894a57f9324",
        "\"8e03978e\"",
        "!~",
        "a,b",
        "\"a\\\"b\"",
        &longest,
    ] {
        let request = || host.post("/orders").header("idempotency-key", key);
        assert_eq!(attempts(request(), 503), 3, "{key}");
        assert_eq!(attempts(request(), Answer::reset()), 3, "{key}");
    }
    assert_eq!(suppressed(&host, "idempotency_key"), 0);
}

#[test]
fn without_one_a_post_is_tried_again_only_where_the_upstream_has_seen_nothing() {
    let host = unlocking().plant_all_but("idempotency-key");
    assert_eq!(attempts(host.post("/orders"), 503), 1);
    assert_eq!(attempts(host.post("/orders"), Answer::reset()), 1);
    assert_eq!(attempts(host.post("/orders"), Answer::connection_failure()), 3);
    assert_eq!(suppressed(&host, "idempotency_key"), 2);
}

#[test]
fn what_is_no_key_unlocks_nothing() {
    for key in malformed() {
        let host = unlocking();
        let request = || host.post("/orders").header("idempotency-key", &key);
        assert_eq!(attempts(request(), 503), 1, "{}", key.escape_ascii());
        assert_eq!(suppressed(&host, "idempotency_key"), 1, "{}", key.escape_ascii());
    }
}

#[test]
fn two_keys_are_none() {
    let host = unlocking();
    for keys in [["a", "a"], ["a", "b"]] {
        let request = host
            .post("/orders")
            .header("idempotency-key", keys[0])
            .header("Idempotency-Key", keys[1]);
        assert_eq!(attempts(request, 503), 1);
    }
}

#[test]
fn a_key_unlocks_only_what_is_configured() {
    let host = unlocking();
    assert_eq!(
        attempts(
            host.request("PATCH", "/orders").header("idempotency-key", "a"),
            503
        ),
        1
    );
    assert_eq!(
        (suppressed(&host, "method"), suppressed(&host, "idempotency_key")),
        (1, 0)
    );
    let host = policy(json!({}));
    assert_eq!(
        attempts(host.post("/orders").header("idempotency-key", "a"), 503),
        1
    );
    assert_eq!(
        (suppressed(&host, "method"), suppressed(&host, "idempotency_key")),
        (1, 0)
    );
}

#[test]
fn a_call_of_grpc_goes_by_its_own_conditions_with_a_key_too() {
    let host = unlocking();
    let call = || host.grpc("/shop.Orders/Place").header("idempotency-key", "a");
    assert_eq!(attempts(call(), 503), 1);
    assert_eq!(attempts(call(), Answer::grpc_headers_only(14)), 3);
}

#[test]
fn the_header_is_a_setting() {
    let host = policy(json!({ "idempotency_key": { "header": "x-order-token", "unlocks": ["POST"] } }));
    assert_eq!(
        attempts(host.post("/orders").header("X-Order-Token", "a"), 503),
        3
    );
    assert_eq!(
        attempts(host.post("/orders").header("idempotency-key", "a"), 503),
        1
    );
}

#[test]
fn a_key_reaches_the_upstream_as_it_is() {
    let exchange = unlocking()
        .post("/orders")
        .header("idempotency-key", "\"a\"")
        .answered_with(200);
    exchange.upstream_header("idempotency-key").is("\"a\"");
}

fn requiring() -> Host {
    host(
        json!({ "service_name": "shop", "default": { "idempotency_key": { "required_for": ["POST", "PATCH"] } } }),
    )
}

#[track_caller]
fn expect_refused(request: Request, code: &str, details: &str, message: &str) {
    let exchange = request.header("x-request-id", "r-1").expect_rejected(400);
    exchange
        .header("content-type", "application/json")
        .header("x-error-code", code)
        .no_header("retry-after");
    exchange.filter_state("policy.error_code").is(code);
    assert_eq!(exchange.details(), details, "{exchange}");
    let body: Value = serde_json::from_slice(&exchange.body()).expect("the body is JSON");
    let expected = json!({
        "trace_id": "r-1", "request_id": "r-1", "error_code": code, "message": message, "status_code": 400,
        "timestamp": "2026-01-01T00:00:00.000Z", "service_name": "shop", "retryable": false,
    });
    assert_eq!(body, expected, "{exchange}");
}

#[test]
fn a_request_that_must_have_a_key_and_has_none_is_refused() {
    let host = requiring().plant_all_but("idempotency-key");
    for method in ["POST", "PATCH"] {
        expect_refused(
            host.request(method, "/orders"),
            "IDEMPOTENCY_KEY_MISSING",
            "idempotency_key_missing",
            "The request must have an idempotency key.",
        );
    }
    host.get("/orders").answered_with(200);
    host.request("PUT", "/orders").answered_with(200);
}

#[test]
fn a_request_whose_key_is_none_is_refused() {
    let host = requiring();
    let refused = |request: Request| {
        expect_refused(
            request,
            "IDEMPOTENCY_KEY_MALFORMED",
            "idempotency_key_malformed",
            "The request's idempotency key is not valid.",
        );
    };
    for key in malformed() {
        refused(host.post("/orders").header("idempotency-key", &key));
    }
    refused(
        host.post("/orders")
            .header("idempotency-key", "a")
            .header("idempotency-key", "a"),
    );
}

#[test]
fn a_request_with_a_key_passes_and_is_tried_again_only_where_it_unlocks() {
    let host = requiring();
    let request = || host.post("/orders").header("idempotency-key", "a");
    request().answered_with(201);
    assert_eq!(attempts(request(), 503), 1);
    let both = policy(json!({ "idempotency_key": { "required_for": ["POST"], "unlocks": ["POST"] } }));
    assert_eq!(
        attempts(both.post("/orders").header("idempotency-key", "a"), 503),
        3
    );
}

#[test]
fn a_call_of_grpc_without_the_key_that_it_must_have_is_an_invalid_argument() {
    let host = requiring().plant_all_but("idempotency-key");
    let exchange = host.grpc("/shop.Orders/Place").expect_rejected(200);
    exchange
        .header("grpc-status", "3")
        .header("x-error-code", "IDEMPOTENCY_KEY_MISSING")
        .expect_body("");
}
