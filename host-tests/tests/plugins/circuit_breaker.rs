//! The circuit-breaker plugin: when it opens, whom it rejects and how, how it closes again, and what it tells.

mod origin;
mod states;
mod well_known;

use host::Host;
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

/// A breaker that opens after three failures, for ten seconds, and lets one probe through.
fn three_strikes() -> Value {
    json!({
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "10s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    })
}

/// Lets so many requests fail.
#[track_caller]
fn fail(host: &Host, times: usize) {
    for _ in 0..times {
        host.get("/orders").answered_with(503).expect_status(503);
    }
}

