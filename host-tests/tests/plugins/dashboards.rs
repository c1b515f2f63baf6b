//! Grafana's dashboards hold together: what Grafana demands is there, nothing lies upon another, each variable is declared,
//! each link leads somewhere, and each metric of the reference is to be seen. (That queries return data is proven on the
//! real Prometheus.)

use host_tests::metrics::Reference;
use host_tests::promql::series;
use live::dashboard::Dashboard;
use live::{Sample, repository};
use serde_json::Value;
use std::collections::BTreeSet;

const NAMES: [&str; 3] = ["overview", "service", "diagnosis"];

fn load(name: &str) -> Dashboard {
    Dashboard::load(name).unwrap_or_else(|error| panic!("{error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The names behind each `before` in a text, as long as they are letters, digits and `_`.
fn names_behind<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let is_outside = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(is_outside).next())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_dashboard_has_what_grafana_demands() {
    for name in NAMES {
        let dashboard = load(name);
        let tree = dashboard.tree();
        assert_eq!(tree["uid"], format!("envoy-policies-{name}"));
        assert_eq!(tree["schemaVersion"], 39);
        assert!(text(&tree["title"]).starts_with("Envoy policies: "));
        let mut ids = BTreeSet::new();
        for panel in list(&tree["panels"]) {
            assert!(ids.insert(number(&panel["id"])), "{panel:#}");
            let kind = text(&panel["type"]);
            let is_known = [
                "row",
                "timeseries",
                "state-timeline",
                "stat",
                "table",
                "logs",
                "text",
            ];
            assert!(is_known.contains(&kind), "{kind}");
            if ["row", "text"].contains(&kind) {
                continue;
            }
            assert!(!text(&panel["title"]).is_empty(), "{panel:#}");
            let source = if kind == "logs" {
                "${logs}"
            } else {
                "${datasource}"
            };
            let mut references = BTreeSet::new();
            for target in list(&panel["targets"]) {
                assert!(references.insert(text(&target["refId"])), "{panel:#}");
                for of in [panel, target] {
                    assert_eq!(of["datasource"]["uid"], source, "{panel:#}");
                }
            }
            assert!(!references.is_empty(), "{panel:#}");
            if kind != "logs" {
                let defaults = &panel["fieldConfig"]["defaults"];
                let units = ["reqps", "ops", "percentunit", "s", "short"];
                assert!(units.contains(&text(&defaults["unit"])), "{panel:#}");
                let steps = list(&defaults["thresholds"]["steps"]);
                // The first begins nowhere, and each of the others above the one before it.
                assert_eq!(steps[0]["value"], Value::Null, "{panel:#}");
                let values: Vec<f64> = steps.iter().filter_map(|step| step["value"].as_f64()).collect();
                assert!(values.len() == steps.len() - 1 && values.is_sorted(), "{panel:#}");
            }
        }
    }
}

#[test]
fn no_panel_lies_upon_another() {
    for name in NAMES {
        let dashboard = load(name);
        let mut taken = BTreeSet::new();
        for panel in list(&dashboard.tree()["panels"]) {
            let [x, y, width, height] = ["x", "y", "w", "h"].map(|member| number(&panel["gridPos"][member]));
            assert!(width > 0 && height > 0 && x + width <= 24, "{panel:#}");
            for place in (x..x + width).flat_map(|x| (y..y + height).map(move |y| (x, y))) {
                assert!(taken.insert(place), "{name}: {} at {place:?}", panel["title"]);
            }
        }
    }
}

#[test]
fn each_variable_is_declared_and_of_use() {
    for name in NAMES {
        let dashboard = load(name);
        let declared = dashboard.variables();
        let declared: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
        let mut used = BTreeSet::new();
        let whole = dashboard.tree().to_string();
        for variable in names_behind(&whole, "$").union(&names_behind(&whole, "${")) {
            // Those of Grafana itself, and what label_replace has found.
            if !variable.starts_with("__") && *variable != "1" {
                used.insert(*variable);
            }
        }
        assert_eq!(used, declared, "{name}");
    }
}

#[test]
fn each_link_leads_to_a_dashboard_and_sets_what_that_has() {
    for name in NAMES {
        let dashboard = load(name);
        let links: BTreeSet<&str> = list(&dashboard.tree()["links"])
            .iter()
            .map(|link| text(&link["url"]))
            .collect();
        let others = NAMES.iter().filter(|other| **other != name);
        let others: Vec<String> = others.map(|other| format!("/d/envoy-policies-{other}")).collect();
        assert_eq!(links, others.iter().map(String::as_str).collect(), "{name}");
        for panel in dashboard.panels() {
            let whole = panel.tree.to_string();
            for address in whole.split("/d/envoy-policies-").skip(1) {
                let address = address.split('"').next().unwrap_or_default();
                let (target, rest) = address.split_once('?').expect("it sets variables");
                let known = load(target).variables();
                let set = names_behind(rest, "var-");
                assert!(
                    !set.is_empty() && set.iter().all(|name| known.contains_key(*name)),
                    "{address}"
                );
                // The label that it is about is one that the panel has.
                for label in names_behind(rest, "__field.labels.") {
                    let legend = format!("{{{{{label}}}}}");
                    assert!(
                        panel.queries.iter().all(|query| query.legend.contains(&legend)),
                        "{address}"
                    );
                }
            }
        }
    }
}

#[test]
fn each_metric_of_the_plugins_is_on_a_dashboard_and_each_series_is_known() {
    let recording = repository().join("envoy/observability/prometheus/recording.yaml");
    let mut recording = Sample::open(&recording).unwrap_or_else(|error| panic!("{error}"));
    let reference = Reference::read().names();
    let mut known = reference.clone();
    for group in list(&recording.tree()["groups"]) {
        known.extend(
            list(&group["rules"])
                .iter()
                .map(|rule| text(&rule["record"]).to_owned()),
        );
    }
    let mut shown = BTreeSet::new();
    for name in NAMES {
        let dashboard = load(name);
        for query in dashboard.panels().iter().flat_map(|panel| &panel.queries) {
            if query.source != "prometheus" {
                continue;
            }
            let expression = query.expression.replace("$__", "");
            for series in series(&expression) {
                let is_known = known.contains(&series) || series.starts_with("envoy_");
                let is_time = ["rate_interval", "range"].contains(&series.as_str());
                assert!(is_known || is_time, "{series} in {expression}");
                shown.insert(series);
            }
        }
    }
    let missing: Vec<&String> = reference.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn grafana_is_told_where_the_dashboards_are_and_where_their_data() {
    let folder = repository().join("envoy/observability/grafana/provisioning");
    let yaml = |file: &str| {
        let sample = Sample::open(&folder.join(file)).unwrap_or_else(|error| panic!("{error}"));
        sample.clone().tree().clone()
    };
    let providers = yaml("dashboards/policies.yaml");
    assert_eq!(providers["apiVersion"], 1);
    let path = text(&providers["providers"][0]["options"]["path"]);
    let guide =
        std::fs::read_to_string(repository().join("docs/observability.md")).expect("there is a guide");
    assert!(
        guide.contains(&format!("envoy/observability/grafana:{path}")),
        "{path}"
    );
    let sources = yaml("datasources/prometheus.yaml");
    let source = &sources["datasources"][0];
    assert_eq!(
        (&source["type"], &source["isDefault"]),
        (&"prometheus".into(), &true.into())
    );
    // As often as Prometheus scrapes: rates are taken over four of it.
    let mut prometheus = Sample::open(&repository().join("envoy/observability/prometheus/prometheus.yaml"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        source["jsonData"]["timeInterval"],
        prometheus.tree()["global"]["scrape_interval"]
    );
}
