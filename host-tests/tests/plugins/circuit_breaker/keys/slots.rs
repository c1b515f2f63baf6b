//! Values that requests can choose: how many of them have a breaker of their own, and which.

use super::{breakers_of_metrics, keyed, met, open, with};
use crate::circuit_breaker::{host, policy};
use host::{Answer, Route, secs};
use serde_json::json;

#[test]
fn a_known_value_has_its_breaker_from_the_first_request_on() {
    let host = policy(with(
        json!({ "key": "host", "known": ["shop.example"], "max_keys": 1 }),
    ));
    host.get("/").host("taken.example").answered_with(200);
    for _ in 0..3 {
        host.get("/").host("shop.example").answered_with(503);
    }
    assert_eq!(met(host.get("/").host("shop.example")), "shop.example:open");
    host.get("/").host("taken.example").answered_with(200);
    host.get("/").host("another.example").answered_with(200);
}

#[test]
fn a_value_counts_in_other_until_an_upstream_has_answered_it() {
    let host = keyed("host");
    let answers = [404, 401, 429].map(Answer::new).into_iter();
    let unserved = [
        Answer::no_healthy_upstream(),
        Answer::connection_failure(),
        Answer::reset(),
    ];
    for (number, answer) in answers.chain(unserved).enumerate() {
        host.get("/").host(format!("{number}.example")).run(answer);
    }
    // Three invented hosts that nobody answered have opened the breaker of all that nobody has answered yet.
    assert_eq!(met(host.get("/").host("new.example")), "other:open");
}

#[test]
fn a_scan_of_invented_values_takes_no_place_from_real_ones() {
    let policy = with(json!({ "key": "host", "max_keys": 4, "evict_idle": "1m" }));
    let host = host(json!({ "default": policy, "log": { "max_per_second": 10_000 } }));
    let real = ["a.example", "b.example", "c.example"];
    for name in real {
        host.get("/").host(name).answered_with(200);
    }
    for number in 0..3_000 {
        host.get("/")
            .host(format!("invented-{number}.example"))
            .answered_with(404);
    }
    // One more real one has its place, and each of them its own breaker.
    for name in real.into_iter().chain(["d.example"]) {
        open(|| host.get("/").host(name));
        assert_eq!(met(host.get("/").host(name)), format!("{name}:open"));
    }
    host.get("/").host("invented-1.example").answered_with(404);
    assert_eq!(
        host.metric("policy_degradations_total.plugin=circuit-breaker;.what=max_keys;"),
        0
    );
    assert_eq!(breakers_of_metrics(&host), ["other"]);
}

#[test]
fn past_max_keys_values_share_other_which_is_told_once() {
    let host = policy(with(json!({ "key": { "header": "x-tenant" }, "max_keys": 2 })));
    let from = |tenant: &str| host.get("/").header("x-tenant", tenant);
    for tenant in ["a", "b", "c", "d", "c", "d"] {
        from(tenant).answered_with(200);
    }
    open(|| from("c"));
    assert_eq!(met(from("d")), "other:open");
    open(|| from("a"));
    from("b").answered_with(200);
    assert_eq!(
        host.metric("policy_degradations_total.plugin=circuit-breaker;.what=max_keys;"),
        1
    );
    let told = host
        .logs()
        .into_iter()
        .filter(|line| line.message.contains("max_keys"))
        .count();
    assert_eq!(told, 1);
}

#[test]
fn a_value_that_was_idle_gives_its_place_to_another() {
    let host = policy(with(json!({ "key": "host", "max_keys": 1, "evict_idle": "60s" })));
    let to = |name: &str| host.get("/").host(name);
    to("a").answered_with(200);
    host.advance(secs(30));
    to("b").answered_with(200);
    to("a").answered_with(200);
    host.advance(secs(58));
    to("b").answered_with(200);
    open(|| to("a"));
    // An open breaker is never idle. It closes, and is.
    host.advance(secs(100));
    to("b").answered_with(200);
    to("a").answered_with(200);
    host.advance(secs(62));
    to("b").answered_with(200);
    open(|| to("b"));
    assert_eq!(met(to("b")), "b:open");
    to("a").answered_with(200);
}

#[test]
fn the_value_that_took_a_place_begins_with_a_closed_breaker() {
    let host = policy(with(json!({ "key": "host", "max_keys": 1, "evict_idle": "60s" })))
        .workers(2)
        .routes([Route::new("patient").timeout_ms(0)]);
    let to = |worker: usize, name: &str| host.worker(worker).get("/").host(name);
    to(0, "a").answered_with(200);
    to(0, "a").answered_with(503);
    to(0, "a").answered_with(503);
    let late = to(1, "a").expect_forwarded();
    host.advance(secs(70));
    to(0, "b").answered_with(200);
    // What comes late of the one before changes nothing.
    late.answer(503);
    to(1, "b").answered_with(503);
    to(1, "b").answered_with(503);
    to(0, "b").answered_with(200);
    open(|| to(1, "b"));
    to(0, "b").expect_rejected(503);
}

#[test]
fn as_many_values_as_max_keys_have_their_own() {
    let host = policy(with(json!({ "key": "host", "max_keys": 16 })));
    let to = |number: u32| host.get("/").host(format!("{number}.example"));
    for number in 0..16 {
        to(number).answered_with(200);
    }
    open(|| to(0));
    for number in 1..16 {
        to(number).answered_with(200);
    }
}

/// Two values with the same hash, by which workers find breakers.
const ALIKE: [&str; 2] = ["8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ"];

#[test]
fn known_values_of_one_hash_have_a_breaker_each() {
    let host = policy(with(json!({ "key": { "header": "x-tenant" }, "known": ALIKE })));
    let get = |tenant| host.get("/").header("x-tenant", tenant);
    open(|| get(ALIKE[0]));
    get(ALIKE[1]).answered_with(200);
    assert_eq!(met(get(ALIKE[0])), "8yn0iYCKYHlIj4-BwPqk:open");
}

/// Whoever finds many of them makes a worker remember one breaker, not many.
#[test]
fn strangers_of_one_hash_share_a_place_and_are_one_breaker() {
    let host = keyed(json!({ "header": "x-tenant" }));
    let get = |tenant| host.get("/").header("x-tenant", tenant);
    open(|| get(ALIKE[0]));
    assert_eq!(met(get(ALIKE[1])), "8yn0iYCKYHlIj4-BwPqk:open");
}
