//! Every panel of every dashboard, every variable and every annotation gets data from the real Prometheus.
//!
//! With all that a variable has, as a dashboard opens, and with one value of each. Whether Grafana draws it is not for
//! here; that the logs of the diagnosis dashboard are found by their id is, with Envoy's own log in Loki's place.

use super::stage::{stand, traffic};
use crate::ecds::fleet::{Fleet, of_service};
use crate::samples::eventually;
use crate::stand::Stand;
use host_tests::promql::{series, without_thresholds};
use live::client::Request;
use live::dashboard::{Dashboard, Panel, Times};
use live::{Measured, Prometheus};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A test's Prometheus scrapes each second, and has nothing to show that is old.
const TIMES: Times = Times {
    rate: "1m",
    range: "15m",
};

fn load(name: &str) -> Dashboard {
    Dashboard::load(name).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn all() -> [Dashboard; 3] {
    ["overview", "service", "diagnosis"].map(load)
}

fn query(prometheus: &Prometheus, expression: &str) -> Vec<Measured> {
    prometheus
        .query(expression)
        .unwrap_or_else(|error| panic!("{expression}: {error}"))
}

/// Waits for a number: nothing divided by nothing is none.
#[track_caller]
fn assert_has_data(prometheus: &Prometheus, what: &str, expression: &str) {
    eventually(&format!("data of {what}: {expression}"), || {
        let found = query(prometheus, expression);
        found
            .iter()
            .any(|measured| measured.value.is_finite())
            .then_some(())
    });
}

/// Traffic twice: a counter has increased once it was seen and then grew. Envoy shows histograms each five seconds.
pub(super) fn busy() -> (Stand, Prometheus) {
    let stand = stand();
    let prometheus = Prometheus::scraping(stand.envoy.admin()).unwrap_or_else(|error| panic!("{error}"));
    traffic(&stand);
    assert_has_data(
        &prometheus,
        "a first time",
        "http_request_duration_seconds_count > 0",
    );
    traffic(&stand);
    (stand, prometheus)
}

#[track_caller]
fn panel(dashboard: &Dashboard, title: &str) -> Panel {
    let mut panels = dashboard.panels().into_iter();
    panels
        .find(|panel| panel.title == title)
        .unwrap_or_else(|| panic!("no panel is called {title}"))
}

/// Each label that the legend names is one that the series have. (Here no breaker has a direction or a position.)
#[track_caller]
fn assert_named(prometheus: &Prometheus, expression: &str, legend: &str) {
    let labels = legend
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"));
    for (label, _) in labels.filter(|(label, _)| !["direction", "position"].contains(label)) {
        let found = query(prometheus, expression);
        assert!(
            found.iter().any(|measured| measured.labels.contains_key(label)),
            "{label} of {expression}"
        );
    }
}

#[test]
fn every_panel_has_data_while_every_policy_acts() {
    let (_stand, prometheus) = busy();
    // What the traffic is about.
    let chosen = [
        ("job", "envoy"),
        ("route", "background"),
        ("breaker", "background"),
        ("cluster", "upstream"),
    ];
    let (mut asked, mut named) = (0, BTreeSet::new());
    for dashboard in all() {
        for panel in dashboard.panels() {
            for query in panel.queries.iter().filter(|query| query.source == "prometheus") {
                for chosen in [&[][..], &chosen] {
                    let expression = dashboard.filled_in(&query.expression, TIMES, chosen);
                    assert!(!expression.contains("$__"), "{expression}");
                    assert_has_data(&prometheus, &panel.title, &expression);
                    asked += 1;
                }
                let expression = dashboard.filled_in(&query.expression, TIMES, &[]);
                assert_named(&prometheus, &expression, &query.legend);
                named.extend(series(&expression));
            }
        }
    }
    // An expression may give something though one of its series is none.
    for series in named {
        assert_has_data(&prometheus, "a series of a panel", &series);
    }
    assert!(asked > 120, "{asked} expressions");
}

#[test]
fn every_variable_has_values_and_every_annotation_something_to_judge() {
    let (_stand, prometheus) = busy();
    for dashboard in all() {
        let choices = dashboard.choices();
        assert!(!choices.is_empty());
        for (name, expression, label) in choices {
            let expression = dashboard.filled_in(&expression, TIMES, &[]);
            eventually(&format!("values of {name}: {label} of {expression}"), || {
                let found = query(&prometheus, &expression);
                found
                    .iter()
                    .any(|measured| measured.labels.get(&label).is_some_and(|value| !value.is_empty()))
                    .then_some(())
            });
        }
        for (name, query) in dashboard.annotations() {
            // Only Envoys that discover filters have this one: below.
            if name == "Filter changed" {
                continue;
            }
            let expression = dashboard.filled_in(&query.expression, TIMES, &[]);
            let judged = without_thresholds(&expression).unwrap_or_else(|| panic!("{name} has no threshold"));
            assert_has_data(&prometheus, &name, &judged);
        }
    }
}

#[test]
fn a_changed_filter_is_marked() {
    let (fleet, _upstream) = Fleet::as_it_is();
    let prometheus = Prometheus::scraping(fleet.envoy.admin()).unwrap_or_else(|error| panic!("{error}"));
    let dashboard = load("overview");
    let mut annotations = dashboard.annotations().into_iter();
    let (_, mark) = annotations
        .find(|(name, _)| name == "Filter changed")
        .expect("it is there");
    let expression = dashboard.filled_in(&mark.expression, Times { rate: "5m", ..TIMES }, &[]);
    let judged = without_thresholds(&expression).expect("it has a threshold");
    assert_has_data(&prometheus, "a first time", &judged);
    assert_eq!(query(&prometheus, &expression), [], "nothing has changed");
    fleet.filters.put("retry", &of_service("retry", json!("edge-2")));
    eventually("the mark", || {
        (!query(&prometheus, &expression).is_empty()).then_some(())
    });
}

/// What is in the place of a counter that came to be with its first event.
#[test]
fn a_transition_is_shown_from_the_first_on() {
    let stand = stand();
    let prometheus = Prometheus::scraping(stand.envoy.admin()).unwrap_or_else(|error| panic!("{error}"));
    eventually("a first scrape", || {
        (!query(&prometheus, "envoy_server_uptime").is_empty()).then_some(())
    });
    for _ in 0..3 {
        let answer = stand.envoy.send(&Request::post("/payments/status/503", ""));
        assert_eq!(answer.unwrap_or_else(|error| panic!("{error}")).status, 503);
    }
    let dashboard = load("service");
    let table = panel(&dashboard, "Transitions in the time that is shown");
    let expression = dashboard.filled_in(&table.queries[0].expression, TIMES, &[]);
    let opened = eventually("the transition", || {
        let found = query(&prometheus, &expression);
        found.into_iter().find(|measured| measured.labels["to"] == "open")
    });
    assert_eq!(
        (opened.labels["reason"].as_str(), opened.value),
        ("consecutive_failures", 1.0)
    );
    let state = panel(&dashboard, "State");
    let expression = dashboard.filled_in(&state.queries[0].expression, TIMES, &[("breaker", "payments")]);
    eventually("the state", || {
        let found = query(&prometheus, &expression);
        found
            .iter()
            .any(|measured| measured.labels["breaker"] == "payments")
            .then_some(())
    });
}

/// The texts that an expression of Loki demands of a line: those between back quotes behind `|=`.
fn demanded(expression: &str) -> Vec<String> {
    let behind = expression.split("|= `").skip(1);
    behind
        .filter_map(|rest| Some(rest.split_once('`')?.0.to_owned()))
        .collect()
}

#[test]
fn an_error_is_found_by_the_id_that_its_client_has() {
    let stand = stand();
    let body: Value = eventually("a rejection", || {
        let answer = stand.envoy.send(&Request::post("/payments/status/503", ""));
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        let body: Value = serde_json::from_str(&answer.text()).expect("the standard body");
        (body["error_code"] == "CIRCUIT_OPEN").then_some(body)
    });
    let id = body["request_id"].as_str().expect("it has an id");
    let dashboard = load("diagnosis");
    let query = panel(&dashboard, "Access log").queries[0].clone();
    assert_eq!(query.source, "loki");
    let expression = dashboard.filled_in(&query.expression, TIMES, &[("id", id)]);
    let demanded = demanded(&expression);
    assert_eq!(demanded, [id]);
    let entry: Value = eventually("its entry", || {
        let log = stand.envoy.access_log().unwrap_or_else(|error| panic!("{error}"));
        let has = |entry: &Value| demanded.iter().all(|text| entry.to_string().contains(text));
        log.into_iter().find(has)
    });
    let found = ["request_id", "route", "error_code", "circuit"].map(|name| entry[name].as_str());
    assert_eq!(
        found,
        [
            Some(id),
            Some("payments"),
            Some("CIRCUIT_OPEN"),
            Some("payments:open")
        ]
    );
    // By these members the panel chooses, besides.
    for member in ["request_id", "route", "error_code"] {
        assert!(expression.contains(&format!("| {member} ")), "{expression}");
    }
}
