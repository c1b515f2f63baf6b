//! One state for all workers: what is told at once, what may wait, and what a worker's death leaves behind.

use super::{breaker, expect_admitted, expect_rejected, policy, strikes_with, tell, three_strikes};
use host::{Answer, FailurePolicy, Host, Plugin, Route, secs};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Half of two calls opens it.
fn rate() -> Value {
    json!({ "trip": { "failure_rate": { "percent": 50, "min_calls": 2 } }, "open": { "jitter": 0 } })
}

#[test]
fn failures_of_all_workers_make_one_row_and_open_it_for_all() {
    let host = policy(three_strikes()).workers(4);
    for worker in [0, 1, 2] {
        tell(host.worker(worker), "f");
    }
    for worker in [3, 2, 1, 0] {
        host.worker(worker)
            .get("/orders")
            .expect_rejected(503)
            .header("retry-after", "10");
    }
}

#[test]
fn closing_takes_effect_on_every_worker_with_the_next_request() {
    let host = policy(three_strikes()).workers(3);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(1), "s");
    for worker in [0, 1, 2] {
        host.worker(worker).get("/orders").answered_with(200);
    }
}

#[test]
fn while_nothing_failed_successes_wait_for_a_tick() {
    let host = policy(rate()).workers(2);
    tell(host.worker(0), "ssssssssss");
    tell(host.worker(1), "ff");
    // Early, by what the other worker had gathered since its tick.
    expect_rejected(&host);

    let host = policy(rate()).workers(2);
    tell(host.worker(0), "ssssssssss");
    host.advance(secs(1));
    tell(host.worker(1), "fffffffff");
    expect_admitted(&host);
    tell(host.worker(1), "f");
    expect_rejected(&host);
}

#[test]
fn a_worker_that_sees_anothers_failure_merges_what_it_gathered_at_once() {
    let host = policy(rate()).workers(2);
    tell(host.worker(0), "ssssssssss");
    tell(host.worker(1), "f");
    tell(host.worker(0), "i");
    tell(host.worker(1), "ffffffff");
    expect_admitted(&host);
    tell(host.worker(1), "f");
    expect_rejected(&host);
}

#[test]
fn after_a_failure_each_success_counts_at_once() {
    let failure_rate = json!({ "percent": 50, "min_calls": 5 });
    let host = policy(json!({ "trip": { "failure_rate": failure_rate } })).workers(3);
    tell(host.worker(0), "f");
    tell(host.worker(1), "sss");
    tell(host.worker(2), "f");
    expect_admitted(&host);
    tell(host.worker(2), "f");
    expect_rejected(&host);
}

#[test]
fn the_row_of_failures_is_ended_by_any_workers_success() {
    let host = policy(three_strikes()).workers(2);
    tell(host.worker(0), "ff");
    tell(host.worker(1), "s");
    tell(host.worker(0), "ff");
    expect_admitted(&host);
    tell(host.worker(1), "f");
    expect_rejected(&host);
}

#[test]
fn workers_truly_at_once_lose_no_failure() {
    let host = policy(strikes_with(json!({ "trip": { "consecutive_failures": 40 } }))).workers(4);
    host.in_parallel(|worker| tell(worker, "fffffffff"));
    host.get("/orders").answered_with(503);
    host.get("/orders").answered_with(503);
    host.get("/orders").answered_with(503);
    expect_admitted(&host);
    host.get("/orders").answered_with(503);
    expect_rejected(&host);
}

#[test]
fn workers_truly_at_once_get_no_more_probes_than_there_are() {
    let half_open = json!({ "max_calls": 3, "successes": 3 });
    let host = policy(strikes_with(json!({ "half_open": half_open }))).workers(4);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let (probes, all_sent) = (AtomicUsize::new(0), Barrier::new(4));
    host.in_parallel(|worker| {
        let sent: Vec<_> = (0..3).map(|_| worker.get("/orders").send()).collect();
        probes.fetch_add(
            sent.iter().filter(|exchange| exchange.is_at_upstream()).count(),
            Ordering::Relaxed,
        );
        all_sent.wait();
    });
    assert_eq!(probes.into_inner(), 3);
}

