//! Slow answers, where a configuration asks for them.

use super::{Came, Case, Failure, Ignored, Success, judged};
use host::{Answer, Host, millis, secs};
use serde_json::json;

/// An answer whose headers come so late, and its end another ten seconds later.
fn answers_after(host: &Host, milliseconds: u64, answer: Answer) {
    let exchange = host.get("/patient").expect_forwarded();
    host.advance(millis(milliseconds));
    let exchange = exchange.begin_answer(answer);
    if !exchange.is_finished() {
        host.advance(secs(10));
        exchange.upstream_ends();
    }
}

#[test]
fn slow_is_measured_to_the_headers_and_told_after_failure() {
    let slow = json!({ "trip": { "slow_rate": { "percent": 1, "slower_than": "2s", "window": { "calls": 10 }, "min_calls": 1 } } });
    let table: [Case; 8] = [
        ("at the bound", Success, |host| {
            answers_after(host, 2_000, Answer::new(200))
        }),
        ("past it", Came::Slow, |host| {
            answers_after(host, 2_001, Answer::new(200))
        }),
        ("a slow body", Success, |host| {
            answers_after(host, 2_000, Answer::new(200).pieces(["a"]).unfinished())
        }),
        ("slow headers", Came::Slow, |host| {
            answers_after(host, 2_001, Answer::new(200).pieces(["a"]).unfinished())
        }),
        ("a slow mistake", Came::Slow, |host| {
            answers_after(host, 2_001, Answer::new(404))
        }),
        ("a slow failure", Failure, |host| {
            answers_after(host, 2_001, Answer::new(503))
        }),
        ("a slow call", Came::Slow, |host| {
            let exchange = host.grpc("/patient/Get").expect_forwarded();
            host.advance(secs(3));
            exchange.answer(Answer::grpc(0));
        }),
        ("slow, and given up", Ignored, |host| {
            let exchange = host.get("/patient").expect_forwarded();
            host.advance(secs(3));
            exchange.client_aborts();
        }),
    ];
    judged(&slow, &table);
}

#[test]
fn without_a_slow_rate_nothing_is_slow() {
    let table: [Case; 1] = [("a slow one", Success, |host| {
        answers_after(host, 20_000, Answer::new(200))
    })];
    judged(&json!({}), &table);
}
