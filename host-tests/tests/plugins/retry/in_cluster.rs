//! Retry as a filter of a cluster: it charges each retry before it is made, so that requests that are under way at once
//! make no more of them than the budget has.

use super::{retry, suppressed};
use crate::lines;
use host::{Answer, Cluster, Exchange, Host, RetryPolicy, Route, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

/// So many retries in ten seconds, and this share of the requests.
fn policy(count: u32, percent: u32) -> Value {
    json!({ "budget": {
        "percent": percent, "interval": "10s", "min_retry_rate": { "count": count, "interval": "10s" },
    } })
}

/// The plugin before the router and in the cluster, each with this configuration.
fn both(before: &Value, behind: &Value) -> Host {
    let filter = retry(behind.clone()).name("in-the-cluster");
    Host::chain([retry(before.clone())])
        .routes([Route::new("orders").timeout_ms(60_000)])
        .clusters([Cluster::new("upstream").filters([filter])])
}

fn budgeted(count: u32, percent: u32) -> Host {
    let configuration = json!({ "default": policy(count, percent) });
    both(&configuration, &configuration)
}

/// Each attempt gets this answer, till it is not tried again.
#[track_caller]
fn fails(mut exchange: Exchange, answer: impl Into<Answer>) -> Exchange {
    let answer = answer.into();
    while !exchange.is_finished() {
        exchange = exchange.begin_answer(answer.clone());
        // A back-off may be over at once.
        if !exchange.is_finished() && !exchange.is_at_upstream() {
            exchange = exchange.expect_retried();
        }
    }
    exchange
}

/// Retries that an upstream has seen.
fn retries(exchange: &Exchange) -> usize {
    let attempts = exchange.attempts();
    attempts
        .iter()
        .skip(1)
        .filter(|attempt| attempt.reached_upstream())
        .count()
}

/// This request, all of whose attempts fail, and whose only retry another request takes that is under way at the same
/// time.
#[track_caller]
fn outrun(host: &Host, request: host::Request) -> Exchange {
    let exchange = request.expect_forwarded();
    let other = fails(host.get("/orders").expect_forwarded(), 503);
    assert_eq!(retries(&other), 1, "{other}");
    fails(exchange, 503)
}

#[test]
fn a_burst_makes_no_more_retries_than_the_budget_has() {
    let host = budgeted(5, 0);
    let burst: Vec<_> = (0..50).map(|_| host.get("/orders").expect_forwarded()).collect();
    let burst: Vec<_> = burst.into_iter().map(|exchange| fails(exchange, 503)).collect();
    assert_eq!(burst.iter().map(retries).sum::<usize>(), 5);
    for exchange in &burst[3..] {
        exchange
            .expect_status(503)
            .header("x-error-code", "RETRY_BUDGET_SPENT");
    }
}

#[test]
fn a_burst_whose_answers_come_at_once_makes_no_more_either() {
    let host = budgeted(5, 0);
    let mut burst: Vec<_> = (0..50).map(|_| host.get("/orders").expect_forwarded()).collect();
    while burst.iter().any(|exchange| !exchange.is_finished()) {
        let answered = burst.into_iter().map(|exchange| match exchange.is_at_upstream() {
            true => exchange.begin_answer(503),
            false => exchange,
        });
        burst = answered.collect();
        host.advance(secs(1));
    }
    assert_eq!(burst.iter().map(retries).sum::<usize>(), 5);
}

#[test]
fn a_burst_in_all_workers_has_one_budget() {
    let host = budgeted(7, 0).workers(4);
    let burst: Vec<_> = (0..60)
        .map(|number| host.worker(number % 4).get("/orders").expect_forwarded())
        .collect();
    let burst: Vec<_> = burst.into_iter().map(|exchange| fails(exchange, 503)).collect();
    assert_eq!(burst.iter().map(retries).sum::<usize>(), 7);
}

#[test]
fn workers_that_ask_in_parallel_share_it() {
    let host = budgeted(6, 0).workers(4);
    let made = std::sync::atomic::AtomicUsize::new(0);
    host.in_parallel(|worker| {
        let burst: Vec<_> = (0..10)
            .map(|_| worker.get("/orders").expect_forwarded())
            .collect();
        for exchange in burst {
            let first = exchange.begin_answer(503);
            let retried = match first.is_finished() || first.is_at_upstream() {
                true => first,
                false => first.expect_retried(),
            };
            if retried.is_at_upstream() {
                made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                drop(retried.begin_answer(500));
            }
        }
    });
    assert_eq!(made.into_inner(), 6);
}

#[test]
fn what_the_upstream_never_saw_is_charged_too() {
    let host = budgeted(4, 0);
    let burst: Vec<_> = (0..10).map(|_| host.post("/orders").expect_forwarded()).collect();
    let made: usize = burst
        .into_iter()
        .map(|exchange| {
            let exchange = fails(exchange, Answer::connection_failure());
            // Those that the plugin answered are none.
            let refused = usize::from(exchange.details() == "retry_budget_spent");
            exchange.attempts().len() - 1 - refused
        })
        .sum();
    assert_eq!(made, 4);
}

#[test]
fn when_the_interval_is_over_the_next_burst_has_as_many() {
    let host = budgeted(5, 0);
    for _ in 0..3 {
        let burst: Vec<_> = (0..20).map(|_| host.get("/orders").expect_forwarded()).collect();
        let made = burst.into_iter().map(|exchange| retries(&fails(exchange, 503)));
        assert_eq!(made.sum::<usize>(), 5);
        host.advance(secs(12));
    }
}

#[test]
fn one_after_another_has_as_many_as_without_it_and_none_is_charged_twice() {
    let host = budgeted(5, 0);
    let made: Vec<_> = (0..4)
        .map(|_| retries(&fails(host.get("/orders").expect_forwarded(), 503)))
        .collect();
    assert_eq!(made, [2, 2, 1, 0]);
}

#[test]
fn requests_enlarge_the_budget_as_much_as_without_it() {
    let host = budgeted(0, 20);
    for _ in 0..9 {
        host.get("/orders").answered_with(200);
    }
    host.advance(secs(1));
    // A fifth of nine.
    assert_eq!(retries(&fails(host.get("/orders").expect_forwarded(), 503)), 1);
    // A fifth of ten, but for the one.
    host.advance(secs(1));
    assert_eq!(retries(&fails(host.get("/orders").expect_forwarded(), 503)), 1);
    host.advance(secs(1));
    assert_eq!(retries(&fails(host.get("/orders").expect_forwarded(), 503)), 0);
}

#[test]
fn a_client_that_leaves_is_charged_its_retries_once() {
    let host = budgeted(3, 0);
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    exchange.client_aborts();
    let made: Vec<_> = (0..2)
        .map(|_| retries(&fails(host.get("/orders").expect_forwarded(), 503)))
        .collect();
    assert_eq!(made, [2, 0]);
}

#[test]
fn what_is_refused_is_told_the_caller() {
    let host = budgeted(1, 0);
    let exchange = outrun(&host, host.get("/orders").header("x-request-id", "r-1"));
    exchange
        .expect_status(503)
        .header("content-type", "application/json")
        .header("x-error-code", "RETRY_BUDGET_SPENT");
    assert_eq!(exchange.details(), "retry_budget_spent");
    exchange
        .filter_state("policy.error_code")
        .is("RETRY_BUDGET_SPENT");
    let mut body: Value = serde_json::from_slice(&exchange.body()).expect("the body is JSON");
    let timestamp = body["timestamp"].take();
    assert!(
        timestamp
            .as_str()
            .is_some_and(|time| time.starts_with("2026-01-01T00:00:0")),
        "{timestamp}"
    );
    let expected = json!({
        "trace_id": "r-1", "request_id": "r-1", "error_code": "RETRY_BUDGET_SPENT",
        "message": "The service failed, and too much is being tried again.", "status_code": 503,
        "timestamp": null, "retryable": false,
    });
    assert_eq!(body, expected, "{exchange}");
    let reached: Vec<bool> = exchange
        .attempts()
        .iter()
        .map(host::Attempt::reached_upstream)
        .collect();
    assert_eq!(reached, [true, false], "{exchange}");
}

#[test]
fn a_head_has_the_headers_and_no_body() {
    let host = budgeted(1, 0);
    outrun(&host, host.request("HEAD", "/orders"))
        .expect_status(503)
        .header("x-error-code", "RETRY_BUDGET_SPENT")
        .expect_body("");
}

#[test]
fn a_call_of_grpc_is_told_that_the_service_is_unavailable() {
    let host = budgeted(1, 0);
    let exchange = host.grpc("/shop.Orders/Get").expect_forwarded();
    fails(host.get("/orders").expect_forwarded(), 503);
    fails(exchange, Answer::connection_failure())
        .expect_status(200)
        .header("grpc-status", "14")
        .header(
            "grpc-message",
            "The service failed, and too much is being tried again.",
        )
        .header("x-error-code", "RETRY_BUDGET_SPENT")
        .expect_body("");
}

#[test]
fn it_is_counted_as_a_retry_that_was_suppressed_and_not_as_one_that_was_made() {
    let host = budgeted(1, 0);
    let exchange = outrun(&host, host.get("/orders"));
    exchange.filter_state("policy.retry").is("suppressed:budget");
    // The other one, too, had no second retry.
    assert_eq!(suppressed(&host, "budget"), 2);
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 1);
    let line = lines::of_exchange(&exchange).pop().expect("it is logged");
    let told = ["event", "reason", "status", "attempts"].map(|member| line[member].clone());
    assert_eq!(
        told,
        [json!("retry_suppressed"), json!("budget"), json!(503), json!(1)],
        "{line}"
    );
}

