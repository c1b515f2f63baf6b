//! Changing a sample changes what was meant and nothing else, or says what it did not find.

use live::{Port, Sample};
use serde_json::{Value, json};

fn sample() -> Sample {
    Sample::load("request-id.yaml").expect("the sample is YAML")
}

/// The plugin's part of a sample.
fn plugin(mut sample: Sample) -> Value {
    let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    sample.tree().pointer(filters).expect("filters")[0]["typed_config"]["config"].clone()
}

#[track_caller]
fn refused(changed: live::Result<Sample>, rule: &str) {
    let error = changed.expect_err("there is nothing to change").to_string();
    assert!(error.ends_with(&format!("request-id.yaml: {rule}")), "{error}");
}

#[test]
fn the_ports_are_those_that_the_comments_promise() {
    let port = |listener: Option<&str>, port| Port {
        listener: listener.map(Into::into),
        address: "127.0.0.1".into(),
        port,
    };
    assert_eq!(sample().ports(), [port(Some("edge"), 10000), port(None, 9901)]);
    assert_eq!(
        sample().on_free_ports().ports(),
        [port(Some("edge"), 0), port(None, 0)]
    );
    assert_eq!(sample().endpoint("upstream"), Some(([127, 0, 0, 1], 9000).into()));
    let moved = sample()
        .listener_port("edge", 1)
        .and_then(|sample| sample.admin_port(2))
        .expect("both are there");
    assert_eq!(moved.ports(), [port(Some("edge"), 1), port(None, 2)]);
}

#[test]
fn a_configuration_goes_in_as_text_or_as_a_struct() {
    let configuration = json!({ "default": { "trust": "never" } });
    let text = plugin(
        sample()
            .configuration("request-id", &configuration)
            .expect("a plugin"),
    );
    assert_eq!(text["configuration"]["value"], r#"{"default":{"trust":"never"}}"#);
    let fields = plugin(
        sample()
            .configuration_struct("request-id", &configuration)
            .expect("a plugin"),
    );
    assert_eq!(fields["configuration"]["value"], configuration);
    assert_eq!(
        fields["configuration"]["@type"],
        "type.googleapis.com/google.protobuf.Struct"
    );
    let none = plugin(sample().without_configuration("request-id").expect("a plugin"));
    assert_eq!(none["configuration"], Value::Null);
}

#[test]
fn another_module_takes_the_place_of_the_first_and_leaves_the_rest_of_the_vm() {
    assert_eq!(sample().modules(), [std::path::Path::new("dist/request_id.wasm")]);
    let changed = sample().module("request-id", "/x.wasm").expect("a plugin");
    assert_eq!(changed.modules(), [std::path::Path::new("/x.wasm")]);
    assert_eq!(plugin(changed)["vm_config"]["runtime"], "envoy.wasm.runtime.v8");
}

#[test]
fn the_default_of_a_filter_that_is_discovered_has_a_module_too() {
    let sample = Sample::load("ecds/envoy.yaml").expect("the sample is YAML");
    let files = ["error_envelope", "request_id", "circuit_breaker", "retry"];
    let files = files.map(|file| std::path::PathBuf::from(format!("dist/{file}.wasm")));
    assert_eq!(sample.modules(), files);
}

#[test]
fn what_is_not_there_is_named() {
    let address = ([127, 0, 0, 1], 1).into();
    refused(
        sample().cluster("nowhere", address),
        "has not a cluster called nowhere with an endpoint",
    );
    refused(
        sample().cluster("nobody", address),
        "has not a cluster called nobody with an endpoint",
    );
    refused(
        sample().listener_port("inner", 1),
        "has not a listener called inner",
    );
    refused(
        sample().module("retry", "/x.wasm"),
        "has not a wasm filter called retry",
    );
    refused(sample().without_filter("retry"), "has not a filter called retry");
    refused(
        sample().set("/nowhere/at/all", json!(1)),
        "has not the parent of /nowhere/at/all",
    );
    refused(
        Sample::parse("request-id.yaml", "{}").and_then(|sample| sample.admin_port(1)),
        "has not an administration interface with an address",
    );
}

#[test]
fn what_is_no_yaml_is_refused_with_its_place() {
    let error = Sample::parse("mine", "a: b\nc: [")
        .expect_err("it is no YAML")
        .to_string();
    assert!(error.starts_with("mine: ") && error.contains("line 3"), "{error}");
}

#[test]
fn the_plugins_configuration_in_the_sample_is_json() {
    let text = plugin(sample())["configuration"]["value"]
        .as_str()
        .expect("a text")
        .to_owned();
    let configuration: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(configuration["default"]["trust"], "always");
}

/// Two files that users copy must not drift apart.
#[test]
fn the_tracing_sample_is_the_first_one_and_a_tracer() {
    let mut traced = Sample::load("request-id-tracing.yaml").expect("the sample is YAML");
    let tree = traced.tree();
    assert!(
        tree.as_object_mut()
            .expect("an object")
            .remove("layered_runtime")
            .is_some()
    );
    let manager = tree.pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config");
    let manager = manager
        .and_then(Value::as_object_mut)
        .expect("a connection manager");
    assert!(manager.remove("tracing").is_some());
    let clusters = tree
        .pointer_mut("/static_resources/clusters")
        .and_then(Value::as_array_mut)
        .expect("clusters");
    assert_eq!(clusters.pop().expect("a cluster")["name"], "collector");
    assert_eq!(tree, sample().tree());
}

#[test]
fn one_server_stands_for_all_clusters_at_the_address_of_upstream() {
    let moved =
        Sample::load("error-envelope.yaml").and_then(|sample| sample.upstream(([127, 0, 0, 1], 4).into()));
    let moved = moved.expect("the sample has an upstream");
    let at = |name: &str| moved.endpoint(name).map(|address| address.port());
    assert_eq!(
        (at("upstream"), at("full"), at("refused")),
        (Some(4), Some(4), Some(1))
    );
}
