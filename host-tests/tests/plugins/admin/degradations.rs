//! What it does where the host does not do what it should.

use super::{admin, breaker, expect_error, met, outcomes, retry, shown, succeed, the_breaker, three_strikes};
use crate::metrics::assert_declared;
use host::faults::inject_everywhere;
use host::{Host, Status, secs};
use serde_json::json;

const FORCE: &str = "/.policy/force?breaker=upstream&state=open&for=1m&reason=x";

fn degraded(host: &Host, what: &str) -> u64 {
    host.metric(&format!("policy_degradations_total.plugin=admin;.what={what};"))
}

/// A host whose call of this name, so many of them after the first by this request, fails.
#[track_caller]
fn failing(method: &str, path: &str, call: &str, after: usize) -> Host {
    let host = met();
    let before = host.host_calls().len();
    host.request(method, path).run(200);
    let calls = host.host_calls();
    let mut made = calls
        .iter()
        .enumerate()
        .skip(before)
        .filter(|(_, made)| made.name == call);
    let (number, _) = made.nth(after).expect("the request makes this call");
    super::running(three_strikes()).fail_host_call(number, Status::INTERNAL_FAILURE)
}

#[test]
fn what_could_not_be_read_is_not_shown_and_that_is_said() {
    let host = failing("GET", "/.policy", "proxy_get_shared_data", 5);
    succeed(host.worker(0));
    assert_eq!(shown(host.worker(0))["complete"], false);
    assert_eq!(degraded(&host, "shared_data_read"), 1);
    assert_eq!(shown(host.worker(0))["complete"], true);
}

#[test]
fn what_could_not_be_written_is_not_said_to_be_done() {
    let host = failing("POST", FORCE, "proxy_set_shared_data", 0);
    succeed(host.worker(0));
    let exchange = host.post(FORCE).run(200);
    let body = expect_error(&exchange, 503, "STATE_UNAVAILABLE");
    assert_eq!(body["retryable"], true);
    assert_eq!(outcomes(&host, "state_unavailable"), 1);
    assert_eq!(degraded(&host, "shared_data_write"), 1);
    assert_eq!(the_breaker(host.worker(0))["state"], "closed");
    succeed(host.worker(1));
}

#[test]
fn a_peer_that_the_host_does_not_tell_is_refused() {
    let host = failing("GET", "/.policy", "proxy_get_property", 2);
    succeed(host.worker(0));
    expect_error(&host.get("/.policy").run(200), 403, "ACCESS_DENIED");
    host.get("/.policy").run(200).expect_status(200);
    assert_eq!(degraded(&host, "source_address"), 1);
}

#[test]
fn without_a_clock_there_is_nothing_to_show() {
    let host = failing("GET", "/.policy", "clock_time_get", 0);
    succeed(host.worker(0));
    expect_error(&host.get("/.policy").run(200), 503, "STATE_UNAVAILABLE");
    assert_eq!(degraded(&host, "monotonic_clock"), 1);
}

#[test]
fn no_fault_is_fatal_to_anybody_and_none_makes_a_state_that_nobody_asked_for() {
    let report = inject_everywhere(
        || Host::chain([admin(json!({})), breaker(three_strikes()), retry()]).workers(2),
        |host| {
            host.worker(0).get("/orders").run(200);
            host.worker(1).post(FORCE).run(200);
            host.worker(0).get("/orders").run(200);
            host.worker(0).get("/.policy").run(200);
            host.worker(1).get("/.policy").from("10.0.0.1:4000").run(200);
            host.advance(secs(61));
            host.worker(1).get("/orders").run(200);
            // Of that probe nothing may be known: then its place is free when its lease ends.
            host.advance(secs(31));
            let last = host.worker(0).get("/orders").run(200);
            last.expect_status(200);
            assert_declared(host);
        },
    );
    assert!(report.runs > report.calls, "{report}");
}
