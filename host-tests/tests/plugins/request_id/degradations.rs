//! What the plugin does without when the host does not do its part: each is counted, logged, and the request goes on.

use super::{PARENT, counted, host};
use crate::lines;
use crate::valid::assert_uuid;
use host::{Exchange, Host, Status, Thread};
use serde_json::{Value, json};

/// Runs the exchange on a host in which the `nth` call of this function in this callback of a worker fails.
#[track_caller]
pub(super) fn failing(
    configuration: impl Fn() -> Value,
    callback: &str,
    function: &str,
    nth: usize,
    exchange: impl Fn(&Host) -> Exchange,
) -> (Host, Exchange) {
    let clean = host(configuration());
    exchange(&clean);
    let calls = clean.host_calls();
    let is_it = |call: &host::HostCall| {
        call.name == function && call.callback == callback && call.thread == Thread::Worker(0)
    };
    let mut places = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| is_it(call))
        .map(|(number, _)| number);
    let number = places
        .nth(nth)
        .unwrap_or_else(|| panic!("call {nth} of {function} in {callback} was not made: {calls:?}"));
    // WASI's functions answer an errno: 76, not capable.
    let status = if function.starts_with("proxy_") {
        Status::INTERNAL_FAILURE
    } else {
        Status(76)
    };
    let faulty = host(configuration()).fail_host_call(number, status);
    let outcome = exchange(&faulty);
    (faulty, outcome)
}

/// The configuration in which the plugin asks the host for everything.
fn everything() -> Value {
    json!({
        "route_metadata": true,
        "explain": "errors",
        "log": { "requests": true, "max_per_second": 100 },
        "default": { "trust": { "cidrs": ["127.0.0.0/8"] }, "trace_context": "create", "sampled": true },
        "routes": [{ "match": { "route": "nobody", "direction": "inbound" }, "policy": {} }],
    })
}

/// When this call fails, this is counted and logged once, and the request goes on.
#[track_caller]
fn check(callback: &str, function: &str, nth: usize, what: &str) -> Exchange {
    let request = |host: &Host| {
        host.get("/")
            .header("x-request-id", "a;b")
            .header("x-correlation-id", "a;b")
            .run(503)
    };
    let (host, exchange) = failing(everything, callback, function, nth, request);
    exchange.expect_status(503);
    assert!(exchange.reached_upstream(), "{exchange}");
    let counted: Vec<(String, u64)> = host
        .metrics()
        .into_iter()
        .filter(|(name, _)| name.starts_with("policy_degradations_total"))
        .collect();
    assert_eq!(
        counted,
        [(
            format!("policy_degradations_total.plugin=request-id;.what={what};"),
            1
        )],
        "{exchange}"
    );
    let lines = lines::of(&host.logs());
    let told: Vec<&Value> = lines
        .iter()
        .filter(|line| line["event"] == "degradation")
        .collect();
    assert_eq!(told.len(), 1, "{exchange}");
    assert_eq!(told[0]["what"], what);
    assert_eq!(told[0]["plugin"], "request-id");
    assert_eq!(told[0]["severity"], "WARN");
    assert!(
        told[0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("status")),
        "{}",
        told[0]
    );
    exchange
}

const REQUEST: &str = "proxy_on_request_headers";
const RESPONSE: &str = "proxy_on_response_headers";
const LOG: &str = "proxy_on_log";

#[test]
fn headers_that_cannot_be_read_leave_a_new_id() {
    let exchange = check(REQUEST, "proxy_get_header_map_pairs", 0, "request_headers");
    assert_uuid(&exchange.upstream_header("x-request-id").text(), '7');
    let id = exchange.upstream_header("x-request-id").value();
    exchange.header("x-request-id", id);
}

#[test]
fn without_randomness_there_is_no_new_id_and_the_request_goes_on() {
    let exchange = check(REQUEST, "random_get", 0, "random");
    exchange
        .no_header("x-request-id")
        .filter_state("policy.request_id")
        .is_absent();
}

#[test]
fn without_randomness_for_a_span_or_a_trace_none_is_started() {
    // The host is asked for 256 bytes at once. A request takes 16 for its id, 8 for the span and 16 for the trace: the
    // seventh has its id of what is left, and nothing for a span; the thirteenth has its span, and nothing for a trace.
    for (nth, requests) in [(1, 7), (2, 13)] {
        let last_of = |host: &Host| {
            for _ in 1..requests {
                host.get("/").answered_with(200);
            }
            host.get("/").answered_with(200)
        };
        let configuration = || json!({ "default": { "trace_context": "create", "sampled": true } });
        let (host, exchange) = failing(configuration, REQUEST, "random_get", nth, last_of);
        exchange.upstream_header("traceparent").is_absent();
        assert_uuid(&exchange.upstream_header("x-request-id").text(), '7');
        let counted = host.metric("policy_degradations_total.plugin=request-id;.what=random;");
        assert_eq!(counted, 1);
    }
}

