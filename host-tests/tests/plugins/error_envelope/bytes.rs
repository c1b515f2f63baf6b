//! Bytes that a stranger sends, on either side. Whatever they are, the worker serves on, and the client gets a valid
//! answer.

use super::{any_body, assert_enveloped, envelope, text};
use crate::valid::is_id;
use host::{Answer, Exchange, Host};
use serde_json::{Value, json};

/// Every request header that some configuration below makes the plugin read.
const OF_REQUESTS: [&str; 6] = [
    "x-request-id",
    "traceparent",
    "accept",
    "content-type",
    "x-tenant",
    "x-tier",
];
/// Every response header that it reads.
const OF_ANSWERS: [&str; 7] = [
    "content-type",
    "content-encoding",
    "trailer",
    "x-error-code",
    "retry-after",
    "vary",
    "x-other",
];

fn everything(policy: Value) -> Value {
    let mut configuration = json!({
        "explain": "all",
        "log": { "errors": "all", "max_per_second": 10_000 },
        "default": { "context_headers": { "tenant": "x-tenant" }, "documentation_base_url": "https://docs.example/" },
        "routes": [{
            "match": { "headers": { "x-tier": "gold" }, "host": "*.example", "path_template": "/{a}/{b}" },
            "policy": { "format": "problem" },
        }],
    });
    let default = configuration["default"].as_object_mut().expect("it is an object");
    default.extend(policy.as_object().expect("a policy is an object").clone());
    configuration
}

fn hosts() -> [Host; 3] {
    ["structured", "enveloped", "never"].map(|passthrough| {
        Host::chain([
            envelope(everything(json!({ "passthrough": passthrough }))).allow_on_headers_stop_iteration(true)
        ])
    })
}

