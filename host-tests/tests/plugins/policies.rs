//! The module of all plugins: which of them it runs, and that in one pass they do what they do in a chain.

mod bodies;
mod bytes;
mod configuration;
mod degradations;
mod ends;
mod one_pass;
mod order;
mod places;
mod properties;
mod replies;
mod reroute;
mod root_ids;
mod sections;
mod updates;

use host::{Answer, Configuration, Exchange, Host, Plugin, Request};
use host_tests::plugin::POLICIES;
use serde_json::{Value, json};

/// A host with one filter of the module, which runs the plugins that this configuration has sections for.
fn host(configuration: impl Into<Configuration>) -> Host {
    Host::chain([filter(configuration)])
}

/// The filter, as it stands in a chain.
fn filter(configuration: impl Into<Configuration>) -> Plugin {
    Plugin::new(POLICIES.module())
        .name("policies")
        .root_id("policies")
        .config(configuration)
}

/// All four plugins with their defaults, but for this one's section.
fn all_but(plugin: &str, section: Value) -> Value {
    let mut sections = json!({ "error-envelope": {}, "request-id": {}, "circuit-breaker": {}, "retry": {} });
    sections[plugin] = section;
    sections
}

/// A breaker that opens after two failures, for ten seconds.
fn two_strikes() -> Value {
    json!({ "default": {
        "trip": { "consecutive_failures": 2, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    } })
}

/// An answer whose body is a text.
fn text(status: u16, body: &str) -> Answer {
    Answer::new(status)
        .header("content-type", "text/plain")
        .body(body)
}

/// Sends a request. Each attempt gets this answer, till it is not tried again.
#[track_caller]
fn tried(request: Request, answer: &Answer) -> Exchange {
    let mut exchange = request.send();
    while !exchange.is_finished() {
        exchange = exchange.begin_answer(answer.clone());
        // A back-off may be over at once.
        if !exchange.is_finished() && !exchange.is_at_upstream() {
            exchange = exchange.expect_retried();
        }
    }
    exchange
}

/// Lets so many requests fail. No POST is tried again.
#[track_caller]
fn fail(host: &Host, times: usize) {
    for _ in 0..times {
        host.post("/orders").answered_with(503).expect_status(503);
    }
}

/// The plugins that run, told by what they do. The host must be new.
#[track_caller]
fn running(host: &Host) -> Vec<&'static str> {
    let exchange = tried(host.get("/orders"), &text(503, "busy"));
    let has = |header: &str| exchange.response_header(header).option().is_some();
    let does = [
        ("error-envelope", has("x-error-code")),
        ("request-id", has("x-request-id")),
        ("retry", exchange.attempts().len() == 3),
    ];
    // By default a breaker opens when half of twenty calls have failed.
    fail(host, 19);
    let opens = host.post("/orders").run(200).details() == "circuit_breaker_open";
    let does = does.into_iter().chain([("circuit-breaker", opens)]);
    does.filter(|(_, does)| *does).map(|(name, _)| name).collect()
}

/// The body that the client got.
#[track_caller]
fn body(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.body()).unwrap_or_else(|error| panic!("{error}\n{exchange}"))
}

/// All that was counted under this name.
fn counted(host: &Host, name: &str) -> Vec<(String, u64)> {
    let all = host.metrics().into_iter();
    all.filter(|(counted, _)| counted.starts_with(name)).collect()
}
