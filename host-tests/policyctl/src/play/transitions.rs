//! The breakers, as the modules tell of them: their transitions from log lines, and that they are there from the gauges.

use super::seen::{Breaker, Transition};
use crate::scenario::State;
use host::LogLine;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The breakers by name.
#[derive(Default)]
pub(crate) struct Breakers(BTreeMap<String, Vec<Transition>>);

/// What a line of the log has beside the numbers.
const NO_NUMBERS: &[&str] = &[
    "timestamp",
    "severity",
    "plugin",
    "event",
    "service_name",
    "held_back",
    "request_id",
    "trace_id",
    "breaker",
    "key",
    "from",
    "to",
    "reason",
];

/// Behind the name of a breaker that stands in a cluster, where it sees attempts.
const OF_ATTEMPTS: &str = " (attempts)";

impl Breakers {
    /// A plugin wrote this line at this time.
    pub(crate) fn read(&mut self, at: Duration, line: &LogLine, of_clusters: &BTreeSet<String>) {
        let Ok(Value::Object(mut line_of_ours)) = serde_json::from_str(&line.message) else {
            return;
        };
        let word = |key: &str, line: &Map<String, Value>| Some(line.get(key)?.as_str()?.to_owned());
        if word("event", &line_of_ours).as_deref() != Some("transition") {
            return;
        }
        let state = |key: &str| State::named(line_of_ours.get(key)?.as_str()?);
        let (Some(name), Some(from), Some(to)) = (word("breaker", &line_of_ours), state("from"), state("to"))
        else {
            return;
        };
        let reason = word("reason", &line_of_ours).unwrap_or_default();
        line_of_ours.retain(|key, _| !NO_NUMBERS.contains(&key.as_str()));
        let position = if of_clusters.contains(&line.plugin) {
            OF_ATTEMPTS
        } else {
            ""
        };
        self.0.entry(name + position).or_default().push(Transition {
            at,
            from,
            to,
            reason,
            numbers: line_of_ours,
        });
    }

    /// All of them, those included that only have a gauge.
    pub(crate) fn all(mut self, metrics: &BTreeMap<String, u64>) -> Vec<Breaker> {
        for raw in metrics.keys() {
            let Some(labels) = raw.strip_prefix("circuit_breaker_state.") else {
                continue;
            };
            let label = |name: &str| {
                let mut all = labels
                    .split(';')
                    .filter_map(|label| label.trim_start_matches('.').split_once('='));
                all.find(|(key, _)| *key == name)
                    .map(|(_, value)| value.to_owned())
            };
            let position = match label("position").as_deref() {
                Some("upstream") => OF_ATTEMPTS,
                _ => "",
            };
            if let Some(name) = label("breaker") {
                self.0.entry(name + position).or_default();
            }
        }
        let named = self.0.into_iter();
        named
            .map(|(name, transitions)| Breaker { name, transitions })
            .collect()
    }
}
