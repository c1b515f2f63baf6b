//! The error-envelope plugin: which errors get the one body, and what it says.

mod local;

use host::{Exchange, Host};
use host_tests::plugin::ERROR_ENVELOPE;
use serde_json::{Value, json};

/// A host with this configuration.
fn host(configuration: Value) -> Host {
    Host::new(ERROR_ENVELOPE.module()).config(configuration)
}

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    host(json!({ "default": policy }))
}

/// The body that the client got, which must be one JSON object of the announced type and length.
#[track_caller]
fn body(exchange: &Exchange) -> Value {
    exchange.header("content-type", "application/json");
    let body: Value = serde_json::from_slice(&exchange.body()).unwrap_or_else(|error| panic!("{error}\n{exchange}"));
    assert!(body.is_object(), "{exchange}");
    if let Some(length) = exchange.response_header("content-length").option() {
        assert_eq!(length, exchange.body().len().to_string().as_bytes(), "{exchange}");
    }
    assert_eq!(body["status_code"], exchange.status(), "{exchange}");
    body
}
