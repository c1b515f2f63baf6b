//! What the documents promise: their configurations are accepted, their defaults are the defaults, their commands exist.

use host::{Configuration, Host};
use host_tests::exchange::request_id::exchanges;
use host_tests::plugin::{ALL, Plugin, REQUEST_ID};
use live::Sample;
use regex::Regex;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace is around this crate")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The blocks of this language in the section of README.md with this heading, or in all of it.
fn blocks(section: Option<&str>, language: &str) -> Vec<String> {
    let readme = read("README.md");
    let text = match section {
        None => readme.as_str(),
        Some(heading) => {
            let start = readme
                .find(&format!("\n## {heading}\n"))
                .unwrap_or_else(|| panic!("no section {heading}"));
            let section = &readme[start + 1..];
            &section[..section.find("\n## ").unwrap_or(section.len())]
        }
    };
    let block = Regex::new(&format!("(?ms)^```{language}\n(.*?)^```$")).expect("it is an expression");
    block
        .captures_iter(text)
        .map(|found| found[1].to_owned())
        .collect()
}

/// The plugin takes this configuration, and says nothing of it.
#[track_caller]
pub fn assert_accepted(plugin: &Plugin, configuration: impl Into<Configuration>, place: &str) {
    let host = Host::new(plugin.module()).config(configuration);
    if let Err(refused) = host.try_start() {
        panic!("{place}: {}: {refused}", plugin.name);
    }
    assert!(host.logs().is_empty(), "{place}: {:#?}", host.logs());
}

#[test]
fn every_configuration_in_the_readme_is_accepted() {
    let shared = blocks(Some("Configuration"), "json");
    assert_eq!(shared.len(), 1, "what all plugins share");
    for plugin in ALL {
        let own = blocks(Some(plugin.name), "json");
        assert!(own.len() >= 2, "the defaults of {} and an example", plugin.name);
        for block in shared.iter().chain(&own) {
            assert_accepted(plugin, block.as_str(), block);
        }
    }
    let yaml = blocks(None, "yaml");
    let filters: Vec<Value> = yaml.iter().map(|block| parsed(block)).collect();
    let accepted: usize = filters
        .iter()
        .map(|filter| accepted_within(filter, "README.md"))
        .sum();
    assert_eq!(accepted, ALL.len(), "it shows how to load each of them");
}

fn parsed(yaml: &str) -> Value {
    Sample::parse("README.md", yaml)
        .expect("it is YAML")
        .tree()
        .clone()
}

#[test]
fn the_default_block_of_the_readme_holds_the_defaults() {
    for plugin in ALL {
        let shown: Value = serde_json::from_str(&blocks(Some(plugin.name), "json")[0]).expect("it is JSON");
        let schema = read(&format!("schemas/{}.schema.json", plugin.name));
        let schema: Value = serde_json::from_str(&schema).expect("it is JSON");
        let policy = resolved(&schema, &schema["properties"]["default"]);
        let declared: serde_json::Map<String, Value> = policy["properties"]
            .as_object()
            .unwrap_or_else(|| panic!("the schema describes a policy: {policy:#}"))
            .iter()
            .map(|(key, setting)| (key.clone(), resolved(&schema, setting)["default"].clone()))
            .collect();
        assert_eq!(shown, json!({ "default": declared }), "{}", plugin.name);
    }
}

/// The schema of a value: behind a reference, and not that of `null`.
fn resolved<'s>(schema: &'s Value, node: &'s Value) -> &'s Value {
    if let Some(reference) = node["$ref"].as_str() {
        return resolved(
            schema,
            schema
                .pointer(reference.trim_start_matches('#'))
                .expect("the reference leads somewhere"),
        );
    }
    let choices = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|key| node[key].as_array())
        .flatten();
    let mut objects = choices
        .map(|choice| resolved(schema, choice))
        .filter(|choice| choice["properties"].is_object());
    match node["default"].is_null() {
        true => objects.next().unwrap_or(node),
        false if node["properties"].is_object() => node,
        false => objects
            .next()
            .filter(|found| found["default"] == node["default"] || node["default"] == json!({}))
            .unwrap_or(node),
    }
}

