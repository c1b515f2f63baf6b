//! Trailers, which end a body where nothing can be written any more.

use super::{assert_enveloped, policy, text, with_either_setting};
use host::{Answer, Host};
use serde_json::json;

const DEGRADED: &str = "policy_degradations_total.plugin=error-envelope;.what=error_body;";

fn hosts() -> [Host; 2] {
    with_either_setting(&json!({ "passthrough": "never" }))
}

fn trailing(status: u16, announced: bool) -> Answer {
    let answer = Answer::new(status)
        .header("content-type", "text/plain")
        .pieces(["none ", "left"])
        .trailer("x-sum", "7");
    if announced {
        answer.header("trailer", "x-sum")
    } else {
        answer
    }
}

#[test]
fn an_error_that_announces_trailers_is_enveloped_without_its_message() {
    for host in hosts() {
        for http2 in [false, true] {
            let request = if http2 {
                host.get("/").http2()
            } else {
                host.get("/")
            };
            let exchange = request.answered_with(trailing(409, true));
            let body = assert_enveloped(&exchange, 409, "CONFLICT");
            assert_eq!(body["message"], "The request does not fit the present state.");
            exchange.response_trailer("x-sum").is("7");
            assert_eq!(host.metric(DEGRADED), 0);
        }
    }
}

#[test]
fn trailers_that_were_not_announced_leave_a_body_that_was_to_be_read_empty_and_are_counted() {
    for host in hosts() {
        let exchange = host.get("/").answered_with(trailing(409, false));
        exchange
            .expect_status(409)
            .expect_body("")
            .header("x-error-code", "CONFLICT")
            .no_header("content-length");
        exchange.response_trailer("x-sum").is("7");
        assert_eq!(host.metric(DEGRADED), 1);
        let line = &crate::lines::of_exchange(&exchange)[0];
        assert_eq!(
            (&line["event"], &line["what"], &line["severity"]),
            (&json!("degradation"), &json!("error_body"), &json!("WARN"))
        );
    }
}

#[test]
fn where_nothing_is_wanted_of_the_body_trailers_do_not_matter() {
    for host in hosts() {
        for announced in [false, true] {
            let exchange = host.get("/").answered_with(trailing(503, announced));
            assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
            exchange.response_trailer("x-sum").is("7");
        }
        assert_eq!(host.metric(DEGRADED), 0);
    }
}

#[test]
fn an_error_that_was_read_past_its_limit_is_out_before_its_trailers() {
    for host in with_either_setting(&json!({ "passthrough": "never", "max_body_bytes": 3 })) {
        assert_enveloped(
            &host.get("/").answered_with(trailing(409, false)),
            409,
            "CONFLICT",
        );
        assert_eq!(host.metric(DEGRADED), 0);
    }
}

/// A stated limit: no callback comes in which a body could be written.
#[test]
fn trailers_without_any_body_cannot_be_enveloped_and_are_counted() {
    for host in hosts() {
        let none: [&str; 0] = [];
        for status in [409, 503] {
            let answer = Answer::new(status)
                .header("content-type", "text/plain")
                .pieces(none)
                .trailer("x-sum", "7");
            let exchange = host.get("/").answered_with(answer);
            exchange
                .expect_status(status)
                .expect_body("")
                .no_header("content-length");
            exchange.response_trailer("x-sum").is("7");
        }
        assert_eq!(host.metric(DEGRADED), 2);
        assert_enveloped(&host.get("/").answered_with(text(409, "a")), 409, "CONFLICT");
    }
}

#[test]
fn what_is_left_alone_keeps_its_trailers_and_nothing_is_counted() {
    let host = policy(json!({}));
    let answer = Answer::new(409)
        .header("content-type", "application/json")
        .pieces(["{", "}"])
        .trailer("x-sum", "7");
    let exchange = host.get("/").answered_with(answer);
    exchange.expect_body("{}").response_trailer("x-sum").is("7");
    assert_eq!(host.metric(DEGRADED), 0);
}
