//! Bytes that strangers send, on either side, by all plugins in one pass. Whatever they are, the workers serve on.

use crate::samples::{assert_error, stand_with};
use crate::stand::Stand;
use live::Answer;
use live::client::Request;
use serde_json::json;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// What the plugins read of a request.
const REQUEST_HEADERS: [&str; 19] = [
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-amzn-trace-id",
    "accept",
    "content-type",
    "x-tenant",
    "x-tier",
    "idempotency-key",
    "x-request-deadline-ms",
    "grpc-timeout",
    "x-envoy-attempt-count",
    "x-envoy-max-retries",
    "x-envoy-retry-on",
    "x-envoy-upstream-rq-timeout-ms",
    "user-agent",
];
/// What they read of an answer.
const RESPONSE_HEADERS: [&str; 7] = [
    "content-type",
    "x-error-code",
    "retry-after",
    "vary",
    "content-encoding",
    "grpc-status",
    "x-other",
];

/// Everything on: all headers read, all explained, all logged.
fn stand() -> Stand {
    let rule = json!([{ "match": { "headers": { "x-tier": "gold" }, "host": "*.example" }, "policy": {} }]);
    let log = json!({ "errors": "all", "requests": true, "max_per_second": 100 });
    let sections = json!({
        "error-envelope": {
            "explain": "all", "log": log, "routes": rule,
            "default": { "passthrough": "never", "context_headers": { "tenant": "x-tenant" } },
        },
        "request-id": {
            "explain": "all", "log": log, "routes": rule,
            "default": { "trace_context": "create", "sampled": true, "log_headers": { "user": "user-agent" } },
        },
        "circuit-breaker": {
            "explain": "all", "log": log, "routes": rule,
            "default": { "key": { "header": "x-tenant" }, "max_keys": 20 },
        },
        "retry": {
            "explain": "all", "log": log, "routes": rule,
            "default": {
                "deadline_headers": ["x-request-deadline-ms", "grpc-timeout"],
                "idempotency_key": { "unlocks": ["POST"] },
            },
        },
    });
    stand_with("policies.yaml", |sample| {
        sample.configuration("policies", &sections)
    })
}

/// No VM died, and nothing was given up but deadlines that are none.
#[track_caller]
fn assert_sound(stand: &Stand) {
    let log = stand.envoy.log().expect("Envoy has a log");
    let deaths = ["panicked", "Wasm VM failed", "Uncaught RuntimeError"];
    assert!(!deaths.iter().any(|death| log.contains(death)), "{log}");
    let prometheus = stand.envoy.prometheus().expect("Envoy tells its metrics");
    let given_up = prometheus
        .lines()
        .filter(|line| line.starts_with("policy_degradations_total{"));
    for line in given_up {
        assert!(
            line.contains("plugin=\"retry\",what=\"deadline_header\""),
            "{line}"
        );
    }
    stand.get("/after").id();
}

#[track_caller]
fn answer(stand: &Stand, status: u16, headers: &[(&str, &[u8])], body: &[u8]) {
    let answer = headers.iter().try_fold(
        Answer::status(status).expect("it is a status"),
        |answer, (name, value)| answer.header(name, value),
    );
    let answer = answer.expect("these are headers").body(body);
    stand.upstream.answer("/answer", answer);
}

#[test]
fn every_byte_in_every_header_of_a_request() {
    let stand = stand();
    answer(&stand, 404, &[("content-type", b"text/plain")], b"no");
    for byte in (0..=u8::MAX).filter(|byte| !b"\r\n".contains(byte)) {
        let value = [b"a", &[byte][..], b"z"].concat();
        let all = |method| {
            let request = Request::new(method, "/answer");
            let names = REQUEST_HEADERS.into_iter();
            names.fold(request, |request, name| request.header(name, &value))
        };
        let trace = Request::get("/answer")
            .header("traceparent", PARENT)
            .header("tracestate", &value)
            .header("x-request-id", [byte])
            .header("x-tenant", [byte]);
        for request in [all("GET"), all("POST"), trace] {
            let outcome = stand.send(&request);
            // Envoy itself refuses some bytes, before any filter.
            if outcome.received.is_some() {
                assert_error(&outcome.response, 404, "NOT_FOUND");
                outcome.id();
            } else {
                assert_eq!(outcome.response.status, 400, "byte {byte:#04x}");
            }
        }
    }
    assert_sound(&stand);
}

#[test]
fn every_byte_in_the_headers_and_the_body_of_an_answer() {
    let stand = stand();
    for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
        let value = [b"a", &[byte][..], b"z"].concat();
        let headers = RESPONSE_HEADERS.map(|name| (name, value.as_slice()));
        for body in ["no", ""] {
            answer(&stand, 404, &headers, body.as_bytes());
            let outcome = stand.get("/answer");
            assert_error(&outcome.response, 404, "NOT_FOUND");
            assert_eq!(outcome.response.values("x-other"), [value.as_slice()]);
            outcome.id();
        }
        // Retry-After is retry's to give, and what the upstream says its to keep.
        answer(&stand, 429, &[("retry-after", &value)], b"no");
        assert_eq!(stand.get("/answer").response.status, 429);
    }
    for byte in 0..=u8::MAX {
        let body = [b"{\"message\":\"", &[byte][..], b"\"}"].concat();
        answer(&stand, 404, &[("content-type", b"application/json")], &body);
        assert_error(&stand.get("/answer").response, 404, "NOT_FOUND");
    }
    assert_sound(&stand);
}

#[test]
fn bodies_of_every_size_in_pieces_of_every_size() {
    let stand = stand();
    for (length, chunks) in [
        (1, 1),
        (100, 100),
        (65_536, 7),
        (65_537, 7),
        (400_000, 40),
        (400_000, 1),
    ] {
        for content_type in [
            "application/json",
            "text/plain",
            "text/html",
            "application/octet-stream",
        ] {
            let body = "[".repeat(length);
            let answer = Answer::status(404)
                .and_then(|answer| answer.header("content-type", content_type))
                .expect("it is an answer");
            stand.upstream.answer("/answer", answer.body(body).chunks(chunks));
            let outcome = stand.get("/answer");
            assert_error(&outcome.response, 404, "NOT_FOUND");
            outcome.id();
        }
    }
    assert_sound(&stand);
}
