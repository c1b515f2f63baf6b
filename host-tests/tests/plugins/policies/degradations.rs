//! Whatever any one host call answers in one pass, nothing traps, hangs or loses the request; and what a plugin had to give
//! up on is counted as that plugin's.

use super::{host, text, tried};
use host::faults::inject_everywhere;
use host::{Answer, Exchange, Host, HostCall, Route, Status, Thread, secs};
use host_tests::exchange::{self, Made, circuit_breaker, error_envelope, request_id, retry};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, Plugin, REQUEST_ID, RETRY};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Of so many exchanges of a plugin one is tried: each is in its own module, in whole.
const ONE_OF: usize = 10;

#[track_caller]
fn survives(plugin: &Plugin, exchanges: Vec<exchange::Exchange>, from: usize) {
    let mine: Vec<_> = exchanges.into_iter().skip(from).step_by(ONE_OF).collect();
    assert!(mine.len() >= 4, "{} exchanges", mine.len());
    for exchange in mine {
        let report = inject_everywhere(
            || exchange.host_made(plugin, Made::InOnePass),
            |host| {
                exchange.run(host);
            },
        );
        assert!(report.runs > report.calls, "{}: {report}", exchange.name);
    }
}

#[test]
fn no_fault_is_fatal_to_request_id_in_one_pass() {
    survives(&REQUEST_ID, request_id::exchanges(), 3);
}

#[test]
fn no_fault_is_fatal_to_error_envelope_in_one_pass() {
    survives(&ERROR_ENVELOPE, error_envelope::exchanges(), 1);
}

#[test]
fn no_fault_is_fatal_to_circuit_breaker_in_one_pass() {
    survives(&CIRCUIT_BREAKER, circuit_breaker::exchanges(), 4);
}

#[test]
fn no_fault_is_fatal_to_retry_in_one_pass() {
    survives(&RETRY, retry::exchanges(), 2);
}

/// Every plugin with all that asks the host for something.
fn everything() -> Value {
    let log = json!({ "requests": true, "errors": "all", "max_per_second": 10_000 });
    let routed = json!([{ "match": { "route": "nobody", "direction": "inbound" }, "policy": {} }]);
    json!({
        "error-envelope": {
            "explain": "all", "log": log, "route_metadata": true, "routes": routed,
            "default": { "passthrough": "never", "context_headers": { "tenant": "x-tenant" } },
        },
        "request-id": {
            "explain": "all", "log": log, "route_metadata": true, "routes": routed,
            "default": { "trust": { "cidrs": ["127.0.0.0/8"] }, "trace_context": "create", "sampled": true },
        },
        "circuit-breaker": {
            "explain": "all", "log": log, "route_metadata": true, "routes": routed,
            "default": {
                "key": { "header": "x-tenant" }, "known": ["known"], "max_keys": 1, "evict_idle": "1s",
                "trip": { "consecutive_failures": 3, "slow_rate": { "slower_than": "1s" } },
                "open": { "for": "1s", "max": "1s" }, "half_open": { "max_calls": 1, "successes": 1 },
                "reject": { "reroute": {} },
            },
        },
        "retry": {
            "explain": "all", "log": log, "route_metadata": true, "routes": routed,
            "default": {
                "deadline_headers": ["x-deadline"], "idempotency_key": { "unlocks": ["POST"], "required_for": ["PATCH"] },
                "budget": { "percent": 10, "min_retry_rate": { "count": 2, "interval": "1s" } },
            },
        },
    })
}

fn with_everything_on() -> Host {
    host(everything()).routes([
        Route::new("fallback")
            .when_header("x-fallback", "1")
            .direct_response(200, "yesterday's"),
        Route::new("orders"),
    ])
}

/// Failures, retries, refusals, rejections, another way, a probe, pieces, a client that leaves, and ticks.
fn a_life(host: &Host) {
    let request = |method: &str, path: &str| host.request(method, path).header("x-tenant", "known");
    request("GET", "/")
        .header("x-request-id", "a;b")
        .header("x-deadline", "9000")
        .run(200);
    for answer in [text(503, "busy"), Answer::new(503)] {
        let mut exchange = request("GET", "/").header("x-deadline", "9000").send();
        while exchange.is_at_upstream() {
            exchange = exchange.begin_answer(answer.clone());
            if !exchange.is_finished() {
                host.advance(secs(1));
            }
        }
    }
    request("PATCH", "/").run(200);
    request("POST", "/")
        .header("idempotency-key", "a")
        .run(text(404, "none"));
    for _ in 0..3 {
        request("TRACE", "/").run(503);
    }
    request("GET", "/").run(200);
    host.advance(secs(2));
    request("GET", "/").run(
        Answer::new(404)
            .header("content-type", "text/plain")
            .pieces(["a", "b"]),
    );
    drop(request("GET", "/").send());
    host.advance(secs(3));
}

