//! `policyctl explain`: the plugins' own record of a request, and what came of it.

mod answers;
mod files;

use crate::called::policyctl;
use expect_test::expect;
use serde_json::{Value, json};

const RULES: &str = r#"{ "default": { "trip": { "consecutive_failures": 2 }, "open": { "for": "30s", "jitter": 0 } },
  "profiles": { "own": { "key": { "name": "own" } } },
  "routes": [
    { "match": { "path_prefix": "/payments", "methods": ["GET"] }, "profile": "own" },
    { "match": { "methods": ["POST"], "headers": { "x-tier": "gold", "x-eu": "1" } }, "profile": "own" },
    { "match": { "host": "*.shop.example", "path": "/orders" }, "mode": "shadow", "profile": "own" }
  ] }"#;

/// What is said of a request with these arguments to a circuit breaker with these rules.
#[track_caller]
fn explained(configuration: &str, arguments: &[&str]) -> Value {
    let all = ["explain", "-", "--json", "--plugin", "circuit-breaker"];
    let all = all.into_iter().chain(arguments.iter().copied());
    policyctl(all).input(configuration).ends_with(0).json()
}

#[test]
fn the_rule_that_was_met_is_told_and_why_those_before_were_not() {
    let found = explained(
        RULES,
        &[
            "GET",
            "/orders?x=1",
            "--host",
            "eu.shop.example",
            "-H",
            "X-Tier: gold",
        ],
    );
    let record = &found["requests"][0]["explain"][0];
    assert_eq!(
        record,
        &json!({
            "plugin": "circuit-breaker", "rule": "routes[2]", "profile": "own", "mode": "shadow", "breaker": "own",
            "key": "name", "state": "closed", "decision": "admitted", "probe": false
        })
    );
    assert_eq!(
        found["passed_over"],
        json!([
            { "plugin": "circuit-breaker", "rule": "routes[0]", "unmet": ["path_prefix \"/payments\""] },
            { "plugin": "circuit-breaker", "rule": "routes[1]",
              "unmet": ["headers {\"x-eu\":\"1\"}", "methods [\"POST\"]"] }
        ])
    );
    // None of them: all were passed over.
    let none = explained(RULES, &["DELETE", "/x"]);
    assert_eq!(none["requests"][0]["explain"][0]["rule"], "default");
    assert_eq!(none["passed_over"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        none["passed_over"][2]["unmet"],
        json!(["host \"*.shop.example\"", "path \"/orders\""])
    );
}

#[test]
fn a_breaker_opens_from_request_to_request_and_lets_probes_through_in_time() {
    let requests = |arguments: &[&str]| -> Vec<(u64, String)> {
        let found = explained(RULES, arguments);
        let all = found["requests"].as_array().expect("a list").clone();
        all.iter()
            .map(|each| {
                let state = each["explain"][0]["state"].as_str().expect("a text").to_owned();
                (each["status"].as_u64().expect("a number"), state)
            })
            .collect()
    };
    let told = |expected: &[(u64, &str)]| -> Vec<(u64, String)> {
        expected
            .iter()
            .map(|(status, state)| (*status, (*state).to_owned()))
            .collect()
    };
    assert_eq!(
        requests(&["GET", "/", "--answer", "500", "--times", "4"]),
        told(&[(500, "closed"), (500, "closed"), (503, "open"), (503, "open")])
    );
    assert_eq!(
        requests(&["GET", "/", "--answer", "500", "--times", "4", "--every", "20s"]),
        told(&[
            (500, "closed"),
            (500, "closed"),
            (503, "open"),
            (500, "half_open")
        ])
    );
}

#[test]
fn people_read_it_from_top_to_bottom() {
    let arguments = [
        "explain",
        "-",
        "--plugin",
        "circuit-breaker",
        "GET",
        "/orders",
        "--answer",
        "500",
        "--times",
        "3",
    ];
    let called = policyctl(arguments).input(RULES).ends_with(0);
    expect![[r#"
            1  500  tried 1  circuit-breaker closed admitted
            2  500  tried 1  circuit-breaker closed admitted
            3  503  tried 0  circuit-breaker open rejected

        GET /orders to shop.example
          answered 503 after 0 ms: circuit_breaker_open
          route default of the virtual host all

        circuit-breaker
          rule default, mode enforce
          routes[0] not met: path_prefix "/payments"
          routes[1] not met: headers {"x-eu":"1"}; headers {"x-tier":"gold"}; methods ["POST"]
          routes[2] not met: host "*.shop.example"
          because: open
          breaker: upstream
          decision: rejected
          key: cluster
          reopenings: 0
          retry_after: 30
          state: open

        The client got
          :status: 503
          retry-after: 30
          x-error-code: CIRCUIT_OPEN
          content-type: application/json
          x-envoy-ratelimited: true
          content-length: 274
          date: Thu, 01 Jan 2026 00:00:00 GMT
          server: envoy

          {"trace_id":"46a79da9-6dc3-4d2d-b92d-daa5c62b1ebf","request_id":"46a79da9-6dc3-4d2d-b92d-daa5c62b1ebf","error_code":"CIRCUIT_OPEN","message":"The service is temporarily unavailable.","status_code":503,"timestamp":"2026-01-01T00:00:00.000Z","retryable":true,"retry_after":30}

        Filter state
          policy.circuit = upstream:open
          policy.error_code = CIRCUIT_OPEN

        Logged
          {"timestamp":"2026-01-01T00:00:00.000Z","severity":"ERROR","plugin":"circuit-breaker","event":"rejected","request_id":"46a79da9-6dc3-4d2d-b92d-daa5c62b1ebf","trace_id":"46a79da9-6dc3-4d2d-b92d-daa5c62b1ebf","breaker":"upstream","key":"cluster","error_code":"CIRCUIT_OPEN","status":503,"mode":"enforce","state":"open","retry_after":30}

        Counted
          circuit_breaker_calls_total.breaker=upstream;.outcome=rejected;.mode=enforce; 1 (+1)
    "#]].assert_eq(&called.out);
    assert_eq!(
        policyctl(arguments).input(RULES).ends_with(0).out,
        called.out,
        "it is the same each time"
    );
}

#[test]
fn what_the_upstream_got_is_told_against_what_the_client_sent() {
    let arguments = [
        "explain",
        "-",
        "--json",
        "--plugin",
        "request-id",
        "GET",
        "/",
        "-H",
        "x-request-id: a b",
        "-H",
        "x-a: 1",
    ];
    let found = policyctl(arguments).input("{}").ends_with(0).json();
    let changes = found["requests"][0]["upstream_headers"]
        .as_array()
        .expect("a list");
    let change = |name: &str| changes.iter().find(|change| change["header"] == name);
    assert_eq!(change("x-request-id").expect("it is another")["what"], "changed");
    assert_eq!(change("x-a"), None);
    assert_eq!(
        change("x-forwarded-proto").expect("Envoy adds it")["what"],
        "added"
    );
    assert_eq!(
        found["requests"][0]["explain"][0]["refused"][0]["header"],
        "x-request-id"
    );
}
