//! A dashboard: its variables, what leads to the others, what is marked in its charts, and its panels in rows.

use crate::panel::Panel;
use crate::query::OF_JOB;
use serde_json::{Value, json};

/// The data source of numbers, which the variable of this name chooses.
pub(crate) const PROMETHEUS: &str = "${datasource}";
/// The data source of logs.
pub(crate) const LOGS: &str = "${logs}";

/// How wide a dashboard is.
const WIDTH: u32 = 24;

/// What a reader chooses at the top.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Variable {
    /// A data source of this kind: name, label, kind.
    Source(&'static str, &'static str, &'static str),
    /// Any number of the values that a query gives: name, label, query.
    Values(&'static str, &'static str, &'static str),
    /// Whatever is typed: name, label, default.
    Typed(&'static str, &'static str, &'static str),
}

/// The Prometheus, and the kind of Envoy.
pub(crate) const COMMON: [Variable; 2] = [
    Variable::Source("datasource", "Prometheus", "prometheus"),
    Variable::Values("job", "Job", "label_values(envoy_server_uptime, job)"),
];

/// A dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Dashboard {
    /// The stem of its file.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) variables: Vec<Variable>,
    pub(crate) rows: Vec<(&'static str, Vec<Panel>)>,
}

/// The address of a dashboard, with the time, Prometheus and Envoys that are chosen here, and these variables.
pub(crate) fn address(name: &str, variables: &str) -> String {
    format!(
        "/d/{}?{variables}&${{datasource:queryparam}}&${{job:queryparam}}&${{__url_time_range}}",
        uid(name)
    )
}

fn uid(name: &str) -> String {
    format!("envoy-policies-{name}")
}

impl Dashboard {
    /// As Grafana has it.
    pub(crate) fn json(&self) -> Value {
        json!({
            "uid": uid(self.name), "title": self.title, "description": self.description, "tags": ["envoy", "policies"],
            // Of Grafana 10.4: newer ones read it, too.
            "schemaVersion": 39, "version": 1, "editable": true, "graphTooltip": 1, "fiscalYearStartMonth": 0,
            "timezone": "browser", "weekStart": "", "refresh": "30s", "time": { "from": "now-1h", "to": "now" },
            "timepicker": {}, "preload": false, "liveNow": false,
            "templating": { "list": self.variables.iter().map(Variable::json).collect::<Value>() },
            "annotations": { "list": annotations() },
            "links": self.links(),
            "panels": self.panels(),
        })
    }

    /// To the two others, and to what to do.
    fn links(&self) -> Value {
        let names = [
            ("overview", "Overview"),
            ("service", "Service"),
            ("diagnosis", "Diagnosis"),
        ];
        let others = names.iter().filter(|(name, _)| *name != self.name);
        let link = |(name, title): &(&str, &str)| {
            json!({
                "type": "link", "title": title, "url": format!("/d/{}", uid(name)), "icon": "dashboard", "tooltip": "",
                "tags": [], "asDropdown": false, "targetBlank": false, "includeVars": true, "keepTime": true,
            })
        };
        others.map(link).collect()
    }

    fn panels(&self) -> Value {
        let (mut panels, mut y) = (Vec::new(), 0);
        for (title, row) in &self.rows {
            panels.push(json!({
                "id": panels.len() + 1, "type": "row", "title": title, "collapsed": false, "panels": [],
                "gridPos": { "x": 0, "y": y, "w": WIDTH, "h": 1 },
            }));
            let (mut x, mut height) = (0, 0);
            y += 1;
            for panel in row {
                if x + panel.width > WIDTH {
                    (x, y, height) = (0, y + height, 0);
                }
                panels.push(panel.json(panels.len() + 1, x, y));
                (x, height) = (x + panel.width, height.max(panel.height));
            }
            y += height;
        }
        Value::Array(panels)
    }
}

impl Variable {
    fn json(&self) -> Value {
        match *self {
            Variable::Source(name, label, kind) => json!({
                "name": name, "label": label, "type": "datasource", "query": kind, "regex": "", "refresh": 1, "hide": 0,
                "includeAll": false, "multi": false, "skipUrlSync": false, "options": [],
            }),
            Variable::Values(name, label, query) => json!({
                "name": name, "label": label, "type": "query", "definition": query,
                "query": { "query": query, "refId": "StandardVariableQuery" },
                "datasource": { "type": "prometheus", "uid": PROMETHEUS },
                // When the time changes; in alphabetical order.
                "refresh": 2, "sort": 1, "regex": "", "hide": 0, "skipUrlSync": false, "options": [],
                // All is also what has no such label.
                "includeAll": true, "allValue": ".*", "multi": true, "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
            }),
            Variable::Typed(name, label, value) => json!({
                "name": name, "label": label, "type": "textbox", "query": value, "hide": 0, "skipUrlSync": false,
                "current": { "selected": true, "text": value, "value": value },
                "options": [{ "selected": true, "text": value, "value": value }],
            }),
        }
    }
}

/// What is marked in every chart: what explains a jump in it.
fn annotations() -> Vec<Value> {
    let mut annotations = vec![json!({
        "builtIn": 1, "name": "Annotations & Alerts", "type": "dashboard", "enable": true, "hide": true,
        "iconColor": "rgba(0, 211, 255, 1)", "datasource": { "type": "grafana", "uid": "-- Grafana --" },
    })];
    let grew = |metrics: &[&str]| {
        let grew = metrics
            .iter()
            .map(|metric| format!("increase({metric}{{{OF_JOB}}}[$__rate_interval])"));
        grew.collect::<Vec<_>>().join(" + ")
    };
    let died = grew(&["envoy_wasm_vm_reload_success", "envoy_wasm_vm_reload_failure"]);
    let died = format!("sum by (instance, plugin) ({died}) > 0");
    let listener = grew(&[
        "envoy_listener_manager_listener_modified",
        "envoy_listener_manager_listener_added",
    ]);
    let listener = format!("sum by (instance) ({listener}) > 0");
    // Each filter has a metric of its own, so that they are summed up before it is asked what came to them.
    let filters = format!("{{__name__=~\"envoy_extension_config_discovery_.+_config_reload\", {OF_JOB}}}");
    let filter = format!("increase(sum by (instance) ({filters})[$__rate_interval:]) > 0");
    let started = format!("sum by (instance) (envoy_server_uptime{{{OF_JOB}}}) < 60");
    for (name, colour, expression, title, text) in [
        (
            "Plugin died",
            "red",
            died,
            "VM reloaded",
            "{{plugin}} on {{instance}}",
        ),
        (
            "Listener changed",
            "blue",
            listener,
            "Listener reloaded",
            "{{instance}}",
        ),
        (
            "Filter changed",
            "blue",
            filter,
            "Plugins' configuration reloaded",
            "{{instance}}",
        ),
        (
            "Envoy started",
            "purple",
            started,
            "Envoy started",
            "{{instance}}",
        ),
    ] {
        annotations.push(json!({
            "name": name, "enable": true, "hide": false, "iconColor": colour,
            "datasource": { "type": "prometheus", "uid": PROMETHEUS },
            "target": { "refId": "Anno", "expr": expression, "interval": "" },
            "titleFormat": title, "textFormat": text, "tagKeys": "", "useValueForTime": false,
        }));
    }
    annotations
}
