//! The list, as files.

use super::{Label, METRICS};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The list as JSON, for programs.
pub fn list() -> String {
    let label = |label: &Label| {
        let values: Vec<_> = label.values.iter().map(|(word, _)| *word).collect();
        json!({ "name": label.name, "optional": label.optional, "values": values })
    };
    let metrics: Vec<Value> = METRICS
        .iter()
        .map(|metric| {
            json!({
                "name": metric.name,
                "type": metric.kind.as_str(),
                "plugin": metric.plugin,
                "labels": metric.labels.iter().map(label).collect::<Vec<_>>(),
            })
        })
        .collect();
    format!("{:#}\n", json!(metrics))
}

/// The names of all labels, each once. Envoy shows the labels of a metric in the order of the tags: those that more labels
/// follow in a name come first, so that it is the order of the name.
fn labels() -> Vec<&'static str> {
    let mut names: Vec<(usize, &str)> = Vec::new();
    for metric in METRICS {
        for (following, label) in metric.labels.iter().rev().enumerate().rev() {
            match names.iter_mut().find(|(_, name)| *name == label.name) {
                Some((most, _)) => *most = following.max(*most),
                None => names.push((following, label.name)),
            }
        }
    }
    names.sort_by_key(|(following, _)| std::cmp::Reverse(*following));
    names.into_iter().map(|(_, name)| name).collect()
}

/// The part of a bootstrap that makes labels.
pub fn stats_tags() -> String {
    let mut text = String::from(
        "# A plugin's metric has its labels in its name, `<metric>.<label>=<value>;…`: these make them labels again. The first group
# of each is cut out of the name, the second is the label's value. docs/metrics.md says which metric has which.
stats_config:
  stats_tags:
",
    );
    for name in labels() {
        let _ = writeln!(
            text,
            r"    - {{ tag_name: {name}, regex: '^wasmcustom\.[a-z_]+(?:\.[a-z_]+=[^;]*;)*?(\.{name}=([^;]*);)' }}"
        );
    }
    // Envoy's own count of deaths: of a filter's VM, in whose name the filter's stands.
    text.push_str(r"    - { tag_name: plugin, regex: '^wasm\.((.+)\.)vm_reload' }");
    text.push('\n');
    text
}

/// The reference page.
pub fn page() -> String {
    let mut page = String::from(
        "# Metrics

Every metric of the plugins, with every label and value. Generated, as [metrics.json](../schemas/metrics.json) is for programs;
[observability.md](observability.md) says how to get them into Prometheus, and what else is there.

They stand on Envoy's administration interface under `/stats/prometheus`, and have labels where the bootstrap has the `stats_tags` of
[stats_tags.yaml](../envoy/observability/stats_tags.yaml), as every sample does; without, the labels stay in the name. All workers
count together. A value that configuration gives a name to has that name whatever its characters, but for `;`, which becomes `_`, and
for dots at its end, which Envoy drops.

Envoy counts itself when the VM of a filter dies: `envoy_wasm_vm_reload_success{plugin}` when it is made anew, `_failure` when that fails,
`_backoff` when a request comes too soon after it. `plugin` is the filter's `name` in the configuration. (`envoy_wasm_vm_reload` stays 0.)

",
    );
    let mut of_plugin: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for metric in METRICS {
        let plugin = metric.plugin.unwrap_or("all of them");
        of_plugin.entry(plugin).or_default().push(metric.name);
    }
    page.push_str("| plugin | metrics |\n|---|---|\n");
    for (plugin, names) in of_plugin {
        let names: Vec<String> = names.iter().map(|name| format!("[`{name}`](#{name})")).collect();
        let _ = writeln!(page, "| {plugin} | {} |", names.join(", "));
    }
    for metric in METRICS {
        let _ = write!(
            page,
            "\n## {}\n\nA {}. {}\n\n",
            metric.name,
            metric.kind.as_str(),
            metric.doc
        );
        for label in metric.labels {
            let _ = writeln!(page, "* `{}`: {}", label.name, label.doc);
            for (word, doc) in label.values {
                let colon = if doc.is_empty() { "" } else { ": " };
                let _ = writeln!(page, "  * `{word}`{colon}{doc}");
            }
        }
    }
    page
}
