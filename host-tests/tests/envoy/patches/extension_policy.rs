//! What Envoy Gateway makes of an EnvoyExtensionPolicy: a filter for each entry, with a vm_id of its own.

use super::apply::documents;
use super::wasm_plugins::check;
use host_tests::plugin::MODULES;
use serde_json::{Value, json};
use std::path::Path;

/// An entry of the policy as a filter.
fn filter(index: usize, entry: &Value, module: &Path) -> Value {
    let id = format!("envoyextensionpolicy/default/policies/wasm/{index}");
    json!({
        "name": format!("envoy.filters.http.wasm/{id}"),
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": entry["name"],
                "root_id": entry["rootID"],
                "fail_open": entry["failOpen"],
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": entry["config"].to_string(),
                },
                "vm_config": {
                    "vm_id": id,
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": module } },
                },
            },
        },
    })
}

#[test]
fn the_entries_of_the_policy_do_what_it_says() {
    check_policy("envoy-gateway/policies.yaml");
}

#[test]
fn the_one_module_does_what_the_four_do() {
    check_policy("envoy-gateway/one-module.yaml");
}

#[track_caller]
fn check_policy(file: &str) {
    let policy = documents(file).remove(0);
    let entries = policy["spec"]["wasm"].as_array().expect("it has entries");
    let filters = entries.iter().enumerate().map(|(index, entry)| {
        let plugin = MODULES.iter().find(|plugin| entry["rootID"] == plugin.name);
        filter(index, entry, plugin.expect("there is this plugin").path())
    });
    check("gateway", filters.collect());
}
