//! Two versions of the plugin whose records have different forms, side by side: the newer one begins with what the older
//! one knew, and neither spoils anything of the other's.

use super::{breaker, tell, three_strikes};
use host::{Host, Plugin, secs};
use host_tests::plugin::NEXT_CIRCUIT_BREAKER;
use serde_json::{Value, json};

const NAME: &str = "circuit-breaker";

/// The next version of the plugin, in the place of this one.
fn next(policy: Value) -> Plugin {
    Plugin::new(NEXT_CIRCUIT_BREAKER.module())
        .name(NAME)
        .config(json!({ "default": policy }))
}

fn running(policy: Value) -> Host {
    Host::chain([breaker(json!({ "default": policy }))]).workers(2)
}

#[track_caller]
fn upgrade(host: &Host, policy: Value) {
    host.update_plugin(NAME, |_| next(policy))
        .expect("it is accepted");
}

#[track_caller]
fn downgrade(host: &Host, policy: Value) {
    host.update_plugin(NAME, |_| breaker(json!({ "default": policy })))
        .expect("it is accepted");
}

#[test]
fn an_open_breaker_stays_open_for_a_newer_version() {
    let host = running(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(4));
    upgrade(&host, three_strikes());
    for worker in [0, 1] {
        host.worker(worker)
            .get("/orders")
            .expect_rejected(503)
            .header("retry-after", "6");
    }
    host.advance(secs(6));
    tell(host.worker(1), "s");
    tell(host.worker(0), "s");
}

#[test]
fn a_row_of_failures_goes_on_in_a_newer_version() {
    let host = running(three_strikes());
    tell(host.worker(0), "ff");
    upgrade(&host, three_strikes());
    tell(host.worker(1), "f");
    host.worker(0).get("/orders").expect_rejected(503);
}

#[test]
fn places_that_are_taken_stay_taken_in_a_newer_version() {
    let host = running(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let probe = host.worker(0).get("/orders").expect_forwarded();
    upgrade(&host, three_strikes());
    host.worker(1).get("/orders").expect_rejected(503);
    // What the older version still hears of it, the newer one does not: the place is free when its lease ends.
    probe.answer(200);
    host.worker(1).get("/orders").expect_rejected(503);
    host.advance(secs(30));
    tell(host.worker(1), "s");
}

#[test]
fn a_version_that_comes_back_finds_its_own_records_as_it_left_them() {
    let host = running(three_strikes());
    tell(host.worker(0), "ff");
    upgrade(&host, three_strikes());
    tell(host.worker(0), "f");
    host.worker(0).get("/orders").expect_rejected(503);
    downgrade(&host, three_strikes());
    // Two failures in a row, as before: the third opens it.
    tell(host.worker(0), "f");
    host.worker(0)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "10");
}

#[test]
fn values_keep_their_slots_in_a_newer_version() {
    let tenants = || {
        let mut policy = three_strikes();
        policy["key"] = json!({ "header": "x-tenant" });
        policy
    };
    let host = running(tenants());
    let tenant = |name: &str| host.get("/orders").header("x-tenant", name);
    tenant("blue").answered_with(200);
    for _ in 0..3 {
        tenant("blue").answered_with(503);
    }
    tenant("blue").expect_rejected(503);
    upgrade(&host, tenants());
    tenant("blue").expect_rejected(503);
    tenant("green").answered_with(200);
}
