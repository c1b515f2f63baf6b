//! Enforced, shadowed, disabled; and a roll-out between the first two.

use super::{PARENT, counted, host};
use crate::lines;
use crate::valid::assert_uuid;
use host::{Answer, Exchange, Host};
use serde_json::{Value, json};

/// Headers of which enforcement would change every one.
fn send(host: &Host) -> Exchange {
    host.get("/")
        .header("x-request-id", "a;b")
        .header("x-correlation-id", "'")
        .header("traceparent", PARENT.to_uppercase())
        .header("tracestate", "a=1")
        .answered_with(Answer::new(200).header("x-request-id", "upstream's"))
}

#[track_caller]
fn assert_untouched(exchange: &Exchange) {
    exchange.upstream_header("x-request-id").is("a;b");
    exchange.upstream_header("x-correlation-id").is("'");
    exchange.upstream_header("traceparent").is(PARENT.to_uppercase());
    exchange.upstream_header("tracestate").is("a=1");
    exchange.header("x-request-id", "upstream's");
    exchange.filter_state("policy.request_id").is_absent();
    exchange.filter_state("policy.trace_id").is_absent();
}

#[track_caller]
fn assert_enforced(exchange: &Exchange) {
    let id = exchange.upstream_header("x-request-id").text();
    assert_uuid(&id, '7');
    exchange.header("x-request-id", id);
    for header in ["x-correlation-id", "traceparent", "tracestate"] {
        exchange.upstream_header(header).is_absent();
    }
}

#[test]
fn shadow_decides_counts_and_logs_and_changes_nothing() {
    let host = host(json!({ "mode": "shadow" }));
    let exchange = send(&host);
    assert_untouched(&exchange);
    assert_eq!(counted(&host), [0, 1, 3]);
    assert_eq!(lines::only(&exchange)["event"], "request_id_rejected");
    host.get("/")
        .header("x-request-id", "r-1")
        .answered_with(200)
        .no_header("x-request-id");
    assert_eq!(counted(&host), [1, 1, 3]);
}

#[test]
fn disabled_does_nothing_at_all() {
    for disabled in [json!("disabled"), json!(false)] {
        let host = host(json!({ "mode": disabled, "log": { "requests": true }, "explain": "all" }));
        let exchange = send(&host);
        assert_untouched(&exchange);
        assert!(exchange.logs().is_empty(), "{exchange}");
        exchange.filter_state("policy.explain").is_absent();
        assert_eq!(counted(&host), [0, 0, 0]);
    }
}

#[test]
fn the_mode_of_a_rule_takes_the_place_of_the_plugins() {
    for plugin in ["enforce", "shadow", "disabled"] {
        for rule in ["enforce", "shadow", "disabled"] {
            let host =
                host(json!({ "mode": plugin, "routes": [{ "match": { "path": "/" }, "mode": rule }] }));
            let exchange = send(&host);
            if rule == "enforce" {
                assert_enforced(&exchange);
            } else {
                assert_untouched(&exchange);
            }
            assert_eq!(
                counted(&host) == [0, 0, 0],
                rule == "disabled",
                "{plugin}, {rule}"
            );
        }
    }
}

/// Which of `order-0` to `order-19` are enforced at this share.
fn enforced(percent: Value, worker: usize) -> Vec<usize> {
    let host = host(json!({ "enforce_percent": percent })).workers(2);
    let is_enforced = |number: &usize| {
        let id = format!("order-{number}");
        let exchange = host
            .worker(worker)
            .get("/")
            .header("x-request-id", &id)
            .answered_with(200);
        exchange.upstream_header("x-request-id").is(&id);
        // All or nothing: response and filter state agree.
        let state = exchange.filter_state("policy.request_id").option();
        assert_eq!(
            exchange.response_header("x-request-id").option(),
            state,
            "{exchange}"
        );
        state.is_some()
    };
    (0..20).filter(is_enforced).collect()
}

#[test]
fn the_id_alone_decides_whether_a_request_is_among_those_enforced() {
    assert_eq!(enforced(json!(0), 0), [0_usize; 0]);
    assert_eq!(enforced(json!(100), 0), Vec::from_iter(0..20));
    // By FNV-1a of 64 bits with MurmurHash3's finaliser, computed elsewhere. In at 20 % is in at 50 %, and order-13
    // (50.078 %) just is not.
    let at_20 = [0, 5, 8, 12];
    let at_50 = [0, 1, 3, 5, 7, 8, 12, 15, 17];
    let at_50_1 = [0, 1, 3, 5, 7, 8, 12, 13, 15, 17];
    for worker in [0, 1] {
        assert_eq!(enforced(json!(20), worker), at_20);
        assert_eq!(enforced(json!(50), worker), at_50);
        assert_eq!(enforced(json!(50.1), worker), at_50_1);
    }
}

#[test]
fn new_ids_are_enforced_to_the_share_that_is_asked_for() {
    let host = host(json!({ "enforce_percent": 25 }));
    let is_enforced = |_: &i32| {
        host.get("/")
            .answered_with(200)
            .upstream_header("x-request-id")
            .option()
            .is_some()
    };
    let enforced = (0..1000).filter(is_enforced).count();
    // Five standard deviations around 250.
    assert!((182..=318).contains(&enforced), "{enforced}");
    assert_eq!(counted(&host), [0, 1000, 0], "shadowed ones are counted alike");
}

#[test]
fn a_roll_out_changes_nothing_about_what_is_shadowed_or_disabled() {
    for (mode, generated) in [("shadow", 1), ("disabled", 0)] {
        let host = host(json!({ "mode": mode, "enforce_percent": 100 }));
        assert_untouched(&send(&host));
        assert_eq!(counted(&host)[1], generated);
    }
    assert_untouched(&send(&host(json!({ "enforce_percent": 0 }))));
}
