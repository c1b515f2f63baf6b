//! Every metric of the reference appears in what Prometheus scrapes, with the labels that the reference says, whatever the
//! names hold that the configuration gives.

use super::stage::{stand, traffic};
use crate::samples::{eventually, load_built_modules};
use host_tests::metrics::{Reference, Series};
use live::client::Request;
use live::{Envoy, Sample, Upstream, wait};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

/// The series of the plugins in what Prometheus scrapes, which are as the reference says.
#[track_caller]
fn of_the_plugins(envoy: &Envoy) -> Vec<Series> {
    let reference = Reference::read();
    let names = reference.names();
    let text = envoy.prometheus().expect("Envoy tells its metrics");
    let is_ours = |line: &&str| names.iter().any(|name| line.starts_with(name.as_str()));
    let lines: Vec<&str> = text.lines().filter(is_ours).collect();
    let series = lines.iter().map(|line| {
        let series = Series::of_line(line).unwrap_or_else(|| panic!("{line} has no labels"));
        assert_eq!(reference.fault(&series), None, "{line}");
        series
    });
    series.collect()
}

#[test]
fn every_metric_has_its_labels() {
    let stand = stand();
    traffic(&stand);
    let all = Reference::read().names();
    eventually("every metric", || {
        let seen: BTreeSet<String> = of_the_plugins(&stand.envoy)
            .into_iter()
            .map(|series| series.name)
            .collect();
        (seen == all).then_some(())
    });
}

#[test]
fn a_name_may_hold_whatever_it_likes() {
    // What means something to Envoy's statistics, to the plugins' labels, to Prometheus, or to none.
    for name in [
        "api.shop.example:8080/x",
        ".a--b..c",
        "cluster.upstream_rq_503.vhost.x.vcluster.y._rq_2xx",
    ] {
        assert_labelled(name, name, name);
    }
    // A breaker whose name is no plain token is known by its hash.
    for (name, hash) in [
        (r#"quoted "twice" and \ back"#, "#9a1a04fbe9e3c283"),
        (".breaker=other,to={x}", "#c07848365a951173"),
        ("größer als 東京", "#797446c61e77bdfb"),
    ] {
        assert_labelled(name, hash, name);
    }
    assert_labelled("one;two", "#7bc2f6759ed210a8", "one_two");
    // Envoy's doing: to it, a dot divides names.
    assert_labelled("a.b..", "a.b", "a.b");
}

/// What is configured to have this name has these labels: its breaker, and all else.
#[track_caller]
fn assert_labelled(name: &str, breaker: &str, label: &str) {
    let upstream = Upstream::start().expect("an upstream can be started");
    let start = || {
        let mut sample = Sample::load("envoy.yaml")?
            .on_free_ports()
            .upstream(upstream.address())?
            .configuration(
                "circuit-breaker",
                &json!({ "default": { "trip": { "consecutive_failures": 1 } },
                    "routes": [{ "match": { "path_prefix": "/route" }, "policy": { "key": "route" } }] }),
            )?
            .configuration("retry", &json!({ "default": { "statuses": [503] } }))?;
        renamed(sample.tree(), name);
        load_built_modules(sample.tree());
        Envoy::with(&sample.to_yaml()).concurrency(2).start()
    };
    let envoy = start().unwrap_or_else(|error| panic!("{name}: {error}"));
    for path in ["/route", "/cluster"] {
        for request in [
            Request::get(format!("{path}?status=503")),
            Request::post(format!("{path}?status=503"), ""),
        ] {
            envoy.send(&request).unwrap_or_else(|error| panic!("{error}"));
        }
    }
    let found = wait::until(Duration::from_secs(20), &format!("all labels of {name}"), || {
        let series = of_the_plugins(&envoy);
        let has = |metric: &str, labels: &[(&str, &str)]| {
            let labels = labels
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            series.contains(&Series {
                name: metric.to_owned(),
                labels: labels.collect(),
            })
        };
        let opened = [
            ("breaker", breaker),
            ("from", "closed"),
            ("to", "open"),
            ("reason", "consecutive_failures"),
        ];
        let all = has("circuit_breaker_state", &[("breaker", breaker)])
            && has("circuit_breaker_transitions_total", &opened)
            && has(
                "circuit_breaker_calls_total",
                &[("breaker", breaker), ("outcome", "rejected"), ("mode", "enforce")],
            )
            && has("retry_attempts_total", &[("route", label), ("attempt", "3")])
            && has("retry_budget_remaining", &[("cluster", label)]);
        Ok(all.then_some(()))
    });
    found.unwrap_or_else(|error| panic!("{error}\n{:#?}", of_the_plugins(&envoy)));
}

/// The cluster and the route that takes everything else, with this name.
fn renamed(tree: &mut serde_json::Value, name: &str) {
    match tree {
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| renamed(item, name)),
        serde_json::Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                let is_cluster =
                    matches!(key.as_str(), "cluster" | "cluster_name" | "name") && member == "upstream";
                match is_cluster || member == "everything-else" {
                    true => *member = json!(name),
                    false => renamed(member, name),
                }
            }
        }
        _ => {}
    }
}
