//! What the usual path costs: host calls, fuel, bytes copied. `make bless` accepts a change, which is then reviewed.
//!
//! The hosts have fixed seeds, because what becomes of random bytes costs a little more or less. No secrets are planted in
//! their traffic: each header costs, and the request here is as large as a real one.

mod admin;
mod circuit_breaker;
mod policies;
mod retry;
mod scale;

use expect_test::expect_file;
use host::cost::usual;
use host::{Answer, Cost, Exchange, Host, Request};
use host_tests::plugin::{ERROR_ENVELOPE, REQUEST_ID};
use serde_json::{Value, json};

fn host(configuration: Value) -> Host {
    Host::new(REQUEST_ID.module())
        .plugin_name("request-id")
        .config(configuration)
        .seed(1)
        .plant_nothing()
}

/// Every part of a configuration in use, on the request as well.
pub(crate) fn everything_on() -> Host {
    host(json!({
        "service_name": "orders",
        "route_metadata": true,
        "explain": "all",
        "log": { "requests": true, "max_per_second": 10_000 },
        "default": {
            "trust": { "cidrs": ["10.0.0.0/8", "127.0.0.0/8"] },
            "request_headers": ["x-request-id", "x-correlation-id"],
            "response_headers": ["x-request-id", "x-correlation-id"],
            "trace_context": "create", "sampled": { "percent": 50 }, "trace_id_from_request_id": true,
            "log_headers": { "user": "x-user" },
        },
        "routes": [
            { "match": { "route": "orders", "direction": "inbound" }, "policy": {} },
            { "match": { "host": "*.example", "path_template": "/{a}/{b}" }, "policy": { "max_length": 64 } },
        ],
    }))
}

/// As a browser behind a load balancer would send it: the size of the header map is part of the cost.
fn request(host: &Host) -> Request {
    host.get("/r")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        )
        .header("accept-language", "en-US,en;q=0.5")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("cookie", "session=0123456789abcdef0123456789abcdef")
        .header("x-user", "u-1")
}

fn send(host: &Host, id: Option<&str>) -> Exchange {
    let request = match id {
        Some(id) => request(host).header("x-request-id", id),
        None => request(host),
    };
    request.answered_with(
        Answer::new(200)
            .header("content-type", "text/plain")
            .body("hello"),
    )
}

/// The cost of the usual exchange, every callback of it.
fn cost(host: &Host, id: Option<&str>) -> Cost {
    usual(host, |host| send(host, id)).usual
}

#[test]
fn the_usual_path_costs_what_it_did() {
    let mut golden = String::new();
    let leave_alone = json!({ "default": null, "routes": [{ "match": { "path": "/other" }, "policy": {} }] });
    for (what, host, id) in [
        ("an id is generated", host(json!({})), None),
        ("an id is accepted", host(json!({})), Some("order-42")),
        (
            "the request is left alone: no rule picks it",
            host(leave_alone),
            None,
        ),
        (
            "the plugin is disabled",
            host(json!({ "mode": "disabled" })),
            None,
        ),
        ("everything is on", everything_on(), None),
    ] {
        golden += &format!("{what}\n{}\n", cost(&host, id));
    }
    golden += &errors();
    golden += &circuit_breaker::breakers();
    golden += &retry::retries();
    golden += &policies::policies();
    golden += &admin::live_state();
    expect_file!["../../golden/cost.txt"].assert_eq(&golden);
}

fn envelope(configuration: Value) -> Host {
    Host::new(ERROR_ENVELOPE.module())
        .plugin_name("error-envelope")
        .config(configuration)
        .seed(1)
        .plant_nothing()
}

/// The cost of an exchange that error-envelope sees, every callback of it.
fn cost_of_answer(configuration: Value, answer: &Answer) -> Cost {
    let host = envelope(configuration);
    usual(&host, |host| {
        request(host)
            .header("x-request-id", "order-42")
            .run(answer.clone())
    })
    .usual
}

