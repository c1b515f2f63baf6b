//! A breaker that sends a request another way, and retry behind it in the same pass.

use super::{filter, text, tried, two_strikes};
use host::{Edge, Exchange, Host, Plugin, Route, secs};
use host_tests::plugin::{CIRCUIT_BREAKER, RETRY};
use serde_json::{Value, json};

/// A breaker that is open, and sets this header instead of rejecting.
fn open(reroute: Value) -> Value {
    let mut breaker = two_strikes();
    breaker["default"]["force"] = json!("open");
    breaker["default"]["reject"] = json!({ "reroute": reroute });
    breaker
}

/// The plugins in one pass, and in a chain, where whoever sends this header with this value takes another route.
fn both_ways(breaker: &Value, retry: &Value, header: &str, value: &str) -> [Host; 2] {
    let chain = vec![
        Plugin::new(CIRCUIT_BREAKER.module()).config(breaker.clone()),
        Plugin::new(RETRY.module()).config(retry.clone()),
    ];
    let one_pass = filter(json!({ "circuit-breaker": breaker, "retry": retry }));
    [chain, vec![one_pass]].map(|filters| {
        let other = Route::new("fallback")
            .when_header(header, value)
            .cluster("fallback");
        // A listener that takes its clients at their word, as a mesh's does.
        Host::chain(filters)
            .edge(Edge::default().use_remote_address(true).internal_clients(true))
            .routes([other, Route::new("orders").cluster("orders")])
    })
}

/// Where each attempt went.
fn clusters(exchange: &Exchange) -> Vec<String> {
    exchange
        .attempts()
        .iter()
        .map(|attempt| attempt.cluster())
        .collect()
}

#[test]
fn what_is_retried_goes_the_other_way_each_time() {
    for host in both_ways(&open(json!({})), &json!({}), "x-fallback", "1") {
        let exchange = tried(host.get("/orders"), &text(503, "busy"));
        assert_eq!(clusters(&exchange), ["fallback", "fallback", "fallback"]);
        exchange.upstream_header("x-fallback").is("1");
        exchange.filter_state("policy.retry").is("retried:2");
    }
}

#[test]
fn all_that_is_counted_of_it_is_counted_as_in_a_chain() {
    let one = json!({ "default": { "budget": {
        "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" },
    } } });
    let counted = both_ways(&open(json!({})), &one, "x-fallback", "1").map(|host| {
        let exchange = tried(host.get("/orders"), &text(503, "busy"));
        assert_eq!(clusters(&exchange), ["fallback", "fallback"]);
        host.advance(secs(1));
        host.metrics()
    });
    assert_eq!(counted[0], counted[1]);
    assert_eq!(counted[0]["retry_attempts_total.route=fallback;.attempt=2;"], 1);
}

/// The client says 2, the breaker 1 to be sent the other way, and retry 2, which is what the client said. The proxy must
/// hear of that, too: it chooses the route when all filters have seen the request.
#[test]
fn a_header_that_is_changed_before_the_other_way_and_changed_back_behind_it_is_changed_back() {
    let breaker = open(json!({ "header": "x-envoy-max-retries", "value": "1" }));
    for host in both_ways(&breaker, &json!({}), "x-envoy-max-retries", "1") {
        let exchange = tried(
            host.get("/orders").header("x-envoy-max-retries", "2"),
            &text(503, "busy"),
        );
        assert_eq!(clusters(&exchange), ["orders", "orders", "orders"], "{exchange}");
    }
}
