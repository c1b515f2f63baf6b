//! The plugins' metrics, before and after.

use std::collections::BTreeMap;

/// The metrics that the demo tells of, with what each counts.
pub(super) const TOLD: [(&str, &str); 7] = [
    (
        "request_ids_total",
        "ids taken from the caller (accepted), made (generated), or refused",
    ),
    (
        "errors_total",
        "errors that callers got, by code and by who made them",
    ),
    (
        "retry_attempts_total",
        "second and further tries, by where the request went",
    ),
    (
        "retry_suppressed_total",
        "answers on which others would have been tried again, and why these were not",
    ),
    (
        "circuit_breaker_calls_total",
        "what became of requests; rejected: never sent on",
    ),
    (
        "circuit_breaker_transitions_total",
        "each change of a breaker's state, and why",
    ),
    ("circuit_breaker_state", "0 closed, 1 open, 2 half-open"),
];

/// What is now so, and not how often something was.
const STATE: &str = "circuit_breaker_state";

/// Values by name and labels, such as `request_ids_total{source="accepted"}`.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics(BTreeMap<String, u64>);

impl Metrics {
    /// The series of this text that are whole numbers.
    pub(super) fn of(text: &str) -> Self {
        let series = text.lines().filter(|line| !line.starts_with('#'));
        let series = series.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Metrics(series.collect())
    }

    /// The series of one metric that have changed since `before`, each with its labels and by how much; of a state, what
    /// it is.
    pub(super) fn since(&self, before: &Metrics, metric: &str) -> Vec<(String, String)> {
        let series = self.0.iter().filter_map(|(series, value)| {
            let labels = series
                .strip_prefix(metric)?
                .strip_prefix('{')?
                .strip_suffix('}')?;
            let text = if metric == STATE {
                value.to_string()
            } else {
                let grown = value.saturating_sub(before.0.get(series).copied().unwrap_or_default());
                (grown > 0).then(|| format!("+{grown}"))?
            };
            Some((labels.to_owned(), text))
        });
        series.collect()
    }

    /// By how much all series together have grown whose text has all of `parts`.
    pub(super) fn grown(&self, before: &Metrics, parts: &[&str]) -> u64 {
        let sum = |metrics: &Metrics| -> u64 {
            let series = metrics.0.iter();
            let matching = series.filter(|(series, _)| parts.iter().all(|part| series.contains(part)));
            matching.map(|(_, value)| value).sum()
        };
        sum(self).saturating_sub(sum(before))
    }

    /// The value of the series of exactly this name and these labels.
    pub(super) fn value(&self, series: &str) -> Option<u64> {
        self.0.get(series).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    const BEFORE: &str = "# TYPE calls counter\ncalls{to=\"a\"} 1\nother 7\n";
    const AFTER: &str = "calls{to=\"a\"} 3\ncalls{to=\"b\"} 1\ncalls{to=\"c\"} 0\nother 9\ncircuit_breaker_state{breaker=\"a\"} 0\n";

    #[test]
    fn what_has_grown_is_told_and_a_state_as_it_is() {
        let (before, after) = (Metrics::of(BEFORE), Metrics::of(AFTER));
        let told = |metric| after.since(&before, metric);
        let pair = |labels: &str, value: &str| (labels.to_owned(), value.to_owned());
        assert_eq!(told("calls"), [pair("to=\"a\"", "+2"), pair("to=\"b\"", "+1")]);
        assert_eq!(told("circuit_breaker_state"), [pair("breaker=\"a\"", "0")]);
    }

    #[test]
    fn series_of_some_labels_are_counted_together() {
        let (before, after) = (Metrics::of(BEFORE), Metrics::of(AFTER));
        assert_eq!(after.grown(&before, &["calls{"]), 3);
        assert_eq!(after.grown(&before, &["calls{", "to=\"b\""]), 1);
        assert_eq!(after.value("other"), Some(9));
    }
}
