//! For how long it is open.

use super::{expect_admitted, expect_rejected, policy, strikes_with, tell, three_strikes};
use crate::lines;
use host::{Answer, Host, millis, secs};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn open(settings: Value) -> Host {
    policy(strikes_with(json!({ "open": settings })))
}

/// It is open for exactly so many seconds more.
#[track_caller]
fn is_open_for(host: &Host, seconds: u64) {
    expect_rejected(host).header("retry-after", seconds.to_string());
    host.advance(secs(seconds) - millis(1));
    expect_rejected(host).header("retry-after", "1");
    host.advance(millis(1));
}

#[test]
fn it_grows_with_each_reopening_up_to_the_longest() {
    let host = open(json!({ "multiplier": 2, "max": "60s" }));
    tell(host.worker(0), "fff");
    for seconds in [10, 20, 40, 60, 60] {
        is_open_for(&host, seconds);
        tell(host.worker(0), "f");
    }
    let host = open(json!({ "multiplier": 1.5, "max": "1h" }));
    tell(host.worker(0), "fff");
    for seconds in [10, 15, 23] {
        expect_rejected(&host).header("retry-after", seconds.to_string());
        host.advance(secs(seconds));
        tell(host.worker(0), "f");
    }
}

#[test]
fn with_a_multiplier_of_one_it_stays_the_same() {
    let host = open(json!({ "multiplier": 1 }));
    tell(host.worker(0), "fff");
    for _ in 0..4 {
        is_open_for(&host, 10);
        tell(host.worker(0), "f");
    }
}

#[test]
fn it_starts_afresh_after_so_long_closed_and_not_before() {
    for (closed, seconds) in [(0, 20), (29_999, 20), (30_000, 10), (3_600_000, 10)] {
        let host = open(json!({ "reset_after": "30s" }));
        tell(host.worker(0), "fff");
        host.advance(secs(10));
        tell(host.worker(0), "s");
        host.advance(millis(closed));
        tell(host.worker(0), "fff");
        is_open_for(&host, seconds);
    }
}

#[test]
fn a_reset_after_nothing_starts_afresh_each_time_that_it_was_closed() {
    let host = open(json!({ "reset_after": "0s" }));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(0), "f");
    is_open_for(&host, 20);
    tell(host.worker(0), "s");
    tell(host.worker(0), "fff");
    is_open_for(&host, 10);
}

#[test]
fn jitter_lengthens_it_and_never_shortens_it() {
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        let host = open(json!({ "jitter": 0.5 })).seed(seed);
        tell(host.worker(0), "fff");
        let opened = lines::of(&host.logs())
            .into_iter()
            .find(|line| line["to"] == "open")
            .expect("there is a line");
        let millis = opened["open_ms"].as_u64().expect("a number");
        assert!((10_000..=15_000).contains(&millis), "{seed}: {millis}");
        host.advance(host::millis(millis - 1));
        expect_rejected(&host);
        host.advance(host::millis(1));
        expect_admitted(&host);
        seen.insert(millis);
    }
    assert!(
        seen.len() > 30 && seen.first() < Some(&11_000) && seen.last() > Some(&14_000),
        "{seen:?}"
    );
}

/// The open time after a failure that says this.
#[track_caller]
fn honoured(retry_after: &[u8], seconds: u64) {
    let host = open(json!({ "honor_retry_after": true, "max": "60s" }));
    tell(host.worker(0), "ff");
    host.get("/orders")
        .answered_with(Answer::new(503).header("retry-after", retry_after));
    is_open_for(&host, seconds);
    expect_admitted(&host);
}

#[test]
fn the_upstreams_retry_after_is_the_open_time_between_the_first_and_the_longest() {
    for (value, seconds) in [
        ("10", 10),
        ("11", 11),
        ("25", 25),
        ("60", 60),
        ("61", 60),
        ("9", 10),
        ("1", 10),
        (" 25 ", 25),
    ] {
        honoured(value.as_bytes(), seconds);
    }
    honoured(b"99999999999999999999999999999999", 60);
}

#[test]
fn the_upstreams_retry_after_may_be_a_date() {
    honoured(b"Thu, 01 Jan 2026 00:00:25 GMT", 25);
    honoured(b"Thursday, 01-Jan-26 00:00:25 GMT", 25);
    honoured(b"Thu Jan  1 00:00:25 2026", 25);
    honoured(b"Thu, 01 Jan 2026 00:00:05 GMT", 10);
    honoured(b"Fri, 02 Jan 2026 00:00:00 GMT", 60);
}

#[test]
fn a_retry_after_that_is_past_or_nonsense_is_ignored() {
    for value in [
        "0",
        "-5",
        "2.5",
        "soon",
        "",
        "Wed, 31 Dec 2025 23:59:59 GMT",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "25s",
        "\u{e9}",
    ] {
        honoured(value.as_bytes(), 10);
    }
    honoured(b"\xff\xfe", 10);
}

#[test]
fn a_probes_failure_can_say_it_too_and_then_it_is_not_multiplied() {
    let host = open(json!({ "honor_retry_after": true, "max": "60s" }));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    host.get("/orders")
        .answered_with(Answer::new(503).header("retry-after", "33"));
    is_open_for(&host, 33);
}

#[test]
fn only_the_failure_that_opens_it_is_asked() {
    let host = open(json!({ "honor_retry_after": true, "max": "60s" }));
    host.get("/orders")
        .answered_with(Answer::new(503).header("retry-after", "40"));
    tell(host.worker(0), "ff");
    is_open_for(&host, 10);
}

#[test]
fn a_success_that_opens_it_is_not_asked() {
    let trip = json!({ "consecutive_failures": null, "failure_rate": { "percent": 50, "min_calls": 4 } });
    let host = policy(strikes_with(
        json!({ "trip": trip, "open": { "honor_retry_after": true, "max": "60s" } }),
    ));
    tell(host.worker(0), "fff");
    host.get("/orders")
        .answered_with(Answer::new(200).header("retry-after", "40"));
    is_open_for(&host, 10);
}

#[test]
fn unless_it_is_asked_for_no_retry_after_is_honoured() {
    let host = policy(three_strikes());
    tell(host.worker(0), "ff");
    host.get("/orders")
        .answered_with(Answer::new(503).header("retry-after", "25"));
    is_open_for(&host, 10);
}
