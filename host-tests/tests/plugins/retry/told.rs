//! What a request leaves behind: a log line, filter state, an explanation.

use super::{host, policy, tried};
use crate::lines;
use host::{Answer, Exchange, Host, millis};
use serde_json::{Value, json};

#[track_caller]
fn state(exchange: &Exchange, expected: Option<&str>) {
    match expected {
        Some(expected) => exchange.filter_state("policy.retry").is(expected),
        None => exchange.filter_state("policy.retry").is_absent(),
    };
}

#[test]
fn filter_state_says_how_often_it_was_retried_and_why_not_once_more() {
    let host = policy(
        json!({ "budget": { "percent": 0, "interval": "10s", "min_retry_rate": { "count": 3, "interval": "10s" } } }),
    );
    state(&host.get("/orders").answered_with(200), None);
    state(&host.get("/orders").answered_with(404), None);
    state(
        &host.post("/orders").answered_with(503),
        Some("suppressed:method"),
    );
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    state(&exchange.answer(200), Some("retried:1"));
    state(&tried(host.get("/orders"), 503), Some("retried:2"));
    state(&tried(host.get("/orders"), 503), Some("suppressed:budget"));
}

#[test]
fn it_says_both_where_both_are_so() {
    let host = policy(
        json!({ "budget": { "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" } } }),
    );
    state(
        &tried(host.get("/orders"), 503),
        Some("retried:1,suppressed:budget"),
    );
}

fn line(members: Value) -> Value {
    let mut line = json!({
        "timestamp": "2026-01-01T00:00:00.000Z", "severity": "WARN", "plugin": "retry", "event": "retry_suppressed",
        "request_id": "r-1", "trace_id": "r-1", "route": "default", "attempts": 1, "mode": "enforce", "duration_ms": 0,
    });
    line.as_object_mut()
        .expect("it is one")
        .extend(members.as_object().expect("it is one").clone());
    line
}

#[test]
fn a_suppressed_retry_is_logged_with_its_reason() {
    let host = host(json!({ "service_name": "shop" }));
    let exchange = tried(host.post("/orders").header("x-request-id", "r-1"), 503);
    let expected = json!({ "service_name": "shop", "reason": "method", "method": "POST", "status": 503 });
    assert_eq!(lines::only(&exchange), line(expected), "{exchange}");
}

#[test]
fn the_line_has_the_ids_of_the_trace_the_attempts_and_how_long_it_took() {
    let host = policy(
        json!({ "budget": { "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" } } }),
    );
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let request = host
        .get("/orders")
        .header("x-request-id", "r-1")
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"));
    let exchange = request.expect_forwarded();
    host.advance(millis(40));
    let exchange = exchange.begin_answer(502);
    host.advance(millis(60));
    let exchange = exchange.answer(502);
    let expected = line(json!({
        "timestamp": "2026-01-01T00:00:00.100Z", "trace_id": trace, "reason": "budget", "method": "GET", "status": 502,
        "attempts": 2, "duration_ms": 100,
    }));
    assert_eq!(lines::only(&exchange), expected, "{exchange}");
}

#[test]
fn what_was_not_suppressed_is_not_logged() {
    let host = policy(json!({}));
    for exchange in [
        tried(host.get("/orders"), 503),
        tried(host.post("/orders"), 500),
        tried(host.post("/orders"), 404),
        tried(host.get("/orders"), 200),
        tried(host.post("/orders"), Answer::connection_failure()),
    ] {
        assert!(exchange.logs().is_empty(), "{exchange}");
    }
}

#[test]
fn which_are_logged_is_a_setting() {
    for (errors, status, logged) in [
        ("none", 503, false),
        ("none", 429, false),
        ("5xx", 503, true),
        ("5xx", 429, false),
        ("all", 503, true),
        ("all", 429, true),
    ] {
        let host = host(json!({ "log": { "errors": errors }, "default": { "statuses": [429] } }));
        let exchange = tried(host.post("/orders"), status);
        state(&exchange, Some("suppressed:method"));
        assert_eq!(
            exchange.logs().len(),
            usize::from(logged),
            "{errors}, {status}\n{exchange}"
        );
    }
}

#[test]
fn a_call_of_grpc_is_logged_as_an_error_although_its_status_is_200() {
    let host = policy(json!({ "route_policy": true }));
    let exchange = tried(host.grpc("/shop.Orders/Get"), Answer::grpc_headers_only(14));
    let line = lines::only(&exchange);
    assert_eq!(
        (&line["reason"], &line["status"]),
        (&json!("method"), &json!(200)),
        "{exchange}"
    );
}

