//! Enforced, shadowed, disabled; a roll-out between the first two; per route, and by route metadata.

use super::{calls, expect_rejected, fail, host, strikes_with, tell, three_strikes, transitions};
use host::{Host, Route, secs};
use serde_json::{Value, json};

fn shadow() -> Host {
    host(json!({ "mode": "shadow", "default": three_strikes() }))
}

#[test]
fn shadow_admits_all_and_counts_whom_it_would_reject() {
    let host = shadow();
    fail(&host, 3);
    for _ in 0..5 {
        let exchange = host.get("/orders").answered_with(200);
        exchange
            .expect_status(200)
            .no_header("retry-after")
            .no_header("x-error-code");
        for state in ["policy.circuit", "policy.error_code"] {
            exchange.filter_state(state).is_absent();
        }
    }
    assert_eq!(
        (
            calls(&host, "rejected", "shadow"),
            calls(&host, "rejected", "enforce")
        ),
        (5, 0)
    );
    assert_eq!(calls(&host, "failure", "shadow"), 3);
}

#[test]
fn shadow_opens_probes_and_closes_as_if_it_were_enforced() {
    let host = shadow();
    fail(&host, 3);
    assert_eq!(transitions(&host, "closed", "open", "consecutive_failures"), 1);
    assert_eq!(host.metric("circuit_breaker_state.breaker=upstream;"), 1);
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    // Beyond the probe: it goes through, and says nothing.
    fail(&host, 4);
    assert_eq!(host.metric("circuit_breaker_probes_total.breaker=upstream;"), 1);
    assert_eq!(calls(&host, "rejected", "shadow"), 4);
    probe.answer(200);
    assert_eq!(transitions(&host, "half_open", "closed", "probes_succeeded"), 1);
    fail(&host, 3);
    assert_eq!(transitions(&host, "closed", "open", "consecutive_failures"), 2);
}

#[test]
fn what_shadow_would_reject_decides_nothing_however_it_ends() {
    let host = shadow();
    fail(&host, 3);
    tell(host.worker(0), "ssfsfi");
    host.advance(secs(10));
    tell(host.worker(0), "f");
    assert_eq!(transitions(&host, "half_open", "open", "probe_failed"), 1);
    tell(host.worker(0), "ssss");
    host.advance(secs(19));
    assert_eq!(host.metric("circuit_breaker_state.breaker=upstream;"), 1);
}

#[test]
fn shadow_does_not_ramp_but_counts_whom_it_would_keep_out() {
    let policy = strikes_with(json!({ "ramp": { "over": "10s", "from_percent": 0 } }));
    let host = host(json!({ "mode": "shadow", "default": policy }));
    fail(&host, 3);
    host.advance(secs(10));
    tell(host.worker(0), "ssss");
    assert_eq!(calls(&host, "rejected", "shadow"), 3);
}

#[test]
fn disabled_asks_the_host_for_nothing() {
    for disabled in [json!("disabled"), json!(false)] {
        let host = host(
            json!({ "mode": disabled, "explain": "all", "log": { "requests": true }, "default": three_strikes() }),
        );
        for _ in 0..5 {
            let exchange = host.get("/orders").answered_with(503);
            assert_eq!(exchange.cost().calls(), 0, "{exchange}");
        }
        let before = host.host_calls().len();
        host.advance(secs(10));
        assert_eq!(host.host_calls().len(), before, "there are no ticks");
        assert!(
            host.metrics()
                .keys()
                .all(|name| !name.starts_with("circuit_breaker"))
        );
    }
}

#[test]
fn where_no_policy_applies_nothing_is_judged() {
    let host = host(
        json!({ "default": null, "routes": [{ "match": { "path": "/judged" }, "policy": three_strikes() }] }),
    );
    for _ in 0..5 {
        host.get("/orders").answered_with(503);
    }
    for _ in 0..3 {
        host.get("/judged").answered_with(503);
    }
    host.get("/judged").expect_rejected(503);
    host.get("/orders").answered_with(200);
}

