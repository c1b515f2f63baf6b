//! A bootstrap that `policyctl doctor --emit` writes serves: ids, envelopes, breaker and retries.

use super::{policyctl, write};
use crate::samples::{load_built_modules, text};
use live::client::Request;
use live::{Envoy, Sample, Upstream};
use serde_json::{Value, json};

#[track_caller]
fn serves(more: &[&str]) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let policies = json!({
        "admin": { "path": "/.policy" },
        "error-envelope": { "service_name": "shop" },
        "request-id": {},
        "circuit-breaker": {
            "service_name": "shop",
            "default": { "trip": { "consecutive_failures": 3 } },
            "routes": [{ "match": { "route": "offers" }, "policy": {
                "key": { "name": "offers" }, "reject": { "reroute": { "header": "x-fallback", "value": "1" } },
            } }],
        },
        "retry": { "routes": [{ "match": { "route": "orders" }, "policy": { "attempts": 2 } }] },
    });
    let file = write(folder.path(), "policies.json", &policies.to_string());
    let address = upstream.address().to_string();
    let arguments = ["doctor", "--emit", "envoy", &file, "--upstream", &address];
    let emitted = policyctl(&[&arguments[..], more].concat());
    let mut sample = Sample::parse("emitted.yaml", &emitted)
        .unwrap_or_else(|error| panic!("{error}"))
        .on_free_ports();
    load_built_modules(sample.tree());
    // A test listens to this machine alone.
    sample.tree()["static_resources"]["listeners"][0]["address"]["socket_address"]["address"] =
        json!("127.0.0.1");
    let envoy = Envoy::with(&sample.to_yaml()).concurrency(2).start();
    let envoy = envoy.unwrap_or_else(|error| panic!("{error}\n{emitted}"));
    let get = |path: &str| {
        envoy
            .send(&Request::get(path))
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let attempts = |path: &str| text(&get(path), "x-envoy-attempt-count");

    let served = get("/");
    assert_eq!(served.status, 200);
    assert_ne!(text(&served, "x-request-id"), "");
    assert_eq!(
        [
            attempts("/status/503"),
            attempts("/orders/1?status=503"),
            attempts("/status/503")
        ],
        ["3", "2", "3"]
    );
    let rejected = get("/");
    let body: Value = serde_json::from_slice(&rejected.body).expect("it is JSON");
    assert_eq!(
        (rejected.status, &body["error_code"]),
        (503, &json!("CIRCUIT_OPEN")),
        "{body}"
    );
    assert_eq!(body["request_id"], json!(text(&rejected, "x-request-id")));
    assert_eq!(body["service_name"], json!("shop"));
    // The fallback's route is chosen by the breaker, and by no client.
    let claimed = envoy
        .send(&Request::get("/offers/").header("x-fallback", "1"))
        .expect("an answer");
    assert_eq!(claimed.status, 200);
    let _ = [
        get("/offers/1?status=500"),
        get("/offers/1?status=500"),
        get("/offers/1?status=500"),
    ];
    // The answer that stands there until there is a fallback, in its envelope; and not the breaker's.
    let fallback = get("/offers/");
    assert_eq!(
        text(&fallback, "x-error-code"),
        "SERVICE_UNAVAILABLE",
        "{fallback:?}"
    );
    let operators = envoy.listener("operators").expect("it is there");
    let state = live::client::send(operators, &Request::get("/.policy")).expect("an answer");
    let state: Value = serde_json::from_slice(&state.body).expect("it is JSON");
    assert_eq!(state["breakers"].as_array().map(Vec::len), Some(2), "{state}");
    let raw = envoy.prometheus().expect("there are metrics");
    assert!(
        raw.contains("circuit_breaker_state{breaker=\"upstream\"} 1"),
        "{raw}"
    );
}

#[test]
fn one_module_serves_as_it_was_emitted() {
    serves(&[]);
}

#[test]
fn a_chain_serves_as_it_was_emitted() {
    serves(&["--chain"]);
}
