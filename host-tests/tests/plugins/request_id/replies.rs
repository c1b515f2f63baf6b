//! Where the id goes: request headers, response headers, and the replies that no upstream made.

use super::{host, policy};
use crate::valid::assert_uuid;
use host::{Answer, Route};
use serde_json::json;

#[test]
fn the_id_is_in_every_request_header_that_is_configured() {
    let host = policy(json!({ "request_headers": ["x-request-id", "X-Correlation-Id", "x-own"] }));
    let exchange = host
        .get("/")
        .header("x-request-id", "r-1")
        .header("x-own", "a")
        .header("x-own", "b")
        .answered_with(200);
    for header in ["x-request-id", "x-correlation-id", "x-own"] {
        exchange.upstream_header(header).is("r-1");
    }
}

#[test]
fn a_header_that_is_not_configured_is_not_written() {
    let host = policy(json!({ "request_headers": ["x-own"], "response_headers": ["x-answer"] }));
    let exchange = host.get("/").answered_with(200);
    let id = exchange.upstream_header("x-own").text();
    assert_uuid(&id, '7');
    exchange.upstream_header("x-request-id").is_absent();
    exchange
        .header("x-answer", id)
        .no_header("x-request-id")
        .no_header("x-own");
}

#[test]
fn the_id_is_in_every_response_header_that_is_configured() {
    let host = policy(json!({ "response_headers": ["x-request-id", "X-Correlation-Id"] }));
    let exchange = host.get("/").header("x-request-id", "r-1").answered_with(200);
    exchange
        .header("x-request-id", "r-1")
        .header("x-correlation-id", "r-1");
}

#[test]
fn with_no_response_header_the_response_is_left_alone() {
    let host = policy(json!({ "response_headers": [] }));
    let answer = Answer::new(200)
        .header("x-request-id", "u-1")
        .header("x-request-id", "u-2");
    let exchange = host.get("/").header("x-request-id", "r-1").answered_with(answer);
    // The proxy itself joins what is repeated of this header.
    assert!(
        !exchange
            .response_header("x-request-id")
            .all()
            .concat()
            .windows(3)
            .any(|part| part == b"r-1"),
        "{exchange}"
    );
    exchange.upstream_header("x-request-id").is("r-1");
}

#[test]
fn what_the_upstream_says_the_id_was_is_overwritten() {
    for answer in [
        Answer::new(200).header("x-request-id", "u-1"),
        Answer::new(200)
            .header("x-request-id", "u-1")
            .header("x-request-id", "u-2"),
        Answer::new(500).header("x-request-id", b"\xff"),
        Answer::new(200).header("x-request-id", ""),
    ] {
        host(json!({}))
            .get("/")
            .header("x-request-id", "r-1")
            .answered_with(answer)
            .header("x-request-id", "r-1");
    }
}

#[test]
fn every_status_carries_the_id() {
    let host = host(json!({}));
    for status in [200, 201, 204, 206, 301, 304, 400, 404, 418, 429, 500, 503, 599] {
        let exchange = host.get("/").header("x-request-id", "r-1").answered_with(status);
        exchange.expect_status(status).header("x-request-id", "r-1");
    }
    for method in ["HEAD", "POST", "OPTIONS", "DELETE"] {
        host.request(method, "/")
            .header("x-request-id", "r-1")
            .answered_with(200)
            .header("x-request-id", "r-1");
    }
}

#[test]
fn the_replies_of_the_proxy_itself_carry_the_id() {
    for (answer, status) in [
        (Answer::timeout(), 504),
        (Answer::no_healthy_upstream(), 503),
        (Answer::connection_failure(), 503),
        (Answer::reset(), 503),
    ] {
        let host = host(json!({}));
        let exchange = host.get("/").header("x-request-id", "r-1").run(answer);
        exchange
            .expect_status(status)
            .header("x-request-id", "r-1")
            .filter_state("policy.request_id")
            .is("r-1");
    }
    let host = host(json!({})).routes([Route::new("text")
        .path("/direct")
        .direct_response(503, "back at noon\n")]);
    let direct = host.get("/direct").expect_rejected(503);
    direct.expect_body("back at noon\n");
    assert_uuid(&direct.response_header("x-request-id").text(), '7');
    let lost = host.get("/lost").expect_rejected(404);
    assert_uuid(&lost.response_header("x-request-id").text(), '7');
    lost.filter_state("policy.request_id")
        .is(lost.response_header("x-request-id").value());
}

#[test]
fn bodies_pass_untouched() {
    let answer = Answer::new(200)
        .header("content-type", "text/plain")
        .body("answer");
    let exchange = host(json!({})).post("/").body("question").answered_with(answer);
    assert_eq!(exchange.upstream_body(), b"question");
    exchange
        .expect_body("answer")
        .header("content-length", "6")
        .header("content-type", "text/plain");
}

#[test]
fn nothing_else_is_changed() {
    let untouched = host(json!({ "mode": "disabled" }));
    let touched = host(json!({}));
    let sent = [
        ("x-a", "1"),
        ("x-a", "2"),
        ("cookie", "c=1"),
        ("cookie", "d=2"),
        ("x-empty", ""),
    ];
    let run = |host: &host::Host| {
        let request = sent.iter().fold(
            host.get("/p?q=1").header("x-request-id", "r-1"),
            |request, (name, value)| request.header(name, value),
        );
        let exchange = request.answered_with(
            Answer::new(200)
                .header("set-cookie", "a")
                .header("set-cookie", "b"),
        );
        let mut response = exchange.response_headers();
        response.retain(|(name, _)| name != "x-request-id");
        (exchange.upstream_headers(), response)
    };
    assert_eq!(run(&touched), run(&untouched));
}
