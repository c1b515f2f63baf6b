//! The WasmPlugins in the places in which Istio puts them.

use super::apply::{Patched, documents, wasm_plugin};
use host_tests::plugin::{ALL, CIRCUIT_BREAKER, POLICIES};
use live::client::Request;
use live::{Envoy, Upstream, client, wait};
use serde_json::{Value, json};
use std::time::Duration;

/// The small Envoy with these filters before its router.
fn start(upstream: &Upstream, filters: Vec<Value>) -> Envoy {
    let mut patched = Patched::new(upstream.address());
    patched.filters().splice(0..0, filters);
    let envoy = Envoy::with(&patched.to_yaml()).start();
    envoy.unwrap_or_else(|error| panic!("{error}"))
}

/// An error has the standard body and an id, and the breaker and the budget were asked.
#[track_caller]
pub fn check(service: &str, filters: Vec<Value>) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let envoy = start(&upstream, filters);
    let response = envoy
        .send(&Request::get("/status/503?body=gone"))
        .expect("an answer");
    let error: Value = serde_json::from_slice(&response.body).expect("the body is JSON");
    assert_eq!(
        [
            &error["service_name"],
            &error["error_code"],
            &error["documentation_url"]
        ],
        [
            service,
            "SERVICE_UNAVAILABLE",
            "https://docs.example/errors/SERVICE_UNAVAILABLE"
        ]
    );
    let ids = response.values("x-request-id");
    assert_eq!(
        ids,
        [error["request_id"].as_str().expect("it has an id").as_bytes()]
    );
    // Numbers come a little later than responses, and what is left of the budget with a tick.
    for name in [
        "circuit_breaker_calls_total.breaker=upstream;.outcome=failure;.mode=shadow;",
        "errors_total.error_code=SERVICE_UNAVAILABLE;.class=server_error;.origin=upstream;.mode=enforce;",
        "retry_budget_remaining.cluster=upstream;",
    ] {
        let told = wait::until(Duration::from_secs(60), name, || {
            Ok(envoy.stats()?.get(&format!("wasmcustom.{name}")).copied())
        });
        told.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn the_four_in_their_places_do_what_their_manifests_say() {
    let names = ["error-envelope", "request-id", "circuit-breaker", "retry"];
    let filters = names.iter().map(|name| {
        let plugin = ALL
            .iter()
            .find(|plugin| plugin.name == *name)
            .expect("there is this plugin");
        wasm_plugin(&documents(&format!("istio/{name}.yaml"))[0], plugin.path())
    });
    check("ingress", filters.collect());
}

#[test]
fn the_one_module_in_two_places_does_what_the_four_do() {
    let documents = documents("istio/policies.yaml");
    let filters = documents
        .iter()
        .map(|document| wasm_plugin(document, POLICIES.path()));
    check("ingress", filters.collect());
}

#[test]
fn the_listeners_of_a_proxy_share_their_breakers() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let mut plugin = documents("istio/circuit-breaker.yaml").remove(0);
    plugin["spec"]["pluginConfig"] = json!({ "default": { "trip": { "consecutive_failures": 3 } } });
    let mut patched = Patched::new(upstream.address());
    patched
        .filters()
        .insert(0, wasm_plugin(&plugin, CIRCUIT_BREAKER.path()));
    let mut other = patched.tree()["static_resources"]["listeners"][0].clone();
    other["name"] = json!("other");
    patched.merge("/static_resources/listeners", &json!([other]));
    let envoy = Envoy::with(&patched.to_yaml()).start();
    let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
    for _ in 0..3 {
        let response = envoy.send(&Request::get("/status/503")).expect("an answer");
        assert_eq!(response.status, 503);
    }
    let other = envoy.listener("other").expect("it has this listener");
    let response = client::send(other, &Request::get("/orders")).expect("an answer");
    assert_eq!(response.values("x-error-code"), [b"CIRCUIT_OPEN"]);
}
