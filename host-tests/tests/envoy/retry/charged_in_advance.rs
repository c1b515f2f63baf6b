//! With the plugin in the cluster's filters, too, each retry is charged before it is made.

use super::budget::{load, outage, policy, slow_and_healthy};
use super::stage::Stage;
use live::client::Request;
use serde_json::json;

#[test]
fn a_burst_stays_within_the_budget_however_its_answers_are_spread_over_time() {
    // 20 %, and ten: in a minute, so that all of it is within one interval.
    let rate = json!({ "count": 10, "interval": "1m" });
    let policy = json!({ "budget": { "percent": 20, "interval": "1m", "min_retry_rate": rate } });
    for (clients, spread_millis, bound) in [(96, 0, 125), (96, 1000, 125), (192, 2000, 240)] {
        let stage = Stage::in_cluster_too(&json!({ "default": policy }));
        load(&stage, clients, 1, |client, _| {
            let millis = client * spread_millis / clients;
            Request::get(format!("/slow/{millis}?status=503"))
        });
        let seen = stage.upstream.take_received().len();
        let figures =
            format!("{seen} of at most {bound} attempts of {clients} requests, over {spread_millis} ms");
        println!("{figures}");
        assert!(seen <= bound, "{figures}");
        assert!(seen > clients, "some are tried again: {figures}");
    }
}

#[test]
fn in_an_outage_under_load_it_is_no_more_either() {
    outage(&Stage::in_cluster_too(&json!({ "default": policy() })));
}

#[test]
fn a_slow_upstream_that_works_loses_no_retry_here_either() {
    slow_and_healthy(&Stage::in_cluster_too(&json!({ "default": policy() })));
}