#[test]
fn without_a_clock_an_id_that_needs_none_is_made() {
    let exchange = check(REQUEST, "clock_time_get", 0, "clock");
    assert_uuid(&exchange.upstream_header("x-request-id").text(), '4');
}

#[test]
fn facts_that_cannot_be_read_leave_out_what_needs_them() {
    // In the order in which the plugin asks.
    for (nth, what) in [(0, "route_metadata"), (1, "route_name"), (2, "source_address")] {
        check(REQUEST, "proxy_get_property", nth, what);
    }
    check(LOG, "proxy_get_property", 0, "response_code");
    check(LOG, "proxy_get_property", 1, "request_duration");
}

#[test]
fn a_direction_that_cannot_be_read_meets_no_rule_for_one() {
    let configuration = || {
        let rule =
            json!({ "match": { "direction": "inbound" }, "policy": { "response_headers": ["x-met"] } });
        json!({ "routes": [rule] })
    };
    let request = |host: &Host| host.get("/").run(200);
    let (host, exchange) = failing(configuration, REQUEST, "proxy_get_property", 0, request);
    exchange
        .no_header("x-met")
        .response_header("x-request-id")
        .value();
    assert_eq!(
        host.metric("policy_degradations_total.plugin=request-id;.what=listener_direction;"),
        1
    );
}

#[test]
fn what_cannot_be_written_is_left_out() {
    check(
        REQUEST,
        "proxy_remove_header_map_value",
        0,
        "remove_request_header",
    );
    let exchange = check(REQUEST, "proxy_replace_header_map_value", 0, "set_request_header");
    exchange.response_header("x-request-id").value();
    let exchange = check(
        RESPONSE,
        "proxy_replace_header_map_value",
        0,
        "set_response_header",
    );
    exchange
        .no_header("x-request-id")
        .upstream_header("x-request-id")
        .value();
    let exchange = check(REQUEST, "proxy_set_property", 0, "set_filter_state");
    exchange.filter_state("policy.request_id").is_absent();
    exchange.upstream_header("x-request-id").value();
}

#[test]
fn an_error_that_cannot_be_told_is_not_explained() {
    check(RESPONSE, "proxy_get_header_map_value", 0, "response_status")
        .filter_state("policy.explain")
        .is_absent();
    check(RESPONSE, "proxy_get_property", 0, "explain")
        .filter_state("policy.explain")
        .value();
    check(RESPONSE, "proxy_set_property", 0, "explain")
        .filter_state("policy.explain")
        .is_absent();
}

#[test]
fn what_cannot_be_counted_is_still_done() {
    let exchange = check(REQUEST, "proxy_increment_metric", 0, "increment_metric");
    exchange.response_header("x-request-id").value();
}

#[test]
fn a_metric_that_cannot_be_defined_is_done_without() {
    let request = |host: &Host| host.get("/").run(200);
    let (host, exchange) = failing(
        || json!({}),
        "proxy_on_configure",
        "proxy_define_metric",
        1,
        request,
    );
    exchange.response_header("x-request-id").value();
    assert_eq!(
        counted(&host)[1],
        0,
        "the second counter is the one of generated ids"
    );
    assert_eq!(
        host.metric("policy_degradations_total.plugin=request-id;.what=define_metric;"),
        1
    );
}

#[test]
fn a_configuration_that_is_not_handed_over_is_refused() {
    let clean = host(json!({ "mode": "enforce" }));
    clean.start();
    let number = clean
        .host_calls()
        .iter()
        .position(|call| call.name == "proxy_get_buffer_bytes")
        .expect("it is read");
    let faulty = host(json!({ "mode": "enforce" })).fail_host_call(number, Status::INTERNAL_FAILURE);
    let refused = faulty.try_start().expect_err("there is nothing to go by");
    assert!(!refused.trapped(), "{refused}");
    let lines = lines::of(refused.log());
    assert_eq!(lines[0]["event"], "configuration_refused");
    assert_eq!(lines[0]["fault"], "the host did not hand the configuration over");
}

#[test]
fn a_kept_trace_survives_a_failing_write() {
    let request = |host: &Host| {
        // A later version is written anew, as version 00.
        host.get("/")
            .header("x-request-id", "r-1")
            .header("traceparent", PARENT.replacen("00", "01", 1))
            .run(200)
    };
    let (host, exchange) = failing(
        || json!({}),
        REQUEST,
        "proxy_replace_header_map_value",
        0,
        request,
    );
    exchange
        .upstream_header("traceparent")
        .is(PARENT.replacen("00", "01", 1));
    exchange.header("x-request-id", "r-1");
    assert_eq!(
        host.metric("policy_degradations_total.plugin=request-id;.what=set_request_header;"),
        1
    );
}
