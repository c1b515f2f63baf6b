//! What a breaker is for: who cannot be served is told so at once.

use super::stage::{alone, start, three_strikes};
use live::Upstream;
use live::client::{Connection, Request};
use serde_json::json;
use std::time::{Duration, Instant};

/// So many requests of each kind, taking turns: whatever else the machine does slows both down.
const TIMES: usize = 300;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_rejection_takes_less_time_than_a_request_that_is_served() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let policy = three_strikes(&json!({
        "key": { "header": "x-tenant" }, "known": ["failing", "working"],
        "open": { "for": "1000s", "max": "1000s" },
    }));
    let envoy = start(&alone(
        &json!({ "default": policy, "log": { "errors": "none" } }),
        upstream.address(),
    ));
    let mut connection =
        Connection::open(envoy.address().expect("the sample has a listener")).expect("Envoy listens");
    let mut timed = |path: &str, tenant: &str, status: u16| {
        let request = Request::get(path).header("x-tenant", tenant);
        let start = Instant::now();
        let response = connection.send(&request).expect("there is an answer");
        let took = start.elapsed();
        assert_eq!(response.status, status, "{}", response.text());
        took
    };
    for _ in 0..3 {
        timed("/status/500", "failing", 500);
    }
    let (mut served, mut rejected) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        served.push(timed("/status/204", "working", 204));
        rejected.push(timed("/status/204", "failing", 503));
    }
    assert_eq!(upstream.received().len(), TIMES + 3);
    let (served, rejected) = (median(served), median(rejected));
    assert!(
        rejected < served,
        "rejected in {rejected:?}, served in {served:?}"
    );
}
