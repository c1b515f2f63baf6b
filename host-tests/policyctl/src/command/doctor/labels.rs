//! The labels of metrics, which the bootstrap makes of their names.

use super::Context;
use super::finding::{Finding, Kind};
use crate::document::Node;
use regex::Regex;
use serde_json::Value;

pub(super) const KINDS: &[&Kind] = &[&LABELS_MISSING, &LABELS_WRONG];

static LABELS_MISSING: Kind = Kind::warning(
    "labels-missing",
    "The labels stay in the metrics' names: rules, alerts and dashboards that go by them find nothing.",
);
static LABELS_WRONG: Kind = Kind::warning(
    "labels-wrong",
    "The expression does not cut the label out of the metrics' names: it is missing, or has another value.",
);

/// Generated: which metric has which labels.
const METRICS: &str = include_str!("../../../../../schemas/metrics.json");

/// A value as a breaker's may be.
const VALUE: &str = "api.shop.example:8080/x";

pub(super) fn check(context: &Context<'_>, found: &mut Vec<Finding>) {
    let Some(bootstrap) = &context.proxy.labels else {
        return;
    };
    let installed: Vec<&str> = context.proxy.plugins().map(|(_, plugin)| plugin.name).collect();
    if installed.is_empty() {
        return;
    }
    let tags = bootstrap.all("stats_config.stats_tags");
    let mut missing = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for (label, metric) in labels(&installed) {
        if told.contains(&label) {
            continue;
        }
        let own: Vec<&Node<'_>> = tags.iter().filter(|tag| tag.text("tag_name") == label).collect();
        match own.as_slice() {
            [] => missing.push(label.clone()),
            [first, ..] if !own.iter().any(|tag| cuts(tag, &label, &metric)) => {
                let what = format!("the tag {label} does not take the label out of {metric}");
                found.push(
                    Finding::at(&LABELS_WRONG, first, what)
                        .within("bootstrap")
                        .cure(tag(&label)),
                );
            }
            _ => continue,
        }
        told.push(label);
    }
    if missing.is_empty() {
        return;
    }
    let what = match tags.is_empty() {
        true => "there are no stats_tags for the plugins' metrics".to_owned(),
        false => format!("stats_tags are missing for {}", missing.join(", ")),
    };
    let lines: Vec<String> = missing.iter().map(|label| tag(label)).collect();
    let cure = format!("stats_config:\n  stats_tags:\n{}", lines.join("\n"));
    let at = bootstrap
        .at("stats_config.stats_tags")
        .unwrap_or_else(|| bootstrap.clone());
    found.push(
        Finding::at(&LABELS_MISSING, &at, what)
            .within("bootstrap")
            .cure(cure),
    );
}

/// The line of the bootstrap that makes a label of this name.
pub(super) fn tag(label: &str) -> String {
    format!(
        "  - {{ tag_name: {label}, regex: '^wasmcustom\\.[a-z_]+(?:\\.[a-z_]+=[^;]*;)*?(\\.{label}=([^;]*);)' }}"
    )
}

/// The labels of these plugins' metrics, each with a metric that has it, as Envoy sees its name.
pub(super) fn labels(plugins: &[&str]) -> Vec<(String, String)> {
    let metrics: Value = serde_json::from_str(METRICS).unwrap_or_default();
    let mut all = Vec::new();
    for metric in metrics.as_array().into_iter().flatten() {
        let of = metric.get("plugin").and_then(Value::as_str);
        if of.is_some_and(|plugin| !plugins.contains(&plugin)) {
            continue;
        }
        let name = metric.get("name").and_then(Value::as_str).unwrap_or_default();
        let labels = metric.get("labels").and_then(Value::as_array);
        let labels: Vec<&str> = labels
            .into_iter()
            .flatten()
            .filter_map(|label| label.get("name")?.as_str())
            .collect();
        let values: String = labels.iter().map(|label| format!(".{label}={VALUE};")).collect();
        let raw = format!("wasmcustom.{name}{values}");
        all.extend(labels.into_iter().map(|label| (label.to_owned(), raw.clone())));
    }
    all
}

/// Whether this expression makes the label of the name: what its first group is is cut out, its second is the value.
fn cuts(tag: &Node<'_>, label: &str, metric: &str) -> bool {
    let Ok(expression) = Regex::new(tag.text("regex")) else {
        // Envoy's expressions know more than these here: that is no fault.
        return true;
    };
    let Some(groups) = expression.captures(metric) else {
        return false;
    };
    let group = |number| groups.get(number).map(|group| group.as_str()).unwrap_or_default();
    // Of one group, that is both.
    let value = groups.get(2).map_or(group(1), |group| group.as_str());
    value == VALUE && group(1) == format!(".{label}={VALUE};")
}
