//! What the documents promise: their configurations are accepted, their defaults are the defaults, every key and all that the
//! plugins tell is on their pages, links lead somewhere, and commands exist.

mod commands;
mod configurations;
mod figures;
mod keys;
mod links;
mod samples;
mod told;

use host::{Configuration, Host};
use host_tests::plugin::{MODULES, Plugin};
use serde_json::Value;

/// The plugin takes this configuration, and says nothing of it.
#[track_caller]
pub fn assert_accepted(plugin: &Plugin, configuration: impl Into<Configuration>, place: &str) {
    assert_accepted_as(plugin, "", configuration, place);
}

/// So does the module with this root id.
#[track_caller]
fn assert_accepted_as(plugin: &Plugin, root_id: &str, configuration: impl Into<Configuration>, place: &str) {
    let host = Host::new(plugin.module()).root_id(root_id).config(configuration);
    if let Err(refused) = host.try_start() {
        panic!("{place}: {}: {refused}", plugin.name);
    }
    assert!(host.logs().is_empty(), "{place}: {:#?}", host.logs());
}

/// Checks each configuration of a plugin within a tree of Envoy's; returns how many there were.
fn accepted_within(node: &Value, place: &str) -> usize {
    let below = match node {
        Value::Array(items) => items.iter().map(|item| accepted_within(item, place)).sum(),
        Value::Object(members) => members
            .values()
            .map(|member| accepted_within(member, place))
            .sum(),
        _ => 0,
    };
    let module = node
        .pointer("/vm_config/code/local/filename")
        .and_then(Value::as_str);
    let file = |plugin: &Plugin| format!("dist/{}.wasm", plugin.name.replace('-', "_"));
    let Some(plugin) = MODULES.iter().find(|plugin| module == Some(&file(plugin))) else {
        return below;
    };
    let root_id = node["root_id"].as_str().unwrap_or_default();
    let value = node.pointer("/configuration/value");
    match value.unwrap_or_else(|| panic!("{place}: a plugin without configuration")) {
        Value::String(text) => assert_accepted_as(plugin, root_id, text.as_str(), place),
        fields => assert_accepted_as(plugin, root_id, Configuration::as_struct(fields.clone()), place),
    }
    below + 1
}