#[test]
fn no_fault_is_fatal_to_all_of_them_with_everything_on() {
    let clean = with_everything_on();
    a_life(&clean);
    let rerouted = "circuit_breaker_calls_total.breaker=known;.outcome=rejected;.mode=enforce;";
    assert!(clean.metric(rerouted) > 0, "{:?}", clean.metrics());
    let report = inject_everywhere(with_everything_on, a_life);
    assert!(report.runs > report.calls, "{report}");
}

/// What is counted in all the ways in which one call of this function in this callback of the worker can fail.
#[track_caller]
fn counted_when_fails(callback: &str, function: &str) -> BTreeSet<String> {
    let run = |host: &Host| -> Exchange {
        let request = host
            .get("/")
            .header("x-request-id", "r-1")
            .header("x-tenant", "known");
        tried(request, &text(502, "busy"))
    };
    let clean = with_everything_on();
    run(&clean);
    let is_it = |call: &HostCall| {
        call.name == function && call.callback == callback && call.thread == Thread::Worker(0)
    };
    let calls = clean.host_calls();
    let numbers = (0..calls.len()).filter(|number| is_it(&calls[*number]));
    let labels = numbers.map(|number| {
        let faulty = with_everything_on().fail_host_call(number, Status::INTERNAL_FAILURE);
        run(&faulty).expect_status(502);
        let counted = super::counted(&faulty, "policy_degradations_total.");
        let [(name, 1)] = &counted[..] else {
            panic!("one fault is counted once, of one plugin: {counted:?}");
        };
        name.replace("policy_degradations_total.plugin=", "")
    });
    labels.collect()
}

#[test]
fn what_fails_is_counted_as_that_of_the_plugin_that_needed_it() {
    const REQUEST: &str = "proxy_on_request_headers";
    const RESPONSE: &str = "proxy_on_response_headers";
    for (callback, function, expected) in [
        (
            REQUEST,
            "proxy_get_header_map_pairs",
            &["error-envelope;.what=request_headers;"][..],
        ),
        (
            REQUEST,
            "proxy_replace_header_map_value",
            &[
                "request-id;.what=set_request_header;",
                "retry;.what=set_request_header;",
            ],
        ),
        (
            REQUEST,
            "proxy_get_property",
            &[
                "circuit-breaker;.what=attempt_count;",
                "circuit-breaker;.what=explain;",
                "circuit-breaker;.what=listener_direction;",
                "circuit-breaker;.what=route_metadata;",
                "request-id;.what=explain;",
                "request-id;.what=route_metadata;",
                "request-id;.what=route_name;",
                "request-id;.what=source_address;",
                "retry;.what=cluster_name;",
                "retry;.what=explain;",
                "retry;.what=route_metadata;",
            ],
        ),
        (
            REQUEST,
            "proxy_get_shared_data",
            &[
                "circuit-breaker;.what=shared_data_read;",
                "retry;.what=shared_data_read;",
            ],
        ),
        (
            REQUEST,
            "clock_time_get",
            &["circuit-breaker;.what=monotonic_clock;"],
        ),
        (
            RESPONSE,
            "proxy_get_header_map_pairs",
            &["retry;.what=response_headers;"],
        ),
        (
            RESPONSE,
            "proxy_replace_header_map_value",
            &[
                "error-envelope;.what=set_response_header;",
                "request-id;.what=set_response_header;",
            ],
        ),
        (
            RESPONSE,
            "proxy_set_property",
            &[
                "error-envelope;.what=explain;",
                "error-envelope;.what=set_filter_state;",
                "retry;.what=set_filter_state;",
            ],
        ),
        (
            "proxy_on_response_body",
            "proxy_set_buffer_bytes",
            &["error-envelope;.what=replace_response_body;"],
        ),
    ] {
        let counted = counted_when_fails(callback, function);
        let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
        assert_eq!(counted, expected, "{callback} {function}");
    }
}
