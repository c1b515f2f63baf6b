//! Log lines: transitions with the numbers behind them, rejections, requests, and how many there may be.

use super::{expect_rejected, host, policy, strikes_with, tell, three_strikes};
use crate::lines;
use host::{Exchange, Host, millis, secs};
use serde_json::{Value, json};

/// What all lines have, beside the members that are expected of this one.
fn line(severity: &str, event: &str, millis: u64, members: Value) -> Value {
    let mut line = json!({
        "timestamp": format!("2026-01-01T00:00:{:02}.{:03}Z", millis / 1000, millis % 1000),
        "severity": severity, "plugin": "circuit-breaker", "event": event, "breaker": "upstream", "key": "cluster",
    });
    line.as_object_mut()
        .expect("it is one")
        .extend(members.as_object().expect("it is one").clone());
    line
}

/// The line that a transition by a request leaves.
#[track_caller]
fn only_line(exchange: &Exchange, severity: &str, event: &str, millis: u64, members: Value) {
    let mut all = json!({ "request_id": "r-1", "trace_id": "r-1" });
    all.as_object_mut()
        .expect("it is one")
        .extend(members.as_object().expect("it is one").clone());
    assert_eq!(
        lines::only(exchange),
        line(severity, event, millis, all),
        "{exchange}"
    );
}

fn get(host: &Host) -> host::Request {
    host.get("/orders").header("x-request-id", "r-1")
}

#[test]
fn a_row_of_failures_is_told_with_its_length() {
    let host = policy(three_strikes());
    tell(host.worker(0), "sff");
    let members = json!({ "from": "closed", "to": "open", "reason": "consecutive_failures", "consecutive_failures": 3, "open_ms": 10_000 });
    only_line(&get(&host).answered_with(503), "WARN", "transition", 0, members);
}

#[test]
fn a_share_of_failures_is_told_with_its_calls() {
    let host = policy(
        json!({ "trip": { "failure_rate": { "percent": 50, "min_calls": 4 } }, "open": { "jitter": 0 } }),
    );
    tell(host.worker(0), "sssff");
    let members = json!({ "from": "closed", "to": "open", "reason": "failure_rate", "calls": 6, "failures": 3, "open_ms": 30_000 });
    only_line(&get(&host).answered_with(503), "WARN", "transition", 0, members);
}

#[test]
fn a_share_of_slow_answers_is_told_with_its_calls() {
    let slow_rate = json!({ "percent": 25, "slower_than": "1s", "min_calls": 4 });
    let host =
        policy(json!({ "trip": { "failure_rate": null, "slow_rate": slow_rate }, "open": { "jitter": 0 } }));
    tell(host.worker(0), "sss");
    let slow = get(&host).expect_forwarded();
    host.advance(millis(1_001));
    let members = json!({ "from": "closed", "to": "open", "reason": "slow_rate", "calls": 4, "slow": 1, "open_ms": 30_000 });
    only_line(&slow.answer(200), "WARN", "transition", 1_001, members);
}

#[test]
fn the_end_of_the_open_time_is_told_by_the_tick_without_ids() {
    let host = policy(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let told = lines::of(&host.logs());
    let members = json!({ "from": "open", "to": "half_open", "reason": "open_elapsed", "open_ms": 10_000 });
    assert_eq!(told[1..], [line("WARN", "transition", 10_000, members)]);
}

#[test]
fn what_probes_decide_is_told_with_how_many_succeeded() {
    let half_open = json!({ "max_calls": 5, "successes": 3, "max_wait": "20s" });
    let host = policy(strikes_with(json!({ "half_open": half_open, "ramp": null })));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(0), "ss");
    let members = json!({ "from": "half_open", "to": "open", "reason": "probe_failed", "probes_succeeded": 2, "open_ms": 20_000 });
    only_line(
        &get(&host).answered_with(503),
        "WARN",
        "transition",
        10_000,
        members,
    );
    host.advance(secs(20));
    tell(host.worker(0), "s");
    host.advance(secs(20));
    let told = lines::of(&host.logs());
    let members = json!({ "from": "half_open", "to": "open", "reason": "half_open_timeout", "probes_succeeded": 1, "open_ms": 40_000 });
    assert_eq!(told.last(), Some(&line("WARN", "transition", 50_000, members)));

    let host = policy(strikes_with(json!({ "half_open": half_open })));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(0), "ss");
    let members =
        json!({ "from": "half_open", "to": "closed", "reason": "probes_succeeded", "probes_succeeded": 3 });
    only_line(
        &get(&host).answered_with(200),
        "WARN",
        "transition",
        10_000,
        members,
    );
}

#[test]
fn what_is_forced_is_told() {
    let host = policy(strikes_with(json!({ "force": "open" })));
    let exchange = get(&host).expect_rejected(503);
    let told = lines::of_exchange(&exchange);
    assert_eq!(told.len(), 2, "{exchange}");
    assert_eq!(
        (&told[0]["event"], &told[0]["reason"]),
        (&json!("transition"), &json!("forced"))
    );
    assert_eq!(
        (&told[0]["from"], &told[0]["to"]),
        (&json!("closed"), &json!("open"))
    );
}

#[test]
fn a_rejection_is_told_with_all_that_is_known_of_it() {
    let host = host(json!({ "default": three_strikes(), "service_name": "shop" }));
    tell(host.worker(0), "fff");
    host.advance(secs(3));
    let members = json!({
        "service_name": "shop", "error_code": "CIRCUIT_OPEN", "status": 503, "mode": "enforce", "state": "open", "retry_after": 7,
    });
    only_line(
        &get(&host).expect_rejected(503),
        "ERROR",
        "rejected",
        3_000,
        members,
    );
}

