//! Log lines, member for member.

use super::{PARENT, TRACE, host};
use crate::lines;
use host::{Answer, Exchange, Level, millis};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z is when a host starts.
const START: &str = "2026-01-01T00:00:00.000Z";

#[track_caller]
fn check(exchange: &Exchange, expect: Value) {
    assert_eq!(lines::only(exchange), expect, "{exchange}");
}

#[test]
fn nothing_is_logged_unless_something_is_refused_or_it_is_asked_for() {
    let host = host(json!({}));
    let exchanges = [
        host.get("/").answered_with(200),
        host.get("/").header("x-request-id", "a").answered_with(503),
        host.get("/").run(Answer::reset()),
    ];
    for exchange in exchanges {
        assert!(exchange.logs().is_empty(), "{exchange}");
    }
}

#[test]
fn a_refused_id_is_logged_as_length_and_reason() {
    let host = host(json!({}));
    host.advance(millis(61_007));
    let exchange = host
        .get("/secret-path")
        .header("x-request-id", "a;secret")
        .header("b3", "")
        .answered_with(200);
    let id = exchange.upstream_header("x-request-id").text();
    check(
        &exchange,
        json!({
            "timestamp": "2026-01-01T00:01:01.007Z", "severity": "WARN", "plugin": "request-id", "event": "request_id_rejected",
            "request_id": id, "trace_id": id,
            "refused": [
                { "header": "x-request-id", "reason": "character", "length": 8 },
                { "header": "b3", "reason": "malformed", "length": 0 },
            ],
        }),
    );
    assert_eq!(exchange.logs()[0].level, Level::Warn);
    assert!(!exchange.logs()[0].message.contains("secret"), "{exchange}");
}

#[test]
fn a_line_names_the_service_the_trace_and_the_headers_asked_for() {
    let host = host(json!({
        "service_name": "orders",
        "default": { "log_headers": { "user_id": "x-user-id", "tenant": "X-Tenant", "absent": "x-absent" } },
    }));
    let exchange = host
        .get("/")
        .header("x-request-id", "a b")
        .header("traceparent", PARENT)
        .header("x-user-id", "u \"7\"")
        .header("x-tenant", "t-1")
        .header("x-tenant", "t-2")
        .answered_with(200);
    check(
        &exchange,
        json!({
            "timestamp": START, "severity": "WARN", "plugin": "request-id", "event": "request_id_rejected",
            "service_name": "orders", "request_id": TRACE, "trace_id": TRACE,
            "refused": [{ "header": "x-request-id", "reason": "character", "length": 3 }],
            "user_id": "u \"7\"", "tenant": "t-1",
        }),
    );
}

#[test]
fn a_request_is_logged_when_it_has_ended() {
    let host = host(json!({
        "log": { "requests": true },
        "service_name": "orders",
        "default": { "log_headers": { "user_id": "x-user-id" } },
    }));
    let exchange = host
        .post("/orders/7?token=secret")
        .header("x-request-id", "r-1")
        .header("x-user-id", "u-1")
        .expect_forwarded();
    assert!(exchange.logs().is_empty(), "{exchange}");
    host.advance(millis(250));
    let exchange = exchange.answer(503);
    check(
        &exchange,
        json!({
            "timestamp": "2026-01-01T00:00:00.250Z", "severity": "INFO", "plugin": "request-id", "event": "request",
            "service_name": "orders", "request_id": "r-1", "trace_id": "r-1", "source": "accepted",
            "method": "POST", "path": "/orders/7", "status": 503, "duration_ms": 250, "user_id": "u-1",
        }),
    );
    assert_eq!(exchange.logs()[0].level, Level::Info);
}

#[test]
fn the_line_of_a_request_follows_that_of_a_refusal() {
    let host = host(
        json!({ "log": { "requests": true }, "default": { "trace_context": "create", "sampled": true } }),
    );
    let exchange = host.get("/").header("x-request-id", "").answered_with(200);
    let lines = lines::of_exchange(&exchange);
    let events: Vec<&Value> = lines.iter().map(|line| &line["event"]).collect();
    assert_eq!(events, ["request_id_rejected", "request"]);
    let id = exchange.upstream_header("x-request-id").text();
    let trace = exchange.filter_state("policy.trace_id").text();
    for line in &lines {
        assert_eq!(
            (&line["request_id"], &line["trace_id"]),
            (&json!(id), &json!(trace))
        );
    }
    assert_eq!(lines[1]["source"], "generated");
}

#[test]
fn a_client_that_went_away_is_logged_without_a_status() {
    let host = host(json!({ "log": { "requests": true } }));
    let exchange = host.get("/").header("x-request-id", "r-1").expect_forwarded();
    host.advance(millis(40));
    check(
        &exchange.client_aborts(),
        json!({
            "timestamp": "2026-01-01T00:00:00.040Z", "severity": "INFO", "plugin": "request-id", "event": "request",
            "request_id": "r-1", "trace_id": "r-1", "source": "accepted", "method": "GET", "path": "/", "duration_ms": 40,
        }),
    );
}

#[test]
fn the_proxys_own_replies_are_logged_with_their_status() {
    let host = host(json!({ "log": { "requests": true } }));
    for (answer, status) in [
        (Answer::timeout(), 504),
        (Answer::no_healthy_upstream(), 503),
        (Answer::reset(), 503),
    ] {
        assert_eq!(lines::only(&host.get("/").run(answer))["status"], status);
    }
}

#[test]
fn in_shadow_mode_the_lines_are_the_same() {
    let line = |mode: &str| {
        let host = host(json!({ "mode": mode, "log": { "requests": true } }));
        lines::of_exchange(&host.get("/").header("x-request-id", "a;b").answered_with(200))
    };
    assert_eq!(line("shadow").len(), 2);
    assert_eq!(line("shadow"), line("enforce"));
}

#[test]
fn what_is_logged_of_a_request_is_bounded() {
    let host = host(json!({
        "log": { "requests": true },
        "default": { "log_headers": { "user_id": "x-user-id" } },
    }));
    let long = "x".repeat(4000);
    let request = host.get(format!("/{long}")).header("x-request-id", "r-1");
    let line = lines::only(&request.header("x-user-id", &long).answered_with(200));
    for member in ["path", "user_id"] {
        assert_eq!(
            line[member].as_str().map(str::len),
            Some(1024),
            "{member} in {line}"
        );
    }
}

#[test]
fn an_id_is_logged_whole_however_long_it_may_be() {
    let host = host(json!({ "log": { "requests": true }, "default": { "max_length": 1024 } }));
    for length in [1, 128, 512, 513, 1024] {
        let id = "i".repeat(length);
        let exchange = host.get("/").header("x-request-id", &id).answered_with(200);
        exchange.upstream_header("x-request-id").is(&id);
        assert_eq!(lines::only(&exchange)["request_id"], id, "{length} bytes");
    }
}
