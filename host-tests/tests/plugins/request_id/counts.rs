//! When ids are counted: each second, and at the end. A call to the host for each request would be a sixth of what it costs.

use super::{GENERATED, counted, host};
use host::{Status, secs};
use serde_json::json;

#[test]
fn ids_are_counted_within_a_second() {
    let host = host(json!({})).workers(2);
    for worker in [0, 0, 1] {
        host.worker(worker).get("/").answered_with(200);
    }
    assert_eq!(host.metric(GENERATED), 0);
    assert_eq!(counted(&host), [0, 3, 0]);
    assert_eq!(counted(&host), [0, 3, 0], "each of them once");
}

#[test]
fn a_refused_header_is_counted_at_once() {
    let host = host(json!({}));
    host.get("/").header("x-request-id", "a;b").answered_with(200);
    assert_eq!(host.metric(super::REJECTED), 1);
}

#[test]
fn ids_that_no_tick_has_counted_are_when_the_configuration_ends() {
    let host = host(json!({}));
    host.get("/").answered_with(200);
    let in_flight = host.get("/").expect_forwarded();
    host.update("plugin", json!({ "service_name": "orders" }))
        .expect("it is accepted");
    in_flight.answer(200);
    assert_eq!(host.metric(GENERATED), 2);
    host.get("/").answered_with(200);
    host.shut_down();
    assert_eq!(host.metric(GENERATED), 3);
}

#[test]
fn a_count_that_the_host_refuses_is_a_degradation_and_the_next_is_counted() {
    let counting = |host: &host::Host| {
        host.get("/").answered_with(200);
        counted(host)
    };
    let clean = host(json!({}));
    counting(&clean);
    let is_count =
        |call: &host::HostCall| call.name == "proxy_increment_metric" && call.callback == "proxy_on_tick";
    let call = clean.host_calls().iter().position(is_count);
    let faulty = host(json!({})).fail_host_call(call.expect("a tick counts"), Status::INTERNAL_FAILURE);
    assert_eq!(counting(&faulty), [0, 0, 0]);
    let degradation = "policy_degradations_total.plugin=request-id;.what=increment_metric;";
    assert_eq!(faulty.metric(degradation), 1);
    assert_eq!(counting(&faulty), [0, 1, 0]);
}

#[test]
fn a_plugin_that_applies_to_nothing_asks_for_no_tick() {
    let host = host(json!({ "mode": "disabled" }));
    host.get("/").answered_with(200);
    host.advance(secs(5));
    let ticks = host.host_calls();
    assert!(
        ticks
            .iter()
            .all(|call| call.name != "proxy_set_tick_period_milliseconds"),
        "{ticks:?}"
    );
}