/// Two filters in a chain, each for one path alone.
fn two(vm_ids: [&str; 2]) -> Host {
    let part = |name: &str, path: &str| {
        let rule = json!({ "match": { "path": path }, "policy": three_strikes() });
        breaker(json!({ "default": null, "routes": [rule] })).name(name)
    };
    Host::chain([
        part("first", "/first").vm_id(vm_ids[0]),
        part("second", "/second").vm_id(vm_ids[1]),
    ])
}

#[test]
fn plugins_of_one_vm_id_share_their_breakers_and_others_do_not() {
    for (vm_ids, shared) in [(["breakers", "breakers"], true), (["one", "other"], false)] {
        let host = two(vm_ids);
        for _ in 0..3 {
            host.get("/first").answered_with(503);
        }
        host.get("/first").expect_rejected(503);
        let is_rejected = host.get("/second").run(200).status() == 503;
        assert_eq!(is_rejected, shared, "{vm_ids:?}");
    }
}

#[test]
fn one_call_that_two_plugins_judge_counts_twice() {
    let twice = ["outer", "inner"].map(|name| breaker(json!({ "default": three_strikes() })).name(name));
    let host = Host::chain(twice);
    tell(host.worker(0), "ff");
    host.get("/orders").expect_rejected(503);
}

#[test]
fn clusters_do_not_share() {
    let host = policy(three_strikes()).routes([
        Route::new("a").path("/a").cluster("a"),
        Route::new("also a").path("/also-a").cluster("a"),
        Route::new("b").path("/b").cluster("b"),
    ]);
    for _ in 0..3 {
        host.get("/a").answered_with(503);
    }
    host.get("/also-a").expect_rejected(503);
    host.get("/b").answered_with(200);
}

/// A plugin of which one request to `/dies` kills the VM that it meets: its value
/// takes more fuel to hash than a callback may burn.
fn mortal(policy: Value) -> Host {
    let rule = json!({ "match": { "path": "/dies" }, "policy": { "key": { "header": "x-heavy" } } });
    let plugin: Plugin = breaker(json!({ "default": policy, "routes": [rule] }));
    Host::chain([plugin.failure_policy(FailurePolicy::Reload)])
        .workers(2)
        .allow_vm_death()
        .fuel_per_callback(500_000)
}

/// Kills the VM of a worker.
#[track_caller]
fn kill(host: &Host, worker: usize) {
    let exchange = host
        .worker(worker)
        .get("/dies")
        .header("x-heavy", "x".repeat(55_000))
        .expect_rejected(503);
    assert!(
        exchange.details().starts_with("wasm"),
        "the VM should have died\n{exchange}"
    );
}

#[test]
fn the_probe_of_a_dead_worker_comes_back_after_its_lease() {
    let host = mortal(strikes_with(json!({ "half_open": { "lease": "20s" } })));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let lost = host.worker(0).get("/orders").expect_forwarded();
    kill(&host, 0);
    drop(lost);
    host.advance(secs(19));
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "1");
    host.advance(secs(1));
    host.worker(1).get("/orders").answered_with(200);
    // The new VM of the worker knows what the others know.
    host.worker(0).get("/orders").answered_with(200);
}

#[test]
fn an_open_breaker_is_open_for_a_worker_that_came_back() {
    let host = mortal(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(2));
    kill(&host, 0);
    host.advance(secs(2));
    host.worker(0)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "6");
}

#[test]
fn a_dead_workers_failures_count_and_its_gathered_successes_are_lost() {
    let host = mortal(rate());
    tell(host.worker(0), "ssssssssss");
    kill(&host, 0);
    tell(host.worker(1), "ff");
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("x-error-code", "CIRCUIT_OPEN");

    let host = mortal(three_strikes());
    tell(host.worker(0), "ff");
    kill(&host, 0);
    tell(host.worker(1), "f");
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("x-error-code", "CIRCUIT_OPEN");
}

#[test]
fn a_result_that_comes_on_another_worker_than_the_trip_is_of_its_time() {
    let host = policy(three_strikes()).workers(2);
    let late = host.worker(1).get("/orders").expect_forwarded();
    tell(host.worker(0), "fff");
    late.answer(Answer::new(200));
    expect_rejected(&host);
}
