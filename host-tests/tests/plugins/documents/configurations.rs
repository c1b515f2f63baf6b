//! Configurations in the documents.

use super::{accepted_within, assert_accepted};
use host_tests::document::Document;
use host_tests::plugin::{ALL, MODULES, Plugin};
use live::Sample;
use serde_json::Value;

#[test]
fn every_configuration_on_a_plugins_page_is_accepted() {
    for plugin in ALL {
        let blocks = Document::page_of(plugin.name).blocks_of("json");
        assert!(
            blocks.len() >= 2,
            "the defaults of {} and an example",
            plugin.name
        );
        for block in blocks {
            assert_accepted(plugin, block.as_str(), &block);
        }
    }
}

#[test]
fn what_all_plugins_share_is_accepted_by_each() {
    let blocks = Document::open("docs/configuration.md").blocks_of("json");
    assert_eq!(blocks.len(), 1);
    for plugin in ALL {
        assert_accepted(plugin, blocks[0].as_str(), "docs/configuration.md");
    }
}

#[test]
fn a_configuration_that_names_its_plugins_is_accepted_by_them() {
    let mut checked = 0;
    for document in Document::all() {
        for block in document.blocks() {
            let mut words = block.info.split(' ');
            if words.next() != Some("json") {
                continue;
            }
            for word in words {
                if let Some(plugin) = MODULES.iter().find(|plugin| plugin.name == word) {
                    assert_accepted(plugin, block.text.as_str(), &document.path.display().to_string());
                    checked += 1;
                }
            }
        }
    }
    assert!(checked >= 9, "{checked}");
}

fn parsed(name: &str, yaml: &str) -> Value {
    let sample = Sample::parse(name, yaml);
    let mut sample = sample.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    sample.tree().clone()
}

#[test]
fn every_filter_that_the_documents_load_is_accepted() {
    let counts = [
        ("README.md", 1),
        ("docs/envoy.md", ALL.len()),
        ("docs/one-module.md", 1),
    ];
    for (path, count) in counts {
        let blocks = Document::open(path).blocks_of("yaml");
        let accepted: usize = blocks
            .iter()
            .map(|block| accepted_within(&parsed(path, block), path))
            .sum();
        assert_eq!(accepted, count, "{path}");
    }
}

#[test]
fn every_manifest_in_the_documents_has_a_configuration_that_is_accepted() {
    let path = "docs/istio.md";
    let istio = parsed(path, &Document::open(path).blocks_of("yaml")[0]);
    let spec = &istio["spec"];
    assert_accepted(named(&spec["pluginName"]), spec["pluginConfig"].clone(), path);

    let path = "docs/envoy-gateway.md";
    let gateway = parsed(path, &Document::open(path).blocks_of("yaml")[0]);
    let modules = gateway["spec"]["wasm"].as_array().expect("a list of modules");
    assert!(!modules.is_empty());
    for module in modules {
        assert_accepted(named(&module["name"]), module["config"].clone(), path);
    }
}

#[track_caller]
fn named(name: &Value) -> &'static Plugin {
    let plugin = ALL.iter().find(|plugin| *name == plugin.name);
    plugin.unwrap_or_else(|| panic!("{name} is no plugin"))
}

/// Whether all that is shown stands in the whole: members of objects, and items of lists in any order.
fn is_part(shown: &Value, whole: &Value) -> bool {
    match (shown, whole) {
        (Value::Object(shown), Value::Object(whole)) => shown
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|other| is_part(value, other))),
        (Value::Array(shown), Value::Array(whole)) => shown
            .iter()
            .all(|item| whole.iter().any(|other| is_part(item, other))),
        _ => shown == whole,
    }
}

/// The configuration of a plugin within a tree of Envoy's.
fn configuration_of(plugin: &Plugin, node: &Value) -> Option<Value> {
    if node["name"] == plugin.name {
        let text = node
            .pointer("/typed_config/config/configuration/value")?
            .as_str()?;
        return serde_json::from_str(text).ok();
    }
    match node {
        Value::Array(items) => items.iter().find_map(|item| configuration_of(plugin, item)),
        Value::Object(members) => members.values().find_map(|item| configuration_of(plugin, item)),
        _ => None,
    }
}

#[test]
fn the_worked_example_of_a_page_is_what_its_sample_runs() {
    for plugin in ALL {
        let sample = format!("envoy/{}.yaml", plugin.name);
        let blocks = Document::page_of(plugin.name).blocks_of(&format!("json sample {sample}"));
        let [block] = blocks.as_slice() else {
            panic!("{} worked examples of {}", blocks.len(), plugin.name);
        };
        assert_accepted(plugin, block.as_str(), &sample);
        let shown: Value = serde_json::from_str(block).expect("it is JSON");
        let whole = configuration_of(plugin, &parsed(&sample, Document::open(&sample).text()));
        let whole = whole.unwrap_or_else(|| panic!("{sample} configures {}", plugin.name));
        assert!(
            is_part(&shown, &whole),
            "{shown:#}\nis no part of {sample}'s\n{whole:#}"
        );
    }
}
