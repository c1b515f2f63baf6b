//! Bytes that a stranger sends. Whatever they are, the worker serves on, and ids stay valid.

use crate::stand::{Outcome, Stand};
use live::client::Request;
use serde_json::json;

const HEADERS: [&str; 7] = [
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-amzn-trace-id",
];
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Everything on: all headers read, a trace context made, all logged.
fn stand() -> Stand {
    Stand::configured(json!({
        "explain": "all",
        "log": { "requests": true, "max_per_second": 100 },
        "default": { "trace_context": "create", "sampled": true, "log_headers": { "user": "x-user" } },
        "routes": [{ "match": { "headers": { "x-tier": "gold" }, "host": "*.example" }, "policy": {} }],
    }))
}

#[track_caller]
fn assert_answered(outcome: &Outcome, what: &str) {
    // Envoy itself refuses some bytes, before any filter.
    if outcome.response.status != 400 || outcome.received.is_some() {
        assert_eq!(outcome.response.status, 200, "{what}");
        outcome.id();
        let parents = outcome.received().values("traceparent");
        assert_eq!(parents.len(), 1, "{what}: one trace context");
        assert_eq!(parents[0].len(), 55, "{what}");
    }
}

#[test]
fn every_byte_in_every_header_that_is_read() {
    let stand = stand();
    for byte in (0..=u8::MAX).filter(|byte| !b"\r\n".contains(byte)) {
        for header in HEADERS {
            let value = [b"a", &[byte][..], b"z"].concat();
            let mut request = Request::get("/").header(header, value);
            if header == "tracestate" {
                request = request.header("traceparent", PARENT);
            }
            assert_answered(&stand.send(&request), &format!("{header}: byte {byte:#04x}"));
        }
        let anywhere = Request::get("/")
            .header("x-user", [byte])
            .header("x-tier", [byte, byte]);
        assert_answered(&stand.send(&anywhere), &format!("elsewhere: byte {byte:#04x}"));
    }
    stand.assert_sound();
}

#[test]
fn every_byte_that_http_allows_in_a_name() {
    let stand = stand();
    for byte in 0..=u8::MAX {
        if byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte) {
            let name = [b"x-", &[byte][..], b"-y"].concat();
            assert_answered(
                &stand.send(&Request::get("/").header(name, "1")),
                &format!("byte {byte:#04x}"),
            );
        }
    }
    stand.assert_sound();
}

#[test]
fn empty_long_and_repeated_headers() {
    let stand = stand();
    for header in HEADERS {
        for value in [
            String::new(),
            "a".repeat(129),
            "a".repeat(20_000),
            ",".repeat(5_000),
            "-".repeat(5_000),
        ] {
            let what = format!("{header}: {} bytes", value.len());
            assert_answered(&stand.send(&Request::get("/").header(header, value)), &what);
        }
        let repeated = (0..50).fold(Request::get("/"), |request, n| {
            request.header(header, format!("v{n}=1"))
        });
        assert_answered(&stand.send(&repeated), &format!("{header}: 50 times"));
    }
    stand.assert_sound();
}
