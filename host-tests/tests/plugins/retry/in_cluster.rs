//! Retry as a filter of a cluster: it charges each retry before it is made, so that requests that are under way at once
//! make no more of them than the budget has.

mod told;

use super::retry;
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
