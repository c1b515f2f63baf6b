//! What the expressions of the panels are put together from.

/// The Envoys that the variable `job` names.
pub(crate) const OF_JOB: &str = r#"job=~"$job""#;

/// The Envoys that the variables `job` and `instance` name.
pub(crate) const OF_INSTANCE: &str = r#"job=~"$job", instance=~"$instance""#;

/// These labels, too.
pub(crate) fn and(labels: &str, more: &str) -> String {
    format!("{labels}, {more}")
}

/// In a second.
pub(crate) fn rate(metric: &str, labels: &str) -> String {
    format!("rate({metric}{{{labels}}}[$__rate_interval])")
}

/// The sum of it for each of these labels.
pub(crate) fn sum(by: &str, expression: &str) -> String {
    format!("sum by ({by}) ({expression})")
}

/// In a second, for each of these labels.
pub(crate) fn rates(by: &str, metric: &str, labels: &str) -> String {
    sum(by, &rate(metric, labels))
}

/// What came to a counter within a time. One that came to be with its first event has not increased by that, so what is
/// younger than the time counts whole.
pub(crate) fn grown(by: &str, metric: &str, labels: &str, time: &str) -> String {
    let series = format!("{metric}{{{labels}}}");
    sum(
        by,
        &format!("({series} unless {series} offset {time}) or increase({series}[{time}])"),
    )
}

/// The share of the first in the second, both by the same labels; 0 where there is none of the first.
pub(crate) fn share(part: &str, whole: &str) -> String {
    format!("({part} or 0 * {whole}) / ({whole} > 0)")
}

/// This quantile of a histogram.
pub(crate) fn quantile(quantile: &str, histogram: &str, labels: &str) -> String {
    let buckets = rates("le", &format!("{histogram}_bucket"), labels);
    format!("histogram_quantile({quantile}, {buckets})")
}

/// The state of breakers by these labels: open wherever one of them is open.
pub(crate) fn state(by: &str, labels: &str) -> String {
    let max = |comparison: &str| format!("max by ({by}) (circuit_breaker_state{{{labels}}}{comparison})");
    format!("{} or {}", max(" == 1"), max(""))
}
