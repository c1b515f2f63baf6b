//! The budget: what retries may add to the load of a cluster, for all workers together.

mod bound;
mod spent_since;

use super::{attempts, host, policy, suppressed, tried};
use host::{Answer, Cluster, Host, RetryPolicy, Route, millis, secs};
use serde_json::{Value, json};

/// So many retries in ten seconds, and this share of the requests.
fn budget(count: u32, percent: u32) -> Value {
    json!({ "percent": percent, "interval": "10s", "min_retry_rate": { "count": count, "interval": "10s" } })
}

fn budgeted(count: u32, percent: u32) -> Host {
    policy(json!({ "budget": budget(count, percent) }))
}

#[track_caller]
fn succeed(host: &Host, times: usize) {
    for _ in 0..times {
        host.get("/orders").answered_with(200);
    }
}

#[test]
fn what_is_used_up_is_not_tried_again() {
    let host = budgeted(3, 0);
    let made: Vec<_> = (0..4).map(|_| attempts(host.get("/orders"), 503)).collect();
    assert_eq!(made, [3, 2, 1, 1]);
    assert_eq!(suppressed(&host, "budget"), 3);
}

#[test]
fn where_the_upstream_has_seen_nothing_it_is_charged_too() {
    let host = budgeted(3, 0);
    assert_eq!(attempts(host.post("/orders"), Answer::connection_failure()), 3);
    assert_eq!(attempts(host.get("/orders"), 503), 2);
    assert_eq!(attempts(host.post("/orders"), Answer::connection_failure()), 1);
}

#[test]
fn a_retry_that_succeeds_is_charged_too() {
    let host = budgeted(1, 0);
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    exchange.answer(200).expect_status(200);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn what_succeeds_at_once_is_charged_nothing() {
    let host = budgeted(2, 0);
    succeed(&host, 100);
    host.advance(secs(1));
    assert_eq!(attempts(host.get("/orders"), 503), 3);
}

#[test]
fn what_is_not_needed_is_not_suppressed() {
    let host = budgeted(1, 0);
    assert_eq!(attempts(host.get("/orders"), 503), 2);
    assert_eq!(suppressed(&host, "budget"), 1);
    // Not on these.
    for answer in [Answer::new(200), Answer::new(500), Answer::new(404)] {
        assert_eq!(attempts(host.get("/orders"), answer), 1);
    }
    assert_eq!(attempts(host.post("/orders"), 503), 1);
    assert_eq!((suppressed(&host, "budget"), suppressed(&host, "method")), (1, 1));
}

#[test]
fn all_workers_share_it() {
    let host = budgeted(3, 0).workers(3);
    let made: Vec<_> = [0, 1, 2, 0]
        .map(|worker| attempts(host.worker(worker).get("/orders"), 503))
        .into();
    assert_eq!(made, [3, 2, 1, 1]);
}

/// Workers that charge at the same time lose nothing of each other's.
#[test]
fn no_charge_is_lost_between_workers() {
    let at_once = RetryPolicy::on("").back_off(millis(1), millis(1));
    let host = budgeted(1_000, 0)
        .workers(4)
        .routes([Route::new("orders").retry(at_once)])
        .clusters([Cluster::new("upstream").max_retries(100).answers([503])]);
    host.in_parallel(|worker| {
        for _ in 0..25 {
            assert_eq!(worker.get("/orders").send().attempts().len(), 3);
        }
    });
    host.advance(secs(1));
    assert_eq!(host.metric("retry_budget_remaining.cluster=upstream;"), 800);
}

#[test]
fn the_requests_of_all_workers_enlarge_it() {
    let host = budgeted(0, 20).workers(2);
    for worker in [0, 1] {
        for _ in 0..5 {
            host.worker(worker).get("/orders").answered_with(200);
        }
    }
    // What a worker has gathered, all know after a tick.
    host.advance(secs(1));
    let made: Vec<_> = [0, 1, 0]
        .map(|worker| attempts(host.worker(worker).get("/orders"), 503))
        .into();
    // A fifth of ten, and of three more.
    assert_eq!(made, [3, 1, 1]);
}

#[test]
fn without_requests_there_is_the_minimum_rate() {
    let rate =
        json!({ "percent": 20, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "2s" } });
    let host = policy(json!({ "budget": rate, "attempts": 2 }));
    let made: Vec<_> = (0..7).map(|_| attempts(host.get("/orders"), 503)).collect();
    // Five in ten seconds, and one for the first five requests.
    assert_eq!(made, [2, 2, 2, 2, 2, 2, 1]);
}

