//! What the plugin does without when the host does not do its part: each is counted and logged, and the client gets an
//! answer.

use super::{any_body, host, text};
use crate::lines;
use host::{Answer, Exchange, Host, Status, Thread};
use serde_json::{Value, json};

fn configuration() -> Value {
    json!({ "log": { "errors": "all", "max_per_second": 100 }, "default": { "passthrough": "never" } })
}

/// Runs the exchange on a host in which the `nth` call of this function in this callback of a worker fails. What could not
/// be done is counted once, and the worker serves on.
#[track_caller]
fn failing(
    callback: &str,
    function: &str,
    nth: usize,
    what: &str,
    exchange: impl Fn(&Host) -> Exchange,
) -> Exchange {
    let clean = host(configuration());
    exchange(&clean);
    let calls = clean.host_calls();
    let mut places = calls.iter().enumerate().filter(|(_, call)| {
        call.name == function && call.callback == callback && call.thread == Thread::Worker(0)
    });
    let (number, _) = places
        .nth(nth)
        .unwrap_or_else(|| panic!("call {nth} of {function} in {callback} was not made: {calls:?}"));
    let status = if function.starts_with("proxy_") {
        Status::INTERNAL_FAILURE
    } else {
        Status(76)
    };
    let faulty = host(configuration()).fail_host_call(number, status);
    let outcome = exchange(&faulty);
    let counted = faulty.metric(&format!(
        "policy_degradations_total.plugin=error-envelope;.what={what};"
    ));
    assert_eq!(counted, 1, "{what}\n{outcome}");
    let told = lines::of_exchange(&outcome)
        .into_iter()
        .filter(|line| line["event"] == "degradation" && line["what"] == what);
    assert_eq!(told.count(), 1, "{outcome}");
    super::assert_enveloped(
        &faulty.get("/").answered_with(text(503, "busy")),
        503,
        "SERVICE_UNAVAILABLE",
    );
    outcome
}

#[test]
fn a_status_that_cannot_be_read_leaves_the_answer_alone() {
    let outcome = failing(
        "proxy_on_response_headers",
        "proxy_get_header_map_value",
        0,
        "response_status",
        |host| host.get("/").answered_with(text(404, "mine")),
    );
    outcome
        .expect_status(404)
        .expect_body("mine")
        .no_header("x-error-code");
}

#[test]
fn a_reply_that_the_host_refuses_leaves_the_upstreams_answer() {
    let outcome = failing(
        "proxy_on_response_headers",
        "proxy_send_local_response",
        0,
        "local_response",
        |host| host.get("/").answered_with(Answer::new(404).header("x-own", "1")),
    );
    outcome.expect_status(404).expect_body("").header("x-own", "1");
}

#[test]
fn a_body_that_cannot_be_read_is_replaced_without_its_message() {
    let outcome = failing(
        "proxy_on_response_body",
        "proxy_get_buffer_bytes",
        0,
        "response_body",
        |host| host.get("/").answered_with(text(404, "no such order")),
    );
    assert_eq!(super::body(&outcome)["message"], "There is no such thing.");
}

#[test]
fn filter_state_that_cannot_be_set_costs_the_client_nothing() {
    for nth in [0, 1] {
        let outcome = failing(
            "proxy_on_response_headers",
            "proxy_set_property",
            nth,
            "set_filter_state",
            |host| host.get("/").answered_with(text(404, "no such order")),
        );
        super::assert_enveloped(&outcome, 404, "NOT_FOUND");
    }
}

#[test]
fn without_randomness_there_is_no_id_and_still_a_body() {
    let outcome = failing("proxy_on_response_headers", "random_get", 0, "random", |host| {
        host.get("/").answered_with(404)
    });
    assert_eq!(any_body(&outcome)["request_id"], "");
    outcome.header("x-error-code", "NOT_FOUND");
}

#[test]
fn a_metric_that_cannot_be_defined_costs_the_client_nothing() {
    let outcome = failing(
        "proxy_on_log",
        "proxy_define_metric",
        0,
        "define_metric",
        |host| host.get("/").answered_with(text(404, "no such order")),
    );
    super::assert_enveloped(&outcome, 404, "NOT_FOUND");
}
