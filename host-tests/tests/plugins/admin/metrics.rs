//! What it counts.

use super::{force, met, outcomes, running, three_strikes};
use crate::metrics::assert_declared;
use host::secs;

#[test]
fn each_request_counts_once_with_what_came_of_it() {
    let host = met();
    for (method, path, outcome) in [
        ("GET", "/.policy", "shown"),
        (
            "POST",
            "/.policy/force?breaker=upstream&state=open&for=1m&reason=x",
            "forced",
        ),
        ("POST", "/.policy/reset?breaker=upstream&reason=x", "reset"),
        ("POST", "/.policy/reset", "bad_request"),
        ("POST", "/.policy/reset?breaker=x&reason=x", "breaker_unknown"),
        ("GET", "/.policy/reset", "method_not_allowed"),
        ("GET", "/.policy/x", "not_found"),
    ] {
        host.request(method, path).run(200);
        assert_eq!(outcomes(&host, outcome), 1, "{path}");
    }
    let all = host.metrics();
    let requests = all
        .iter()
        .filter(|(name, _)| name.starts_with("admin_requests_total"));
    assert_eq!(requests.map(|(_, count)| count).sum::<u64>(), 7);
    assert_declared(&host);
}

#[test]
fn the_gauge_follows_within_a_second() {
    let host = met();
    let gauge = "circuit_breaker_state.breaker=upstream;";
    force(host.worker(0), "open", "30s");
    host.advance(secs(1));
    assert_eq!(host.metric(gauge), 1);
    host.advance(secs(29));
    assert_eq!(host.metric(gauge), 2);
    force(host.worker(0), "closed", "30s");
    host.advance(secs(1));
    assert_eq!(host.metric(gauge), 0);
}

#[test]
fn where_nobody_asks_nothing_is_counted() {
    let host = running(three_strikes());
    host.get("/orders").answered_with(200);
    let names = host.metrics();
    assert_eq!(names.keys().find(|name| name.starts_with("admin_")), None);
}