#[test]
fn the_mode_of_a_rule_takes_the_place_of_the_plugins() {
    for plugin in ["enforce", "shadow", "disabled"] {
        for rule in ["enforce", "shadow", "disabled"] {
            let rules = json!([{ "match": { "path": "/orders" }, "mode": rule }]);
            let host = host(json!({ "mode": plugin, "default": three_strikes(), "routes": rules }));
            fail(&host, 3);
            let status = host.get("/orders").run(200).status();
            assert_eq!(
                status,
                if rule == "enforce" { 503 } else { 200 },
                "{plugin}, {rule}"
            );
            for mode in ["enforce", "shadow"] {
                assert_eq!(
                    calls(&host, "rejected", mode),
                    u64::from(rule == mode),
                    "{plugin}, {rule}, {mode}"
                );
            }
        }
    }
}

#[test]
fn rules_that_share_a_breaker_share_its_state_whatever_their_modes() {
    let rules = json!([{ "match": { "path": "/shadowed" }, "mode": "shadow" }]);
    let host = host(json!({ "default": three_strikes(), "routes": rules }));
    for _ in 0..3 {
        host.get("/shadowed").answered_with(503);
    }
    host.get("/shadowed").answered_with(200);
    expect_rejected(&host);
}

#[test]
fn rules_that_share_a_breaker_judge_it_each_by_its_own_policy() {
    let rules =
        json!([{ "match": { "path": "/patient" }, "policy": { "trip": { "consecutive_failures": 5 } } }]);
    let host = host(json!({ "default": three_strikes(), "routes": rules }));
    for _ in 0..4 {
        host.get("/patient").answered_with(503);
    }
    // The fifth in a row is too much for either.
    fail(&host, 1);
    host.get("/patient").expect_rejected(503);
}

#[test]
fn the_requests_id_decides_whether_it_is_among_those_enforced() {
    // The same ids as those of request-id's roll-out: computed elsewhere.
    for (percent, expected) in [
        (json!(0), vec![]),
        (json!(20), vec![0, 5, 8, 12]),
        (json!(50), vec![0, 1, 3, 5, 7, 8, 12, 15, 17]),
        (json!(100), Vec::from_iter(0..20)),
    ] {
        let host = host(json!({ "enforce_percent": percent, "default": three_strikes() }));
        fail(&host, 3);
        let is_rejected = |number: &u64| {
            let exchange = host
                .get("/orders")
                .header("x-request-id", format!("order-{number}"))
                .run(200);
            exchange.status() == 503
        };
        let rejected: Vec<u64> = (0..20).filter(is_rejected).collect();
        assert_eq!(rejected, expected, "{percent} %");
        assert_eq!(calls(&host, "rejected", "enforce"), expected.len() as u64);
        assert_eq!(calls(&host, "rejected", "shadow"), 20 - expected.len() as u64);
    }
}

#[test]
fn route_metadata_picks_a_profile_or_switches_off() {
    let metadata = |value: Value| json!({ "policy": { "circuit-breaker": value } });
    let host = host(json!({
        "route_metadata": true,
        "default": three_strikes(),
        "profiles": { "strict": { "trip": { "consecutive_failures": 1 } } },
    }))
    .routes([
        Route::new("a")
            .path("/strict")
            .cluster("a")
            .metadata(metadata(json!("strict"))),
        Route::new("b")
            .path("/off")
            .cluster("b")
            .metadata(metadata(json!(false))),
        Route::new("c")
            .path("/disabled")
            .cluster("c")
            .metadata(metadata(json!("disabled"))),
        Route::new("d")
            .path("/unknown")
            .cluster("d")
            .metadata(metadata(json!("nonsense"))),
    ]);
    for (path, failures) in [("/strict", 1), ("/unknown", 3)] {
        for _ in 0..failures {
            host.get(path).answered_with(503);
        }
        host.get(path).expect_rejected(503);
    }
    for path in ["/off", "/disabled"] {
        for _ in 0..5 {
            host.get(path).answered_with(503);
        }
    }
    assert_eq!(
        host.metric("policy_degradations_total.plugin=circuit-breaker;.what=unknown_profile;"),
        4
    );
}
