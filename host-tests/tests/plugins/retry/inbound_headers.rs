//! The request headers by which the router is told: what a caller writes there tells it nothing.

use super::{attempts, retry, tried, trusting};
use host::{Answer, Exchange, Host, Plugin, RetryPolicy, Route};
use host_tests::plugin::PUPPET;
use serde_json::{Value, json};

/// Each of them, with something by which a caller gains.
const HEADERS: [(&str, &str); 11] = [
    ("x-envoy-retry-on", "5xx,retriable-4xx"),
    ("x-envoy-retry-grpc-on", "unavailable,internal"),
    ("x-envoy-retriable-status-codes", "404,409,503"),
    ("x-envoy-retriable-header-names", "x-again"),
    ("x-envoy-max-retries", "9"),
    ("x-envoy-upstream-rq-timeout-ms", "7"),
    ("x-envoy-upstream-rq-per-try-timeout-ms", "7"),
    ("x-envoy-upstream-rq-timeout-alt-response", "true"),
    ("x-envoy-upstream-stream-duration-ms", "7"),
    ("x-envoy-expected-rq-timeout-ms", "7"),
    ("x-envoy-hedge-on-per-try-timeout", "true"),
];

/// The plugin, and behind it one that tells what the router is told.
fn told(policy: Value) -> Host {
    let reads: Vec<Value> = HEADERS
        .iter()
        .map(|(name, _)| json!(["get_header_map_value", 0, name]))
        .collect();
    let puppet = Plugin::new(PUPPET.module())
        .name("puppet")
        .config(json!({ "request_headers": reads }));
    Host::chain([retry(json!({ "default": policy })), puppet]).edge(trusting())
}

/// The value of each of them that the router gets, in their order; those that are absent left out.
fn values(exchange: &Exchange) -> Vec<(&'static str, String)> {
    let lines: Vec<String> = exchange
        .logs()
        .into_iter()
        .filter(|line| line.plugin == "puppet")
        .map(|line| line.message)
        .collect();
    let value = |name: &'static str| {
        let start = format!("request_headers: get_header_map_value(0, \"{name}\") = 0 ");
        let line = lines.iter().find_map(|line| line.strip_prefix(&start))?;
        Some((name, line.trim_matches('"').to_owned()))
    };
    HEADERS.iter().filter_map(|(name, _)| value(name)).collect()
}

#[track_caller]
fn check(policy: Value, method: &str, expected: &[(&str, &str)]) {
    let host = told(policy);
    let plain = host.request(method, "/orders").answered_with(200);
    let found = values(&plain);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(found, expected, "{plain}");
    for times in [1, 2] {
        for (name, value) in HEADERS {
            let request = host.request(method, "/orders");
            let request = (0..times).fold(request, |request, _| request.header(name, value));
            assert_eq!(
                values(&request.answered_with(200)),
                values(&plain),
                "{name} {times} times"
            );
        }
    }
    let all = HEADERS
        .iter()
        .fold(host.request(method, "/orders"), |request, (name, value)| {
            request.header(name, value)
        });
    assert_eq!(values(&all.answered_with(200)), values(&plain));
}

/// Without the plugin the router would heed them: what is shown below is the plugin's doing.
#[test]
fn where_the_plugin_leaves_a_request_alone_they_pass() {
    let all = |host: &Host| {
        let request = HEADERS
            .iter()
            .fold(host.post("/orders"), |request, (name, value)| {
                request.header(name, value)
            });
        request.answered_with(200)
    };
    let reads: Vec<Value> = HEADERS
        .iter()
        .map(|(name, _)| json!(["get_header_map_value", 0, name]))
        .collect();
    let puppet = Plugin::new(PUPPET.module())
        .name("puppet")
        .config(json!({ "request_headers": reads }));
    let disabled = Host::chain([retry(json!({ "mode": "disabled" })), puppet]).edge(trusting());
    let sent = HEADERS.map(|(name, value)| (name, value.to_owned()));
    assert_eq!(values(&all(&disabled)), sent);
}

#[test]
fn a_get_says_what_is_configured_whatever_came_in() {
    let on = "connect-failure,refused-stream,reset-before-request,gateway-error";
    check(
        json!({}),
        "GET",
        &[("x-envoy-retry-on", on), ("x-envoy-max-retries", "2")],
    );
}

#[test]
fn a_post_says_what_is_configured_whatever_came_in() {
    check(
        json!({}),
        "POST",
        &[
            ("x-envoy-retry-on", "connect-failure,refused-stream"),
            ("x-envoy-max-retries", "2"),
            ("x-envoy-hedge-on-per-try-timeout", "false"),
        ],
    );
}

#[test]
fn what_is_not_tried_again_says_so_whatever_came_in() {
    check(json!({ "attempts": 1 }), "GET", &[("x-envoy-max-retries", "0")]);
    check(
        json!({ "any_method_on": [] }),
        "POST",
        &[("x-envoy-max-retries", "0")],
    );
}

#[test]
fn time_outs_and_statuses_are_those_that_are_configured_whatever_came_in() {
    let policy = json!({ "retry_on": ["reset"], "statuses": [429, "500-502"], "timeout": "2s", "per_try_timeout": "300ms" });
    check(
        policy,
        "GET",
        &[
            ("x-envoy-retry-on", "reset,retriable-status-codes"),
            ("x-envoy-retriable-status-codes", "429,500,501,502"),
            ("x-envoy-max-retries", "2"),
            ("x-envoy-upstream-rq-timeout-ms", "2000"),
            ("x-envoy-upstream-rq-per-try-timeout-ms", "300"),
        ],
    );
}

#[test]
fn no_header_of_a_caller_has_a_post_tried_again() {
    for route in [
        Route::new("plain"),
        Route::new("own").retry(RetryPolicy::on("5xx").num_retries(4)),
    ] {
        let host = Host::new(retry(json!({ "default": { "route_policy": true } })))
            .routes([route])
            .edge(trusting());
        let request = HEADERS
            .iter()
            .fold(host.post("/orders"), |request, (name, value)| {
                request.header(name, value)
            });
        let answer = Answer::new(503).header("x-again", "1");
        assert_eq!(attempts(request, answer), 1);
    }
}

#[test]
fn no_header_of_a_caller_keeps_a_get_from_being_tried_again_nor_has_it_tried_more_often() {
    let host = super::policy(json!({})).edge(trusting());
    for (name, value) in [
        ("x-envoy-max-retries", "0"),
        ("x-envoy-max-retries", "9"),
        ("X-Envoy-Max-Retries", "9"),
        ("x-envoy-retry-on", "none"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
        ("x-envoy-upstream-rq-per-try-timeout-ms", "1"),
    ] {
        for request in [
            host.get("/orders").header(name, value),
            host.get("/orders").header(name, value).header(name, value),
        ] {
            let exchange = tried(request, 503);
            assert_eq!(exchange.attempts().len(), 3, "{name}: {value}\n{exchange}");
        }
    }
}

#[test]
fn headers_that_are_none_of_them_pass() {
    let host = super::policy(json!({})).edge(trusting());
    let exchange = host
        .get("/orders")
        .header("x-envoy-attempt-count", "1")
        .header("x-own", "1")
        .answered_with(200);
    exchange.upstream_header("x-own").is("1");
    exchange.upstream_header("x-envoy-attempt-count").is("1");
}
