//! Bytes that a stranger sends, on either side. In one pass, too, the worker serves on, and what comes out is valid.

use super::host;
use crate::valid::{assert_uuid, is_id, is_traceparent};
use host::{Answer, Exchange, Host};
use serde_json::{Value, json};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Every request header that some plugin reads.
const OF_REQUESTS: [&str; 14] = [
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "b3",
    "accept",
    "content-type",
    "x-tenant",
    "x-deadline",
    "grpc-timeout",
    "idempotency-key",
    "x-envoy-attempt-count",
    "x-envoy-max-retries",
    "x-fallback",
];
/// Every response header that some plugin reads.
const OF_ANSWERS: [&str; 9] = [
    "content-type",
    "content-encoding",
    "content-length",
    "trailer",
    "x-error-code",
    "retry-after",
    "grpc-status",
    "x-envoy-ratelimited",
    "vary",
];

fn everything() -> Host {
    let log = json!({ "requests": true, "errors": "all", "max_per_second": 10_000 });
    host(json!({
        "error-envelope": {
            "explain": "all", "log": log,
            "default": { "passthrough": "never", "context_headers": { "tenant": "x-tenant" } },
        },
        "request-id": {
            "explain": "all", "log": log,
            "default": { "trace_context": "create", "sampled": true, "log_headers": { "tenant": "x-tenant" } },
        },
        "circuit-breaker": {
            "explain": "all",
            "default": {
                "key": { "header": "x-tenant" }, "max_keys": 4,
                "trip": { "failure_rate": null }, "open": { "honor_retry_after": true },
            },
        },
        "retry": {
            "explain": "all", "log": log,
            "default": {
                "deadline_headers": ["x-deadline", "grpc-timeout"], "budget": null,
                "idempotency_key": { "unlocks": ["POST"], "required_for": ["PATCH"] },
            },
        },
    }))
}

/// Sends it to the end, whatever comes of it.
#[track_caller]
fn run(request: host::Request, answer: &Answer) -> Exchange {
    let mut exchange = request.send();
    while exchange.is_at_upstream() {
        exchange = exchange.begin_answer(answer.clone());
        if !exchange.is_finished() && !exchange.is_at_upstream() {
            exchange = exchange.expect_retried();
        }
    }
    assert!(exchange.is_finished(), "{exchange}");
    exchange
}

/// What left on either side is valid, and so is all that was told of it.
#[track_caller]
fn assert_valid(exchange: &Exchange, what: &str) {
    if exchange.reached_upstream() {
        let id = exchange.upstream_header("x-request-id").value();
        assert!(is_id(&id, 1024), "{what}\n{exchange}");
        let parent = exchange.upstream_header("traceparent").value();
        assert!(is_traceparent(&parent), "{what}\n{exchange}");
    }
    let ours = exchange
        .response_header("x-error-code")
        .option()
        .is_some_and(|code| code.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'));
    if exchange.status() >= 400 && ours && !exchange.body().is_empty() {
        let body: Result<Value, _> = serde_json::from_slice(&exchange.body());
        assert!(body.is_ok_and(|body| body.is_object()), "{what}\n{exchange}");
    }
    for line in exchange.logs() {
        let line: Result<Value, _> = serde_json::from_str(&line.message);
        assert!(line.is_ok(), "{what}\n{exchange}");
    }
    if let Some(told) = exchange.filter_state("policy.explain").option() {
        assert!(
            serde_json::from_slice::<Value>(&told).is_ok(),
            "{what}\n{exchange}"
        );
    }
}

#[track_caller]
fn assert_serves(host: &Host) {
    let exchange = host.get("/").answered_with(200);
    assert_uuid(&exchange.upstream_header("x-request-id").text(), '7');
}

#[test]
fn every_byte_in_every_value_of_a_request() {
    let host = everything();
    let answer = super::text(404, "no such order");
    for byte in 0..=u8::MAX {
        host.advance(host::secs(1));
        for header in OF_REQUESTS {
            for value in [
                vec![byte],
                vec![b'1', byte, b'S'],
                [PARENT.as_bytes(), &[byte]].concat(),
            ] {
                let request = host.get("/a/b").header(header, &value);
                let what = format!("{header}: {}", value.escape_ascii());
                assert_valid(&run(request, &answer), &what);
            }
        }
    }
    assert_serves(&host);
}

#[test]
fn every_byte_in_every_value_of_an_answer() {
    let host = everything();
    for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
        host.advance(host::secs(1));
        for header in OF_ANSWERS {
            for value in [vec![byte], vec![b'1', byte]] {
                if header == "content-length" && !value.iter().all(u8::is_ascii_digit) {
                    // A codec refuses it before any filter sees it.
                    continue;
                }
                for status in [200, 404, 503] {
                    let answer = Answer::new(status)
                        .header(header, &value)
                        .header("x-other", [byte; 3]);
                    let what = format!("{status}, {header}: {}", value.escape_ascii());
                    let exchange = run(host.post("/"), &answer);
                    assert_valid(&exchange, &what);
                    exchange.response_header("x-request-id").value();
                }
            }
        }
    }
    assert_serves(&host);
}

#[test]
fn every_byte_in_a_body_in_whatever_pieces() {
    let host = everything();
    for byte in 0..=u8::MAX {
        host.advance(host::secs(1));
        for body in [
            vec![byte],
            [b"{\"message\": \"".as_slice(), &[byte], b"\"}"].concat(),
            vec![byte; 3000],
        ] {
            for media_type in ["application/json", "text/plain", "text/html"] {
                let half = body.len().div_ceil(2);
                let answer = Answer::new(422)
                    .header("content-type", media_type)
                    .pieces(body.chunks(half));
                let exchange = run(host.get("/"), &answer);
                let what = format!("{media_type}: {}", body.escape_ascii());
                assert_valid(&exchange, &what);
                assert!(
                    exchange.response_header("x-error-code").option().is_some(),
                    "{what}\n{exchange}"
                );
            }
        }
    }
    assert_serves(&host);
}

#[test]
fn empty_long_and_repeated_values() {
    let host = everything();
    let answer = super::text(404, "no such order");
    for header in OF_REQUESTS {
        for value in ["", " ", "0", "-", "=", ",", ";", "----", "00-"] {
            assert_valid(
                &run(host.get("/").header(header, value), &answer),
                &format!("{header}: {value:?}"),
            );
        }
        for pattern in ["a", "0", "9", "a=1,", "\u{e9}"] {
            let mut value = pattern.repeat(8 * 1_024).into_bytes();
            value.truncate(8 * 1_024);
            let exchange = run(host.get("/").header(header, value), &answer);
            assert_valid(&exchange, &format!("{header}: very often {pattern:?}"));
        }
        let repeated = (0..80).fold(host.get("/"), |request, n| request.header(header, format!("{n}")));
        assert_valid(&run(repeated, &answer), &format!("{header}: 80 times"));
    }
    assert_serves(&host);
}
