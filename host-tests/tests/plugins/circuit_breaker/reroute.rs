//! A rejected request can take another route instead.

use super::{host, strikes_with};
use host::{Host, Route, secs};
use serde_json::{Value, json};

fn with_fallback(configuration: Value) -> Host {
    host(configuration).routes([
        Route::new("fallback")
            .when_header("x-fallback", "1")
            .cluster("fallback"),
        Route::new("orders").cluster("orders"),
    ])
}

fn policy() -> Value {
    strikes_with(json!({ "reject": { "reroute": { "header": "x-fallback", "value": "1" } } }))
}

fn open() -> Host {
    let host = with_fallback(json!({ "default": policy() }));
    super::fail(&host, 3);
    host
}

/// The request goes to this cluster, with this value of the header.
#[track_caller]
fn goes_to(request: host::Request, cluster: &str, header: Option<&str>) {
    let exchange = request.answered_with(200);
    assert_eq!(exchange.attempts()[0].cluster(), cluster, "{exchange}");
    match header {
        Some(value) => exchange.upstream_header("x-fallback").is(value),
        None => exchange.upstream_header("x-fallback").is_absent(),
    };
}

#[test]
fn it_goes_the_other_way_with_the_header_set() {
    let host = with_fallback(json!({ "default": policy() }));
    goes_to(host.get("/orders"), "orders", None);
    super::fail(&host, 3);
    goes_to(host.get("/orders"), "fallback", Some("1"));
    goes_to(host.post("/orders").body("x"), "fallback", Some("1"));
    goes_to(host.grpc("/shop.Orders/Get"), "fallback", Some("1"));
}

/// The proxy has routed by the header before any filter sees it: who sends it has chosen that route, and is judged there.
#[test]
fn a_client_that_sends_the_header_itself_meets_the_breaker_of_the_route_that_it_chose() {
    let host = with_fallback(json!({ "default": policy() }));
    goes_to(
        host.get("/orders").header("x-fallback", "1"),
        "fallback",
        Some("1"),
    );
    goes_to(host.get("/orders").header("x-fallback", "0"), "orders", Some("0"));
    for _ in 0..3 {
        host.get("/orders").header("x-fallback", "1").answered_with(503);
    }
    // Those were failures of the other cluster.
    goes_to(host.get("/orders"), "orders", None);
    super::fail(&host, 3);
    goes_to(
        host.get("/orders").header("x-fallback", "0"),
        "fallback",
        Some("1"),
    );
}

#[test]
fn what_the_fallback_answers_decides_nothing() {
    for answer in [200, 503] {
        let host = open();
        for _ in 0..10 {
            host.get("/orders").answered_with(answer).expect_status(answer);
        }
        host.advance(secs(10));
        let probe = host.get("/orders").expect_forwarded();
        assert_eq!(probe.attempts()[0].cluster(), "orders");
        for _ in 0..10 {
            host.get("/orders").answered_with(answer);
        }
        probe.answer(200);
        goes_to(host.get("/orders"), "orders", None);
    }
}

#[test]
fn it_is_counted_as_rejected_and_its_filter_state_says_why() {
    let host = open();
    let exchange = host.get("/orders").answered_with(200);
    exchange.filter_state("policy.circuit").is("orders:open");
    exchange.filter_state("policy.error_code").is_absent();
    exchange
        .no_header("x-error-code")
        .no_header("retry-after")
        .no_header("x-envoy-ratelimited");
    assert_eq!(exchange.details(), "via_upstream");
    assert_eq!(
        host.metric("circuit_breaker_calls_total.breaker=orders;.outcome=rejected;.mode=enforce;"),
        1
    );
}

#[test]
fn where_no_other_route_takes_it_it_reaches_the_upstream() {
    // The operator has named a header that no route looks at: a stated consequence of asking for a reroute.
    let host = host(json!({ "default": policy() }));
    super::fail(&host, 3);
    goes_to(host.get("/orders"), "upstream", Some("1"));
}

#[test]
fn a_shadowed_request_is_not_rerouted() {
    let host = with_fallback(json!({ "mode": "shadow", "default": policy() }));
    super::fail(&host, 3);
    goes_to(host.get("/orders"), "orders", None);
}

#[test]
fn a_reroute_has_a_header_of_its_own_by_default() {
    let host = with_fallback(json!({ "default": strikes_with(json!({ "reject": { "reroute": {} } })) }));
    super::fail(&host, 3);
    goes_to(host.get("/orders"), "fallback", Some("1"));
}