#[test]
fn which_rejections_are_told_is_a_setting() {
    for (errors, status, level) in [
        ("none", 503, None),
        ("5xx", 503, Some("ERROR")),
        ("5xx", 429, None),
        ("all", 503, Some("ERROR")),
        ("all", 429, Some("WARN")),
    ] {
        let policy = strikes_with(json!({ "reject": { "status": status } }));
        let host = host(json!({ "default": policy, "log": { "errors": errors } }));
        tell(host.worker(0), "fff");
        let told = lines::of_exchange(&host.get("/orders").expect_rejected(status));
        let levels: Vec<_> = told.iter().filter_map(|line| line["severity"].as_str()).collect();
        assert_eq!(levels, Vec::from_iter(level), "{errors}, {status}");
    }
}

#[test]
fn whom_shadow_would_reject_is_told_too() {
    let host = host(json!({ "mode": "shadow", "default": three_strikes() }));
    tell(host.worker(0), "fff");
    let members = json!({ "error_code": "CIRCUIT_OPEN", "status": 503, "mode": "shadow", "state": "open", "retry_after": 10 });
    only_line(&get(&host).answered_with(200), "WARN", "rejected", 0, members);
}

#[test]
fn whoever_takes_another_route_is_told_of_without_an_error() {
    let host = policy(strikes_with(
        json!({ "reject": { "reroute": { "header": "x-fallback", "value": "1" } } }),
    ));
    tell(host.worker(0), "fff");
    let members = json!({ "mode": "enforce", "state": "open", "retry_after": 10 });
    only_line(&get(&host).answered_with(200), "WARN", "rerouted", 0, members);
}

#[test]
fn an_admitted_request_is_told_only_where_it_is_asked_for() {
    let silent = policy(three_strikes());
    for answer in [200, 404, 503] {
        assert!(
            silent.get("/orders").answered_with(answer).logs().is_empty(),
            "{answer}"
        );
    }
    for (answer, outcome) in [(200, "success"), (404, "success"), (503, "failure")] {
        let host = host(json!({ "default": three_strikes(), "log": { "requests": true } }));
        let exchange = get(&host).expect_forwarded();
        host.advance(millis(40));
        let members = json!({ "state": "closed", "outcome": outcome, "mode": "enforce", "status": answer, "duration_ms": 40 });
        only_line(&exchange.answer(answer), "INFO", "request", 40, members);
    }
    let host = host(json!({ "default": three_strikes(), "log": { "requests": true } }));
    let members = json!({ "state": "closed", "outcome": "ignored", "mode": "enforce", "duration_ms": 0 });
    only_line(
        &get(&host).expect_forwarded().client_aborts(),
        "INFO",
        "request",
        0,
        members,
    );
}

#[test]
fn a_rejected_request_has_a_line_of_its_own_beside_that_of_the_rejection() {
    let host = host(json!({ "default": three_strikes(), "log": { "requests": true } }));
    tell(host.worker(0), "fff");
    let told = lines::of_exchange(&expect_rejected(&host));
    let events: Vec<_> = told
        .iter()
        .map(|line| (line["event"].as_str(), line["outcome"].as_str()))
        .collect();
    assert_eq!(
        events,
        [(Some("rejected"), None), (Some("request"), Some("rejected"))]
    );
}

#[test]
fn a_flood_of_rejections_stays_within_the_bound_and_what_was_held_back_is_told() {
    let host = host(json!({ "default": three_strikes(), "log": { "max_per_second": 3 } }));
    tell(host.worker(0), "fff");
    for _ in 0..50 {
        expect_rejected(&host);
    }
    assert_eq!(
        lines::of(&host.logs()).len(),
        4,
        "the transition and three rejections"
    );
    host.advance(secs(1));
    assert_eq!(lines::only(&expect_rejected(&host))["held_back"], 47);
    assert_eq!(lines::only(&expect_rejected(&host)).get("held_back"), None);
}

#[test]
fn no_flood_of_rejections_holds_back_a_transition() {
    let host = host(json!({ "default": three_strikes(), "log": { "max_per_second": 3 } }));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    for _ in 0..50 {
        expect_rejected(&host);
    }
    let line = lines::only(&probe.answer(200));
    assert_eq!(
        (&line["event"], &line["to"]),
        (&json!("transition"), &json!("closed"))
    );
}

#[test]
fn a_flood_of_transitions_stays_within_the_bound_too() {
    let host = host(json!({ "default": { "trip": { "consecutive_failures": 1 }, "key": "route" }, "log": { "max_per_second": 3 } }))
        .routes((0..20).map(|number| host::Route::new(&format!("r{number}")).path(&format!("/{number}"))));
    for number in 0..20 {
        host.get(format!("/{number}")).answered_with(503);
    }
    assert_eq!(lines::of(&host.logs()).len(), 3);
    assert_eq!(
        host.metrics()
            .keys()
            .filter(|name| name.starts_with("circuit_breaker_transitions_total"))
            .count(),
        20
    );
}

#[test]
fn no_line_repeats_what_a_stranger_sent() {
    let key = json!({ "key": { "header": "x-tenant" }, "known": ["gold"] });
    let host =
        host(json!({ "default": strikes_with(key), "log": { "requests": true, "max_per_second": 100 } }));
    for _ in 0..5 {
        let request = host
            .get("/secret?q=hunter2")
            .header("x-tenant", "a\"b hunter2 \u{e9}")
            .header("cookie", "hunter2");
        request.run(503);
    }
    assert!(host.logs().len() >= 5);
    for line in host.logs() {
        assert!(
            !line.message.contains("hunter2") && !line.message.contains("secret"),
            "{line}"
        );
    }
    lines::of(&host.logs());
}
