//! What a budget bounds, whatever becomes of the workers.

use super::super::{attempts, policy, retry, tried};
use super::budget;
use host::{FailurePolicy, Host, millis, secs};
use serde_json::json;
use std::time::SystemTime;

/// An outage of a minute or two in four workers, one request after another.
#[test]
fn in_an_outage_retries_are_no_more_than_the_share_and_the_minimum_rate() {
    let host = policy(json!({})).workers(4);
    let mut made = Vec::new();
    for number in 0..6_000 {
        let exchange = tried(host.worker(number % 4).get("/orders"), 503);
        made.push((host.now(), exchange.attempts().len() - 1));
        host.advance(millis(10));
    }
    let mut retries = 0;
    for (end, (at, _)) in made.iter().enumerate() {
        let recent = |before: &&(SystemTime, usize)| before.0 + secs(10) > *at;
        let recent: Vec<_> = made[..=end].iter().rev().take_while(recent).collect();
        retries = recent.iter().map(|(_, retries)| retries).sum();
        assert!(
            retries * 5 <= recent.len() + 500,
            "{retries} retries of {} requests",
            recent.len()
        );
    }
    assert!(
        retries >= 150,
        "there were enough to come near the bound: {retries}"
    );
}

/// A worker's VM dies of a key that takes more fuel to read than a callback may burn.
#[track_caller]
fn kill(host: &Host, worker: usize) {
    let heavy = host
        .worker(worker)
        .get("/orders")
        .header("idempotency-key", "x".repeat(55_000));
    let exchange = heavy.expect_rejected(503);
    assert!(
        exchange.details().starts_with("wasm"),
        "the VM should have died\n{exchange}"
    );
}

#[test]
fn what_a_dead_worker_has_used_stays_used_and_what_it_has_gathered_is_lost() {
    let plugin =
        retry(json!({ "default": { "budget": budget(2, 20) } })).failure_policy(FailurePolicy::Reload);
    let host = Host::chain([plugin])
        .workers(2)
        .allow_vm_death()
        .fuel_per_callback(200_000);
    for _ in 0..5 {
        host.worker(1).get("/orders").answered_with(200);
    }
    host.advance(secs(1));
    let exchange = host.worker(0).get("/orders").answered_with(503).expect_retried();
    exchange.answer(200).expect_status(200);
    for _ in 0..20 {
        host.worker(0).get("/orders").answered_with(200);
    }
    kill(&host, 0);
    host.advance(secs(1));
    // Two, and a fifth of the six that are known, but for the one that was made.
    assert_eq!(attempts(host.worker(1).get("/orders"), 503), 3);
    assert_eq!(attempts(host.worker(0).get("/orders"), 503), 1);
}
