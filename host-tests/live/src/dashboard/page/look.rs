//! Colours and units of a panel, as its file says.

use super::{Dashboard, Panel};
use regex::Regex;
use serde_json::Value;

/// The colours of series that have none of their own, in turn.
const PALETTE: [&str; 8] = [
    "#3274d9", "#56a64b", "#ff9830", "#e02f44", "#a352cc", "#37872d", "#0a437c", "#fa6400",
];

/// How a panel's values look.
pub(super) struct Look {
    unit: String,
    /// From where on a value has which colour.
    steps: Vec<(f64, String)>,
    /// The names of series, and their colours.
    colours: Vec<(Regex, String)>,
    /// What a value is called, and its colour.
    states: Vec<(String, String, String)>,
}

impl Look {
    pub(super) fn of(panel: &Panel) -> Self {
        let (defaults, overrides) = (
            &panel.tree["fieldConfig"]["defaults"],
            &panel.tree["fieldConfig"]["overrides"],
        );
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let steps = list(&defaults["thresholds"]["steps"]);
        let by_name = list(overrides)
            .into_iter()
            .filter(|over| over["matcher"]["id"] == "byRegexp");
        let colours = by_name.filter_map(|over| {
            let names = Regex::new(&format!("^(?:{})$", over["matcher"]["options"].as_str()?)).ok()?;
            Some((names, colour(&over["properties"][0]["value"]["fixedColor"])))
        });
        let states = defaults["mappings"][0]["options"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        Look {
            unit: defaults["unit"].as_str().unwrap_or_default().to_owned(),
            steps: steps
                .iter()
                .map(|step| {
                    (
                        step["value"].as_f64().unwrap_or(f64::NEG_INFINITY),
                        colour(&step["color"]),
                    )
                })
                .collect(),
            colours: colours.collect(),
            states: states
                .into_iter()
                .map(|(value, state)| {
                    (
                        value,
                        state["text"].as_str().unwrap_or_default().to_owned(),
                        colour(&state["color"]),
                    )
                })
                .collect(),
        }
    }

    /// The same, in another unit.
    pub(super) fn in_unit(self, unit: Option<&str>) -> Self {
        match unit {
            Some(unit) => Look {
                unit: unit.to_owned(),
                ..self
            },
            None => self,
        }
    }

    /// The colour of the series of this name, which is the so many-th.
    pub(super) fn of_series(&self, name: &str, index: usize) -> String {
        let own = self.colours.iter().find(|(names, _)| names.is_match(name));
        match own {
            Some((_, colour)) => colour.clone(),
            None => PALETTE
                .iter()
                .cycle()
                .nth(index)
                .map_or_else(String::new, |colour| (*colour).to_owned()),
        }
    }

    /// The colour of a value.
    pub(super) fn of_threshold(&self, value: f64) -> &str {
        let reached = self.steps.iter().rfind(|(from, _)| value >= *from);
        reached.map_or("", |(_, colour)| colour.as_str())
    }

    /// The thresholds, and the colours above them.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = &(f64, String)> {
        self.steps.iter().filter(|(from, _)| from.is_finite())
    }

    /// What a value is called, and its colour.
    pub(super) fn of_state(&self, value: f64) -> Option<(&str, &str)> {
        let value = value.to_string();
        let (_, text, colour) = self.states.iter().find(|(state, _, _)| *state == value)?;
        Some((text, colour))
    }

    /// All of them.
    pub(super) fn states(&self) -> impl Iterator<Item = (&str, &str)> {
        self.states
            .iter()
            .map(|(_, text, colour)| (text.as_str(), colour.as_str()))
    }

    /// A value with its unit.
    pub(super) fn text(&self, value: f64) -> String {
        match self.unit.as_str() {
            "percentunit" => format!("{} %", rounded(value * 100.0)),
            "s" if value.abs() < 1.0 => format!("{} ms", rounded(value * 1000.0)),
            "s" => format!("{} s", rounded(value)),
            "reqps" => format!("{} req/s", rounded(value)),
            "ops" => format!("{} /s", rounded(value)),
            _ => rounded(value),
        }
    }
}

/// The colour of an annotation.
pub(super) fn of_mark(dashboard: &Dashboard, name: &str) -> String {
    let annotations = dashboard.tree()["annotations"]["list"].as_array();
    let mut annotations = annotations.into_iter().flatten();
    let mark = annotations.find(|mark| mark["name"] == *name);
    mark.map_or_else(String::new, |mark| colour(&mark["iconColor"]))
}

/// Three digits, no more.
fn rounded(value: f64) -> String {
    let text = match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Grafana's names for colours.
fn colour(name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    let colour = match name {
        "green" => "#56a64b",
        "orange" => "#ff9830",
        "red" => "#e02f44",
        "blue" => "#3274d9",
        "purple" => "#a352cc",
        other => other,
    };
    colour.to_owned()
}

/// A text in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
