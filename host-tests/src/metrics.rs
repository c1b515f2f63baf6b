//! The metrics that the reference has, to hold the modules to it.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// A metric with its labels, as a module names it or as Prometheus scrapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The metric's name.
    pub name: String,
    /// Its labels, in order.
    pub labels: Vec<(String, String)>,
}

impl Series {
    /// What a module's name for it says: `<metric>.<label>=<value>;.<label>=<value>;`.
    pub fn of_raw(raw: &str) -> Option<Self> {
        let (name, mut rest) = raw.split_once('.').unwrap_or((raw, ""));
        let mut labels = Vec::new();
        while !rest.is_empty() {
            let (label, after) = rest.split_once('=')?;
            let (value, after) = after.split_once(';')?;
            labels.push((label.to_owned(), value.to_owned()));
            rest = after.strip_prefix('.').unwrap_or(after);
        }
        Some(Self {
            name: name.to_owned(),
            labels,
        })
    }

    /// A line of what Prometheus scrapes; `None` for a comment.
    pub fn of_line(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('{')?;
        let mut labels = Vec::new();
        let mut rest = rest;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            labels.push((label.trim_start_matches(',').to_owned(), value));
            rest = after;
        }
        Some(Self {
            name: name.to_owned(),
            labels,
        })
    }
}

/// What stands before the closing quote, without its escapes, and what behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

/// The reference, as `schemas/metrics.json` has it.
pub struct Reference {
    metrics: Vec<Value>,
}

impl Reference {
    /// Reads it.
    ///
    /// # Panics
    /// When it is not there.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/metrics.json");
        let text = std::fs::read_to_string(path).expect("there is a list of the metrics");
        Self {
            metrics: serde_json::from_str(&text).expect("it is JSON"),
        }
    }

    /// The names of all metrics.
    pub fn names(&self) -> BTreeSet<String> {
        self.metrics.iter().map(|metric| text(&metric["name"])).collect()
    }

    /// What is wrong with this series: it is not in the reference, or not with exactly these labels and values.
    pub fn fault(&self, series: &Series) -> Option<String> {
        let Some(metric) = self.metrics.iter().find(|metric| metric["name"] == *series.name) else {
            return Some(format!("no metric is called {}", series.name));
        };
        let mut given = series.labels.iter().peekable();
        for label in list(&metric["labels"]) {
            match given.next_if(|(name, _)| label["name"] == **name) {
                None if label["optional"] == true => {}
                None => return Some(format!("{}: no label {}", series.name, label["name"])),
                Some((name, value)) => {
                    let values = list(&label["values"]);
                    if !values.is_empty() && !values.iter().any(|known| known == value) {
                        return Some(format!("{}: {name} is never {value:?}", series.name));
                    }
                }
            }
        }
        given
            .next()
            .map(|(name, _)| format!("{}: no label is called {name}", series.name))
    }

    /// Each metric with each label and each of its values that the reference lists: `<metric>{<label>=<value>}`, or
    /// `<metric>{<label>}` where the configuration gives the values.
    pub fn entries(&self) -> BTreeSet<String> {
        let mut entries = BTreeSet::new();
        for metric in &self.metrics {
            for label in list(&metric["labels"]) {
                let (name, label_name) = (text(&metric["name"]), text(&label["name"]));
                match list(&label["values"]) {
                    [] => drop(entries.insert(format!("{name}{{{label_name}}}"))),
                    values => entries.extend(
                        values
                            .iter()
                            .map(|value| format!("{name}{{{label_name}={}}}", text(value))),
                    ),
                }
            }
        }
        entries
    }

    /// Those entries of which this series is an example.
    pub fn entries_of(&self, series: &Series) -> Vec<String> {
        let entries = self.entries();
        let of_label = |(label, value): &(String, String)| {
            let exact = format!("{}{{{label}={value}}}", series.name);
            match entries.contains(&exact) {
                true => exact,
                false => format!("{}{{{label}}}", series.name),
            }
        };
        series.labels.iter().map(of_label).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("it is text").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("it is a list")
}