/// The answer is whole: where it is ours it is valid JSON of the announced length, with a valid id; and all that was
/// told of it is valid too.
#[track_caller]
fn assert_valid(exchange: &Exchange, what: &str) {
    let ours = exchange
        .response_header("x-error-code")
        .option()
        .is_some_and(|code| code.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_'))
        && exchange.response_header("vary").option().is_some();
    if ours && !exchange.body().is_empty() {
        let body = any_body(exchange);
        assert!(
            is_id(body["request_id"].as_str().unwrap_or_default().as_bytes(), 128),
            "{what}\n{exchange}"
        );
    }
    for line in exchange.logs() {
        assert!(
            serde_json::from_str::<Value>(&line.message).is_ok(),
            "{what}: {line}"
        );
    }
    if let Some(explanation) = exchange.filter_state("policy.explain").option() {
        assert!(
            serde_json::from_slice::<Value>(&explanation).is_ok(),
            "{what}\n{exchange}"
        );
    }
}

#[track_caller]
fn assert_serves(host: &Host) {
    assert_enveloped(
        &host.get("/").answered_with(text(503, "busy")),
        503,
        "SERVICE_UNAVAILABLE",
    );
    let degraded: Vec<_> = host
        .metrics()
        .into_iter()
        .filter(|(name, _)| name.starts_with("policy_degradations"))
        .collect();
    assert!(degraded.is_empty(), "{degraded:?}");
}

#[test]
fn every_byte_in_every_header_of_a_request() {
    for host in hosts() {
        for byte in 0..=u8::MAX {
            host.advance(host::secs(1));
            for header in OF_REQUESTS {
                for value in [
                    vec![byte],
                    [b"application/".as_slice(), &[byte], b"json"].concat(),
                ] {
                    let what = format!("{header}: {}", value.escape_ascii());
                    assert_valid(
                        &host.get("/a/b").header(header, &value).run(text(404, "no")),
                        &what,
                    );
                }
            }
        }
        assert_serves(&host);
    }
}

#[test]
fn every_byte_in_every_header_of_an_answer() {
    for host in hosts() {
        for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
            host.advance(host::secs(1));
            for header in OF_ANSWERS {
                for value in [vec![byte], [b"text/plain".as_slice(), &[byte, b'1']].concat()] {
                    let what = format!("{header}: {}", value.escape_ascii());
                    for answer in [Answer::new(404), Answer::new(500).pieces(["a", "b"])] {
                        let exchange = host.get("/").answered_with(answer.header(header, &value));
                        assert!([404, 500].contains(&exchange.status()), "{what}\n{exchange}");
                        assert_valid(&exchange, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn every_byte_in_every_kind_of_body() {
    for host in hosts() {
        for byte in 0..=u8::MAX {
            host.advance(host::secs(1));
            for body in [
                vec![byte],
                [b"{\"message\":\"".as_slice(), &[byte], b"\"}"].concat(),
                [b"{\"detail\":".as_slice(), &[byte], b"}"].concat(),
                [b"{\"message\":\"\\".as_slice(), &[byte], b"\"}"].concat(),
                [b"{\"message\":\"m\"}".as_slice(), &[byte]].concat(),
                [b"a".as_slice(), &[byte], b"z"].concat(),
            ] {
                for content_type in ["application/json", "text/plain"] {
                    let answer = Answer::new(422).header("content-type", content_type);
                    let what = format!("{content_type}: {}", body.escape_ascii());
                    assert_valid(&host.get("/").answered_with(answer.body(&body)), &what);
                }
            }
        }
        assert_serves(&host);
    }
}

#[test]
fn every_byte_in_path_and_host_of_an_error() {
    for host in hosts() {
        for byte in 0..=u8::MAX {
            assert_valid(
                &host.get([b'/', byte, b'/', byte]).run(404),
                &format!("path: {byte:#04x}"),
            );
            host.get("/").host([&[byte][..], b".example"].concat()).run(404);
        }
        assert_serves(&host);
    }
}

#[test]
fn deep_and_broken_json_costs_no_more_than_its_length() {
    for host in hosts() {
        for json in [
            "[".repeat(60_000),
            "{\"detail\":".repeat(6_000),
            format!("{{\"detail\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000)),
            format!("{{\"detail\":[{}]}}", "{\"msg\":\"m\"},".repeat(4_000)),
            format!("{{\"message\":\"{}\"}}", "\\u0000".repeat(10_000)),
            format!("{{{}\"message\":\"m\"}}", "\"message\":\"m\",".repeat(4_000)),
            "\"".repeat(60_000),
            "{\"a\":1e999999999,\"message\":1e999}".to_owned(),
        ] {
            let answer = Answer::new(422).header("content-type", "application/json");
            assert_valid(
                &host.get("/").answered_with(answer.clone().body(&json)),
                &json[..20],
            );
            let pieces: Vec<&[u8]> = json.as_bytes().chunks(1000).collect();
            assert_valid(&host.get("/").answered_with(answer.pieces(pieces)), &json[..20]);
        }
        assert_serves(&host);
    }
}

#[test]
fn empty_long_and_repeated_headers_on_both_sides() {
    for host in hosts() {
        for value in ["", " ", ",", ";", "=", "q=", "*", "*/*;q", "0", "-"] {
            for header in OF_REQUESTS {
                assert_valid(
                    &host.get("/").header(header, value).run(404),
                    &format!("{header}: {value:?}"),
                );
            }
            for header in OF_ANSWERS {
                let answer = text(404, "no").header(header, value);
                assert_valid(
                    &host.get("/").answered_with(answer),
                    &format!("{header}: {value:?}"),
                );
            }
        }
        for pattern in [
            "a",
            ",",
            "*/*,",
            "a/b;q=0.1,",
            "\u{e9}",
            "application/problem+json,",
        ] {
            let long = pattern.repeat(20_000 / pattern.len());
            for header in OF_REQUESTS {
                assert_valid(
                    &host.get("/").header(header, &long).run(404),
                    &format!("{header}: {pattern:?}"),
                );
            }
            for header in OF_ANSWERS {
                let answer = Answer::new(404).header(header, &long);
                assert_valid(
                    &host.get("/").answered_with(answer),
                    &format!("{header}: {pattern:?}"),
                );
            }
        }
        for header in OF_REQUESTS {
            let repeated = (0..80).fold(host.get("/"), |request, n| {
                request.header(header, format!("a/b{n};q=0.{n}"))
            });
            assert_valid(&repeated.run(404), header);
        }
        assert_serves(&host);
    }
}

/// A configuration of these bytes is either taken or refused, and never more.
#[test]
fn every_byte_in_a_configuration() {
    let whole =
        everything(json!({ "catalog": [{ "when": { "status": 404 }, "error_code": "A", "message": "m" }] }))
            .to_string();
    for at in (0..whole.len()).step_by(7) {
        for byte in [
            0, b'"', b'\\', b'{', b'}', b'[', b',', b':', b'9', 0x7f, 0x80, 0xff,
        ] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = byte;
            let host = Host::new(host_tests::plugin::ERROR_ENVELOPE.module()).config(bytes);
            if host.try_start().is_ok() {
                host.get("/").answered_with(404);
            }
        }
    }
}
