//! Streams: those that may end at any time have succeeded once they have begun, and those of gRPC by their status.

use super::{Case, Failure, Ignored, Success, TooMany, judged};
use host::{Answer, Exchange, Host};
use serde_json::json;

fn call(host: &Host, answer: Answer) {
    host.grpc("/orders/Get").body("q").run(answer);
}

fn events() -> Answer {
    Answer::new(200).header("content-type", "text/event-stream")
}

fn web_socket(host: &Host) -> Exchange {
    let exchange = host.get("/orders").upgrade("websocket").expect_forwarded();
    exchange
        .begin_answer(Answer::switching_to("websocket"))
        .upstream_sends("hello")
}

#[test]
fn a_call_of_grpc_is_judged_by_its_status() {
    let table: [Case; 12] = [
        ("OK", Success, |host| call(host, Answer::grpc(0).pieces(["r"]))),
        ("CANCELLED", Success, |host| call(host, Answer::grpc(1))),
        ("UNKNOWN", Success, |host| call(host, Answer::grpc(2))),
        ("DEADLINE_EXCEEDED", Failure, |host| call(host, Answer::grpc(4))),
        ("NOT_FOUND", Success, |host| call(host, Answer::grpc(5))),
        ("PERMISSION_DENIED", Success, |host| call(host, Answer::grpc(7))),
        ("RESOURCE_EXHAUSTED", TooMany, |host| call(host, Answer::grpc(8))),
        ("INTERNAL", Failure, |host| {
            call(host, Answer::grpc(13).pieces(["r"]))
        }),
        ("UNAVAILABLE", Failure, |host| call(host, Answer::grpc(14))),
        ("DATA_LOSS", Failure, |host| call(host, Answer::grpc(15))),
        ("UNAUTHENTICATED", Success, |host| call(host, Answer::grpc(16))),
        ("one that does not exist", Success, |host| {
            call(host, Answer::grpc(99))
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn a_status_of_grpc_may_come_with_the_headers() {
    let table: [Case; 4] = [
        ("OK", Success, |host| call(host, Answer::grpc_headers_only(0))),
        ("NOT_FOUND", Success, |host| {
            call(host, Answer::grpc_headers_only(5))
        }),
        ("RESOURCE_EXHAUSTED", TooMany, |host| {
            call(host, Answer::grpc_headers_only(8))
        }),
        ("UNAVAILABLE", Failure, |host| {
            call(host, Answer::grpc_headers_only(14))
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn the_configuration_says_which_statuses_of_grpc_are_failures() {
    let table: [Case; 3] = [
        ("UNKNOWN", Failure, |host| call(host, Answer::grpc(2))),
        ("UNAVAILABLE", Success, |host| call(host, Answer::grpc(14))),
        ("UNKNOWN in the headers", Failure, |host| {
            call(host, Answer::grpc_headers_only(2))
        }),
    ];
    judged(&json!({ "failure": { "grpc": ["UNKNOWN"] } }), &table);
}

#[test]
fn a_call_of_grpc_that_ends_without_a_status_is_a_failure() {
    let table: [Case; 5] = [
        ("at the end of its messages", Failure, |host| {
            call(host, untold().pieces(["r"]))
        }),
        ("at the end of its headers", Failure, |host| call(host, untold())),
        ("with other trailers", Failure, |host| {
            call(host, untold().pieces(["r"]).trailer("x-sum", "1"))
        }),
        ("broken off", Failure, |host| {
            call(host, untold().pieces(["r"]).cut_off())
        }),
        ("by a client that leaves", Ignored, |host| {
            let exchange = host.grpc("/orders/Get").expect_forwarded();
            exchange
                .begin_answer(untold().pieces(["r"]).unfinished())
                .client_aborts();
        }),
    ];
    judged(&json!({}), &table);
}

/// An answer of gRPC without a status.
fn untold() -> Answer {
    Answer::new(200).header("content-type", "application/grpc+proto")
}

#[test]
fn grpc_web_is_an_ordinary_answer() {
    let table: [Case; 2] = [
        ("one that ends", Success, |host| {
            let answer = Answer::new(200)
                .header("content-type", "application/grpc-web+proto")
                .pieces(["r"]);
            host.post("/orders")
                .header("content-type", "application/grpc-web+proto")
                .run(answer);
        }),
        ("one that breaks off", Failure, |host| {
            let answer = Answer::new(200)
                .header("content-type", "application/grpc-web")
                .pieces(["r"])
                .cut_off();
            host.post("/orders")
                .header("content-type", "application/grpc-web")
                .run(answer);
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn a_stream_of_events_has_succeeded_however_it_ends() {
    let table: [Case; 4] = [
        ("by itself", Success, |host| {
            drop(host.get("/orders").run(events().pieces(["data: 1"])))
        }),
        ("broken off", Success, |host| {
            drop(host.get("/orders").run(events().pieces(["data: 1"]).cut_off()))
        }),
        ("by its client", Success, |host| {
            let exchange = host.get("/orders").expect_forwarded();
            exchange
                .begin_answer(events().pieces(["data: 1"]).unfinished())
                .client_aborts();
        }),
        ("as an error", Failure, |host| {
            let answer = Answer::new(500)
                .header("content-type", "text/event-stream")
                .body("data: 1");
            host.get("/orders").run(answer);
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn an_upgrade_has_succeeded_however_it_ends() {
    let table: [Case; 4] = [
        ("by its client", Success, |host| {
            drop(web_socket(host).client_aborts())
        }),
        ("by its upstream", Success, |host| {
            drop(web_socket(host).upstream_resets())
        }),
        ("refused as a mistake", Success, |host| {
            host.get("/orders").upgrade("websocket").answered_with(400);
        }),
        ("refused as an error", Failure, |host| {
            host.get("/orders").upgrade("websocket").answered_with(503);
        }),
    ];
    judged(&json!({}), &table);
}
