//! Retries that the instance in a cluster ends, because others have spent the budget since their request left.

use super::super::{retry, suppressed, tried};
use host::{Cluster, Host, RetryPolicy, Route, millis};
use serde_json::json;

/// The plugin before the router and in the cluster: two retries in an hour.
fn in_both() -> Host {
    let rate = json!({ "count": 2, "interval": "1h" });
    let budget = json!({ "percent": 0, "interval": "1h", "min_retry_rate": rate });
    let configuration = json!({ "default": { "budget": budget } });
    let filter = retry(configuration.clone()).name("in-the-cluster");
    Host::chain([retry(configuration)])
        .routes([Route::new("orders").retry(RetryPolicy::on("").back_off(millis(100), millis(100)))])
        .clusters([Cluster::new("upstream").filters([filter])])
}

#[test]
fn it_is_withheld_and_not_made() {
    let host = in_both();
    let slow = host.get("/orders").expect_forwarded();
    // Another makes the two that there were.
    assert_eq!(tried(host.get("/orders"), 503).attempts().len(), 3);
    let mut slow = slow.begin_answer(503);
    if !slow.is_finished() {
        slow = slow.expect_retried();
    }
    slow.expect_status(503)
        .header("x-error-code", "RETRY_BUDGET_SPENT");
    slow.filter_state("policy.error_code").is("RETRY_BUDGET_SPENT");
    slow.filter_state("policy.retry").is("suppressed:budget");
    let reached = slow
        .attempts()
        .iter()
        .filter(|attempt| attempt.reached_upstream())
        .count();
    assert_eq!(reached, 1);
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 1);
    assert_eq!(suppressed(&host, "budget"), 1);
}
