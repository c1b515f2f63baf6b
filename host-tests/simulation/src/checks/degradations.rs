//! No plugin gives up on anything, for nothing of that happens which makes one: the host is healthy.

use super::Broken;
use host::LogLine;
use serde_json::Value;
use std::collections::BTreeMap;

const PROMISE: &str = "no plugin gives anything up while the host is healthy";

pub(crate) fn check(lines: &[LogLine]) -> Result<(), Broken> {
    lines.iter().try_for_each(|line| of_line(&line.message))
}

pub(crate) fn of_metrics(metrics: &BTreeMap<String, u64>) -> Result<(), Broken> {
    let counted = metrics
        .iter()
        .find(|(name, count)| name.starts_with("policy_degradations_total") && **count > 0);
    match counted {
        Some((name, count)) => Err(Broken::new(PROMISE, format!("{name} is {count}"))),
        None => Ok(()),
    }
}

fn of_line(message: &str) -> Result<(), Broken> {
    match serde_json::from_str::<Value>(message) {
        Err(_) => Err(Broken::new("each line of a plugin is one JSON object", message)),
        Ok(line) if line["event"] == "degradation" => Err(Broken::new(PROMISE, message)),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_tells_of_a_degradation_or_is_no_json_breaks_a_promise() {
        assert_eq!(of_line(r#"{"event":"transition"}"#), Ok(()));
        assert!(of_line(r#"{"event":"degradation","what":"clock"}"#).is_err());
        assert!(of_line("panicked at").is_err());
    }

    #[test]
    fn a_degradation_that_is_only_counted_breaks_the_promise() {
        let counted = |count| {
            BTreeMap::from([(
                "policy_degradations_total.plugin=retry;.what=clock;".to_owned(),
                count,
            )])
        };
        assert_eq!(of_metrics(&counted(0)), Ok(()));
        assert!(of_metrics(&counted(1)).is_err());
    }
}
