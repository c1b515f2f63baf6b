//! No input makes a callback burn more than its bound: here with inputs that were made to.

use fuzz::alone::{Alone, Headers, Worker};
use fuzz::bound::Work;
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, REQUEST_ID, RETRY};
use std::sync::OnceLock;

#[path = "endless_work/bodies.rs"]
mod bodies;
#[path = "endless_work/configurations.rs"]
mod configurations;
#[path = "endless_work/headers.rs"]
mod headers;
#[path = "endless_work/records.rs"]
mod records;

/// All that reads a header or a body, in one module.
const EVERYTHING: &str = r#"{
  "error-envelope": { "explain": "all", "log": { "requests": true, "errors": "all" }, "default": { "upstream_message": "always",
    "format": "negotiate", "passthrough": "enveloped", "max_body_bytes": 16777216, "context_headers": { "tenant": "x-tenant" } } },
  "request-id": { "explain": "all", "log": { "requests": true, "max_per_second": 10000 }, "default": {
    "accept": ["x-request-id", "traceparent", "b3", "x-b3-traceid", "x-amzn-trace-id"], "trace_context": "create",
    "sampled": { "percent": 50 }, "response_headers": ["x-request-id", "x-correlation-id"], "log_headers": { "user": "x-user" } } },
  "circuit-breaker": { "explain": "all", "default": { "key": { "header": "x-tenant" }, "max_keys": 3,
    "trip": { "consecutive_failures": 5 } } },
  "retry": { "explain": "all", "default": { "deadline_headers": ["x-request-deadline-ms", "grpc-timeout"],
    "idempotency_key": { "header": "idempotency-key", "unlocks": ["POST"], "required_for": ["PATCH"] } } }
}"#;

/// The module of all four, compiled once.
fn policies() -> &'static Alone {
    static POLICIES_ALONE: OnceLock<Alone> = OnceLock::new();
    POLICIES_ALONE.get_or_init(|| Alone::new(&POLICIES.bytes()))
}

fn everything() -> Worker {
    let mut worker = policies().worker(EVERYTHING.as_bytes());
    assert!(worker.is_configured());
    worker.work();
    worker
}

fn get() -> Headers {
    named(&[(":method", "GET"), (":path", "/"), (":authority", "shop.example")])
}

fn answer(status: &str) -> Headers {
    named(&[(":status", status), ("content-type", "application/json")])
}

fn named(headers: &[(&str, &str)]) -> Headers {
    let header = |(name, value): &(&str, &str)| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
    headers.iter().map(header).collect()
}

/// All of it is bounded; gives the most that one callback burnt.
#[track_caller]
fn bounded(works: &[Work]) -> u64 {
    works.iter().for_each(Work::assert_is_bounded);
    works.iter().map(|work| work.fuel).max().expect("there was work")
}