#[test]
fn a_flood_of_them_stays_within_the_bound() {
    let host = host(json!({ "log": { "max_per_second": 3 } }));
    for _ in 0..50 {
        tried(host.post("/orders"), 503);
    }
    assert_eq!(lines::of(&host.logs()).len(), 3);
    host.advance(millis(1_000));
    assert_eq!(lines::only(&tried(host.post("/orders"), 503))["held_back"], 47);
}

#[test]
fn no_line_and_no_state_repeats_what_a_stranger_sent() {
    let host = host(
        json!({ "explain": "all", "log": { "errors": "all", "max_per_second": 1_000 }, "default": {
        "deadline_headers": ["x-deadline"], "idempotency_key": { "unlocks": ["POST"] },
    } }),
    )
    .plant_all_but("idempotency-key");
    for name in [
        "x-deadline",
        "idempotency-key",
        "x-envoy-attempt-count",
        "cookie",
        "authorization",
    ] {
        let exchange = tried(host.post("/hunter2?hunter2").header(name, "hunter2 \u{e9}"), 503);
        for line in exchange.logs() {
            assert!(!line.message.contains("hunter2"), "{line}");
        }
        for name in ["policy.retry", "policy.explain"] {
            let state = exchange.filter_state(name).text();
            assert!(!state.contains("hunter2"), "{state}");
        }
    }
    assert!(lines::of(&host.logs()).len() >= 5);
}

#[track_caller]
fn explained(exchange: &Exchange) -> Value {
    let all: Value =
        serde_json::from_slice(&exchange.filter_state("policy.explain").value()).expect("it is JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    all[0].clone()
}

fn explaining(policy: Value) -> Host {
    host(json!({ "explain": "all", "default": policy }))
}

#[track_caller]
fn check(exchange: &Exchange, members: Value) {
    let mut expected = json!({ "plugin": "retry", "rule": "default", "mode": "enforce" });
    expected
        .as_object_mut()
        .expect("it is one")
        .extend(members.as_object().expect("it is one").clone());
    assert_eq!(explained(exchange), expected, "{exchange}");
}

#[test]
fn a_decision_is_explained_with_its_numbers() {
    let budget =
        json!({ "percent": 0, "interval": "10s", "min_retry_rate": { "count": 3, "interval": "10s" } });
    let host = explaining(json!({ "budget": budget, "timeout": "2s" }));
    check(
        &tried(host.get("/orders"), 503),
        json!({ "max_retries": 2, "budget_left": 3, "timeout_ms": 2000 }),
    );
    let second = json!({ "max_retries": 1, "budget_left": 1, "because": "budget", "timeout_ms": 2000 });
    check(&tried(host.get("/orders"), 503), second);
    let request = host.get("/orders").header("x-envoy-attempt-count", "2");
    check(
        &tried(request, 200),
        json!({ "max_retries": 0, "budget_left": 0, "because": "inbound_retry", "timeout_ms": 2000 }),
    );
}

#[test]
fn what_is_not_configured_is_not_explained() {
    let host = explaining(json!({ "budget": null, "attempts": 1 }));
    check(
        &host.get("/orders").answered_with(200),
        json!({ "max_retries": 0 }),
    );
}

#[test]
fn the_rule_and_the_profile_are_explained() {
    let host = host(json!({
        "explain": "all", "default": { "budget": null }, "profiles": { "often": { "attempts": 5 } },
        "routes": [{ "match": { "path": "/a" }, "profile": "often" }, { "match": { "path": "/b" }, "mode": "shadow" }],
    }));
    let first = json!({ "plugin": "retry", "rule": "routes[0]", "profile": "often", "mode": "enforce", "max_retries": 4 });
    assert_eq!(explained(&host.get("/a").answered_with(200)), first);
    let second = json!({ "plugin": "retry", "rule": "routes[1]", "mode": "shadow", "max_retries": 2 });
    assert_eq!(explained(&host.get("/b").answered_with(200)), second);
}

#[test]
fn only_what_is_asked_for_is_explained() {
    for (explain, status, explained) in [
        ("none", 200, false),
        ("none", 503, false),
        ("errors", 200, false),
        ("errors", 399, false),
        ("errors", 400, true),
        ("errors", 500, true),
        ("all", 200, true),
        ("all", 500, true),
    ] {
        let exchange = host(json!({ "explain": explain }))
            .get("/orders")
            .answered_with(if status == 503 { 500 } else { status });
        assert_eq!(
            exchange.filter_state("policy.explain").option().is_some(),
            explained,
            "{explain}, {status}\n{exchange}"
        );
    }
}
