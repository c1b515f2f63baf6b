//! What expressions of Prometheus are about, as far as tests need it: text, without a parser.

use regex::Regex;
use std::collections::BTreeSet;

/// The names of the series in an expression, by the house's habit that they hold a `_` or a `:`.
pub fn series(expression: &str) -> BTreeSet<String> {
    let without_labels =
        expect(r#"\{[^}]*\}|"[^"]*"|\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)"#);
    let expression = without_labels.replace_all(expression, " ");
    // With the parenthesis where it is a function.
    expect(r"[a-zA-Z_:][a-zA-Z0-9_:]*\b(\s*\()?")
        .find_iter(&expression)
        .map(|found| found.as_str().to_owned())
        .filter(|found| found.contains(['_', ':']) && !found.ends_with('('))
        .collect()
}

/// An alert's expression without its thresholds: each comparison says 1 or 0 of what there is, where it would leave out
/// what it does not hold for. So it gives something wherever the alert has something to judge. Where there is no
/// comparison, there is nothing to drop: `None`.
pub fn without_thresholds(expression: &str) -> Option<String> {
    let comparison = expect(r"\s(==|!=|>=|<=|>|<)\s");
    comparison
        .is_match(expression)
        .then(|| comparison.replace_all(expression, " $1 bool ").into_owned())
}

fn expect(expression: &str) -> Regex {
    Regex::new(expression).expect("it is an expression")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_told_from_labels_and_functions() {
        let expression = r#"sum by (job, le_x) (rate(a_total{b_c="d_e"}[5m])) / on (f_g) (job:h:rate5m > label_replace(i_j, "k_l"))"#;
        let expected = ["a_total", "i_j", "job:h:rate5m"].map(str::to_owned);
        assert_eq!(series(expression), BTreeSet::from(expected));
    }

    #[test]
    fn a_threshold_is_dropped_and_a_matcher_is_not() {
        assert_eq!(
            without_thresholds(r#"rate(a{b!="c"}[5m]) > 0 and d == 1"#).as_deref(),
            Some(r#"rate(a{b!="c"}[5m]) > bool 0 and d == bool 1"#)
        );
        assert_eq!(without_thresholds("absent(a)"), None);
    }
}
