//! What is found of a dump, and of an Envoy that runs: here a server that answers as its administration interface does.

use super::{found, ids};
use crate::called::policyctl;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

fn dump(configs: Value) -> String {
    json!({ "configs": configs }).to_string()
}

fn bootstrap(minor: u64) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
        "bootstrap": { "node": { "user_agent_build_version": { "version": { "major_number": 1, "minor_number": minor } } } },
    })
}

/// A listener whose routes and filter come from a control plane.
fn listener() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
        "dynamic_listeners": [{ "name": "edge", "active_state": { "listener": {
            "name": "edge",
            "filter_chains": [{ "filters": [{ "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "rds": { "route_config_name": "edge" },
                "http_filters": [{ "name": "breaker", "config_discovery": { "config_source": { "ads": {} } } }],
            } }] }],
        } } }],
    })
}

fn filters() -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.admin.v3.EcdsConfigDump",
        "ecds_filters": [{ "ecds_filter": {
            "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
            "name": "breaker",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": {
                    "root_id": "circuit-breaker", "failure_policy": "FAIL_RELOAD", "vm_config": { "vm_id": "policies" },
                    "configuration": {
                        "@type": "type.googleapis.com/google.protobuf.StringValue",
                        "value": "{\"routes\": [{\"match\": {\"route\": \"orders\"}, \"mode\": \"shadow\"}]}",
                    },
                },
            },
        } }],
    })
}

fn routes(name: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
        "dynamic_route_configs": [{ "route_config": {
            "name": "edge",
            "virtual_hosts": [{ "name": "shop", "routes": [
                { "name": name, "match": { "prefix": "/" }, "route": { "cluster": "orders" } },
            ] }],
        } }],
    })
}

/// What is always found of these dumps, which have neither a log nor labels.
const ALWAYS: [&str; 3] = ["labels-missing", "connections-unbounded", "log-without-facts"];

#[track_caller]
fn beside(dumped: Value) -> Vec<String> {
    let mut ids = found(dump(dumped));
    ids.retain(|id| !ALWAYS.contains(&id.as_str()));
    ids
}

#[test]
fn what_a_control_plane_sends_is_found_in_its_own_parts_of_the_dump() {
    let whole = json!([bootstrap(40), listener(), filters(), routes("orders")]);
    assert_eq!(beside(whole), [""; 0]);
    let renamed = json!([bootstrap(40), listener(), filters(), routes("")]);
    assert_eq!(beside(renamed), ["route-unnamed", "route-unknown"]);
    // What is not in the dump is said to be missing, and not taken for wrong.
    assert_eq!(
        beside(json!([bootstrap(40), listener(), filters()])),
        ["not-seen"]
    );
    assert_eq!(
        beside(json!([listener(), routes("orders")])),
        ["no-plugin", "not-seen"]
    );
}

#[test]
fn an_older_envoy_and_what_it_refused_are_told() {
    let older = json!([bootstrap(39), listener(), filters(), routes("orders")]);
    assert_eq!(beside(older), ["version-untested"]);
    let mut refused = filters();
    refused["ecds_filters"][0]["error_state"] = json!({ "details": "mode: must be enforce" });
    let called = policyctl(["doctor", "-"])
        .input(dump(json!([
            bootstrap(40),
            listener(),
            refused,
            routes("orders")
        ])))
        .ends_with(1);
    assert!(
        called
            .out
            .starts_with("error[configuration-refused]: Envoy refused breaker: mode: must be enforce\n"),
        "{}",
        called.out
    );
}

/// A server that answers each question by its path, and what it was asked.
fn serving(answers: impl Fn(&str) -> (u16, String) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it has an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("somebody asks");
            let mut bytes = [0; 4096];
            let length = stream.read(&mut bytes).expect("it is readable");
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let path = text.split(' ').nth(1).unwrap_or_default();
            let (status, body) = answers(path);
            let head = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

#[test]
fn a_running_envoy_is_asked_for_its_numbers_too() {
    let stats = json!({ "stats": [
        { "name": "extension_config_discovery.http_filter.breaker.config_fail", "value": 2 },
        { "name": "wasm.breaker.vm_reload_success", "value": 1 },
        { "name": "wasm.breaker.vm_reload_backoff", "value": 1 },
        { "name": "wasmcustom.policy_degradations_total.plugin=retry;.what=clock;", "value": 3 },
        { "name": "wasm.other.vm_reload_failure", "value": 0 },
        { "histograms": {} },
    ] });
    let whole = dump(json!([bootstrap(40), listener(), filters(), routes("orders")]));
    let address = serving(move |path| match path {
        "/config_dump?include_eds" => (200, whole.clone()),
        path if path.starts_with("/stats?format=json&filter=") => (200, stats.to_string()),
        other => (404, other.to_owned()),
    });
    let called = policyctl(["doctor", &address, "--json"]).ends_with(1);
    let mut found = ids(&called);
    found.retain(|id| !ALWAYS.contains(&id.as_str()));
    assert_eq!(found, ["configuration-refused", "plugin-died", "plugin-degraded"]);
}

#[test]
fn who_is_no_envoy_is_told_so() {
    for (answer, told) in [
        ((404, String::new()), "was answered 404"),
        ((200, "hello: world".to_owned()), "is no dump"),
        ((200, "{".to_owned()), "is no YAML"),
    ] {
        let address = serving(move |_| answer.clone());
        let called = policyctl(["doctor", &address]).ends_with(2);
        assert!(called.err.contains(told), "{}", called.err);
    }
}
