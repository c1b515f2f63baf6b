//! Another configuration while the proxy runs.

use super::{all_but, fail, host, two_strikes};
use host::{Host, secs};
use serde_json::{Value, json};

fn both(request_id: &str, breaker: Value) -> Value {
    json!({ "request-id": { "default": { "response_headers": [request_id] } }, "circuit-breaker": breaker })
}

#[track_caller]
fn update(host: &Host, configuration: Value) {
    host.update("policies", configuration).expect("it is accepted");
}

#[test]
fn a_refused_configuration_leaves_every_plugin_with_the_one_that_it_had() {
    let host = host(both("x-first", two_strikes())).workers(2);
    fail(&host, 2);
    for refused in [
        json!({ "request-id": { "default": { "response_headers": ["x-second"] } }, "circuit-breaker": { "tpyo": 1 } }),
        json!({ "request-id": {}, "bulkhead": {} }),
        json!([]),
    ] {
        let refusal = host.update("policies", refused).expect_err("it is refused");
        assert!(!refusal.trapped(), "{refusal}");
        let exchange = host
            .worker(1)
            .get("/")
            .header("x-request-id", "r-1")
            .expect_rejected(503);
        exchange.header("x-first", "r-1").no_header("x-second");
    }
}

#[test]
fn another_section_is_another_configuration_of_that_plugin_and_of_no_other() {
    let host = host(both("x-first", two_strikes()));
    fail(&host, 2);
    host.advance(secs(4));
    update(&host, both("x-second", two_strikes()));
    let exchange = host.get("/").header("x-request-id", "r-1").expect_rejected(503);
    exchange
        .header("x-second", "r-1")
        .no_header("x-first")
        .header("retry-after", "6");
}

#[test]
fn a_plugin_whose_section_goes_runs_no_more_and_comes_back_with_it() {
    let host = host(both("x-id", two_strikes()));
    fail(&host, 2);
    update(&host, json!({ "request-id": {} }));
    host.get("/").answered_with(200).expect_status(200);
    update(&host, both("x-id", two_strikes()));
    // The breaker's record was kept for it.
    host.get("/").expect_rejected(503).header("retry-after", "10");
    update(&host, json!({}));
    host.get("/")
        .answered_with(200)
        .no_header("x-request-id")
        .no_header("x-id");
}

#[test]
fn an_exchange_in_flight_ends_with_the_plugins_with_which_it_began() {
    let host = host(all_but("circuit-breaker", two_strikes()));
    let began = host.get("/").header("x-request-id", "r-1").expect_forwarded();
    update(&host, json!({}));
    let ended = began.answer(404);
    ended
        .header("x-request-id", "r-1")
        .header("x-error-code", "NOT_FOUND");
    let success = "circuit_breaker_calls_total.breaker=upstream;.outcome=success;.mode=enforce;";
    assert_eq!(
        host.metric(success),
        1,
        "what it had gathered was merged at its end"
    );
    host.get("/")
        .answered_with(404)
        .no_header("x-request-id")
        .no_header("x-error-code");
}
