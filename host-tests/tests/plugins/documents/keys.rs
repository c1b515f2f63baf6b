//! Every key is on its plugin's page, and the defaults shown there are the defaults.

use host_tests::document::{Document, root};
use host_tests::exchange::{Exchange, request_id::exchanges};
use host_tests::plugin::{ALL, Plugin, REQUEST_ID};
use serde_json::{Map, Value, json};

fn schema(plugin: &Plugin) -> Value {
    let path = root().join(format!("schemas/{}.schema.json", plugin.name));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a schema is JSON")
}

/// The first block of JSON on a plugin's page.
fn default_block(plugin: &Plugin) -> String {
    let blocks = Document::page_of(plugin.name).blocks_of("json");
    blocks.into_iter().next().expect("the page shows the defaults")
}

#[test]
fn the_default_block_of_a_page_holds_the_defaults() {
    for plugin in ALL {
        let shown: Value = serde_json::from_str(&default_block(plugin)).expect("it is JSON");
        let schema = schema(plugin);
        let policy = resolved(&schema, &schema["properties"]["default"]);
        let declared: Map<String, Value> = policy["properties"]
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
    let defaults: Value = serde_json::from_str(&default_block(&REQUEST_ID)).expect("it is JSON");
    let nothing = json!({});
    let mut compared = 0;
    for exchange in exchanges()
        .into_iter()
        .filter(|exchange| exchange.configuration == nothing)
    {
        let shown = exchange.clone().configured(defaults.clone());
        let run = |exchange: &Exchange| exchange.run(&exchange.host(&REQUEST_ID)).to_string();
        assert_eq!(run(&shown), run(&exchange), "{}", exchange.name);
        compared += 1;
    }
    assert!(compared >= 20, "{compared}");
}

/// The names of all members that a schema allows, however deep.
fn members(node: &Value, names: &mut Vec<String>) {
    match node {
        Value::Object(fields) => {
            if let Some(properties) = fields.get("properties").and_then(Value::as_object) {
                names.extend(properties.keys().cloned());
            }
            fields.values().for_each(|field| members(field, names));
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

#[test]
fn every_key_that_a_schema_has_is_on_its_page() {
    for plugin in ALL {
        let codes = Document::page_of(plugin.name).section("Every key").codes();
        let mut names = Vec::new();
        members(&schema(plugin), &mut names);
        assert!(names.len() > 30, "{}: {names:?}", plugin.name);
        for name in names {
            // A key stands there with its path, or as a member of a value.
            let is_there = codes.iter().any(|code| {
                let code = code.trim_matches('"');
                code == name || code.ends_with(&format!(".{name}"))
            });
            assert!(is_there, "{}: {name}", plugin.name);
        }
    }
}
