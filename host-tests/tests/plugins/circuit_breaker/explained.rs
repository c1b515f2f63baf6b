//! What a request leaves in filter state: the breaker that it met, and why it was admitted or rejected.

use super::{host, policy, strikes_with, tell, three_strikes};
use host::{Exchange, Host, secs};
use serde_json::{Value, json};

#[track_caller]
fn explanation(exchange: &Exchange) -> Value {
    let all: Value =
        serde_json::from_slice(&exchange.filter_state("policy.explain").value()).expect("it is JSON");
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    assert_eq!(all[0]["plugin"], "circuit-breaker");
    all[0].clone()
}

/// A host that explains all, with these settings of the policy.
fn explaining(settings: Value) -> Host {
    host(json!({ "explain": "all", "default": strikes_with(settings) }))
}

/// The explanation is this, beside what is the same in all of them.
#[track_caller]
fn check(exchange: &Exchange, members: Value) {
    let mut expected = json!({ "plugin": "circuit-breaker", "rule": "default", "mode": "enforce", "breaker": "upstream", "key": "cluster" });
    expected
        .as_object_mut()
        .expect("it is one")
        .extend(members.as_object().expect("it is one").clone());
    assert_eq!(explanation(exchange), expected, "{exchange}");
}

#[test]
fn each_decision_is_explained_with_its_numbers() {
    let host = explaining(json!({ "ramp": { "over": "10s", "from_percent": 0 } }));
    check(
        &host.get("/orders").answered_with(200),
        json!({ "state": "closed", "decision": "admitted", "probe": false }),
    );
    tell(host.worker(0), "ff");
    let twice =
        json!({ "state": "closed", "consecutive_failures": 2, "decision": "admitted", "probe": false });
    check(&host.get("/orders").answered_with(503), twice);
    let open = json!({ "state": "open", "reopenings": 0, "decision": "rejected", "because": "open", "retry_after": 10 });
    check(&host.get("/orders").expect_rejected(503), open);
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    check(
        &probe,
        json!({ "state": "half_open", "probes_in_flight": 1, "probes_succeeded": 0, "decision": "admitted", "probe": true }),
    );
    let full = json!({ "state": "half_open", "probes_in_flight": 1, "probes_succeeded": 0, "decision": "rejected",
                       "because": "half_open_full", "retry_after": 10 });
    check(&host.get("/orders").expect_rejected(503), full);
    probe.answer(200);
    let ramping =
        json!({ "state": "closed", "decision": "rejected", "because": "ramping", "retry_after": 1 });
    check(&host.get("/orders").expect_rejected(503), ramping);
}

#[test]
fn a_closed_breaker_explains_what_it_has_counted_for_each_setting_in_use() {
    let rate = json!({ "percent": 50, "window": "60s", "min_calls": 20 });
    let mut slow = rate.clone();
    slow["slower_than"] = json!("1s");
    let host =
        host(json!({ "explain": "all", "default": { "trip": { "failure_rate": rate, "slow_rate": slow } } }));
    tell(host.worker(0), "fsf");
    let slow = host.get("/orders").expect_forwarded();
    host.advance(secs(2));
    slow.answer(200);
    let explained = explanation(&host.get("/orders").answered_with(200));
    assert_eq!(explained["consecutive_failures"], 0, "{explained}");
    assert_eq!(
        explained["failure_rate"],
        json!({ "calls": 4, "failures": 2 }),
        "{explained}"
    );
    assert_eq!(
        explained["slow_rate"],
        json!({ "calls": 4, "slow": 1 }),
        "{explained}"
    );
}

#[test]
fn the_rule_the_profile_and_the_key_are_explained() {
    let host = host(json!({
        "explain": "all", "profiles": { "strict": { "key": { "name": "payments" } } },
        "routes": [{ "match": { "path": "/a" }, "policy": { "key": "route" } }, { "match": { "path": "/b" }, "profile": "strict", "mode": "shadow" }],
    }));
    let first = explanation(&host.get("/a").answered_with(200));
    assert_eq!(
        (&first["rule"], &first["key"], &first["breaker"]),
        (&json!("routes[0]"), &json!("route"), &json!("all/upstream"))
    );
    let second = explanation(&host.get("/b").answered_with(200));
    assert_eq!(
        (&second["rule"], &second["profile"], &second["mode"]),
        (&json!("routes[1]"), &json!("strict"), &json!("shadow"))
    );
    assert_eq!(
        (&second["key"], &second["breaker"]),
        (&json!("name"), &json!("payments"))
    );
}

#[test]
fn a_shadowed_rejection_is_explained_as_what_it_would_have_been() {
    let host = host(json!({ "explain": "all", "mode": "shadow", "default": three_strikes() }));
    tell(host.worker(0), "fff");
    let explained = explanation(&host.get("/orders").answered_with(200));
    assert_eq!(
        (&explained["mode"], &explained["decision"]),
        (&json!("shadow"), &json!("rejected"))
    );
}

#[test]
fn only_what_is_asked_for_is_explained() {
    for (explain, status, explained) in [
        ("none", 200, false),
        ("none", 503, false),
        ("errors", 200, false),
        ("errors", 399, false),
        ("errors", 400, true),
        ("errors", 503, true),
        ("all", 200, true),
        ("all", 503, true),
    ] {
        let exchange = host(json!({ "explain": explain }))
            .get("/orders")
            .answered_with(status);
        let found = exchange.filter_state("policy.explain").option().is_some();
        assert_eq!(found, explained, "{explain}, {status}\n{exchange}");
    }
}

#[test]
fn a_rejection_is_an_error_that_is_explained_once() {
    for (explain, explained) in [("none", false), ("errors", true), ("all", true)] {
        let host = host(json!({ "explain": explain, "default": three_strikes() }));
        tell(host.worker(0), "fff");
        let exchange = host.get("/orders").expect_rejected(503);
        assert_eq!(
            exchange.filter_state("policy.explain").option().is_some(),
            explained,
            "{explain}"
        );
        if explained {
            assert_eq!(explanation(&exchange)["because"], "open");
        }
    }
}

#[test]
fn filter_state_names_the_breaker_and_its_state_only_while_it_is_not_closed() {
    let host = policy(three_strikes());
    host.get("/orders")
        .answered_with(200)
        .filter_state("policy.circuit")
        .is_absent();
    tell(host.worker(0), "fff");
    host.get("/orders")
        .expect_rejected(503)
        .filter_state("policy.circuit")
        .is("upstream:open");
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    probe.filter_state("policy.circuit").is("upstream:half_open");
    host.get("/orders")
        .expect_rejected(503)
        .filter_state("policy.circuit")
        .is("upstream:half_open");
    probe.answer(200);
    host.get("/orders")
        .answered_with(200)
        .filter_state("policy.circuit")
        .is_absent();
}

#[test]
fn the_state_is_the_one_that_the_request_met() {
    let host = policy(three_strikes());
    tell(host.worker(0), "ff");
    host.get("/orders")
        .answered_with(503)
        .filter_state("policy.circuit")
        .is_absent();
}
