//! Another configuration while the proxy runs: what is known of an upstream stays known.

use super::{breaker, expect_admitted, expect_rejected, strikes_with, tell, three_strikes};
use host::{Host, secs};
use serde_json::{Value, json};

const NAME: &str = "circuit-breaker";

fn running(policy: Value) -> Host {
    Host::chain([breaker(json!({ "default": policy }))]).workers(2)
}

/// The same policy in a configuration that differs elsewhere.
fn elsewhere(policy: &Value) -> Value {
    json!({ "default": policy, "log": { "max_per_second": 7 } })
}

#[track_caller]
fn update(host: &Host, configuration: Value) {
    host.update_plugin(NAME, |plugin| plugin.config(configuration))
        .expect("it is accepted");
}

#[test]
fn an_open_breaker_stays_open_until_the_time_that_it_had() {
    let host = running(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(4));
    update(&host, elsewhere(&three_strikes()));
    for worker in [0, 1] {
        host.worker(worker)
            .get("/orders")
            .expect_rejected(503)
            .header("retry-after", "6");
    }
    host.advance(secs(6));
    tell(host.worker(1), "s");
    tell(host.worker(0), "s");
}

#[test]
fn an_open_breaker_whose_policy_changes_stays_open_until_the_time_that_it_had() {
    let host = running(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(4));
    let changed = json!({ "trip": { "consecutive_failures": 9 }, "open": { "for": "100s", "jitter": 0 } });
    update(&host, json!({ "default": strikes_with(changed) }));
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "6");
    host.advance(secs(6));
    // It opens again by the new policy: twice a hundred seconds.
    tell(host.worker(1), "f");
    expect_rejected(&host).header("retry-after", "200");
}

#[test]
fn a_half_open_breaker_keeps_its_probes_and_their_results_count() {
    for configuration in [
        elsewhere(&three_strikes()),
        json!({ "default": strikes_with(json!({ "open": { "for": "3s" } })) }),
    ] {
        let host = running(three_strikes());
        tell(host.worker(0), "fff");
        host.advance(secs(10));
        let probe = host.worker(0).get("/orders").expect_forwarded();
        update(&host, configuration);
        host.worker(0).get("/orders").expect_rejected(503);
        host.worker(1).get("/orders").expect_rejected(503);
        probe.answer(200);
        tell(host.worker(1), "s");
        tell(host.worker(0), "s");
    }
}

#[test]
fn more_probes_are_let_through_where_the_new_policy_has_more() {
    let host = running(three_strikes());
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let first = host.worker(0).get("/orders").expect_forwarded();
    update(
        &host,
        json!({ "default": strikes_with(json!({ "half_open": { "max_calls": 2 } })) }),
    );
    let second = host.worker(1).get("/orders").expect_forwarded();
    expect_rejected(&host);
    drop((first, second));
}

#[test]
fn a_row_of_failures_goes_on() {
    let host = running(three_strikes());
    tell(host.worker(0), "ff");
    update(&host, elsewhere(&three_strikes()));
    tell(host.worker(0), "f");
    expect_rejected(&host);
}

/// Half of four calls opens it.
fn rate(window: Value, min_calls: u64) -> Value {
    let failure_rate = json!({ "percent": 50, "min_calls": min_calls, "window": window });
    json!({ "trip": { "failure_rate": failure_rate }, "open": { "jitter": 0 } })
}

#[test]
fn a_window_goes_on_if_its_shape_is_the_same_and_begins_anew_if_not() {
    for (window, changed, goes_on) in [
        (json!("60s"), json!("60s"), true),
        (json!("60s"), json!("61s"), false),
        (json!({ "calls": 9 }), json!({ "calls": 9 }), true),
        (json!({ "calls": 9 }), json!({ "calls": 8 }), false),
        (json!("60s"), json!({ "calls": 60 }), false),
    ] {
        let host = running(rate(window.clone(), 9));
        tell(host.worker(0), "fff");
        update(&host, json!({ "default": rate(changed.clone(), 4) }));
        tell(host.worker(1), "f");
        if goes_on {
            drop(expect_rejected(&host))
        } else {
            expect_admitted(&host)
        }
    }
}

#[test]
fn what_a_worker_has_gathered_is_merged_when_its_configuration_goes() {
    let host = running(rate(json!("60s"), 2));
    tell(host.worker(0), "ssssssssss");
    update(&host, elsewhere(&rate(json!("60s"), 2)));
    tell(host.worker(1), "fffffffff");
    expect_admitted(&host);
    tell(host.worker(1), "f");
    expect_rejected(&host);
    assert_eq!(super::calls(&host, "success", "enforce"), 10);
}

#[test]
fn a_success_of_a_request_that_outlives_its_configuration_counts() {
    let host = running(rate(json!("60s"), 2));
    let early: Vec<_> = (0..9).map(|_| host.get("/orders").expect_forwarded()).collect();
    update(&host, elsewhere(&rate(json!("60s"), 2)));
    for exchange in early {
        exchange.answer(200);
    }
    assert_eq!(super::calls(&host, "success", "enforce"), 9);
    tell(host.worker(1), "ffffffff");
    expect_admitted(&host);
    tell(host.worker(1), "f");
    expect_rejected(&host);
}

#[test]
fn a_failure_of_a_request_that_outlives_its_configuration_counts() {
    let host = running(three_strikes());
    let early: Vec<_> = (0..3).map(|_| host.get("/orders").expect_forwarded()).collect();
    update(&host, elsewhere(&three_strikes()));
    for exchange in early {
        exchange.answer(503);
    }
    expect_rejected(&host);
}
