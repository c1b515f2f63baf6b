//! The plugins' numbers, summed up.

/// The sum of all series of this metric with these labels, such as `breaker="chain"`, in a text of Prometheus.
pub(crate) fn sum(text: &str, metric: &str, labels: &[&str]) -> u64 {
    let value = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let rest = series.strip_prefix(metric)?;
        let of_metric = rest.starts_with('{') && labels.iter().all(|label| rest.contains(label));
        of_metric.then(|| value.parse::<u64>().ok())?
    };
    text.lines().filter_map(value).sum()
}

#[cfg(test)]
mod tests {
    use super::sum;

    const TEXT: &str = "\
# TYPE calls_total counter
calls_total{breaker=\"chain\",outcome=\"success\"} 3
calls_total{breaker=\"chain\",outcome=\"failure\"} 4
calls_total{breaker=\"one-pass\",outcome=\"success\"} 50
calls_total_of_another{breaker=\"chain\"} 600
";

    #[test]
    fn series_of_a_metric_with_these_labels_are_summed_up() {
        assert_eq!(sum(TEXT, "calls_total", &[]), 57);
        assert_eq!(sum(TEXT, "calls_total", &["breaker=\"chain\""]), 7);
        assert_eq!(
            sum(TEXT, "calls_total", &["breaker=\"chain\"", "outcome=\"failure\""]),
            4
        );
        assert_eq!(sum(TEXT, "calls", &[]), 0);
    }
}
