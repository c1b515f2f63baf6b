//! From state to state, in all workers at once.

use super::{fail, policy, three_strikes};
use host::secs;
use serde_json::json;

#[test]
fn half_open_admits_only_its_probes_across_workers() {
    let host = policy(json!({
        "trip": { "consecutive_failures": 3 }, "open": { "for": "10s", "jitter": 0 }, "half_open": { "max_calls": 1 },
    }))
    .workers(2);
    fail(&host, 3);
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "10");
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    host.worker(1).get("/orders").expect_rejected(503);
    probe.answer(200);
}

#[test]
fn it_opens_at_the_third_failure_and_not_before() {
    let host = policy(three_strikes());
    fail(&host, 2);
    host.get("/orders").answered_with(200).expect_status(200);
    fail(&host, 2);
    fail(&host, 1);
    host.get("/orders").expect_rejected(503);
}

#[test]
fn it_closes_when_its_probe_succeeds() {
    let host = policy(three_strikes());
    fail(&host, 3);
    host.advance(secs(9));
    host.get("/orders")
        .expect_rejected(503)
        .header("retry-after", "1");
    host.advance(secs(1));
    host.get("/orders").answered_with(200).expect_status(200);
    host.get("/orders").answered_with(200).expect_status(200);
}
