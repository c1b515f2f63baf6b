//! What a plugin's configuration says in so many words. What comes of it, once rules are laid over profiles and profiles over
//! the default, only the plugin knows: nothing here pretends to.

use crate::document::Node;
use crate::modules::Modules;
use crate::proxy::Plugin;
use serde_json::Value;

/// Where a key of this name has a value like that, anywhere in a plugin's configuration.
pub(super) fn literal(plugin: &Plugin, key: &str, is_it: impl Fn(&Value) -> bool) -> Option<String> {
    let document = plugin.configuration.as_ref()?;
    let mut place = None;
    each(&document.root(), key, &mut |node| {
        if place.is_none() && is_it(node.value()) {
            place = Some(node.told_place());
        }
    });
    place
}

/// Each node that has this key, anywhere below.
pub(super) fn each<'d>(node: &Node<'d>, key: &str, visit: &mut impl FnMut(Node<'d>)) {
    for (name, below) in node.members() {
        if name == key {
            visit(below.clone());
        }
        each(&below, key, visit);
    }
    for item in node.items() {
        each(&item, key, visit);
    }
}

/// The routes that rules go by.
pub(super) fn rules_by<'d>(plugin: &'d Plugin, what: &str) -> Vec<Node<'d>> {
    let Some(document) = &plugin.configuration else {
        return Vec::new();
    };
    let rules = document.root().all("routes").into_iter();
    rules
        .filter_map(|rule| rule.at(&format!("match.{what}")))
        .collect()
}

/// What stands at this path in the plugin's `default`, or what its schema says is so by default.
pub(super) fn in_default(plugin: &Plugin, modules: &Modules, path: &str) -> Option<Value> {
    let said = plugin.configuration.as_ref().and_then(|document| {
        let at = document.root().at(&format!("default.{path}"))?;
        Some(at.value().clone())
    });
    said.or_else(|| {
        let schema: Value = serde_json::from_str(modules.schema(plugin.name)?).ok()?;
        let mut keys = path.split('.');
        let first = keys.next()?;
        let policy = schema.pointer("/$defs/policy/properties")?;
        let default = policy.get(first).map(default_of)??;
        keys.try_fold(default, |value, key| value.get(key).cloned())
    })
}

/// The default of a setting, which may be one of several forms.
fn default_of(setting: &Value) -> Option<Value> {
    if let Some(default) = setting.get("default") {
        return Some(default.clone());
    }
    let forms = setting.get("anyOf")?.as_array()?;
    forms.iter().find_map(default_of)
}

/// A duration as a number, so that `60s` is the same as `1m`.
pub(super) fn milliseconds(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let unit = match text.strip_prefix(digits)? {
        "ms" => 1.0,
        "s" => 1_000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return None,
    };
    Some(number * unit)
}
