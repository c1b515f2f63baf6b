//! What operators load fits what there is: the samples make every label, each alert has an entry in the runbook, and each
//! metric that a rule names exists. (That queries return data is proven on the real Prometheus.)

use host_tests::metrics::Reference;
use host_tests::promql::series;
use live::{Sample, repository};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn read(path: &str) -> String {
    let path = repository().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn yaml(path: &Path) -> Value {
    Sample::open(path)
        .unwrap_or_else(|error| panic!("{error}"))
        .tree()
        .clone()
}

fn observability(file: &str) -> Value {
    yaml(&repository().join("envoy/observability").join(file))
}

/// The samples that are whole configurations of Envoy.
fn samples() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(repository().join("envoy")).expect("there are samples");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let samples: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert!(samples.len() > 10, "{samples:?}");
    samples
}

#[test]
fn every_sample_makes_every_label() {
    let tags = observability("stats_tags.yaml");
    for sample in samples() {
        let found = &yaml(&sample)["stats_config"];
        assert_eq!(*found, tags["stats_config"], "{}", sample.display());
    }
}

#[test]
fn every_manifest_makes_every_label() {
    let tags = read("envoy/observability/stats_tags.yaml");
    let tags: BTreeSet<&str> = tags
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("- {"))
        .collect();
    assert!(tags.len() > 15, "{tags:?}");
    for manifest in [
        "ecds/envoy.yaml",
        "envoy-gateway/proxy.yaml",
        "istio/envoyfilter.yaml",
    ] {
        let text = read(&format!("envoy/{manifest}"));
        let found: BTreeSet<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| line.contains("tag_name:"))
            .collect();
        assert_eq!(found, tags, "{manifest}");
    }
}

/// The settings of the first access log of this kind, wherever it stands.
fn access_log(node: &Value, name: &str) -> Option<Value> {
    match node {
        Value::Object(members) if members.get("name").is_some_and(|other| other == name) => {
            members.get("typed_config").cloned()
        }
        Value::Object(members) => members.values().find_map(|member| access_log(member, name)),
        Value::Array(items) => items.iter().find_map(|item| access_log(item, name)),
        _ => None,
    }
}

#[test]
fn the_samples_of_all_plugins_count_requests_by_method_status_and_route() {
    let counts = observability("request_metrics.yaml")[0]["typed_config"].clone();
    assert_eq!(counts["stats_scope"]["prefix"], "access_log");
    for sample in ["envoy.yaml", "edge.yaml"] {
        let tree = yaml(&repository().join("envoy").join(sample));
        assert_eq!(
            access_log(&tree, "envoy.access_loggers.stats"),
            Some(counts.clone()),
            "{sample}"
        );
    }
}

fn rules(file: &str) -> Vec<Value> {
    let tree = observability(&format!("prometheus/{file}"));
    let groups = tree["groups"].as_array().expect("there are groups").clone();
    groups
        .iter()
        .flat_map(|group| group["rules"].as_array().expect("there are rules").clone())
        .collect()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

#[test]
fn each_alert_has_an_entry_in_the_runbook_and_the_other_way_round() {
    let alerts = rules("alerts.yaml");
    let names: BTreeSet<String> = alerts.iter().map(|alert| text(&alert["alert"])).collect();
    assert_eq!(names.len(), alerts.len(), "each has a name of its own");
    let runbook = read("docs/runbook.md");
    let entries: BTreeSet<String> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(str::to_owned)
        .collect();
    assert_eq!(entries, names);
    for alert in &alerts {
        let link = format!("docs/runbook.md#{}", text(&alert["alert"]).to_lowercase());
        assert_eq!(alert["annotations"]["runbook_url"], *link);
    }
    for entry in runbook.split("\n## ").skip(1) {
        for part in ["**What it means.**", "**What to look at.**", "**What to do.**"] {
            assert!(entry.contains(part), "{part} is missing in:\n{entry}");
        }
    }
}

#[test]
fn each_alert_is_tested_to_fire_and_to_be_silent() {
    let folder = repository().join("envoy/observability/prometheus/tests");
    let files = std::fs::read_dir(folder).expect("there are tests");
    let cases: Vec<Value> = files
        .map(|entry| yaml(&entry.expect("an entry").path()))
        .flat_map(|tree| tree["tests"].as_array().expect("there are cases").clone())
        .flat_map(|case| case["alert_rule_test"].as_array().cloned().unwrap_or_default())
        .collect();
    for alert in rules("alerts.yaml") {
        let of_alert = |case: &&Value| case["alertname"] == alert["alert"];
        let is_silent = |case: &Value| case["exp_alerts"].as_array().is_none_or(Vec::is_empty);
        let (silent, fires): (Vec<&Value>, Vec<&Value>) =
            cases.iter().filter(of_alert).partition(|case| is_silent(case));
        assert!(!silent.is_empty(), "{} is never silent", alert["alert"]);
        assert!(!fires.is_empty(), "{} never fires", alert["alert"]);
    }
}

#[test]
fn each_series_that_a_rule_names_is_ours_or_envoys() {
    let recorded = rules("recording.yaml");
    let mut known = Reference::read().names();
    known.extend(recorded.iter().map(|rule| text(&rule["record"])));
    for rule in recorded.iter().chain(&rules("alerts.yaml")) {
        for name in series(&text(&rule["expr"])) {
            // Whether Envoy has it, the real one is asked.
            let is_known = known.contains(&name) || name.starts_with("envoy_");
            assert!(is_known, "{name} in {}", rule["expr"]);
        }
    }
}