#[test]
fn where_one_was_made_and_one_refused_it_says_so() {
    let host = budgeted(2, 0);
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    fails(host.get("/orders").expect_forwarded(), 503);
    let exchange = fails(exchange, 503);
    assert_eq!(exchange.details(), "retry_budget_spent");
    exchange
        .filter_state("policy.retry")
        .is("retried:1,suppressed:budget");
}

#[test]
fn what_succeeds_at_the_first_attempt_is_charged_nothing_and_leaves_no_word() {
    let host = budgeted(1, 0);
    for _ in 0..20 {
        let exchange = host.get("/orders").answered_with(200);
        exchange.filter_state("policy.retry_charged").is_absent();
        exchange.filter_state("policy.retry").is_absent();
    }
    assert_eq!(retries(&fails(host.get("/orders").expect_forwarded(), 503)), 1);
}

#[test]
fn in_shadow_it_refuses_and_charges_nothing() {
    let behind = json!({ "mode": "shadow", "default": policy(2, 0) });
    let host = both(&json!({ "default": policy(2, 0) }), &behind);
    let burst: Vec<_> = (0..10).map(|_| host.get("/orders").expect_forwarded()).collect();
    for exchange in burst {
        let exchange = fails(exchange, 503);
        assert_eq!(retries(&exchange), 2, "{exchange}");
        exchange.filter_state("policy.retry_charged").is_absent();
        exchange.filter_state("policy.error_code").is_absent();
        exchange.no_header("x-error-code");
    }
    // The one before the router has charged them.
    assert_eq!(retries(&fails(host.get("/orders").expect_forwarded(), 503)), 0);
}

