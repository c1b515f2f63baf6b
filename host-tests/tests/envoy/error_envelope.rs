//! The error-envelope plugin in its sample, request-id behind it.

mod bodies;
mod configuration;
mod hostile;
mod http2;
mod reasons;
mod refused;
mod told;

use crate::stand::{Outcome, Stand};
use host_tests::plugin::ERROR_ENVELOPE;
use live::Sample;
use live::client::{Request, Response};
use serde_json::{Value, json};

/// The sample as it is.
fn stand() -> Stand {
    Stand::of(&ERROR_ENVELOPE, |sample| sample)
}

/// The sample with another configuration of the plugin, and with this setting of `allow_on_headers_stop_iteration`.
fn configured(configuration: &Value, allow_stop: bool) -> Stand {
    Stand::of(&ERROR_ENVELOPE, |sample| with(sample, configuration, allow_stop))
}

fn with(sample: Sample, configuration: &Value, allow_stop: bool) -> Sample {
    let filter = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";
    sample
        .configuration("error-envelope", configuration)
        .and_then(|sample| {
            sample.set(
                &format!("{filter}/allow_on_headers_stop_iteration"),
                json!(allow_stop),
            )
        })
        .expect("the sample has the plugin, first in the chain")
}

/// The one object that a response is, of the type and length that its headers say.
#[track_caller]
fn object(response: &Response, content_type: &str) -> Value {
    let text = response.text();
    assert_eq!(
        response.values("content-type"),
        [content_type.as_bytes()],
        "{text}"
    );
    if let [length] = response.values("content-length").as_slice() {
        assert_eq!(*length, response.body.len().to_string().as_bytes(), "{text}");
    }
    let body: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(body.is_object(), "{text}");
    body
}

/// The standard body of this status and code, with the members that are always there.
#[track_caller]
fn standard(response: &Response, status: u16, code: &str) -> Value {
    assert_eq!(response.status, status, "{}", response.text());
    assert_eq!(
        response.values("x-error-code"),
        [code.as_bytes()],
        "{}",
        response.text()
    );
    let body = object(response, "application/json");
    assert_eq!(
        (&body["error_code"], &body["status_code"]),
        (&json!(code), &json!(status))
    );
    for member in ["trace_id", "request_id", "message", "timestamp"] {
        assert!(
            body[member].as_str().is_some_and(|text| !text.is_empty()),
            "{member}: {body}"
        );
    }
    assert_is_time(&body["timestamp"]);
    body
}

/// RFC 3339, UTC, with milliseconds.
#[track_caller]
fn assert_is_time(time: &Value) {
    let shape: String = time
        .as_str()
        .unwrap_or_default()
        .chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{time}");
}

/// The ids of response, body and upstream are one.
#[track_caller]
fn one_id(outcome: &Outcome) -> String {
    let id = outcome.id();
    let body: Value = serde_json::from_slice(&outcome.response.body).expect("the body is JSON");
    assert_eq!(body["request_id"], id.as_str(), "{body}");
    id
}

fn problem_of(path: &str) -> Request {
    Request::get(path).header("accept", "application/problem+json")
}
