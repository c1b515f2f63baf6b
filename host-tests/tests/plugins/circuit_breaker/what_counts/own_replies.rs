//! Replies of the proxy itself: failures where its router says that the upstream failed, and nothing else.

use super::{Case, Failure, Ignored, judged};
use host::{Answer, Host, secs};
use serde_json::json;

fn get(host: &Host, answer: Answer) {
    host.get("/orders").run(answer);
}

fn call(host: &Host, answer: Answer) {
    host.grpc("/orders/Get").run(answer);
}

#[test]
fn an_attempt_that_failed_is_a_failure() {
    let table: [Case; 9] = [
        ("no healthy upstream", Failure, |host| {
            get(host, Answer::no_healthy_upstream())
        }),
        ("a refused connection", Failure, |host| {
            get(host, Answer::connection_failure())
        }),
        ("a reset before the answer", Failure, |host| {
            get(host, Answer::reset())
        }),
        ("a reset of the stream", Failure, |host| {
            drop(host.get("/orders").http2().run(Answer::stream_reset()))
        }),
        ("a refused stream", Failure, |host| {
            drop(host.get("/orders").http2().run(Answer::refused_stream()))
        }),
        ("no HTTP", Failure, |host| get(host, Answer::protocol_error())),
        ("the route's time-out", Failure, |host| {
            let exchange = host.get("/never").send();
            host.advance(secs(5));
            exchange.expect_status(504);
        }),
        ("gRPC, no healthy upstream", Failure, |host| {
            call(host, Answer::no_healthy_upstream())
        }),
        ("gRPC, a reset", Failure, |host| {
            call(host, Answer::stream_reset())
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn what_no_upstream_had_a_part_in_is_ignored() {
    let table: [Case; 6] = [
        ("an overflow of the proxy's own limits", Ignored, |host| {
            get(host, Answer::overflow())
        }),
        ("gRPC, an overflow", Ignored, |host| {
            call(host, Answer::overflow())
        }),
        ("a direct response", Ignored, |host| {
            drop(host.get("/maintenance").expect_rejected(503))
        }),
        ("a redirect", Ignored, |host| {
            drop(host.get("/moved").expect_rejected(301))
        }),
        ("no route", Ignored, |host| {
            drop(host.get("/nowhere").expect_rejected(404))
        }),
        ("gRPC, no route", Ignored, |host| {
            drop(host.grpc("/nowhere/Get").expect_rejected(200))
        }),
    ];
    judged(&json!({}), &table);
}