#[test]
fn without_a_budget_it_refuses_nothing() {
    for behind in [
        json!({ "default": { "budget": null } }),
        json!({ "default": null }),
        json!({ "mode": "disabled" }),
    ] {
        let host = both(&json!({ "default": policy(2, 0) }), &behind);
        let burst: Vec<_> = (0..10).map(|_| host.get("/orders").expect_forwarded()).collect();
        for exchange in burst {
            assert_eq!(retries(&fails(exchange, 503)), 2, "{behind}");
        }
    }
}

#[test]
fn a_routes_own_retries_are_charged_where_it_stands_in_the_cluster_alone() {
    let filter = retry(json!({ "default": policy(3, 0) })).name("in-the-cluster");
    let host = Host::chain([retry(json!({ "mode": "disabled" })).name("before")])
        .routes([Route::new("orders").retry(RetryPolicy::on("5xx").num_retries(2))])
        .clusters([Cluster::new("upstream").filters([filter])]);
    let made: Vec<_> = (0..4)
        .map(|_| retries(&fails(host.get("/orders").expect_forwarded(), 503)))
        .collect();
    assert_eq!(made, [2, 1, 0, 0]);
}

#[test]
fn a_breaker_counts_it_as_the_failure_that_it_stands_for() {
    let configuration = json!({ "default": policy(1, 0) });
    let breaker = host::Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "default": { "trip": { "consecutive_failures": 3, "failure_rate": null } } }));
    let filter = retry(configuration.clone()).name("in-the-cluster");
    let host = Host::chain([breaker, retry(configuration)])
        .routes([Route::new("orders").timeout_ms(60_000)])
        .clusters([Cluster::new("upstream").filters([filter])]);
    let burst: Vec<_> = (0..3).map(|_| host.get("/orders").expect_forwarded()).collect();
    let burst: Vec<_> = burst
        .into_iter()
        .map(|exchange| fails(exchange, 503).details())
        .collect();
    assert_eq!(
        burst,
        ["via_upstream", "retry_budget_spent", "retry_budget_spent"]
    );
    host.get("/orders")
        .expect_rejected(503)
        .header("x-error-code", "CIRCUIT_OPEN");
}
