//! Where the module can stand: twice in a chain, in a cluster, beside the plugins' own modules.

use super::{all_but, body, fail, filter, text, tried, two_strikes};
use host::{Cluster, Host, Plugin, Route};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, RETRY};
use serde_json::json;

#[test]
fn a_filter_before_the_router_and_one_in_the_cluster_each_run_their_own_plugins() {
    let breaker = json!({ "circuit-breaker": two_strikes() });
    let cluster =
        Cluster::new("upstream").filters([filter(breaker).name("in-the-cluster").vm_id("policies")]);
    let before = filter(json!({ "error-envelope": {}, "request-id": {}, "retry": {} })).vm_id("policies");
    let host = Host::chain([before]).clusters([cluster]);
    let exchange = tried(host.get("/").header("x-request-id", "r-1"), &text(503, "busy"));
    // Two attempts failed, and the third was rejected behind the router.
    let reached: Vec<bool> = exchange
        .attempts()
        .iter()
        .map(|attempt| attempt.reached_upstream())
        .collect();
    assert_eq!(reached, [true, true, false], "{exchange}");
    exchange
        .header("x-request-id", "r-1")
        .header("x-error-code", "CIRCUIT_OPEN");
    assert_eq!(body(&exchange)["request_id"], "r-1");
    exchange.filter_state("policy.retry").is("retried:2");
}

#[test]
fn a_budget_that_the_filter_in_the_cluster_charges_bounds_a_burst() {
    let one = json!({ "retry": { "default": { "budget": {
        "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" },
    } } } });
    let behind = filter(one.clone()).name("in-the-cluster").vm_id("policies");
    let host =
        Host::chain([filter(one).vm_id("policies")]).clusters([Cluster::new("upstream").filters([behind])]);
    let burst = [(); 4].map(|()| host.get("/").expect_forwarded());
    let retries = burst.map(|mut exchange| {
        while !exchange.is_finished() {
            exchange = exchange.begin_answer(503);
            if !exchange.is_finished() && !exchange.is_at_upstream() {
                exchange = exchange.expect_retried();
            }
        }
        let reached = exchange
            .attempts()
            .iter()
            .filter(|attempt| attempt.reached_upstream())
            .count();
        reached - 1
    });
    assert_eq!(retries.iter().sum::<usize>(), 1, "{retries:?}");
}

#[test]
fn two_filters_of_one_vm_id_share_breakers_whichever_way_they_are_asked_for() {
    let routes = || [Route::new("orders").cluster("orders")];
    let by_root_id = || {
        Plugin::new(POLICIES.module())
            .root_id("circuit-breaker")
            .config(two_strikes())
    };
    let in_one_pass = || filter(json!({ "request-id": {}, "circuit-breaker": two_strikes() }));
    let its_own = || Plugin::new(CIRCUIT_BREAKER.module()).config(two_strikes());
    let shadow = json!({ "mode": "shadow", "default": two_strikes()["default"] });
    for (shared, expected) in [("circuit", 503), ("", 200)] {
        for enforcing in [by_root_id(), in_one_pass(), its_own()] {
            // The other filter only looks on: what it counts is what makes the difference.
            let other = Plugin::new(POLICIES.module())
                .name("other")
                .root_id("circuit-breaker")
                .vm_id(shared)
                .config(shadow.clone());
            let host = Host::chain([other, enforcing.name("enforcing").vm_id("circuit")]).routes(routes());
            // Counted by both, so that one failure is two of them where they share the breaker.
            fail(&host, 1);
            assert_eq!(
                host.post("/orders").run(200).status(),
                expected,
                "vm_id {shared:?}"
            );
        }
    }
}

#[test]
fn plugins_in_one_pass_and_plugins_of_their_own_make_one_chain() {
    let sections = |names: [&str; 2]| {
        let mut sections = all_but("circuit-breaker", two_strikes());
        sections
            .as_object_mut()
            .expect("it is one")
            .retain(|name, _| names.contains(&name.as_str()));
        sections
    };
    let retry = Plugin::new(RETRY.module()).name("retry").config("");
    let breaker = Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(two_strikes());
    let envelope = Plugin::new(ERROR_ENVELOPE.module())
        .name("error-envelope")
        .config("");
    for chain in [
        vec![
            filter(sections(["error-envelope", "request-id"])),
            breaker.clone(),
            retry.clone(),
        ],
        vec![
            envelope.clone(),
            filter(sections(["request-id", "circuit-breaker"])),
            retry,
        ],
        vec![
            filter(sections(["error-envelope", "request-id"])).name("first"),
            filter(sections(["circuit-breaker", "retry"])).name("second"),
        ],
    ] {
        let host = Host::chain(chain);
        let failed = tried(host.get("/").header("x-request-id", "r-1"), &text(503, "busy"));
        assert_eq!(failed.attempts().len(), 3);
        failed
            .header("x-request-id", "r-1")
            .header("x-error-code", "SERVICE_UNAVAILABLE");
        fail(&host, 1);
        let rejected = host.get("/").header("x-request-id", "r-1").expect_rejected(503);
        rejected
            .header("x-request-id", "r-1")
            .header("x-error-code", "CIRCUIT_OPEN");
        assert_eq!(body(&rejected)["request_id"], "r-1");
    }
}