/// What an answer costs that is no error, and what an error does.
fn errors() -> String {
    let detail = r#"{"detail":[{"loc":["body","age"],"msg":"too young","type":"range","input":"12"}]}"#;
    let text = |status, body| {
        Answer::new(status)
            .header("content-type", "text/plain")
            .body(body)
    };
    let strict = json!({ "default": { "passthrough": "never" } });
    let mut golden = String::new();
    for (what, configuration, answer) in [
        ("a 200 that passes", json!({}), text(200, "hello")),
        ("a 503 that is replaced", json!({}), text(503, "busy")),
        ("a 503 of the proxy", json!({}), Answer::no_healthy_upstream()),
        ("a 503 without a body", json!({}), Answer::new(503)),
        (
            "a 422 with its message lifted",
            strict,
            Answer::new(422)
                .header("content-type", "application/json")
                .body(detail),
        ),
        (
            "a 404 that stays as it is",
            json!({}),
            Answer::new(404)
                .header("content-type", "application/json")
                .body("{}"),
        ),
        (
            "a 503 where the plugin is disabled",
            json!({ "mode": "disabled" }),
            text(503, "busy"),
        ),
    ] {
        golden += &format!("{what}\n{}\n", cost_of_answer(configuration, &answer));
    }
    golden
}

#[test]
fn an_answer_that_is_no_error_costs_a_look_at_its_status_and_nothing_else() {
    for status in [200, 204, 301, 399] {
        let cost = cost_of_answer(json!({}), &Answer::new(status).header("x-own", "1"));
        let calls: Vec<_> = cost
            .to_string()
            .lines()
            .filter(|line| line.starts_with("    "))
            .map(str::to_owned)
            .collect();
        let calls: Vec<Vec<&str>> = calls
            .iter()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            calls,
            [
                ["proxy_get_header_map_pairs", "1"],
                ["proxy_get_header_map_value", "1"]
            ],
            "{cost}"
        );
    }
}

#[test]
fn a_worker_does_not_grow_with_its_errors() {
    let host = envelope(
        json!({ "explain": "all", "log": { "errors": "all" }, "default": { "passthrough": "never" } }),
    );
    let pieces = vec!["x".repeat(10_000); 5];
    let answers = [
        Answer::new(503),
        Answer::new(503).header("content-type", "text/plain").body("busy"),
        Answer::new(404)
            .header("content-type", "text/plain")
            .pieces(pieces),
        Answer::new(404)
            .header("content-type", "application/json")
            .body("{\"detail\":[{\"msg\":\"m\"}]}"),
    ];
    let mut grown = 0;
    for round in 0..500 {
        for answer in &answers {
            let pages = request(&host).run(answer.clone()).cost().pages_grown();
            grown += if round < 50 { 0 } else { pages };
        }
    }
    assert_eq!(grown, 0);
}

#[test]
fn what_a_rule_costs_to_read_does_not_grow_with_their_number() {
    for count in [500, 5_000] {
        let rules: Vec<Value> = (0..count)
            .map(|number| json!({ "match": { "path": format!("/r{number}") }, "policy": { "max_length": 100 } }))
            .collect();
        // Seen: 25,000 units a rule, with either number.
        host(json!({ "routes": rules }))
            .fuel_per_callback(count * 35_000)
            .start();
    }
}

#[test]
fn what_a_rule_does_not_need_is_not_asked_for() {
    let calls = |configuration: Value| cost(&host(configuration), Some("order-42")).calls();
    let plain = calls(json!({}));
    assert_eq!(
        calls(json!({ "routes": [{ "match": { "path": "/x" }, "policy": {} }] })),
        plain
    );
    assert_eq!(
        calls(json!({ "routes": [{ "match": { "route": "x" }, "policy": {} }] })),
        plain + 1
    );
    assert_eq!(
        calls(json!({ "default": { "trust": { "cidrs": ["127.0.0.0/8"] } } })),
        plain + 1
    );
    assert_eq!(calls(json!({ "default": { "response_headers": [] } })), plain - 1);
    assert_eq!(
        calls(json!({ "mode": "disabled" })),
        calls(json!({ "default": null }))
    );
}

#[test]
fn a_worker_does_not_grow_with_its_requests() {
    let host = everything_on();
    let grown: u64 = (0..2000)
        .map(|_| send(&host, None).cost().pages_grown())
        .skip(100)
        .sum();
    assert_eq!(grown, 0);
}
