//! Forcing a breaker.

use super::{
    admin, body, breaker, expect_rejected, fail, force, met, running, strikes_with, succeed, the_breaker,
    three_strikes, transitions,
};
use host::{Host, secs};
use serde_json::{Value, json};

#[test]
fn forced_open_on_one_worker_it_rejects_on_all_with_the_next_request() {
    let host = met();
    force(host.worker(0), "open", "10m");
    for worker in [1, 0] {
        expect_rejected(host.worker(worker), "600");
    }
    assert_eq!(transitions(&host, "closed", "open"), 1);
}

#[test]
fn the_answer_shows_it_as_it_is_now() {
    let host = met();
    let answer = force(host.worker(0), "open", "90s");
    let breaker = &answer["breakers"][0];
    assert_eq!(breaker["state"], "open");
    assert_eq!(breaker["open"]["left_ms"], 90_000);
    assert_eq!(breaker["forced"]["state"], "open");
    assert_eq!(breaker["forced"]["left_ms"], 90_000);
    assert_eq!(breaker["forced"]["reason"], "a test");
    assert_eq!(breaker["forced"]["until"], breaker["open"]["until"]);
    assert_eq!(answer["breakers"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer.get("retry_budgets"), None);
    assert_eq!(the_breaker(host.worker(1)), *breaker);
}

#[test]
fn callers_are_told_what_is_left_of_it() {
    let host = met();
    force(host.worker(0), "open", "60s");
    host.advance(secs(45));
    expect_rejected(host.worker(1), "15");
}

#[test]
fn it_ends_by_time_and_then_probes() {
    let host = met();
    force(host.worker(0), "open", "60s");
    host.advance(secs(59));
    expect_rejected(host.worker(1), "1");
    host.advance(secs(1));
    assert_eq!(the_breaker(host.worker(0))["state"], "half_open");
    let probe = host.worker(1).get("/orders").expect_forwarded();
    host.worker(0).get("/orders").expect_rejected(503);
    probe.answer(200);
    succeed(host.worker(0));
    assert_eq!(the_breaker(host.worker(0))["forced"], Value::Null);
}

#[test]
fn it_ends_by_time_where_the_listener_that_took_it_is_gone() {
    let host = met();
    force(host.worker(0), "open", "60s");
    host.update_plugin("admin", |admin| admin.config(json!({ "path": "/nowhere" })))
        .expect("it is accepted");
    expect_rejected(host.worker(1), "60");
    host.advance(secs(60));
    host.worker(1).get("/orders").expect_forwarded().answer(200);
    succeed(host.worker(0));
}

#[test]
fn it_outlives_the_configuration_of_its_breaker() {
    let host = met();
    force(host.worker(0), "open", "60s");
    host.update(
        "circuit-breaker",
        json!({ "default": three_strikes(), "service_name": "new" }),
    )
    .expect("it is accepted");
    for worker in [0, 1] {
        expect_rejected(host.worker(worker), "60");
    }
}

#[test]
fn forced_closed_it_lets_all_through_whatever_the_upstream_does_and_then_begins_anew() {
    let host = running(three_strikes());
    fail(host.worker(0), 3);
    expect_rejected(host.worker(1), "10");
    force(host.worker(0), "closed", "60s");
    fail(host.worker(1), 5);
    fail(host.worker(0), 5);
    assert_eq!(the_breaker(host.worker(0))["window"]["consecutive_failures"], 10);
    host.advance(secs(60));
    assert_eq!(the_breaker(host.worker(0))["window"], Value::Null);
    assert_eq!(the_breaker(host.worker(0))["state"], "closed");
    fail(host.worker(1), 3);
    expect_rejected(host.worker(0), "10");
    assert_eq!(transitions(&host, "open", "closed"), 1);
}

#[test]
fn a_later_one_takes_the_place_of_an_earlier_one() {
    let host = met();
    force(host.worker(0), "open", "24h");
    force(host.worker(1), "open", "5s");
    expect_rejected(host.worker(0), "5");
    force(host.worker(0), "closed", "5s");
    succeed(host.worker(1));
    assert_eq!(
        transitions(&host, "closed", "open"),
        1,
        "it was open the second time"
    );
}

#[test]
fn it_goes_before_what_the_configuration_forces() {
    let host = running(strikes_with(json!({ "force": "open" })));
    expect_rejected(host.worker(0), "10");
    force(host.worker(0), "closed", "30s");
    succeed(host.worker(1));
    host.advance(secs(30));
    expect_rejected(host.worker(1), "10");
}

#[test]
fn a_breaker_has_the_name_that_it_is_shown_with_and_an_id_that_no_other_has() {
    let in_cluster = breaker(three_strikes()).name("in-the-cluster");
    let host = running(three_strikes()).clusters([host::Cluster::new("upstream").filters([in_cluster])]);
    succeed(host.worker(0));
    let id = "any/upstream/cluster/upstream";
    let path = format!("/.policy/force?breaker={id}&state=open&for=60s&reason=a+test");
    let exchange = host.post(path).run(500);
    assert_eq!(body(exchange.expect_status(200))["breakers"][0]["id"], id);
    assert_eq!(
        host.metric("circuit_breaker_transitions_total.breaker=upstream;.position=upstream;.from=closed;.to=open;.reason=forced;"),
        1
    );
    // It is let go, and stopped in the cluster.
    let exchange = host.get("/orders").run(200);
    exchange.expect_status(503).header("x-error-code", "CIRCUIT_OPEN");
}

#[test]
fn a_tenants_breaker_is_forced_as_long_as_it_has_its_slot() {
    let policy = strikes_with(json!({ "key": { "header": "x-tenant" }, "max_keys": 1, "evict_idle": "5s" }));
    let host = running(policy);
    let get = |tenant: &str| host.get("/orders").header("x-tenant", tenant);
    get("acme").answered_with(200);
    let force = |tenant: &str, state: &str| {
        let path = format!("/.policy/force?breaker={tenant}&state={state}&for=60s&reason=x");
        host.post(path).run(500)
    };
    force("acme", "closed").expect_status(200);
    host.advance(secs(20));
    get("umbrella").answered_with(200);
    assert_eq!(
        the_breaker_of(&host, "acme")["forced"]["left_ms"],
        40_000,
        "it keeps its slot"
    );
    host.advance(secs(60));
    get("umbrella").answered_with(200);
    assert_eq!(the_breaker_of(&host, "acme"), Value::Null);
    assert_eq!(the_breaker_of(&host, "umbrella")["key"], "header");
    force("acme", "open").expect_status(404);
    force("umbrella", "open").expect_status(200);
    get("umbrella").expect_rejected(503);
}

fn the_breaker_of(host: &Host, value: &str) -> Value {
    let exchange = host.get(format!("/.policy?breaker={value}")).run(500);
    body(exchange.expect_status(200))["breakers"][0].clone()
}

#[test]
fn whichever_of_two_workers_writes_first_the_force_stands() {
    let order_of_calls = |order: Vec<usize>| {
        let host = Host::chain([admin(json!({})), breaker(three_strikes())]).workers(2);
        fail(host.worker(1), 2);
        // While it is forced, another worker's failure would have opened it.
        host.step(order, |worker| match worker.number() {
            0 => drop(force(worker, "closed", "60s")),
            _ => fail(worker, 1),
        });
        host
    };
    for first in [0, 1] {
        for gap in [1, 3, 10, 70, 75, 80, 140] {
            let mut order = vec![first; gap];
            order.extend([1 - first; 400]);
            order.extend([first; 400]);
            let host = order_of_calls(order);
            let breaker = the_breaker(host.worker(1));
            assert_eq!(breaker["state"], "closed", "{first} {gap}");
            assert_eq!(breaker["forced"]["state"], "closed", "{first} {gap}");
            succeed(host.worker(1));
        }
    }
}
