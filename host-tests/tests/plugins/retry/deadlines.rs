//! Deadlines: how long the caller still waits, and the time-outs of the configuration.

mod in_a_cluster;

use super::{host, policy, retry, suppressed};
use host::{Answer, Cluster, Exchange, Host, RetryPolicy, Route, millis, secs};
use serde_json::{Value, json};

const HEADERS: [&str; 3] = [
    "x-request-deadline-ms",
    "grpc-timeout",
    "x-envoy-expected-rq-timeout-ms",
];

fn heeding(more: Value) -> Host {
    let mut policy = json!({ "deadline_headers": HEADERS });
    policy
        .as_object_mut()
        .expect("it is one")
        .extend(more.as_object().expect("it is one").clone());
    super::policy(policy).edge(super::trusting())
}

/// How long the router gives the upstream, in milliseconds.
#[track_caller]
fn given(exchange: &Exchange) -> String {
    exchange.upstream_header("x-envoy-expected-rq-timeout-ms").text()
}

#[track_caller]
fn check(host: &Host, headers: &[(&str, &str)], expected: &str) {
    let request = headers
        .iter()
        .fold(host.get("/orders"), |request, (name, value)| {
            request.header(name, value)
        });
    let exchange = request.answered_with(200);
    assert_eq!(given(&exchange), expected, "{headers:?}\n{exchange}");
}

#[test]
fn each_form_of_a_deadline_is_the_longest_that_the_request_takes() {
    let host = heeding(json!({}));
    check(&host, &[], "15000");
    check(&host, &[("x-request-deadline-ms", "300")], "300");
    check(&host, &[("x-request-deadline-ms", "2S")], "2000");
    check(&host, &[("grpc-timeout", "2S")], "2000");
    check(&host, &[("grpc-timeout", "250m")], "250");
    check(&host, &[("grpc-timeout", "1500u")], "2");
    check(&host, &[("x-envoy-expected-rq-timeout-ms", "700")], "700");
    check(&host, &[("x-request-deadline-ms", "60000")], "60000");
}

#[test]
fn the_shortest_of_several_counts() {
    let host = heeding(json!({}));
    check(
        &host,
        &[("x-request-deadline-ms", "300"), ("grpc-timeout", "1S")],
        "300",
    );
    check(
        &host,
        &[("x-request-deadline-ms", "3000"), ("grpc-timeout", "1S")],
        "1000",
    );
    check(
        &host,
        &[("x-request-deadline-ms", "300"), ("x-request-deadline-ms", "200")],
        "200",
    );
}

#[test]
fn headers_that_are_not_named_say_nothing() {
    let host = policy(json!({ "deadline_headers": ["x-request-deadline-ms"] }));
    check(
        &host,
        &[("grpc-timeout", "1S"), ("x-envoy-expected-rq-timeout-ms", "1")],
        "15000",
    );
}

#[test]
fn timeout_is_the_longest_that_a_caller_can_ask_for() {
    let host = heeding(json!({ "timeout": "1s" }));
    check(&host, &[], "1000");
    check(&host, &[("x-request-deadline-ms", "300")], "300");
    check(&host, &[("x-request-deadline-ms", "5000")], "1000");
}

#[test]
fn no_caller_waits_longer_than_a_day() {
    let host = heeding(json!({}));
    check(
        &host,
        &[("x-request-deadline-ms", "99999999999999999999999")],
        "86400000",
    );
}

#[test]
fn nonsense_is_ignored_and_counted() {
    let host = heeding(json!({}));
    for nonsense in ["soon", "", "-5", "1.5", "1,2", "0x10"] {
        check(&host, &[("x-request-deadline-ms", nonsense)], "15000");
    }
    check(&host, &[("grpc-timeout", "100")], "15000");
    check(
        &host,
        &[("x-request-deadline-ms", "soon"), ("grpc-timeout", "1S")],
        "1000",
    );
    assert_eq!(
        host.metric("policy_degradations_total.plugin=retry;.what=deadline_header;"),
        8
    );
}

#[track_caller]
fn expect_past(exchange: &Exchange) {
    exchange
        .header("content-type", "application/json")
        .header("x-error-code", "DEADLINE_PASSED")
        .no_header("retry-after");
    exchange.filter_state("policy.error_code").is("DEADLINE_PASSED");
    assert_eq!(exchange.details(), "deadline_passed", "{exchange}");
    let body: Value = serde_json::from_slice(&exchange.body()).expect("the body is JSON");
    let expected = json!({
        "trace_id": "r-1", "request_id": "r-1", "error_code": "DEADLINE_PASSED",
        "message": "The request's deadline has passed.", "status_code": 504,
        "timestamp": "2026-01-01T00:00:00.000Z", "retryable": false,
    });
    assert_eq!(body, expected, "{exchange}");
}