#[test]
fn when_the_interval_is_over_retries_come_back() {
    let host = budgeted(2, 0);
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    for _ in 0..9 {
        host.advance(secs(1));
        assert_eq!(attempts(host.get("/orders"), 503), 1);
    }
    host.advance(secs(2));
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn when_the_outage_ends_every_failure_is_tried_again() {
    let host = policy(json!({}));
    for _ in 0..20 {
        for _ in 0..100 {
            tried(host.get("/orders"), 503);
        }
        host.advance(secs(1));
    }
    assert!(suppressed(&host, "budget") > 1_000, "{:?}", host.metrics());
    for _ in 0..12 {
        succeed(&host, 100);
        host.advance(secs(1));
    }
    let before = suppressed(&host, "budget");
    for _ in 0..50 {
        succeed(&host, 20);
        assert_eq!(attempts(host.get("/orders"), 503), 3);
    }
    assert_eq!(suppressed(&host, "budget"), before);
}

/// Requests under way hold nothing of it.
#[test]
fn an_upstream_that_is_slow_and_healthy_loses_no_retry() {
    let host = policy(json!({ "budget": budget(4, 20) })).routes([Route::new("orders").timeout_ms(60_000)]);
    succeed(&host, 20);
    host.advance(secs(1));
    for _ in 0..10 {
        let under_way: Vec<_> = (0..100).map(|_| host.get("/orders").expect_forwarded()).collect();
        assert_eq!(attempts(host.get("/orders"), 503), 3);
        host.advance(secs(2));
        for exchange in under_way {
            exchange.answer(200).expect_status(200);
        }
    }
    assert_eq!(suppressed(&host, "budget"), 0);
}

#[test]
fn a_client_that_leaves_is_charged_what_was_tried_for_it() {
    let host = budgeted(2, 0);
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    exchange.client_aborts();
    assert_eq!(attempts(host.get("/orders"), 503), 2);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn a_request_that_comes_to_no_upstream_enlarges_nothing() {
    let host = policy(json!({ "budget": budget(1, 50), "idempotency_key": { "required_for": ["POST"] } }))
        .plant_all_but("idempotency-key");
    for _ in 0..10 {
        host.post("/orders").expect_rejected(400);
    }
    host.advance(secs(1));
    assert_eq!(attempts(host.get("/orders"), 503), 2);
}

#[test]
fn each_cluster_has_its_own() {
    let host = budgeted(2, 0).routes([
        Route::new("a").path("/a").cluster("a"),
        Route::new("b").path("/b").cluster("b"),
        Route::new("c").path("/c").cluster("a"),
    ]);
    let made = ["/a", "/a", "/b", "/b", "/c"].map(|path| attempts(host.get(path), 503));
    assert_eq!(made, [3, 1, 3, 1, 1]);
}

#[test]
fn rules_that_differ_in_the_interval_have_one_each_and_others_share_it() {
    let longer = json!({ "budget": { "interval": "20s" } });
    let host = host(json!({
        "default": { "budget": budget(2, 0) },
        "routes": [{ "match": { "path": "/longer" }, "policy": longer }, { "match": { "path": "/same" }, "policy": { "attempts": 2 } }],
    }));
    let made =
        ["/orders", "/same", "/longer", "/longer", "/longer"].map(|path| attempts(host.get(path), 503));
    assert_eq!(made, [3, 1, 3, 3, 1]);
}

#[test]
fn where_there_is_none_everything_is_tried_again() {
    let host = policy(json!({ "budget": null }));
    for _ in 0..300 {
        assert_eq!(attempts(host.get("/orders"), 503), 3);
    }
    assert_eq!(suppressed(&host, "budget"), 0);
    assert!(
        !host.metrics().keys().any(|name| name.starts_with("retry_budget")),
        "{:?}",
        host.metrics()
    );
}

#[test]
fn a_new_configuration_finds_what_the_old_one_has_used() {
    let host = budgeted(3, 0).plugin_name("retry");
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    host.update(
        "retry",
        json!({ "default": { "budget": budget(3, 0), "attempts": 5 } }),
    )
    .expect("it is accepted");
    assert_eq!(attempts(host.get("/orders"), 503), 2);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn the_gauge_shows_what_is_left() {
    let host = budgeted(5, 20);
    let left = || host.metric("retry_budget_remaining.cluster=upstream;");
    succeed(&host, 10);
    host.advance(secs(1));
    assert_eq!(left(), 7, "five, and a fifth of ten");
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    host.advance(secs(1));
    assert_eq!(left(), 5);
    host.advance(secs(11));
    assert_eq!(left(), 5);
}

#[test]
fn the_gauge_has_a_value_for_each_cluster() {
    let host = budgeted(2, 0).routes([
        Route::new("a").path("/a").cluster("a"),
        Route::new("b").path("/b").cluster("b;c"),
    ]);
    tried(host.get("/a"), 503);
    tried(host.get("/b"), 200);
    host.advance(secs(1));
    assert_eq!(host.metric("retry_budget_remaining.cluster=a;"), 0);
    assert_eq!(host.metric("retry_budget_remaining.cluster=b_c;"), 2);
}
