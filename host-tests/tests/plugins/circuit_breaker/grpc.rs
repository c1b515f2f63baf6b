//! What a gRPC caller is answered, and what its calls tell.

use super::{host, policy, strikes_with, tell, three_strikes};
use host::{Answer, Host, secs};
use serde_json::{Value, json};

const METHOD: &str = "/shop.Orders/Get";

fn open_with(settings: Value) -> Host {
    let host = policy(strikes_with(settings));
    tell(host.worker(0), "fff");
    host
}

#[test]
fn a_rejected_call_ends_with_its_headers_and_a_status_that_says_unavailable() {
    let exchange = open_with(json!({})).grpc(METHOD).expect_rejected(200);
    exchange
        .header("grpc-status", "14")
        .header("grpc-message", "The service is temporarily unavailable.")
        .header("content-type", "application/grpc")
        .header("grpc-retry-pushback-ms", "-1")
        .header("retry-after", "10")
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("x-envoy-ratelimited", "true")
        .expect_body("");
    assert!(exchange.response_trailers().is_empty(), "{exchange}");
    assert_eq!(exchange.details(), "circuit_breaker_open");
    exchange.filter_state("policy.error_code").is("CIRCUIT_OPEN");
}

#[test]
fn whatever_status_is_set_grpc_has_its_own() {
    let reject = json!({ "status": 404, "message": "100 % weg: ä", "push_back": false });
    let exchange = open_with(json!({ "reject": reject }))
        .grpc(METHOD)
        .expect_rejected(200);
    exchange
        .header("grpc-status", "14")
        .header("grpc-message", "100 %25 weg: %C3%A4")
        .no_header("grpc-retry-pushback-ms")
        .no_header("x-envoy-ratelimited");
}

#[test]
fn what_is_no_grpc_gets_no_pushback_of_grpc() {
    let exchange = super::expect_rejected(&open_with(json!({})));
    exchange
        .no_header("grpc-retry-pushback-ms")
        .no_header("grpc-status");
}

#[test]
fn a_status_of_grpc_opens_it_in_headers_as_in_trailers() {
    for answer in [
        || Answer::grpc(14).pieces(["m"]),
        || Answer::grpc(14),
        || Answer::grpc_headers_only(14),
    ] {
        let host = policy(three_strikes());
        for _ in 0..3 {
            host.grpc(METHOD).answered_with(answer());
        }
        host.grpc(METHOD).expect_rejected(200).header("grpc-status", "14");
    }
}

#[test]
fn each_status_of_grpc_is_a_failure_or_a_success() {
    for status in 0..=16 {
        let host = policy(strikes_with(json!({ "trip": { "consecutive_failures": 1 } })));
        host.grpc(METHOD)
            .answered_with(Answer::grpc(status).pieces(["m"]));
        let opened = host.grpc(METHOD).run(Answer::grpc(0)).details() == "circuit_breaker_open";
        // DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS.
        assert_eq!(opened, [4, 13, 14, 15].contains(&status), "{status}");
    }
}

#[test]
fn a_probe_of_grpc_is_decided_by_its_trailers() {
    for (status, closed) in [(0, true), (5, true), (14, false)] {
        let host = open_with(json!({}));
        host.advance(secs(10));
        let probe = host.grpc(METHOD).expect_forwarded().begin_answer(
            Answer::new(200)
                .header("content-type", "application/grpc")
                .unfinished(),
        );
        super::expect_rejected(&host);
        probe.upstream_ends_with(&[("grpc-status", status.to_string())]);
        let is_closed = host.get("/orders").run(200).status() == 200;
        assert_eq!(is_closed, closed, "{status}");
    }
}

#[test]
fn the_log_line_has_the_status_that_is_configured() {
    let host = host(json!({ "default": three_strikes() }));
    tell(host.worker(0), "fff");
    let line = crate::lines::only(&host.grpc(METHOD).expect_rejected(200));
    assert_eq!(
        (&line["event"], &line["status"]),
        (&json!("rejected"), &json!(503))
    );
}
