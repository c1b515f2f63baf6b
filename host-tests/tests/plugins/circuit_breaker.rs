//! The circuit-breaker plugin: when it opens, whom it rejects and how, how it closes again, and what it tells.

mod bytes;
mod degradations;
mod explained;
mod force;
mod grpc;
mod half_open;
mod in_chain;
mod keys;
mod logs;
mod metrics;
mod modes;
mod open_time;
mod origin;
mod per_attempt;
mod races;
mod ramp;
mod rejecting;
mod reroute;
mod sharing;
mod states;
mod trips;
mod updates;
mod versions;
mod well_known;
mod what_counts;
mod windows;

use host::{Exchange, Host, Plugin, Worker};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

/// A host with this configuration.
fn host(configuration: Value) -> Host {
    Host::new(CIRCUIT_BREAKER.module()).config(configuration)
}

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    host(json!({ "default": policy }))
}

/// The plugin with this configuration, as it stands in a chain.
fn breaker(configuration: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(configuration)
}

/// A breaker that opens after three failures, for ten seconds, and lets one probe through.
pub(crate) fn three_strikes() -> Value {
    json!({
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    })
}

/// The same, but for these settings.
pub(crate) fn strikes_with(settings: Value) -> Value {
    let mut policy = three_strikes();
    for (part, settings) in settings.as_object().into_iter().flatten() {
        match (policy[part].as_object_mut(), settings) {
            (Some(part), Value::Object(settings)) => part.extend(settings.clone()),
            _ => policy[part] = settings.clone(),
        }
    }
    policy
}

/// Lets so many requests fail.
#[track_caller]
fn fail(host: &Host, times: usize) {
    for _ in 0..times {
        host.get("/orders").answered_with(503).expect_status(503);
    }
}

/// Lets requests to a worker succeed (`s`), fail (`f`), or say nothing (`i`: the client gives up at once).
#[track_caller]
fn tell(worker: Worker<'_>, story: &str) {
    for (at, letter) in story.chars().enumerate() {
        let request = worker.get("/orders");
        match letter {
            's' => request.answered_with(200),
            'f' => request.answered_with(503),
            'i' => request.expect_forwarded().client_aborts(),
            other => panic!("{other} at {at}"),
        };
    }
}

/// A request is rejected, and that changes nothing.
#[track_caller]
fn expect_rejected(host: &Host) -> Exchange {
    let exchange = host.get("/orders").expect_rejected(503);
    assert_eq!(exchange.details(), "circuit_breaker_open", "{exchange}");
    exchange
}

/// A request is admitted, and says nothing of the upstream.
#[track_caller]
fn expect_admitted(host: &Host) {
    host.get("/orders").expect_forwarded().client_aborts();
}

/// How often a breaker went from one state to another for this reason.
fn transitions(host: &Host, from: &str, to: &str, reason: &str) -> u64 {
    let labels = format!(".breaker=upstream;.from={from};.to={to};.reason={reason};");
    host.metric(&format!("circuit_breaker_transitions_total{labels}"))
}

/// How many calls the breaker of `upstream` has counted with this outcome.
fn calls(host: &Host, outcome: &str, mode: &str) -> u64 {
    host.metric(&format!(
        "circuit_breaker_calls_total.breaker=upstream;.outcome={outcome};.mode={mode};"
    ))
}
