//! The router: retries and time-outs.

use serde_json::{Value, json};

use crate::scenario::{Answer, CONNECTION_MANAGER, Plugin, Request, Route, Scenario};

/// As long as the first back-off can be.
const BACK_OFF: u64 = 25;

pub(super) fn scenarios() -> Vec<Scenario> {
    [conditions(), headers(), retries(), time_outs()]
        .into_iter()
        .flatten()
        .collect()
}

/// A plugin that tells how often the router has tried.
fn watched(name: &'static str) -> Scenario {
    let count = json!([["get_property", ["upstream", "request_attempt_count"]]]);
    Scenario::new(name).script(json!({
        "request_headers": count,
        "request_body": count,
        "response_headers": [
            ["get_property", ["upstream", "request_attempt_count"]],
            ["get_property", ["response", "flags"]],
            ["get_property", ["response", "code_details"]],
            ["get_header_map_pairs", 2],
        ],
        "log": count,
    }))
}

fn retried(name: &'static str, conditions: &str) -> Scenario {
    watched(name).route(Route::new("r").retry(conditions, 1))
}

/// Each condition with an answer that it means, and one that it does not.
fn conditions() -> Vec<Scenario> {
    let statuses = [
        ("5xx", 503),
        ("5xx", 404),
        ("gateway-error", 502),
        ("gateway-error", 500),
        ("retriable-4xx", 409),
        ("retriable-4xx", 404),
        ("connect-failure", 503),
        ("envoy-ratelimited", 429),
        ("foo,5xx", 503),
        ("5XX", 503),
        ("connect-failure , 5xx", 503),
    ];
    let statuses = statuses.map(|(conditions, status)| {
        let name = format!("{status} with retries on `{conditions}`").leak();
        retried(name, conditions)
            .get()
            .answer(Answer::new(status).body("bad"))
            .passes(BACK_OFF)
            .answer(Answer::new(200).body("ok"))
    });
    let limited = ["5xx", "envoy-ratelimited"].map(|conditions| {
        let name = format!("a rate-limited response with retries on `{conditions}`").leak();
        retried(name, conditions)
            .get()
            .answer(Answer::new(503).header("x-envoy-ratelimited", "true"))
            .passes(BACK_OFF)
            .answer(200)
    });
    let grpc = [
        ("unavailable", "14"),
        ("unavailable", "13"),
        ("cancelled,internal", "13"),
    ]
    .map(|(conditions, status)| {
        let name = format!("grpc-status {status} with retries on `{conditions}`").leak();
        retried(name, conditions)
            .get()
            .answer(Answer::new(200).header("grpc-status", status))
            .passes(BACK_OFF)
            .answer(200)
    });
    let resets = [
        "5xx",
        "gateway-error",
        "reset",
        "connect-failure",
        "reset-before-request",
    ]
    .map(|conditions| {
        let name = format!("a closed connection with retries on `{conditions}`").leak();
        retried(name, conditions)
            .get()
            .upstream_closes()
            .passes(BACK_OFF)
            .upstream_closes()
    });
    let refused = ["5xx", "connect-failure", "reset-before-request", "refused-stream"].map(|conditions| {
        let name = format!("a refused connection with retries on `{conditions}`").leak();
        watched(name)
            .route(Route::new("r").cluster("refused").retry(conditions, 1))
            .get()
            .passes(BACK_OFF)
    });
    let nobody = watched("no host with retries")
        .route(Route::new("r").cluster("nobody").retry("5xx,connect-failure", 2))
        .get();
    [
        statuses.into(),
        limited.into(),
        grpc.into(),
        resets.into(),
        Vec::from(refused),
        vec![nobody],
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A puppet that sets these headers, before a route with or without a policy of its own.
fn headers() -> Vec<Scenario> {
    type Case = (&'static str, &'static [(&'static str, &'static str)], bool, u16);
    let cases: [Case; 10] = [
        (
            "retries that a plugin asks for",
            &[("x-envoy-retry-on", "5xx")],
            false,
            503,
        ),
        (
            "two retries that a plugin asks for",
            &[("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "2")],
            false,
            503,
        ),
        (
            "no retries for a plugin",
            &[("x-envoy-max-retries", "0")],
            true,
            503,
        ),
        (
            "more retries for a plugin",
            &[("x-envoy-max-retries", "2")],
            true,
            503,
        ),
        (
            "a number of retries that is none",
            &[("x-envoy-max-retries", "abc")],
            true,
            503,
        ),
        (
            "a condition more for a plugin",
            &[("x-envoy-retry-on", "retriable-4xx")],
            true,
            409,
        ),
        (
            "words for gRPC where HTTP's belong",
            &[("x-envoy-retry-on", "unavailable")],
            false,
            503,
        ),
        (
            "statuses that a plugin lists",
            &[
                ("x-envoy-retry-on", "retriable-status-codes"),
                ("x-envoy-retriable-status-codes", "418,x,,409"),
            ],
            false,
            409,
        ),
        (
            "header names that a plugin lists",
            &[
                ("x-envoy-retry-on", "retriable-headers"),
                ("x-envoy-retriable-header-names", "x-no,X-Upstream"),
            ],
            false,
            200,
        ),
        (
            "a time for each attempt, from a plugin",
            &[("x-envoy-upstream-rq-per-try-timeout-ms", "5000")],
            true,
            503,
        ),
    ];
    let scenario = |(name, headers, policy, status): Case| {
        let mut script: Vec<Value> = headers
            .iter()
            .map(|(name, value)| json!(["replace_header_map_value", 0, name, value]))
            .collect();
        // The time that is left hangs on the clock; that of an attempt does not.
        if !headers.iter().any(|(name, _)| name.contains("per-try")) {
            script.push(json!([
                "replace_header_map_value",
                0,
                "x-envoy-upstream-rq-per-try-timeout-ms",
                "9000"
            ]));
        }
        let route = Route::new("r");
        let route = if policy { route.retry("5xx", 1) } else { route };
        let answer = || Answer::new(status).header("x-upstream", "1");
        Scenario::new(name)
            .script(json!({ "request_headers": script, "log": [["get_header_map_pairs", 0]] }))
            .route(route)
            .get()
            .answer(answer())
            .passes(BACK_OFF)
            .answer(answer())
            .passes(2 * BACK_OFF)
            .answer(answer())
    };
    cases.map(scenario).into()
}

/// A scenario whose virtual host counts attempts.
fn counting(name: &'static str) -> Scenario {
    let route = Route::new("r").retry("5xx", 1).set(
        |host| {
            host.include_request_attempt_count()
                .include_attempt_count_in_response()
        },
        |_| {},
    );
    watched(name).route(route).knob(
        |host| host,
        |listener| {
            let manager = listener.pointer_mut(CONNECTION_MANAGER).expect("it is there");
            let host = &mut manager["route_config"]["virtual_hosts"][0];
            host["include_request_attempt_count"] = json!(true);
            host["include_attempt_count_in_response"] = json!(true);
        },
    )
}

fn retries() -> Vec<Scenario> {
    vec![
        watched("all retries spent")
            .route(Route::new("r").retry("5xx", 2))
            .get()
            .answer(503)
            .passes(BACK_OFF)
            .answer(502)
            .passes(2 * BACK_OFF)
            .answer(Answer::new(500).header("x-last", "1").body("bad")),
        retried("a body that is sent again", "5xx")
            .request(Request::post("/"))
            .client_sends("he")
            .client_sends("llo")
            .client_ends_with(&[("x-sum", "1")])
            .answer(503)
            .passes(BACK_OFF)
            .answer(200),
        retried("a body of known length that is sent again", "5xx")
            .request(Request::new("POST", "/").body("hello"))
            .answer(503)
            .passes(BACK_OFF)
            .answer(200),
        retried("an attempt that fails while the body still comes in", "5xx")
            .request(Request::post("/"))
            .client_sends("he")
            .answer(503)
            .passes(BACK_OFF)
            .client_sends("llo")
            .client_ends()
            .answer(200),
        retried("a HEAD that is tried again", "5xx")
            .request(Request::new("HEAD", "/"))
            .answer(503)
            .passes(BACK_OFF)
            .answer(Answer::new(200).header("content-length", "5")),
        retried("more body than can be kept for a retry", "5xx")
            .buffer_limit(1000)
            .request(Request::new("POST", "/").body("x".repeat(1200)))
            .answer(503)
            .passes(BACK_OFF),
        retried("a client that goes away after a failed attempt", "5xx")
            .route(Route::new("unused"))
            .get()
            .answer(503)
            .client_aborts(),
        counting("attempts that are counted")
            .get()
            .answer(503)
            .passes(BACK_OFF)
            .answer(200),
        counting("a count in the router's own reply")
            .get()
            .upstream_closes()
            .passes(BACK_OFF)
            .upstream_closes(),
        counting("a client's count, counted")
            .request(Request::get("/").header("x-envoy-attempt-count", "7"))
            .answer(200),
        watched("a client's count")
            .request(Request::get("/").header("x-envoy-attempt-count", "7"))
            .answer(200),
    ]
}

fn time_outs() -> Vec<Scenario> {
    let set = |name: &'static str, header: &'static str, value: &'static str| {
        Scenario::new(name)
            .script(json!({ "request_headers": [["replace_header_map_value", 0, header, value]] }))
            .route(Route::new("r").timeout_ms(3000))
            .get()
            .answer(200)
    };
    vec![
        watched("a time-out that an alternative answers").plugin(Plugin::puppet("alternative").script(json!({
            "request_headers": [["replace_header_map_value", 0, "x-envoy-upstream-rq-timeout-alt-response", "1"]],
        })))
        .route(Route::new("r").timeout_ms(60))
        .get()
        .passes(60),
        watched("a time-out in the middle of a response")
            .route(Route::new("r").timeout_ms(60))
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .passes(60),
        watched("an attempt that takes too long, and a retry")
            .route(Route::new("r").retry("5xx", 1).set(
                |host| host.retry(host::RetryPolicy::on("5xx").per_try_timeout(host::millis(60))),
                |envoy| envoy["route"]["retry_policy"]["per_try_timeout"] = json!("0.060s"),
            ))
            .get()
            .passes(60)
            .passes(BACK_OFF)
            .answer(200),
        watched("an attempt that takes too long")
            .route(Route::new("r").retry("connect-failure", 1).set(
                |host| host.retry(host::RetryPolicy::on("connect-failure").per_try_timeout(host::millis(60))),
                |envoy| envoy["route"]["retry_policy"]["per_try_timeout"] = json!("0.060s"),
            ))
            .get()
            .passes(60),
        set("a time-out of a plugin", "x-envoy-upstream-rq-timeout-ms", "2500"),
        set("a time-out of a plugin that is no number", "x-envoy-upstream-rq-timeout-ms", "abc"),
        set("a time-out of a plugin that is negative", "x-envoy-upstream-rq-timeout-ms", "-5"),
        set("a time-out of a plugin that is none", "x-envoy-upstream-rq-timeout-ms", "0"),
        set("an attempt's time that is longer than the whole", "x-envoy-upstream-rq-per-try-timeout-ms", "4000"),
    ]
}
