//! Ends of exchanges, ticks, and workers: of each plugin as if it were alone.

use super::{all_but, counted, host, text, tried, two_strikes};
use crate::lines;
use host::{Exchange, Host, secs};
use serde_json::{Value, json};

/// Each plugin that can logs each exchange.
fn telling() -> Value {
    json!({
        "error-envelope": { "log": { "errors": "all" } },
        "request-id": { "log": { "requests": true } },
        "circuit-breaker": two_strikes(),
        "retry": { "log": { "errors": "all" } },
    })
}

/// Which plugin wrote which line.
fn told(exchange: &Exchange) -> Vec<(String, String)> {
    let text = |line: &Value, member: &str| line[member].as_str().unwrap_or_default().to_owned();
    lines::of_exchange(exchange)
        .iter()
        .map(|line| (text(line, "plugin"), text(line, "event")))
        .collect()
}

fn named(lines: &[(&str, &str)]) -> Vec<(String, String)> {
    let named = lines.iter();
    named
        .map(|(plugin, event)| ((*plugin).to_owned(), (*event).to_owned()))
        .collect()
}

#[test]
fn each_plugin_writes_its_line_of_an_exchange_once() {
    let host = host(telling());
    let error = named(&[
        ("error-envelope", "error"),
        ("request-id", "request"),
        ("retry", "retry_suppressed"),
    ]);
    for answer in [text(503, "busy"), host::Answer::new(503)] {
        assert_eq!(told(&host.post("/").answered_with(answer)), error);
        host.post("/").answered_with(200);
    }
    assert_eq!(
        told(&host.get("/").answered_with(200)),
        named(&[("request-id", "request")])
    );
}

#[test]
fn an_exchange_that_a_client_leaves_is_over_once_for_each() {
    let host = host(telling());
    let left = host.get("/").expect_forwarded().client_aborts();
    assert_eq!(told(&left), named(&[("request-id", "request")]));
    host.advance(secs(1));
    assert_eq!(
        counted(&host, "circuit_breaker_calls_total"),
        [(
            "circuit_breaker_calls_total.breaker=upstream;.outcome=ignored;.mode=enforce;".to_owned(),
            1
        )]
    );
}

#[test]
fn one_tick_is_for_all_that_want_it() {
    let host = host(all_but("circuit-breaker", two_strikes()));
    host.get("/").answered_with(200);
    let gathered = |host: &Host| {
        let metrics = host.metrics();
        let success = "circuit_breaker_calls_total.breaker=upstream;.outcome=success;.mode=enforce;";
        let budget = "retry_budget_remaining.cluster=upstream;";
        [success, budget].map(|name| metrics.get(name).copied())
    };
    assert_eq!(gathered(&host), [None, None]);
    host.advance(secs(1));
    assert_eq!(gathered(&host), [Some(1), Some(100)]);
}

#[test]
fn a_tick_asks_nothing_of_plugins_that_want_none() {
    let host = host(json!({ "error-envelope": {} }));
    host.get("/").answered_with(503);
    let before = host.host_calls().len();
    host.advance(secs(60));
    assert_eq!(host.host_calls().len(), before);
}

#[test]
fn all_workers_share_breakers_and_budgets_in_one_pass() {
    let one = json!({ "budget": {
        "percent": 0, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" },
    } });
    let mut all = all_but("circuit-breaker", two_strikes());
    all["retry"] = json!({ "default": one });
    let host = host(all).workers(3);
    // One retry is all that there is, for all workers.
    assert_eq!(
        tried(host.worker(0).get("/"), &text(503, "busy"))
            .attempts()
            .len(),
        2
    );
    assert_eq!(
        tried(host.worker(1).get("/"), &text(503, "busy"))
            .attempts()
            .len(),
        1
    );
    // Those were two failures in a row.
    for worker in [2, 1, 0] {
        let exchange = host.worker(worker).get("/").expect_rejected(503);
        assert_eq!(exchange.details(), "circuit_breaker_open");
    }
}

#[test]
fn what_was_gathered_is_not_lost_when_the_proxy_stops() {
    let host = host(all_but("circuit-breaker", two_strikes())).workers(2);
    for worker in [0, 1] {
        host.worker(worker).get("/").answered_with(200);
    }
    host.shut_down();
    let success = "circuit_breaker_calls_total.breaker=upstream;.outcome=success;.mode=enforce;";
    assert_eq!(host.metric(success), 2);
}

#[test]
fn a_worker_does_not_grow_with_its_exchanges() {
    let host = host(json!({
        "error-envelope": { "explain": "all", "log": { "errors": "all" } },
        "request-id": { "explain": "all", "log": { "requests": true } },
        "circuit-breaker": { "explain": "all" },
        "retry": { "explain": "all", "log": { "errors": "all" } },
    }));
    let mut grown = 0;
    for round in 0..1_000 {
        let answer = text(if round % 3 == 0 { 503 } else { 200 }, "hello");
        let pages = tried(host.get("/"), &answer).cost().pages_grown();
        grown += if round < 300 { 0 } else { pages };
        if round % 16 == 0 {
            host.advance(secs(1));
        }
    }
    assert_eq!(grown, 0);
}
