//! Why the rules before the one that was met were not met.
//!
//! Asked of the module: a configuration whose only rule has one condition of such a rule either meets the request, or that
//! condition is why not.

use super::asked::Asked;
use super::chain::Chain;
use super::record::Record;
use super::routes::Table;
use serde_json::{Map, Value, json};

/// So many rules of a plugin are looked into, each condition by a host of its own.
const MOST_RULES: usize = 30;

/// A rule that was passed over, and the conditions of it that do not hold.
pub(super) struct PassedOver {
    pub(super) plugin: String,
    pub(super) rule: usize,
    /// `path_prefix "/payments"`
    pub(super) unmet: Vec<String>,
}

/// The rules that the request passed over, in every plugin that says which rule it met.
pub(super) fn of(chain: &Chain, table: &Table, asked: &Asked, record: &Record) -> Vec<PassedOver> {
    let mut all = Vec::new();
    for explained in &record.explained {
        let text = |name: &str| explained.get(name).and_then(Value::as_str).unwrap_or_default();
        let (plugin, met) = (text("plugin"), text("rule"));
        let Some(rules) = rules(chain, plugin) else {
            continue;
        };
        let before = match met {
            "default" => rules.len(),
            met => index(met).unwrap_or(0),
        };
        for (number, rule) in rules.iter().enumerate().take(before.min(MOST_RULES)) {
            let unmet = conditions(rule).into_iter().filter_map(|condition| {
                let rules = json!([{ "match": condition.clone() }]);
                let host = chain.host_with_rules(table, asked, plugin, &rules);
                host.try_start().ok()?;
                let tried = Record::of(&host, asked, 1);
                let tried = tried
                    .explained
                    .iter()
                    .find(|each| each.get("plugin").is_some_and(|name| name == plugin))?;
                (tried.get("rule")? != "routes[0]").then(|| told(&condition))
            });
            all.push(PassedOver {
                plugin: plugin.to_owned(),
                rule: number,
                unmet: unmet.collect(),
            });
        }
    }
    all
}

/// The rules of the plugin of this name, if one filter is that plugin.
fn rules(chain: &Chain, plugin: &str) -> Option<Vec<Value>> {
    let mut found = chain.members().filter_map(|member| {
        let tree = &member.installed.configuration.as_ref()?.tree;
        let section = match member.installed.plugin? {
            "policies" => tree.get(plugin)?,
            of if of == plugin => tree,
            _ => return None,
        };
        Some(
            section
                .get("routes")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
        )
    });
    let rules = found.next()?;
    found.next().is_none().then_some(rules)
}

/// `routes[3]`
fn index(rule: &str) -> Option<usize> {
    rule.strip_prefix("routes[")?.strip_suffix(']')?.parse().ok()
}

/// Each condition of a rule by itself.
fn conditions(rule: &Value) -> Vec<Map<String, Value>> {
    let mut all = Vec::new();
    for (key, value) in rule.get("match").and_then(Value::as_object).into_iter().flatten() {
        match value.as_object() {
            Some(headers) if key == "headers" => {
                let one = |(name, value): (&String, &Value)| {
                    Map::from_iter([(key.clone(), json!({ name: value }))])
                };
                all.extend(headers.iter().map(one));
            }
            _ => all.push(Map::from_iter([(key.clone(), value.clone())])),
        }
    }
    all
}

fn told(condition: &Map<String, Value>) -> String {
    let told = condition.iter().map(|(key, value)| format!("{key} {value}"));
    told.collect::<Vec<_>>().join(", ")
}
