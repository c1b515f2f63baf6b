//! Walking the tree of a configuration.

use serde_json::Value;

/// Calls `look` with every node, parents first.
pub(super) fn visit<'t>(node: &'t Value, look: &mut impl FnMut(&'t Value)) {
    look(node);
    match node {
        Value::Array(items) => items.iter().for_each(|item| visit(item, look)),
        Value::Object(members) => members.values().for_each(|member| visit(member, look)),
        _ => {}
    }
}

/// The first node, parents first, that `is` the one.
pub(super) fn find<'t>(node: &'t mut Value, is: &impl Fn(&Value) -> bool) -> Option<&'t mut Value> {
    if is(node) {
        return Some(node);
    }
    match node {
        Value::Array(items) => items.iter_mut().find_map(|item| find(item, is)),
        Value::Object(members) => members.values_mut().find_map(|member| find(member, is)),
        _ => None,
    }
}

/// Whether this is an entry of a filter chain that holds a wasm plugin.
pub(super) fn is_wasm_filter(node: &Value) -> bool {
    node.get("typed_config").is_some_and(is_wasm)
}

/// Whether this is what a wasm plugin is configured by.
pub(super) fn is_wasm(node: &Value) -> bool {
    let kind = node.get("@type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.ends_with("envoy.extensions.filters.http.wasm.v3.Wasm"))
}

/// A JSON pointer's parent, and the unescaped key below it.
pub(super) fn pointer_parent(pointer: &str) -> Option<(&str, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}