#[test]
fn with_the_default_block_the_plugin_does_what_it_does_with_nothing() {
    let defaults = &blocks(Some("request-id"), "json")[0];
    let nothing = json!({});
    let mut compared = 0;
    for exchange in exchanges()
        .into_iter()
        .filter(|exchange| exchange.configuration == nothing)
    {
        let mut shown = exchange.clone();
        shown.configuration = serde_json::from_str(defaults).expect("it is JSON");
        let run =
            |exchange: &host_tests::exchange::Exchange| exchange.run(&exchange.host(&REQUEST_ID)).to_string();
        assert_eq!(run(&shown), run(&exchange), "{}", exchange.name);
        compared += 1;
    }
    assert!(compared >= 20, "{compared}");
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
    let Some(plugin) = ALL.iter().find(|plugin| module == Some(&file(plugin))) else {
        return below;
    };
    let value = node.pointer("/configuration/value");
    match value.unwrap_or_else(|| panic!("{place}: a plugin without configuration")) {
        Value::String(text) => assert_accepted(plugin, text.as_str(), place),
        fields => assert_accepted(plugin, Configuration::as_struct(fields.clone()), place),
    }
    below + 1
}

#[test]
fn every_configuration_in_a_sample_is_accepted() {
    // In roll-out is what a sample takes from there while it runs.
    let mut samples: Vec<PathBuf> = ["envoy", "envoy/roll-out"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).expect("there are samples"))
        .map(|entry| entry.expect("the folder of samples can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 2, "{samples:?}");
    for path in samples {
        let tree = Sample::open(&path).expect("a sample is YAML").tree().clone();
        assert!(
            accepted_within(&tree, &path.display().to_string()) > 0,
            "{}: no plugin in it",
            path.display()
        );
    }
}

#[test]
fn where_retry_stands_in_a_sample_the_clusters_own_budget_has_the_same_numbers() {
    for file in ["retry.yaml", "envoy.yaml"] {
        let tree = Sample::load(file).expect("it is YAML").tree().clone();
        let connections =
            &tree["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
        let filters = connections["http_filters"].as_array().expect("a list");
        let retry = filters.iter().find(|filter| filter["name"] == "retry");
        let text = &retry.expect("retry is in it")["typed_config"]["config"]["configuration"]["value"];
        let configuration: Value = serde_json::from_str(text.as_str().expect("a text")).expect("it is JSON");
        let ours = &configuration["default"]["budget"];
        let envoys =
            &tree["static_resources"]["clusters"][0]["circuit_breakers"]["thresholds"][0]["retry_budget"];
        assert_eq!(ours["percent"], json!(20), "{file}");
        assert_eq!(envoys["budget_percent"]["value"], json!(20), "{file}");
        assert_eq!(
            ours["min_retry_rate"],
            json!({ "count": 10, "interval": "1s" }),
            "{file}"
        );
        assert_eq!(envoys["min_retry_concurrency"], json!(10), "{file}");
        for route in connections["route_config"]["virtual_hosts"][0]["routes"]
            .as_array()
            .expect("a list")
        {
            let retries_on = &route["route"]["retry_policy"]["retry_on"];
            // That one is there to show what becomes of it.
            assert!(
                retries_on.is_null() || route["name"] == "legacy",
                "{file}: {route}"
            );
        }
    }
}

#[test]
fn every_command_in_the_readme_is_a_target() {
    let makefile = read("Makefile");
    let command = Regex::new(r"(?m)(?:^|`)make ([a-z-]+)").expect("it is an expression");
    let readme = read("README.md");
    let commands: Vec<&str> = command
        .captures_iter(&readme)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    for expected in ["run", "test", "wasm", "help"] {
        assert!(
            commands.contains(&expected),
            "README.md does not say `make {expected}`"
        );
    }
    for command in commands {
        let target = Regex::new(&format!("(?m)^{command}:.*## ")).expect("it is an expression");
        assert!(
            target.is_match(&makefile),
            "`make {command}` is no target that `make help` lists"
        );
    }
}

#[test]
fn every_file_that_the_readme_links_is_there() {
    let link = Regex::new(r"\]\(([^)#:]+)\)").expect("it is an expression");
    let readme = read("README.md");
    let files: Vec<&str> = link
        .captures_iter(&readme)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        assert!(
            root().join(file).is_file(),
            "README.md links {file}, which is not there"
        );
    }
}
