//! The ids of an error: one request id everywhere, and the trace's where there is a trace.

use super::{assert_enveloped, body, host, strict, text, with_request_id};
use crate::lines;
use crate::valid::assert_uuid;
use host::{Answer, Exchange};
use serde_json::{Value, json};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn member(exchange: &Exchange, name: &str) -> String {
    body(exchange)[name].as_str().unwrap_or_default().to_owned()
}

#[test]
fn with_request_id_behind_it_the_id_is_the_same_in_body_header_upstream_and_log() {
    let host = with_request_id(json!({ "log": { "errors": "all" } }));
    for (sent, kept) in [(None, false), (Some("order-42"), true), (Some("a;b"), false)] {
        for answer in [text(404, "no"), Answer::new(500), Answer::timeout()] {
            let request = host.get("/");
            let request = sent
                .iter()
                .fold(request, |request, id| request.header("x-request-id", id));
            let exchange = request.run(answer);
            let id = member(&exchange, "request_id");
            if kept {
                assert_eq!(id, "order-42");
            } else {
                assert_uuid(&id, '7');
            }
            exchange.header("x-request-id", &id);
            exchange.upstream_header("x-request-id").is(&id);
            exchange.filter_state("policy.request_id").is(&id);
            assert_eq!(
                member(&exchange, "trace_id"),
                id,
                "without a trace the request's id stands for it"
            );
            let line = lines::of_exchange(&exchange).pop().expect("there is a line");
            assert_eq!((&line["request_id"], &line["trace_id"]), (&json!(id), &json!(id)));
        }
    }
}

#[test]
fn with_a_trace_its_id_is_that_of_traceparent() {
    for host in [with_request_id(json!({})), host(json!({}))] {
        for answer in [text(404, "no"), Answer::new(500), Answer::no_healthy_upstream()] {
            let exchange = host
                .get("/")
                .header("x-request-id", "r-1")
                .header("traceparent", PARENT)
                .run(answer);
            assert_eq!(member(&exchange, "trace_id"), TRACE);
            assert_eq!(member(&exchange, "request_id"), "r-1");
        }
    }
}

#[test]
fn without_request_id_the_requests_own_id_is_taken_if_it_is_one() {
    let host = host(json!({}));
    for (sent, kept) in [
        ("order-42", true),
        ("a;b", false),
        ("", false),
        ("with space", false),
        ("quote\"", false),
    ] {
        let exchange = host.get("/").header("x-request-id", sent).answered_with(404);
        let id = member(&exchange, "request_id");
        if kept {
            assert_eq!(id, sent);
        } else {
            assert_uuid(&id, '4');
        }
    }
    for (length, kept) in [(128, true), (129, false)] {
        let sent = "i".repeat(length);
        let exchange = host.get("/").header("x-request-id", &sent).answered_with(404);
        assert_eq!(member(&exchange, "request_id") == sent, kept, "{length} bytes");
    }
    let bytes = host.get("/").header("x-request-id", b"\xff").answered_with(404);
    assert_uuid(&member(&bytes, "request_id"), '4');
}

#[test]
fn without_any_id_each_error_gets_one_of_its_own() {
    let host = host(json!({}));
    let ids: std::collections::BTreeSet<String> = (0..100)
        .map(|_| member(&host.get("/").answered_with(404), "request_id"))
        .collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_traceparent_that_is_none_is_no_trace() {
    let host = host(json!({}));
    for parent in [
        "nonsense",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "",
    ] {
        let exchange = host
            .get("/")
            .header("x-request-id", "r-1")
            .header("traceparent", parent)
            .answered_with(404);
        assert_eq!(member(&exchange, "trace_id"), "r-1", "{parent}");
    }
    let twice = host
        .get("/")
        .header("x-request-id", "r-1")
        .header("traceparent", PARENT)
        .header("traceparent", PARENT);
    assert_eq!(member(&twice.answered_with(404), "trace_id"), "r-1");
}

#[test]
fn the_time_is_that_of_the_error_in_utc_with_milliseconds() {
    let host = host(json!({}));
    assert_eq!(
        member(&host.get("/").answered_with(404), "timestamp"),
        "2026-01-01T00:00:00.000Z"
    );
    host.advance(host::millis(90_061_007));
    let exchange = host.get("/").expect_forwarded();
    host.advance(host::millis(40));
    assert_eq!(
        member(&exchange.answer(404), "timestamp"),
        "2026-01-02T01:01:01.047Z"
    );
}

#[test]
fn filter_state_tells_other_filters_and_the_access_log() {
    let exchange = strict().get("/").answered_with(text(404, "no"));
    exchange
        .filter_state("policy.error_code")
        .is("NOT_FOUND")
        .filter_state("policy.error_origin")
        .is("upstream");
    let fine = strict().get("/").answered_with(200);
    fine.filter_state("policy.error_code")
        .is_absent()
        .filter_state("policy.error_origin")
        .is_absent();
    assert_enveloped(&exchange, 404, "NOT_FOUND");
    assert_eq!(body(&exchange)["status_code"], Value::from(404));
}
