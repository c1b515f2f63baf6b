//! Answers of the upstream, by their status, and whether they come to their end.

use super::{Case, Failure, Success, TooMany, judged};
use host::Answer;
use serde_json::json;

#[test]
fn by_default_all_of_5xx_but_501_are_failures() {
    let table: [Case; 12] = [
        ("200", Success, |host| {
            drop(host.get("/orders").answered_with(200))
        }),
        ("204", Success, |host| {
            drop(host.get("/orders").answered_with(204))
        }),
        ("304", Success, |host| {
            drop(host.get("/orders").answered_with(304))
        }),
        ("302", Success, |host| {
            drop(host.get("/orders").answered_with(302))
        }),
        ("400", Success, |host| {
            drop(host.get("/orders").answered_with(400))
        }),
        ("401", Success, |host| {
            drop(host.get("/orders").answered_with(401))
        }),
        ("404", Success, |host| {
            drop(host.get("/orders").answered_with(404))
        }),
        ("499", Success, |host| {
            drop(host.get("/orders").answered_with(499))
        }),
        ("500", Failure, |host| {
            drop(host.get("/orders").answered_with(500))
        }),
        ("501", Success, |host| {
            drop(host.get("/orders").answered_with(501))
        }),
        ("503", Failure, |host| {
            drop(host.get("/orders").answered_with(503))
        }),
        ("599", Failure, |host| {
            drop(host.get("/orders").answered_with(599))
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn the_configuration_says_which_statuses_are_failures() {
    let table: [Case; 5] = [
        ("500", Failure, |host| {
            drop(host.get("/orders").answered_with(500))
        }),
        ("501", Failure, |host| {
            drop(host.get("/orders").answered_with(501))
        }),
        ("502", Success, |host| {
            drop(host.get("/orders").answered_with(502))
        }),
        ("503", Failure, |host| {
            drop(host.get("/orders").answered_with(503))
        }),
        ("504", Success, |host| {
            drop(host.get("/orders").answered_with(504))
        }),
    ];
    judged(
        &json!({ "failure": { "statuses": ["500-503"], "except": [502] } }),
        &table,
    );
}

#[test]
fn too_many_requests_is_a_success_but_no_probes() {
    let table: [Case; 2] = [
        ("429", TooMany, |host| {
            drop(host.get("/orders").answered_with(429))
        }),
        ("429 with a body", TooMany, |host| {
            host.get("/orders")
                .answered_with(Answer::new(429).body("slow down"));
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn too_many_requests_is_a_failure_by_choice() {
    let table: [Case; 2] = [
        ("429", Failure, |host| {
            drop(host.get("/orders").answered_with(429))
        }),
        ("RESOURCE_EXHAUSTED", Failure, |host| {
            drop(host.grpc("/orders/Get").answered_with(Answer::grpc(8)))
        }),
    ];
    judged(&json!({ "failure": { "too_many_requests": true } }), &table);
}

#[test]
fn an_ordinary_answer_has_succeeded_at_its_end() {
    let table: [Case; 7] = [
        ("a body", Success, |host| {
            drop(host.get("/orders").answered_with(Answer::new(200).body("hello")))
        }),
        ("a body in chunks", Success, |host| {
            host.get("/orders")
                .answered_with(Answer::new(200).pieces(["a", "b"]));
        }),
        ("trailers", Success, |host| {
            host.get("/orders")
                .answered_with(Answer::new(200).pieces(["a"]).trailer("x-sum", "1"));
        }),
        ("HEAD", Success, |host| {
            drop(host.request("HEAD", "/orders").answered_with(200))
        }),
        ("over HTTP/2", Success, |host| {
            host.get("/orders")
                .http2()
                .answered_with(Answer::new(200).body("hello"));
        }),
        ("one that breaks off", Failure, |host| {
            host.get("/orders").run(Answer::new(200).pieces(["a"]).cut_off());
        }),
        ("one whose stream is reset", Failure, |host| {
            let exchange = host.get("/orders").http2().expect_forwarded();
            exchange
                .begin_answer(Answer::new(200).pieces(["a"]).unfinished())
                .upstream_resets_stream();
        }),
    ];
    judged(&json!({}), &table);
}

#[test]
fn an_error_that_breaks_off_is_one_failure() {
    let table: [Case; 1] = [("a 503 that breaks off", Failure, |host| {
        host.get("/orders").run(Answer::new(503).pieces(["a"]).cut_off());
    })];
    judged(&json!({}), &table);
}
