//! The breaker as a filter of a cluster: it sees each attempt of a retried request.

use super::three_strikes;
use host::{Answer, Cluster, Exchange, Host, Plugin, RetryPolicy, Route, millis, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

fn breaker(name: &str, policy: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name(name)
        .vm_id("circuit")
        .config(json!({ "explain": "all", "default": policy }))
}

/// A host that tries each request up to five times, with a breaker in the cluster and one before the router that never
/// opens.
fn host(policy: Value) -> Host {
    let never = json!({ "trip": { "failure_rate": null } });
    let retry = RetryPolicy::on("5xx,reset,connect-failure")
        .num_retries(4)
        .per_try_timeout(secs(1));
    Host::chain([breaker("listener", never)])
        .routes([Route::new("orders").timeout_ms(60_000).retry(retry)])
        .clusters([Cluster::new("upstream").filters([breaker("cluster", policy)])])
}

/// What came of each attempt.
fn came_to(exchange: &Exchange) -> Vec<String> {
    exchange.attempts().iter().map(host::Attempt::came_to).collect()
}

fn counted(host: &Host, outcome: &str) -> u64 {
    host.metric(&format!(
        "circuit_breaker_calls_total.breaker=upstream;.position=upstream;.outcome={outcome};.mode=enforce;"
    ))
}

/// A request whose attempts get these answers, which the router tries until there are no more of them.
#[track_caller]
fn tried(host: &Host, answers: &[u16]) -> Exchange {
    let (last, others) = answers.split_last().expect("there are answers");
    let mut exchange = host.get("/").expect_forwarded();
    for status in others {
        exchange = exchange.begin_answer(*status).expect_retried();
    }
    exchange.begin_answer(*last)
}

#[test]
fn each_attempt_of_a_request_counts() {
    let host = host(json!({ "trip": { "failure_rate": null } }));
    tried(&host, &[503, 503, 500, 200]).expect_status(200);
    host.advance(secs(1));
    assert_eq!((counted(&host, "failure"), counted(&host, "success")), (3, 1));
}

#[test]
fn the_retries_end_when_it_opens() {
    let host = host(three_strikes());
    let exchange = tried(&host, &[503, 503, 503]);
    host.advance(secs(1));
    exchange
        .expect_status(503)
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", "10");
    assert_eq!(exchange.details(), "circuit_breaker_open");
    // The fourth was made, and no upstream has seen it.
    let reached: Vec<bool> = exchange
        .attempts()
        .iter()
        .map(host::Attempt::reached_upstream)
        .collect();
    assert_eq!(reached, [true, true, true, false], "{:?}", came_to(&exchange));
    host.get("/")
        .expect_rejected(503)
        .header("x-envoy-ratelimited", "true");
}

#[test]
fn it_leaves_word_of_its_own() {
    let host = host(three_strikes());
    let exchange = tried(&host, &[503, 503, 503]);
    host.advance(secs(1));
    exchange
        .filter_state("policy.circuit_upstream")
        .is("upstream:open");
    exchange.filter_state("policy.error_code").is("CIRCUIT_OPEN");
    exchange.filter_state("policy.circuit").is_absent();
    let untroubled = self::host(three_strikes()).get("/").answered_with(200);
    untroubled.filter_state("policy.circuit_upstream").is_absent();
}

#[test]
fn what_it_rejects_is_no_failure_for_the_one_before_the_router() {
    let strict = json!({ "trip": { "consecutive_failures": 2, "failure_rate": null } });
    let retry = RetryPolicy::on("5xx").num_retries(4);
    let host = Host::chain([breaker("listener", strict.clone())])
        .routes([Route::new("orders").retry(retry)])
        .clusters([Cluster::new("upstream").filters([breaker("cluster", strict)])]);
    let exchange = host
        .get("/")
        .answered_with(503)
        .expect_retried()
        .begin_answer(503);
    host.advance(secs(1));
    exchange.expect_status(503);
    for _ in 0..5 {
        let rejected = host.get("/").expect_rejected(503);
        rejected
            .filter_state("policy.circuit_upstream")
            .is("upstream:open");
        rejected.filter_state("policy.circuit").is_absent();
    }
}

#[test]
fn an_attempt_without_an_answer_is_a_failure() {
    for (name, answer) in [
        ("a refused connection", Answer::connection_failure()),
        ("a reset", Answer::reset()),
        ("no HTTP", Answer::protocol_error()),
    ] {
        let host = host(three_strikes());
        let mut exchange = host.get("/").expect_forwarded();
        for _ in 0..2 {
            exchange = exchange.begin_answer(answer.clone()).expect_retried();
        }
        exchange.begin_answer(answer);
        host.advance(secs(1));
        assert_eq!(counted(&host, "failure"), 3, "{name}");
        host.get("/")
            .expect_rejected(503)
            .header("x-error-code", "CIRCUIT_OPEN");
    }
}

#[test]
fn an_attempts_own_time_out_is_a_failure() {
    let host = host(three_strikes());
    let exchange = host.get("/").expect_forwarded();
    host.advance(secs(5));
    exchange.expect_status(503).header("x-error-code", "CIRCUIT_OPEN");
    assert_eq!(counted(&host, "failure"), 3);
}

#[test]
fn a_client_that_leaves_tells_of_no_attempt() {
    let host = host(three_strikes());
    for _ in 0..5 {
        let exchange = host.get("/").expect_forwarded();
        host.advance(millis(999));
        exchange.client_aborts();
    }
    host.advance(secs(1));
    assert_eq!(counted(&host, "failure"), 0);
    host.get("/").answered_with(200);
}

#[test]
fn a_retry_can_be_the_probe() {
    let host = host(three_strikes());
    let exchange = tried(&host, &[503, 503, 503]);
    host.advance(secs(1));
    exchange.expect_status(503);
    host.advance(secs(9));
    // The probe fails: what is tried again is rejected.
    let exchange = tried(&host, &[503]);
    host.advance(secs(1));
    exchange.expect_status(503).header("x-error-code", "CIRCUIT_OPEN");
    host.advance(secs(20));
    host.get("/")
        .answered_with(200)
        .filter_state("policy.circuit_upstream")
        .is("upstream:half_open");
    host.get("/").answered_with(200);
    host.get("/")
        .answered_with(200)
        .filter_state("policy.circuit_upstream")
        .is_absent();
}

#[test]
fn in_a_cluster_there_is_no_other_route_to_take() {
    let mut policy = three_strikes();
    policy["reject"] = json!({ "reroute": { "header": "x-fallback", "value": "1" } });
    let host = host(policy);
    let exchange = tried(&host, &[503, 503, 503]);
    host.advance(secs(1));
    exchange.expect_status(503).header("x-error-code", "CIRCUIT_OPEN");
}
