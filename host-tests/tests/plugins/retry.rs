//! The retry plugin: what is tried again, how often, and what callers are told.

mod back_off;
mod budget;
mod bytes;
mod deadlines;
mod degradations;
mod half_open;
mod idempotency_keys;
mod in_cluster;
mod inbound_headers;
mod inbound_retries;
mod metrics;
mod modes;
mod retry_after;
mod steering;
mod told;

use host::{Answer, Edge, Exchange, Host, Plugin, Request};
use host_tests::plugin::RETRY;
use serde_json::{Value, json};

/// A host with this configuration.
fn host(configuration: Value) -> Host {
    Host::new(RETRY.module()).config(configuration)
}

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    host(json!({ "default": policy }))
}

/// A listener that takes its clients at their word, as a mesh's does.
fn trusting() -> Edge {
    Edge::default().use_remote_address(true).internal_clients(true)
}

/// The plugin with this configuration, as it stands in a chain.
fn retry(configuration: Value) -> Plugin {
    Plugin::new(RETRY.module()).name("retry").config(configuration)
}

/// Sends a request. Each attempt gets this answer, till it is not tried again.
#[track_caller]
fn tried(request: Request, answer: impl Into<Answer>) -> Exchange {
    let answer = answer.into();
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

/// Each attempt of the request gets this answer: so many are made.
#[track_caller]
fn attempts(request: Request, answer: impl Into<Answer>) -> usize {
    tried(request, answer).attempts().len()
}

/// How many requests of the route `default` were not tried again for this reason, or `orders` where there is none.
fn suppressed(host: &Host, reason: &str) -> u64 {
    let labels = |route: &str| format!(".route={route};.reason={reason};.mode=enforce;");
    ["default", "orders"]
        .iter()
        .map(|route| host.metric(&format!("retry_suppressed_total{}", labels(route))))
        .sum()
}
