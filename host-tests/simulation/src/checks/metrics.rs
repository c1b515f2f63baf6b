//! The metrics are what happened: each counter to the last one, each gauge as it is.
//!
//! What a worker had gathered when it died is lost, as the documentation says: the model loses it, too. So there is no
//! tolerance.

use super::Broken;
use std::collections::{BTreeMap, BTreeSet};

const PROMISE: &str = "the metrics are what happened";

/// What is compared. (Of retries only where the plugin does not stand in clusters: what it counts there comes out when Envoy makes
/// an attempt, which no client sees.)
const COMPARED: [&str; 9] = [
    "circuit_breaker_calls_total.",
    "circuit_breaker_transitions_total.",
    "circuit_breaker_probes_total.",
    "circuit_breaker_state.",
    "errors_total.",
    "request_ids_total.",
    "retry_attempts_total.",
    "retry_budget_remaining.",
    "retry_suppressed_total.",
];

pub(crate) fn compare(
    expected: &BTreeMap<String, u64>,
    seen: &BTreeMap<String, u64>,
    with_retries: bool,
) -> Result<(), Broken> {
    let seen = &without_codes(seen);
    let all = expected.keys().chain(seen.keys());
    let names: BTreeSet<&String> = all
        .filter(|name| COMPARED.iter().any(|compared| name.starts_with(compared)))
        .filter(|name| with_retries || !name.starts_with("retry_"))
        .collect();
    for name in names {
        let [must, is] = [expected, seen].map(|metrics| metrics.get(name).copied().unwrap_or_default());
        Broken::unless(must == is, PROMISE, || {
            format!("{name} must be {must}, and is {is}")
        })?;
    }
    Ok(())
}

/// The same, with errors of all codes together: which code an error has is known from its body.
fn without_codes(metrics: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut without = BTreeMap::new();
    for (name, count) in metrics {
        let labels = name
            .strip_prefix("errors_total.error_code=")
            .and_then(|rest| rest.split_once(";."));
        let name = labels.map_or_else(|| name.clone(), |(_, labels)| format!("errors_total.{labels}"));
        *without.entry(name).or_default() += count;
    }
    without
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_is_one_off_breaks_the_promise_either_way() {
        let metrics = |count: u64| BTreeMap::from([("request_ids_total.source=accepted;".to_owned(), count)]);
        assert_eq!(compare(&metrics(2), &metrics(2), true), Ok(()));
        assert!(compare(&metrics(2), &metrics(1), true).is_err());
        assert!(compare(&metrics(2), &BTreeMap::new(), true).is_err());
        assert!(compare(&BTreeMap::new(), &metrics(1), true).is_err());
    }

    #[test]
    fn errors_of_all_codes_are_compared_together() {
        let error = |labels: &str, count: u64| (format!("errors_total.{labels}class=server_error;"), count);
        let seen = BTreeMap::from([error("error_code=A;.", 1), error("error_code=B;.", 2)]);
        assert_eq!(compare(&BTreeMap::from([error("", 3)]), &seen, true), Ok(()));
        assert!(compare(&BTreeMap::from([error("", 2)]), &seen, true).is_err());
    }
}
