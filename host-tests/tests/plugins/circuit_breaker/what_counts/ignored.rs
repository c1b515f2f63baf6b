//! What callers do to their own requests: they cannot open a breaker by it, unless they were patient.

use super::{Case, Failure, Ignored, judged};
use host::{Answer, Host, millis, secs};
use serde_json::json;

/// A client that goes away so long after it has asked, without an answer.
fn leaves_after(host: &Host, milliseconds: u64) {
    let exchange = host.get("/patient").expect_forwarded();
    host.advance(millis(milliseconds));
    exchange.client_aborts();
}

#[test]
fn a_client_that_gives_up_tells_of_a_failure_only_after_it_was_patient() {
    let table: [Case; 3] = [
        ("at once", Ignored, |host| leaves_after(host, 0)),
        ("a millisecond too early", Ignored, |host| {
            leaves_after(host, 9_999)
        }),
        ("after ten seconds", Failure, |host| leaves_after(host, 10_000)),
    ];
    judged(&json!({}), &table);
}

#[test]
fn the_configuration_says_how_long_is_patient() {
    let table: [Case; 2] = [
        ("too early", Ignored, |host| leaves_after(host, 249)),
        ("patient", Failure, |host| leaves_after(host, 250)),
    ];
    judged(&json!({ "failure": { "no_answer_after": "250ms" } }), &table);
}

#[test]
fn a_client_that_leaves_within_an_answer_tells_nothing() {
    let table: [Case; 2] = [
        ("over HTTP/1.1", Ignored, |host| {
            let exchange = host.get("/patient").expect_forwarded();
            let exchange = exchange.begin_answer(Answer::new(200).pieces(["a"]).unfinished());
            host.advance(secs(20));
            exchange.client_aborts();
        }),
        ("over HTTP/2", Ignored, |host| {
            let exchange = host.get("/patient").http2().expect_forwarded();
            exchange
                .begin_answer(Answer::new(200).pieces(["a"]).unfinished())
                .client_aborts();
        }),
    ];
    judged(&json!({}), &table);
}
