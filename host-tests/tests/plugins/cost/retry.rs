//! What a request costs that retry steers.

use super::request;
use host::cost::usual;
use host::{Answer, Cost, Exchange, Host, Request, secs};
use host_tests::plugin::RETRY;
use serde_json::{Value, json};

fn retry(configuration: Value) -> Host {
    Host::new(RETRY.module())
        .plugin_name("retry")
        .config(configuration)
        .seed(1)
        .plant_nothing()
}

/// Sends it. Each attempt gets this answer.
fn answered(request: Request, answer: &Answer) -> Exchange {
    let mut exchange = request.header("x-request-id", "order-42").send();
    while exchange.is_at_upstream() {
        exchange = exchange.begin_answer(answer.clone());
        if !exchange.is_finished() && !exchange.is_at_upstream() {
            exchange = exchange.expect_retried();
        }
    }
    exchange
}

fn cost(configuration: Value, answer: &Answer) -> Cost {
    usual(&retry(configuration), |host| answered(request(host), answer)).usual
}

/// The cost of a GET that succeeds where the budget has a record: one that did, and a tick, went before.
fn after_a_tick() -> Cost {
    let (host, ok) = (retry(json!({})), Answer::new(200).body("hello"));
    answered(request(&host), &ok);
    host.advance(secs(1));
    usual(&host, |host| answered(request(host), &ok)).usual
}

/// The cost of a POST, with the headers of any request that have a meaning here.
fn cost_of_post(answer: &Answer) -> Cost {
    let policy = json!({ "idempotency_key": { "unlocks": ["POST"] }, "deadline_headers": ["x-deadline"] });
    usual(&retry(json!({ "default": policy })), |host| {
        let post = host
            .post("/r")
            .header("idempotency-key", "a-1")
            .header("x-deadline", "9000");
        answered(post, answer)
    })
    .usual
}

/// What each way through the plugin costs, as the golden file has it.
pub(super) fn retries() -> String {
    let ok = Answer::new(200).body("hello");
    let post = |host: &Host| answered(host.post("/r"), &Answer::new(503));
    let plenty = json!({ "budget": { "min_retry_rate": { "count": 1_000_000 } } });
    let ways = [
        ("a GET that succeeds at the first attempt", cost(json!({}), &ok)),
        (
            "a GET that succeeds at the first attempt after a tick, when there is a record",
            after_a_tick(),
        ),
        (
            "a GET that succeeds where there is no budget",
            cost(json!({ "default": { "budget": null } }), &ok),
        ),
        (
            "a GET that fails three times",
            cost(json!({ "default": plenty }), &Answer::new(503)),
        ),
        (
            "a POST that is not tried again",
            usual(&retry(json!({})), post).usual,
        ),
        ("a POST with a key and a deadline", cost_of_post(&ok)),
        (
            "a request whose deadline is past",
            usual(
                &retry(json!({ "default": { "deadline_headers": ["x-deadline"] } })),
                |host| request(host).header("x-deadline", "0").expect_rejected(504),
            )
            .usual,
        ),
        (
            "retries that are disabled",
            cost(json!({ "mode": "disabled" }), &ok),
        ),
    ];
    ways.iter()
        .map(|(what, cost)| format!("{what}\n{cost}\n"))
        .collect()
}

#[test]
fn a_get_that_succeeds_reads_shared_data_once_and_writes_and_counts_nothing() {
    let cost = cost(json!({}), &Answer::new(200).body("hello"));
    let of = |name: &str| {
        let calls = cost.callbacks.iter().flat_map(|spent| &spent.calls);
        calls
            .filter(|(called, _)| **called == name)
            .map(|(_, count)| *count)
            .sum::<u64>()
    };
    assert_eq!(of("proxy_get_shared_data"), 1, "{cost}");
    assert_eq!(
        of("proxy_set_shared_data") + of("proxy_increment_metric") + of("proxy_set_property"),
        0,
        "{cost}"
    );
}

#[test]
fn retries_that_are_disabled_cost_nothing() {
    assert_eq!(cost(json!({ "mode": "disabled" }), &Answer::new(503)).calls(), 0);
}

#[test]
fn a_worker_does_not_grow_with_its_retries() {
    let host = retry(json!({
        "explain": "all", "log": { "errors": "all" },
        "default": { "idempotency_key": { "unlocks": ["POST"] }, "deadline_headers": ["x-deadline"] },
    }));
    let mut grown = 0;
    for round in 0..1_000u32 {
        let answer = Answer::new(if round % 3 == 0 { 503 } else { 200 }).body("hello");
        let sent = request(&host)
            .header("x-deadline", "9000")
            .header("idempotency-key", round.to_string());
        let exchange = answered(sent, &answer);
        grown += if round < 300 {
            0
        } else {
            exchange.cost().pages_grown()
        };
        if round % 16 == 0 {
            host.advance(secs(1));
        }
    }
    assert_eq!(grown, 0);
}
