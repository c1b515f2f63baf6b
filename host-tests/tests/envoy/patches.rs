//! What the manifests put into Envoy's own configuration, put there as their control planes do it, and judged by Envoy.
//!
//! How a control plane merges is imitated here only as far as these patches need it: members of messages one by one,
//! repeated fields appended. That it finds the listener and the cluster which a patch means, no test here can show.

mod apply;
mod extension_policy;
mod wasm_plugins;

use apply::{Patched, istio};
use live::client::Request;
use live::{Envoy, Sample, Upstream, validate};
use serde_json::{Value, json};

const CHAIN: [&str; 5] = [
    "policies.error-envelope",
    "policies.request-id",
    "policies.circuit-breaker",
    "policies.retry",
    "envoy.filters.http.router",
];

#[track_caller]
fn assert_valid(patched: &Patched) {
    let said = validate(&patched.to_yaml()).unwrap_or_else(|error| panic!("{error}"));
    assert!(said.accepted, "{}", said.output);
}

#[test]
fn the_filters_of_istio_come_in_their_order_and_envoy_accepts_them() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let patched = istio(upstream.address()).with_extensions();
    assert_eq!(patched.chain(), CHAIN);
    assert_valid(&patched);
}

#[test]
fn envoy_with_the_filters_of_istio_in_it_does_what_the_manifest_says() {
    let upstream = Upstream::start().expect("an upstream can be started");
    check(&upstream, &istio(upstream.address()).with_extensions());
}

/// As istiod does it, but for where they come from.
#[test]
fn envoy_with_the_filters_of_istio_handed_out_by_name_does_what_the_manifest_says() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let patched = istio(upstream.address()).by_name(folder.path());
    assert_eq!(patched.chain(), CHAIN);
    check(&upstream, &patched);
}

#[track_caller]
fn check(upstream: &Upstream, patched: &Patched) {
    let envoy = Envoy::with(&patched.to_yaml()).start();
    let envoy = envoy.unwrap_or_else(|error| panic!("{error}"));
    let request = Request::get("/status/503?body=gone").header("x-request-id", "of-the-client");
    let response = envoy.send(&request).expect("an answer");
    // An id is the client's or the plugin's, and an error is in its form.
    assert_eq!(response.values("x-request-id"), [b"of-the-client"]);
    let error: Value = serde_json::from_slice(&response.body).expect("the body is JSON");
    assert_eq!(
        [&error["request_id"], &error["service_name"], &error["error_code"]],
        ["of-the-client", "ingress", "SERVICE_UNAVAILABLE"]
    );
    assert_eq!(upstream.received().len(), 1);
    // The breaker of attempts and the one before the router both count, with their labels.
    for position in ["", "position=\"upstream\","] {
        let labels = format!("breaker=\"upstream\",{position}outcome=\"failure\",mode=\"shadow\"");
        let series = format!("circuit_breaker_calls_total{{{labels}}}");
        envoy
            .metric_reaches(&series, 1)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_patch_that_envoy_does_not_know_is_refused() {
    let upstream = Upstream::start().expect("an upstream can be started");
    for pointer in [
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/request_id_extension/typed_config",
        "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config",
        "/stats_config/stats_tags/0",
        "/static_resources/clusters/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters/0/typed_config/config/vm_config",
    ] {
        let mut patched = istio(upstream.address()).with_extensions();
        let node = patched.tree().pointer_mut(pointer);
        node.unwrap_or_else(|| panic!("nothing at {pointer}"))["there_is_no_such_key"] = json!(1);
        let said = validate(&patched.to_yaml()).expect("Envoy ends");
        assert!(!said.accepted, "{pointer}");
        assert!(said.output.contains("there_is_no_such_key"), "{}", said.output);
    }
}

#[test]
fn what_the_manifests_for_envoy_gateway_add_is_accepted_by_envoy() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let mut patched = Patched::new(upstream.address());
    let documents = apply::documents("envoy-gateway/proxy.yaml");
    let bootstrap = documents[0]
        .pointer("/spec/bootstrap/value")
        .and_then(Value::as_str);
    let mut addition = Sample::parse("bootstrap", bootstrap.expect("it is a text")).expect("it is YAML");
    let tags = Sample::load("observability/stats_tags.yaml")
        .expect("it is YAML")
        .tree()
        .clone();
    assert!(tags["stats_config"]["stats_tags"].is_array(), "{tags:#}");
    assert_eq!(addition.tree()["stats_config"], tags["stats_config"]);
    patched.merge("", addition.tree());
    let operation = &documents[1]["spec"]["jsonPatches"][0]["operation"];
    assert_eq!(operation["op"], "add");
    let path = operation["path"].as_str().expect("it has a path");
    let member = path.strip_prefix("/default_filter_chain/filters/0/typed_config/");
    patched.merge(
        apply::MANAGER,
        &json!({ member.expect("it is of the connection manager"): operation["value"] }),
    );
    assert_valid(&patched);
}