#[test]
fn one_that_is_past_is_answered_at_once() {
    let host = heeding(json!({}));
    for (name, value) in [
        ("x-request-deadline-ms", "0"),
        ("x-request-deadline-ms", "0S"),
        ("grpc-timeout", "0n"),
    ] {
        for method in ["GET", "POST"] {
            let request = host
                .request(method, "/orders")
                .header("x-request-id", "r-1")
                .header(name, value);
            expect_past(&request.expect_rejected(504));
        }
    }
    let both = host
        .get("/orders")
        .header("x-request-id", "r-1")
        .header("x-request-deadline-ms", "0")
        .header("grpc-timeout", "1S");
    expect_past(&both.expect_rejected(504));
}

#[test]
fn a_call_of_grpc_whose_deadline_is_past_has_exceeded_it() {
    let host = heeding(json!({}));
    let exchange = host
        .grpc("/shop.Orders/Get")
        .header("grpc-timeout", "0m")
        .expect_rejected(200);
    exchange
        .header("grpc-status", "4")
        .header("x-error-code", "DEADLINE_PASSED")
        .expect_body("");
}

#[test]
fn in_the_proxys_own_header_0_is_none() {
    check(
        &heeding(json!({})),
        &[("x-envoy-expected-rq-timeout-ms", "0")],
        "15000",
    );
}

/// A request whose attempts each fail after 70 ms, and wait for the next for up to 25 ms and more.
#[test]
fn nobody_is_answered_later_than_he_waits() {
    for deadline in [50, 100, 150, 200, 250] {
        let host = heeding(json!({ "attempts": 10 }))
            .clusters([Cluster::new("upstream").answers([Answer::new(503).after(millis(70))])]);
        let exchange = host
            .get("/orders")
            .header("x-request-deadline-ms", deadline.to_string())
            .send();
        host.advance(millis(deadline - 1));
        assert!(!exchange.is_finished(), "{exchange}");
        host.advance(millis(1));
        exchange.expect_status(504);
        assert_eq!(exchange.details(), "response_timeout", "{exchange}");
    }
}

#[test]
fn what_is_cut_short_by_its_deadline_is_a_retry_less_and_says_why() {
    let host = heeding(json!({ "retry_on": ["reset"] }))
        .clusters([Cluster::new("upstream").answers([Answer::never()])]);
    let exchange = host.get("/orders").header("x-request-deadline-ms", "300").send();
    host.advance(millis(300));
    exchange
        .expect_status(504)
        .filter_state("policy.retry")
        .is("suppressed:deadline");
    assert_eq!(suppressed(&host, "deadline"), 1);

    // Its caller would wait, and the route does not.
    let exchange = host.get("/orders").send();
    host.advance(secs(15));
    exchange
        .expect_status(504)
        .filter_state("policy.retry")
        .is_absent();
    assert_eq!(suppressed(&host, "deadline"), 1);
}

#[test]
fn a_try_has_a_time_out_of_its_own() {
    let host = policy(json!({ "per_try_timeout": "100ms", "timeout": "5s" }))
        .clusters([Cluster::new("upstream").answers([Answer::never()])]);
    let exchange = host.get("/orders").send();
    host.advance(secs(1));
    exchange.expect_status(504);
    let came_to: Vec<_> = exchange
        .attempts()
        .iter()
        .map(host::Attempt::reached_upstream)
        .collect();
    assert_eq!(came_to, [true, true, true], "{exchange}");
}

#[test]
fn without_time_outs_those_of_the_route_hold() {
    let route = Route::new("orders")
        .timeout_ms(2_500)
        .retry(RetryPolicy::on("").per_try_timeout(millis(400)));
    let host = policy(json!({}))
        .routes([route])
        .clusters([Cluster::new("upstream").answers([Answer::never()])]);
    let exchange = host.get("/orders").send();
    host.advance(millis(2_500));
    assert_eq!(exchange.attempts().len(), 3, "{exchange}");
    assert_eq!(
        exchange.attempts()[0]
            .header("x-envoy-expected-rq-timeout-ms")
            .text(),
        "400"
    );
}

#[test]
fn with_a_budget_or_without_a_deadline_is_one() {
    for budget in [json!(null), json!({ "percent": 10 })] {
        check(
            &heeding(json!({ "budget": budget })),
            &[("x-request-deadline-ms", "300")],
            "300",
        );
        check(
            &heeding(json!({ "budget": budget, "attempts": 1 })),
            &[("x-request-deadline-ms", "300")],
            "300",
        );
    }
}

#[test]
fn before_the_router_alone_the_header_travels_on_as_it_came() {
    let exchange = heeding(json!({}))
        .get("/orders")
        .header("x-request-deadline-ms", "1000")
        .answered_with(200);
    exchange.upstream_header("x-request-deadline-ms").is("1000");
}

#[test]
fn per_rule_a_deadline_counts_only_where_it_is_named() {
    let host = host(
        json!({ "routes": [{ "match": { "path": "/dated" }, "policy": { "deadline_headers": ["x-request-deadline-ms"] } }] }),
    );
    host.get("/dated")
        .header("x-request-deadline-ms", "0")
        .expect_rejected(504);
    host.get("/orders")
        .header("x-request-deadline-ms", "0")
        .answered_with(200);
}
