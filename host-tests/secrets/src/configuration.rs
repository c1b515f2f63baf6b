//! Configurations that tell as much as they can, and name no header.

use fastrand::Rng;
use serde_json::{Value, json};

/// A configuration of this plugin.
pub(crate) fn of(random: &mut Rng, plugin: &str) -> Value {
    if plugin == "admin" {
        return json!({ "service_name": "desk" });
    }
    let policy = match plugin {
        "request-id" => request_id(random),
        "error-envelope" => error_envelope(random),
        "circuit-breaker" => circuit_breaker(random),
        _ => retry(random),
    };
    json!({
        "mode": one(random, &["enforce", "enforce", "enforce", "shadow"]),
        "enforce_percent": one(random, &[100, 100, 50]),
        "service_name": "shop",
        "log": {
            "requests": random.bool(),
            "errors": one(random, &["none", "5xx", "all", "all"]),
            "max_per_second": one(random, &[1, 10_000, 10_000]),
        },
        "explain": one(random, &["none", "errors", "all", "all"]),
        "default": policy,
    })
}

fn request_id(random: &mut Rng) -> Value {
    json!({
        "trust": one(random, &["always", "never"]),
        "max_length": one(random, &[16, 64, 128]),
        "trace_context": one(random, &["propagate", "create"]),
        "trace_id_from_request_id": random.bool(),
        "response_headers": ["x-request-id", "x-correlation-id"],
    })
}

fn error_envelope(random: &mut Rng) -> Value {
    json!({
        "format": one(random, &["negotiate", "standard", "problem"]),
        "passthrough": one(random, &["structured", "never"]),
        "upstream_message": one(random, &["client_errors", "never"]),
        "documentation_base_url": "https://docs.example/errors/",
    })
}

fn circuit_breaker(random: &mut Rng) -> Value {
    json!({
        "key": one(random, &["cluster", "route", "host"]),
        "trip": { "consecutive_failures": one(random, &[1, 2, 3]) },
        "open": { "for": one(random, &["1s", "10s"]), "jitter": 0, "honor_retry_after": random.bool() },
        "half_open": { "max_calls": 1, "successes": 1 },
    })
}

fn retry(random: &mut Rng) -> Value {
    let methods = |random: &mut Rng| match random.bool() {
        true => json!(["POST"]),
        false => json!([]),
    };
    json!({
        "attempts": one(random, &[1, 2, 3]),
        "statuses": ["5xx"],
        "idempotency_key": { "unlocks": methods(random), "required_for": methods(random) },
        "budget": { "percent": 20, "interval": "10s", "min_retry_rate": { "count": 1, "interval": "10s" } },
        "inbound_retries": one(random, &["refuse", "allow"]),
        "timeout": one(random, &["1s", "5s"]),
    })
}

/// One of them.
fn one<T: Copy + Into<Value>>(random: &mut Rng, choices: &[T]) -> Value {
    random
        .choice(choices)
        .map_or(Value::Null, |choice| (*choice).into())
}
