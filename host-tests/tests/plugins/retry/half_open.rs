//! With circuit-breaker before it: while a breaker finds out whether the upstream works, it is asked once.

use super::{attempts, retry, suppressed, tried};
use host::{Answer, Host, Plugin, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

fn breaker() -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "default": {
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 },
        "half_open": { "max_calls": 5, "successes": 2 },
        "ramp": null,
    } }))
}

/// A host whose breaker has opened, and is half-open now.
fn half_open(configuration: Value) -> Host {
    let host = Host::chain([breaker(), retry(configuration)]);
    for _ in 0..3 {
        tried(host.get("/orders"), 503).expect_status(503);
    }
    host.get("/orders").expect_rejected(503);
    host.advance(secs(10));
    host
}

#[test]
fn while_it_is_closed_requests_are_tried_again() {
    let host = Host::chain([breaker(), retry(json!({}))]);
    for _ in 0..2 {
        assert_eq!(attempts(host.get("/orders"), 503), 3);
    }
    assert_eq!(suppressed(&host, "half_open"), 0);
}

#[test]
fn a_probe_is_tried_once() {
    for answer in [Answer::new(503), Answer::reset(), Answer::connection_failure()] {
        let host = half_open(json!({}));
        let exchange = tried(host.get("/orders"), answer);
        assert_eq!(exchange.attempts().len(), 1, "{exchange}");
        exchange.filter_state("policy.retry").is("suppressed:half_open");
        assert_eq!(suppressed(&host, "half_open"), 1);
    }
}

#[test]
fn a_post_that_probes_is_tried_once_whatever_becomes_of_it() {
    let host = half_open(json!({}));
    assert_eq!(attempts(host.post("/orders"), Answer::connection_failure()), 1);
    assert_eq!(
        (suppressed(&host, "half_open"), suppressed(&host, "method")),
        (1, 0)
    );
}

#[test]
fn once_it_has_closed_retries_come_back() {
    let host = half_open(json!({}));
    for _ in 0..2 {
        host.get("/orders").answered_with(200);
    }
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    assert_eq!(suppressed(&host, "half_open"), 0);
}

#[test]
fn a_breaker_that_only_looks_on_keeps_no_retry_back() {
    let shadow = Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "mode": "shadow", "default": {
        "trip": { "consecutive_failures": 1 }, "open": { "for": "10s", "jitter": 0 },
    } }));
    let host = Host::chain([shadow, retry(json!({}))]);
    tried(host.get("/orders"), 503);
    host.advance(secs(10));
    assert_eq!(attempts(host.get("/orders"), 503), 3);
}
