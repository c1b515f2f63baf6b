//! Resetting a breaker.

use super::{
    body, expect_rejected, fail, force, met, running, succeed, the_breaker, three_strikes, transitions,
};
use host::{Worker, secs};
use serde_json::Value;

#[track_caller]
fn reset(worker: Worker<'_>) -> Value {
    let exchange = worker
        .post("/.policy/reset?breaker=upstream&reason=fixed")
        .run(500);
    body(exchange.expect_status(200))["breakers"][0].clone()
}

#[test]
fn an_open_breaker_is_closed_on_all_workers() {
    let host = running(three_strikes());
    fail(host.worker(0), 3);
    let breaker = reset(host.worker(1));
    assert_eq!(breaker["state"], "closed");
    for worker in [0, 1] {
        succeed(host.worker(worker));
    }
    assert_eq!(transitions(&host, "open", "closed"), 1);
}

#[test]
fn what_it_counted_and_how_long_it_was_open_is_forgotten() {
    let host = running(three_strikes());
    fail(host.worker(0), 3);
    host.advance(secs(10));
    fail(host.worker(0), 1);
    assert_eq!(the_breaker(host.worker(0))["reopenings"], 1);
    reset(host.worker(1));
    fail(host.worker(0), 2);
    reset(host.worker(1));
    fail(host.worker(1), 2);
    succeed(host.worker(0));
    fail(host.worker(0), 3);
    expect_rejected(host.worker(1), "10");
    assert_eq!(the_breaker(host.worker(0))["reopenings"], 0);
}

#[test]
fn what_was_forced_is_no_longer() {
    let host = met();
    force(host.worker(0), "open", "24h");
    let breaker = reset(host.worker(1));
    assert_eq!(breaker["forced"], Value::Null);
    succeed(host.worker(0));
}

#[test]
fn one_that_is_closed_is_reset_without_a_transition() {
    let host = met();
    reset(host.worker(0));
    let transitions = "circuit_breaker_transitions_total";
    assert_eq!(
        host.metrics().keys().find(|name| name.starts_with(transitions)),
        None
    );
}

#[test]
fn what_was_under_way_says_nothing_of_it() {
    let host = running(three_strikes());
    fail(host.worker(0), 2);
    let under_way = host.worker(1).post("/orders").expect_forwarded();
    reset(host.worker(0));
    under_way.answer(500);
    assert_eq!(the_breaker(host.worker(0))["window"], Value::Null);
}
