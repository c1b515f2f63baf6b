//! Every recording rule and every alert of Prometheus has something to work on.
//!
//! Of an alert that is: with its thresholds dropped (`without_thresholds`), its expression gives something while every
//! policy acts. Whether it fires at its threshold is for promtool's tests.

use super::stage::{stand, traffic};
use crate::samples::eventually;
use host_tests::promql::{series, without_thresholds};
use live::Prometheus;
use std::collections::BTreeSet;

fn text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// Waits for a number: nothing divided by nothing, which a rate is until something has happened, is none.
#[track_caller]
fn assert_has_data(prometheus: &Prometheus, what: &str, expression: &str) {
    eventually(&format!("data of {what}: {expression}"), || {
        let found = prometheus
            .query(expression)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        found
            .iter()
            .any(|measured| measured.value.is_finite())
            .then_some(())
    });
}

#[test]
fn every_rule_and_every_alert_has_data_while_every_policy_acts() {
    let stand = stand();
    let prometheus = Prometheus::scraping(stand.envoy.admin()).unwrap_or_else(|error| panic!("{error}"));
    traffic(&stand);
    // A counter or histogram has increased once it was seen and then grew. Envoy shows histograms each five seconds.
    assert_has_data(&prometheus, "a first time", "http_requests_total");
    assert_has_data(
        &prometheus,
        "a first time",
        "http_request_duration_seconds_count > 0",
    );
    traffic(&stand);
    let rules = prometheus.rules().expect("it tells its rules");
    let (alerts, recorded): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule["type"] == "alerting");
    assert!(alerts.len() > 10 && recorded.len() > 35, "{rules:#?}");
    for rule in recorded {
        assert_has_data(&prometheus, "a rule", &text(&rule["name"]));
    }
    let mut named = BTreeSet::new();
    for alert in alerts {
        let (name, expression) = (text(&alert["name"]), text(&alert["query"]));
        let judged = without_thresholds(&expression).unwrap_or_else(|| panic!("{name} has no threshold"));
        assert_has_data(&prometheus, &name, &judged);
        named.extend(series(&expression));
    }
    // An expression may give something though one of its series is none.
    for series in named {
        assert_has_data(&prometheus, "a series of an alert", &series);
    }
    let rules = prometheus.rules().expect("it tells its rules");
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule:#}");
    }
}

#[test]
fn requests_have_their_usual_names() {
    let stand = stand();
    let prometheus = Prometheus::scraping(stand.envoy.admin()).unwrap_or_else(|error| panic!("{error}"));
    traffic(&stand);
    let value = |expression: &str| {
        let found = prometheus
            .query_until_found(expression)
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let refused = value(r#"http_requests_total{status_code="404"}"#);
    assert_eq!(refused.value, 1.0);
    let labels = ["method", "route"].map(|label| refused.labels[label].as_str());
    assert_eq!(labels, ["GET", "payments"]);
    let posted = value(r#"http_requests_total{method="POST"}"#);
    assert_eq!(
        (posted.value, posted.labels["status_code"].as_str()),
        (1.0, "503")
    );
    // Envoy shows histograms each five seconds.
    let took = r#"http_request_duration_seconds_bucket{method="POST", le="60"} > 0"#;
    assert_eq!(value(took).value, 1.0);
    let in_progress = value(r#"http_requests_in_progress{listener="edge"}"#);
    assert_eq!(in_progress.value, 0.0);
}

#[test]
fn an_expression_that_is_none_is_told() {
    let prometheus =
        Prometheus::scraping(([127, 0, 0, 1], 1).into()).unwrap_or_else(|error| panic!("{error}"));
    let error = prometheus
        .query("sum(")
        .expect_err("it is no expression")
        .to_string();
    assert!(error.contains("parse error"), "{error}");
    let up = prometheus
        .query_until_found("up")
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((up.len(), up[0].value), (1, 0.0), "nobody listens there");
    let one = prometheus
        .query("scalar(vector(1))")
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((one.len(), one[0].value), (1, 1.0));
}
