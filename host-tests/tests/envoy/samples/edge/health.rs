//! Whether Envoy runs, and whether it may get requests.

use super::{FILE, assert_error, assert_nothing_given_up, body, eventually, get, stand};
use crate::samples::stand_with as stand_of;
use crate::stand::Stand;
use live::Upstream;
use live::client::{self, Request};
use std::net::TcpListener;

const LIVE: &str = "/health/live";
const READY: &str = "/health/ready";

#[track_caller]
fn becomes(stand: &Stand, status: u16) {
    eventually(&format!("{READY} being {status}"), || {
        (get(stand, READY).status == status).then_some(())
    });
}

#[test]
fn they_are_neither_logged_nor_counted_nor_limited() {
    let stand = stand();
    // More than a client may send in a minute.
    for _ in 0..120 {
        assert_eq!(get(&stand, READY).status, 200);
        let live = get(&stand, LIVE);
        assert_eq!((live.status, live.text()), (200, "live\n".to_owned()));
    }
    let prometheus = stand.envoy.prometheus().expect("Envoy tells its metrics");
    for metric in ["circuit_breaker_calls_total", "retry_budget_remaining"] {
        assert!(!prometheus.contains(metric), "{prometheus}");
    }
    assert_eq!(get(&stand, "/orders").status, 200);
    assert_nothing_given_up(&stand);
    let log = stand.envoy.stop().expect("it stops").access_log;
    let paths: Vec<_> = log.iter().map(|entry| entry["path"].clone()).collect();
    assert_eq!(paths, ["/orders"]);
}

#[test]
fn it_is_ready_while_the_service_is_up_and_lives_in_any_case() {
    let Stand { envoy, upstream } = stand();
    let address = upstream.address();
    drop(upstream);
    let gone = Stand {
        envoy,
        upstream: Upstream::start().expect("an upstream that nobody asks"),
    };
    becomes(&gone, 503);
    assert_error(&get(&gone, READY), 503, "NOT_READY");
    assert_eq!(get(&gone, LIVE).status, 200);
    let refused = get(&gone, "/orders");
    assert_error(&refused, 503, "UPSTREAM_CONNECT_FAILURE");
    assert_eq!(body(&refused)["retryable"], true);

    let upstream = Upstream::start_on(address.port()).expect("it comes back");
    becomes(&gone, 200);
    drop(upstream);
}

#[test]
fn it_is_not_ready_before_the_service_was_seen_healthy() {
    // Bound, so that nobody else listens there; no connection is ever taken.
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("it has an address");
    let stand = stand_of(FILE, |sample| sample.cluster("upstream", address));
    assert_error(&get(&stand, READY), 503, "NOT_READY");
    assert_eq!(get(&stand, LIVE).status, 200);
}

#[test]
fn an_operator_takes_it_out_and_puts_it_back() {
    let stand = stand();
    let tell = |path: &str| {
        let told = client::send(stand.envoy.admin(), &Request::new("POST", path));
        assert_eq!(told.expect("it answers").status, 200);
    };
    tell("/healthcheck/fail");
    assert_error(&get(&stand, READY), 503, "NOT_READY");
    for path in [LIVE, "/orders"] {
        assert_eq!(get(&stand, path).status, 200, "{path}");
    }
    tell("/healthcheck/ok");
    assert_eq!(get(&stand, READY).status, 200);
}
