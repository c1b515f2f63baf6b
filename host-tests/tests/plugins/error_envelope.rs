//! The error-envelope plugin: which errors get the one body, what it says, and what stays as it is.

mod bodies;
mod bytes;
mod catalog;
mod configuration;
mod degradations;
mod header_only;
mod headers;
mod html;
mod ids;
mod left_alone;
mod local;
mod logs;
mod members;
mod messages;
mod metrics;
mod modes;
mod negotiation;
mod ours;
mod passthrough;
mod properties;
mod server_errors;
mod told;
mod trailers;
mod validation;

use host::{Answer, Exchange, Host, Plugin};
use host_tests::plugin::{ERROR_ENVELOPE, PUPPET, REQUEST_ID};
use serde_json::{Value, json};

/// A host with this configuration.
fn host(configuration: Value) -> Host {
    Host::new(ERROR_ENVELOPE.module()).config(configuration)
}

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    host(json!({ "default": policy }))
}

/// A host where every error of the upstream is replaced.
fn strict() -> Host {
    policy(json!({ "passthrough": "never" }))
}

/// The plugin with this configuration, as it stands in a chain.
fn envelope(configuration: Value) -> Plugin {
    Plugin::new(ERROR_ENVELOPE.module())
        .name("error-envelope")
        .config(configuration)
}

/// The plugin, and request-id behind it.
fn with_request_id(configuration: Value) -> Host {
    let request_id = Plugin::new(REQUEST_ID.module())
        .name("request-id")
        .config(json!({}));
    Host::chain([envelope(configuration), request_id])
}

/// The plugin, and behind it another filter, which does what this script says.
fn before(configuration: Value, script: Value) -> Host {
    let other = Plugin::new(PUPPET.module()).name("other").config(script);
    Host::chain([envelope(configuration), other])
}

/// Hosts with this policy that are alike but for `allow_on_headers_stop_iteration`.
fn with_either_setting(policy: &Value) -> [Host; 2] {
    let plugin = || envelope(json!({ "default": policy }));
    [false, true].map(|allow| Host::chain([plugin().allow_on_headers_stop_iteration(allow)]))
}

fn text(status: u16, body: impl AsRef<[u8]>) -> Answer {
    Answer::new(status)
        .header("content-type", "text/plain")
        .body(body)
}

fn json_error(status: u16, body: impl AsRef<[u8]>) -> Answer {
    Answer::new(status)
        .header("content-type", "application/json")
        .body(body)
}

/// The body that the client got, which must be one JSON object of the announced type and length, with the members that
/// are always there.
#[track_caller]
fn body(exchange: &Exchange) -> Value {
    exchange.header("content-type", "application/json");
    let body = any_body(exchange);
    assert_eq!(body["status_code"], exchange.status(), "{exchange}");
    for member in ["trace_id", "request_id", "error_code", "message", "timestamp"] {
        assert!(
            body[member].as_str().is_some_and(|text| !text.is_empty()),
            "{member}\n{exchange}"
        );
    }
    body
}

/// The same of a problem (RFC 9457).
#[track_caller]
fn problem(exchange: &Exchange) -> Value {
    exchange.header("content-type", "application/problem+json");
    let body = any_body(exchange);
    assert_eq!(body["status"], exchange.status(), "{exchange}");
    body
}

#[track_caller]
fn any_body(exchange: &Exchange) -> Value {
    let bytes = exchange.body();
    let body: Value = serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}\n{exchange}"));
    assert!(body.is_object(), "{exchange}");
    if let Some(length) = exchange.response_header("content-length").option() {
        assert_eq!(length, bytes.len().to_string().as_bytes(), "{exchange}");
    }
    body
}

/// The exchange ended with the body of this code, which the header says, too.
#[track_caller]
fn assert_enveloped(exchange: &Exchange, status: u16, code: &str) -> Value {
    exchange.expect_status(status).header("x-error-code", code);
    let body = body(exchange);
    assert_eq!(body["error_code"], code, "{exchange}");
    body
}

/// The names of an object's members, in alphabetical order.
fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
        .map(String::as_str)
        .collect()
}
