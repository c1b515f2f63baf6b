//! What is expected of metrics.

use super::{Finding, number};
use crate::play::Played;
use crate::scenario::MetricWanted;

/// The value of a metric at the end.
pub(super) fn metric(wanted: &MetricWanted, played: &Played) -> Finding {
    let (name, labels) = asked(&wanted.name);
    let meant = played
        .metrics
        .iter()
        .filter(|(raw, _)| **raw == wanted.name || has(raw, name, &labels));
    let values: Vec<u64> = meant.map(|(_, value)| *value).collect();
    let sum = values.iter().sum::<u64>() as f64;
    let what = format!("{} is {}", wanted.name, wanted.is);
    let seen = match values[..] {
        [] => "there is none: it counts as 0".to_owned(),
        _ => format!("it is {}", number(sum)),
    };
    Finding {
        what,
        held: wanted.is.holds(sum),
        seen,
    }
}

/// A name and its labels, of `name{label="value",…}`.
fn asked(text: &str) -> (&str, Vec<(&str, &str)>) {
    let Some((name, labels)) = text.split_once('{') else {
        return (text, Vec::new());
    };
    let pairs = labels
        .trim_end_matches('}')
        .split(',')
        .filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(label, value)| (label.trim(), value.trim().trim_matches('"')));
    (name, pairs.collect())
}

/// Whether a raw name, `<name>.<label>=<value>;…`, has this name and at least these labels.
fn has(raw: &str, name: &str, labels: &[(&str, &str)]) -> bool {
    let Some(rest) = raw.strip_prefix(name) else {
        return false;
    };
    let own: Vec<(&str, &str)> = rest
        .split(';')
        .filter_map(|label| label.strip_prefix('.')?.split_once('='))
        .collect();
    let has_own = rest.is_empty() || rest.starts_with('.') && !own.is_empty();
    has_own && labels.iter().all(|label| own.contains(label))
}
