//! Deadlines that callers set themselves. One that is shorter than the operator's opens no breaker; one by which the caller
//! was patient tells of a failure like any other.
//!
//! The proxy takes such headers only of services beside it. Here a filter before the breaker adds them, as it would see them.

use super::filters::{chain, script};
use super::{Came, Failure, Ignored, half_opened, routes, silent, strict, while_closed, while_half_open};
use crate::circuit_breaker::breaker;
use host::{Host, Plugin, secs};
use host_tests::plugin::RETRY;
use serde_json::json;

/// What a time-out within a caller's own deadline is judged as.
#[track_caller]
fn judged(header: &str, value: &str, came: Came) {
    let name = format!("{header}: {value}");
    let set = json!({ "request_headers": [["add_header_map_value", 0, header, value]] });
    let host = chain();
    host.start();
    script(&host, "front", set.clone());
    while_closed(&host, &name, came, &(times_out as fn(&Host)));
    let host = chain();
    half_opened(&host);
    script(&host, "front", set);
    let run: fn(&Host) = |host| {
        times_out(host);
        script(host, "front", json!({}));
    };
    // A failure has opened it, for so long that it is open still.
    while_half_open(&host, &name, came, &run);
}

fn times_out(host: &Host) {
    let exchange = host.get("/never").send();
    host.advance(secs(12));
    exchange.expect_status(504);
}

#[test]
fn a_caller_that_shortens_its_deadline_does_so_in_vain() {
    judged("x-envoy-upstream-rq-timeout-ms", "100", Ignored);
    judged("x-envoy-upstream-rq-timeout-ms", "9949", Ignored);
    judged("x-envoy-upstream-rq-per-try-timeout-ms", "100", Ignored);
}

#[test]
fn a_caller_that_was_patient_tells_of_a_failure() {
    judged("x-envoy-upstream-rq-timeout-ms", "10000", Failure);
}

#[test]
fn a_deadline_that_did_not_strike_is_nobodys() {
    // The operator's five seconds were over first.
    judged("x-envoy-upstream-rq-per-try-timeout-ms", "60000", Failure);
    judged("x-envoy-upstream-rq-per-try-timeout-ms", "nonsense", Failure);
    judged("x-request-timeout", "100", Failure);
}

/// What a time-out is judged as where retry stands behind the breaker and sets it by a header of the caller's.
#[track_caller]
fn judged_with_retry(name: &str, came: Came, run: fn(&Host)) {
    let chain = || {
        let retry = json!({ "default": { "attempts": 1, "timeout": "8s", "deadline_headers": ["x-request-deadline-ms"] } });
        let retry = Plugin::new(RETRY.module()).name("retry").config(retry);
        Host::chain([breaker(json!({ "default": strict(&json!({})) })), retry])
            .routes(routes())
            .clusters([silent()])
    };
    while_closed(&chain(), name, came, &run);
    let host = chain();
    half_opened(&host);
    while_half_open(&host, name, came, &run);
}

fn times_out_within(host: &Host, deadline_millis: &str) {
    let exchange = host
        .get("/never")
        .header("x-request-deadline-ms", deadline_millis)
        .send();
    host.advance(secs(9));
    exchange.expect_status(504);
}

#[test]
fn a_deadline_that_retry_has_given_to_the_router_is_the_callers() {
    judged_with_retry("100 ms", Ignored, |host| times_out_within(host, "100"));
    judged_with_retry("7,999 ms", Ignored, |host| times_out_within(host, "7999"));
}

#[test]
fn the_longest_time_that_retry_gives_a_caller_is_the_operators() {
    judged_with_retry("60,000 ms", Failure, |host| times_out_within(host, "60000"));
}
