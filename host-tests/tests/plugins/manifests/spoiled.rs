//! The definitions see what is wrong: each manifest is spoiled in each of its places.

use super::{definitions, documents, of_kind};
use serde_json::{Value, json};

/// Below these keys a resource holds whatever it is given: configurations of plugins, parts of Envoy's, labels.
const FREE: [&str; 5] = ["pluginConfig", "config", "value", "matchLabels", "labels"];

/// Calls `look` with the pointer of every node whose shape a definition says.
fn visit(node: &Value, pointer: &str, look: &mut impl FnMut(&str, &Value)) {
    look(pointer, node);
    match node {
        Value::Object(members) => {
            for (key, member) in members.iter().filter(|(key, _)| !FREE.contains(&key.as_str())) {
                visit(member, &format!("{pointer}/{key}"), look);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &format!("{pointer}/{index}"), look);
            }
        }
        _ => {}
    }
}

#[track_caller]
fn assert_refused(tree: &Value, pointer: &str, value: Value, place: &str) {
    let mut spoiled = tree.clone();
    *spoiled.pointer_mut(pointer).expect("it is there") = value.clone();
    assert!(
        !definitions::faults(&spoiled).is_empty(),
        "{place}: {value} at {pointer} is let through"
    );
}

#[test]
fn a_key_that_there_is_not_is_refused_wherever_it_stands() {
    let mut places = 0;
    for document in documents() {
        visit(&document.tree, "", &mut |pointer, node| {
            let Value::Object(members) = node else { return };
            let mut members = members.clone();
            members.insert("thereIsNoSuchKey".into(), json!(1));
            assert_refused(&document.tree, pointer, members.into(), &document.place);
            places += 1;
        });
    }
    assert!(places > 150, "only {places}");
}

#[test]
fn a_value_of_another_type_is_refused_wherever_it_stands() {
    let mut places = 0;
    for document in documents() {
        visit(&document.tree, "", &mut |pointer, node| {
            let other = match node {
                Value::String(_) => json!(["a list"]),
                Value::Object(_) | Value::Array(_) => json!("a text"),
                Value::Number(_) | Value::Bool(_) => json!("neither"),
                Value::Null => panic!("{}: nothing at {pointer}", document.place),
            };
            assert_refused(&document.tree, pointer, other, &document.place);
            places += 1;
        });
    }
    assert!(places > 400, "only {places}");
}

#[test]
fn a_word_that_there_is_not_is_refused() {
    let words = [
        ("WasmPlugin", "/spec/failStrategy"),
        ("WasmPlugin", "/spec/phase"),
        ("TrafficExtension", "/spec/phase"),
        ("TrafficExtension", "/spec/wasm/failStrategy"),
        ("EnvoyFilter", "/spec/configPatches/0/applyTo"),
        ("EnvoyFilter", "/spec/configPatches/0/match/context"),
        ("EnvoyFilter", "/spec/configPatches/0/patch/operation"),
        ("EnvoyExtensionPolicy", "/spec/targetRefs/0/kind"),
        ("EnvoyExtensionPolicy", "/spec/wasm/0/code/type"),
        ("ClientTrafficPolicy", "/spec/headers/requestID"),
        ("EnvoyProxy", "/spec/bootstrap/type"),
        ("EnvoyPatchPolicy", "/spec/jsonPatches/0/type"),
        ("EnvoyPatchPolicy", "/spec/jsonPatches/0/operation/op"),
    ];
    for (kind, pointer) in words {
        let documents = of_kind(kind);
        let document = documents
            .iter()
            .find(|document| document.tree.pointer(pointer).is_some());
        let document = document.unwrap_or_else(|| panic!("no {kind} has {pointer}"));
        assert_refused(&document.tree, pointer, json!("FAIL_SOMEHOW"), &document.place);
    }
}

#[test]
fn a_resource_of_another_version_or_kind_is_refused() {
    for document in documents() {
        for key in ["/apiVersion", "/kind"] {
            assert_refused(
                &document.tree,
                key,
                json!("networking.istio.io/v2"),
                &document.place,
            );
        }
    }
}
