//! What is counted, and the gauge.

use super::{breaker, expect_rejected, host, policy, strikes_with, tell, three_strikes, transitions};
use crate::guest;
use host::{Direction, Edge, Host, HostCall, Plugin, Route, Thread, millis, secs};
use serde_json::{Value, json};

/// The metrics of the plugin that are not 0.
fn all(host: &Host) -> Vec<(String, u64)> {
    host.metrics()
        .into_iter()
        .filter(|(name, value)| name.starts_with("circuit_breaker") && *value > 0)
        .collect()
}

#[track_caller]
fn assert_all(host: &Host, expected: &[(&str, u64)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect();
    assert_eq!(all(host), expected);
}

fn gauge(host: &Host) -> u64 {
    host.metric("circuit_breaker_state.breaker=upstream;")
}

#[test]
fn a_request_that_outlasts_the_idle_time_of_its_breaker_is_counted() {
    let host = policy(json!({ "evict_idle": "1s" }));
    let slow = host.get("/orders").expect_forwarded();
    host.advance(secs(5));
    slow.answer(200);
    host.advance(secs(1));
    assert_all(
        &host,
        &[(
            "circuit_breaker_calls_total.breaker=upstream;.outcome=success;.mode=enforce;",
            1,
        )],
    );
}

#[test]
fn a_breaker_that_a_request_opens_after_its_idle_time_goes_on_with_the_ticks() {
    let host = policy(json!({
        "evict_idle": "1s",
        "trip": { "consecutive_failures": 1 },
        "open": { "for": "2s", "jitter": 0 }
    }));
    let slow = host.get("/orders").expect_forwarded();
    host.advance(secs(5));
    slow.answer(500);
    assert_eq!(gauge(&host), 1);
    host.advance(secs(3));
    assert_eq!(gauge(&host), 2, "half-open, though nobody asks");
}

#[test]
fn each_call_is_counted_by_its_outcome_and_each_transition_by_its_reason() {
    let host = policy(strikes_with(
        json!({ "trip": { "slow_rate": { "slower_than": "1s" } } }),
    ));
    tell(host.worker(0), "ssiifs");
    let slow = host.get("/orders").expect_forwarded();
    host.advance(millis(1_001));
    slow.answer(200);
    tell(host.worker(0), "fff");
    expect_rejected(&host);
    expect_rejected(&host);
    host.advance(secs(10));
    tell(host.worker(0), "s");
    host.advance(secs(1));
    assert_all(
        &host,
        &[
            (
                "circuit_breaker_calls_total.breaker=upstream;.outcome=failure;.mode=enforce;",
                4,
            ),
            (
                "circuit_breaker_calls_total.breaker=upstream;.outcome=ignored;.mode=enforce;",
                2,
            ),
            (
                "circuit_breaker_calls_total.breaker=upstream;.outcome=rejected;.mode=enforce;",
                2,
            ),
            (
                "circuit_breaker_calls_total.breaker=upstream;.outcome=slow;.mode=enforce;",
                1,
            ),
            (
                "circuit_breaker_calls_total.breaker=upstream;.outcome=success;.mode=enforce;",
                4,
            ),
            ("circuit_breaker_probes_total.breaker=upstream;", 1),
            (
                "circuit_breaker_transitions_total.breaker=upstream;.from=closed;.to=open;.reason=consecutive_failures;",
                1,
            ),
            (
                "circuit_breaker_transitions_total.breaker=upstream;.from=half_open;.to=closed;.reason=probes_succeeded;",
                1,
            ),
            (
                "circuit_breaker_transitions_total.breaker=upstream;.from=open;.to=half_open;.reason=open_elapsed;",
                1,
            ),
        ],
    );
}

#[test]
fn successes_are_counted_with_the_tick_and_none_is_lost() {
    let host = policy(three_strikes()).workers(3);
    for worker in [0, 1, 2] {
        tell(host.worker(worker), "sssss");
    }
    host.advance(secs(1));
    assert_eq!(super::calls(&host, "success", "enforce"), 15);
    host.advance(secs(5));
    assert_eq!(super::calls(&host, "success", "enforce"), 15);
}

#[test]
fn the_gauge_follows_each_state() {
    let host = policy(three_strikes()).workers(2);
    tell(host.worker(0), "s");
    host.advance(secs(1));
    assert_eq!(gauge(&host), 0);
    assert!(
        host.metrics()
            .contains_key("circuit_breaker_state.breaker=upstream;")
    );
    tell(host.worker(0), "fff");
    assert_eq!(gauge(&host), 1);
    host.advance(secs(9));
    assert_eq!(gauge(&host), 1);
    // Without any request: the tick moves it on.
    host.advance(secs(1));
    assert_eq!(gauge(&host), 2);
    tell(host.worker(1), "f");
    assert_eq!(gauge(&host), 1);
    host.advance(secs(20));
    assert_eq!(gauge(&host), 2);
    tell(host.worker(1), "s");
    assert_eq!(gauge(&host), 0);
    host.advance(secs(60));
    assert_eq!(gauge(&host), 0);
}

/// As by a worker that showed late what it had done to the breaker, and died.
#[test]
fn a_gauge_that_is_not_what_its_breaker_is_is_set_right_within_ten_seconds() {
    let late = guest::setting_gauge("circuit_breaker_state.breaker=upstream;");
    let host = Host::chain([
        breaker(json!({ "default": three_strikes() })),
        Plugin::new(late).name("late"),
    ]);
    tell(host.worker(0), "s");
    host.advance(secs(1));
    assert_eq!(gauge(&host), 0);
    for seconds_before in [0, 3, 9] {
        host.advance(secs(seconds_before));
        tell(host.worker(0), "s");
        assert_eq!(gauge(&host), 1);
        host.advance(secs(10));
        assert_eq!(gauge(&host), 0, "{seconds_before} s");
    }
}

#[test]
fn a_gauge_that_stays_as_it_is_is_set_by_each_worker_every_ten_seconds() {
    let host = policy(three_strikes()).workers(2);
    for worker in [0, 1] {
        tell(host.worker(worker), "s");
    }
    host.advance(secs(1));
    let settings = |worker| {
        let of_worker =
            |call: &HostCall| call.name == "proxy_record_metric" && call.thread == Thread::Worker(worker);
        host.host_calls().iter().filter(|call| of_worker(call)).count()
    };
    assert_eq!([settings(0), settings(1)], [1, 1]);
    host.advance(secs(60));
    assert_eq!([settings(0), settings(1)], [7, 7]);
}

#[test]
fn a_change_that_one_worker_made_is_shown_by_each_other_within_a_second() {
    let late = guest::setting_gauge("circuit_breaker_state.breaker=upstream;");
    let host = Host::chain([
        breaker(json!({ "default": three_strikes() })),
        Plugin::new(late).name("late"),
    ])
    .workers(2);
    tell(host.worker(1), "s");
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    assert_eq!(gauge(&host), 2);
    // Whoever closes it is overtaken: the gauge says open, and the breaker is closed.
    let probe = host.worker(0).get("/orders").expect_forwarded();
    probe.answer(200);
    host.worker(0).get("/orders").expect_forwarded().answer(200);
    assert_eq!(gauge(&host), 1);
    host.advance(secs(1));
    assert_eq!(gauge(&host), 0);
}

#[test]
fn the_gauge_of_a_breaker_that_no_configuration_names_any_more_goes_to_closed() {
    let named = |name: &str| {
        let settings = json!({ "key": { "name": name }, "open": { "for": "1h", "max": "1h" } });
        json!({ "default": strikes_with(settings) })
    };
    for (then, shown) in [("payments", 1), ("refunds", 0)] {
        let host = Host::chain([breaker(named("payments"))]).workers(2);
        tell(host.worker(1), "fff");
        host.update("circuit-breaker", named(then))
            .expect("it is accepted");
        host.get("/orders").send();
        host.advance(secs(60));
        assert_eq!(
            host.metric("circuit_breaker_state.breaker=payments;"),
            shown,
            "{then}"
        );
    }
}

#[test]
fn a_transition_is_counted_once_however_many_workers_see_it() {
    let host = policy(three_strikes()).workers(4);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    for worker in 0..4 {
        host.worker(worker).get("/orders").send().client_aborts();
    }
    host.advance(secs(10));
    assert_eq!(transitions(&host, "closed", "open", "consecutive_failures"), 1);
    assert_eq!(transitions(&host, "open", "half_open", "open_elapsed"), 1);
}

#[test]
fn probes_are_counted_and_what_goes_before_and_after_is_not() {
    let host = policy(strikes_with(
        json!({ "half_open": { "max_calls": 2, "successes": 3 } }),
    ));
    tell(host.worker(0), "sfff");
    host.advance(secs(10));
    tell(host.worker(0), "sissss");
    assert_eq!(host.metric("circuit_breaker_probes_total.breaker=upstream;"), 4);
}

#[test]
fn each_breaker_has_a_label_of_its_own() {
    let host = host(json!({ "default": three_strikes(), "routes": [
        { "match": { "path": "/named" }, "policy": { "key": { "name": "payments" } } },
        { "match": { "path": "/routed" }, "policy": { "key": "route" } },
    ] }))
    .routes([
        Route::new("routed").path("/routed").cluster("a"),
        Route::new("rest").cluster("b"),
    ]);
    for path in ["/named", "/routed", "/orders"] {
        host.get(path).answered_with(503);
    }
    let counted = |breaker: &str| {
        host.metric(&format!(
            "circuit_breaker_calls_total.breaker={breaker};.outcome=failure;.mode=enforce;"
        ))
    };
    assert_eq!(["payments", "routed", "b", "a"].map(counted), [1, 1, 1, 0]);
}

#[test]
fn no_request_makes_a_name() {
    for key in [json!("host"), json!({ "header": "x-tenant" })] {
        let trip = json!({ "failure_rate": null });
        let host = policy(json!({ "key": key, "known": ["known.example"], "trip": trip }));
        for number in 0..30 {
            let request = host
                .get(format!("/{number}"))
                .host(format!("h{number}.example:80{number}"));
            request
                .header("x-tenant", format!("tenant-{number}"))
                .answered_with([200, 503][number % 2]);
        }
        host.get("/")
            .host("known.example")
            .header("x-tenant", "known.example")
            .answered_with(503);
        host.advance(secs(1));
        let counted: Vec<String> = all(&host)
            .into_iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        let expected = [
            "circuit_breaker_calls_total.breaker=known.example;.outcome=failure;.mode=enforce; 1",
            "circuit_breaker_calls_total.breaker=other;.outcome=failure;.mode=enforce; 15",
            "circuit_breaker_calls_total.breaker=other;.outcome=success;.mode=enforce; 15",
        ];
        assert_eq!(counted, expected, "{key}");
    }
}

#[test]
fn every_reason_has_a_name() {
    let host = policy(strikes_with(json!({ "half_open": { "max_wait": "5s" } })));
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    tell(host.worker(0), "f");
    host.advance(secs(20));
    let held = host.get("/orders").expect_forwarded();
    host.advance(secs(5));
    drop(held);
    host.advance(secs(40));
    tell(host.worker(0), "s");
    for (from, to, reason, times) in [
        ("closed", "open", "consecutive_failures", 1),
        ("open", "half_open", "open_elapsed", 3),
        ("half_open", "open", "probe_failed", 1),
        ("half_open", "open", "half_open_timeout", 1),
        ("half_open", "closed", "probes_succeeded", 1),
    ] {
        assert_eq!(transitions(&host, from, to, reason), times, "{reason}");
    }
    let force = |state: Value| policy(strikes_with(json!({ "force": state })));
    let host = force(json!("open"));
    expect_rejected(&host);
    assert_eq!(transitions(&host, "closed", "open", "forced"), 1);
}

#[test]
fn inbound_and_outbound_breakers_of_one_name_are_told_apart() {
    for (direction, label) in [
        (Direction::Inbound, ".direction=inbound;"),
        (Direction::Outbound, ".direction=outbound;"),
        (Direction::Unspecified, ""),
    ] {
        let host = policy(three_strikes()).edge(Edge::default().direction(direction));
        tell(host.worker(0), "fff");
        host.advance(secs(1));
        assert_eq!(
            host.metric(&format!("circuit_breaker_state.breaker=upstream;{label}")),
            1,
            "{label}"
        );
        let calls =
            format!("circuit_breaker_calls_total.breaker=upstream;{label}.outcome=failure;.mode=enforce;");
        assert_eq!(host.metric(&calls), 3, "{label}");
    }
}
