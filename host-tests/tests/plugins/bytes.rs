//! Bytes that a stranger sends. Whatever they are, the worker serves on, and what reaches the upstream is valid.

use crate::valid::{assert_uuid, is_id, is_traceparent};
use host::{Exchange, Host};
use host_tests::plugin::REQUEST_ID;
use serde_json::{Value, json};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Every header that some configuration below makes the plugin read.
const HEADERS: [&str; 10] = [
    "x-request-id",
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-amzn-trace-id",
    "x-user",
    "x-tier",
    "x-forwarded-for",
];

fn everything() -> Value {
    json!({
        "explain": "all",
        "log": { "requests": true, "max_per_second": 10_000 },
        "default": { "trace_context": "create", "sampled": true, "log_headers": { "user": "x-user", "tier": "x-tier" } },
        "routes": [{
            "match": { "headers": { "x-tier": "gold" }, "host": "*.example", "path_template": "/{a}/{b}" },
            "policy": { "max_length": 1 },
        }],
    })
}

/// A host on which ids and traces are enforced, with this configuration laid over everything.
fn enforcing(policy: Value) -> Host {
    let mut configuration = everything();
    let default = configuration["default"].as_object_mut().expect("it is an object");
    default.extend(policy.as_object().expect("a policy is an object").clone());
    host(configuration)
}

fn host(configuration: Value) -> Host {
    Host::new(REQUEST_ID.module()).config(configuration)
}

/// The exchange went well, and all that reached the upstream is valid. The codec refuses some bytes by itself.
#[track_caller]
fn assert_valid(exchange: &Exchange, what: &str) {
    if !exchange.reached_upstream() {
        assert!([400, 431].contains(&exchange.status()), "{what}\n{exchange}");
        return;
    }
    exchange.expect_status(200);
    let id = exchange.upstream_header("x-request-id").value();
    assert!(is_id(&id, 1024), "{what}\n{exchange}");
    exchange.header("x-request-id", &id);
    let parent = exchange.upstream_header("traceparent").option();
    assert!(
        parent.as_ref().is_none_or(|parent| is_traceparent(parent)),
        "{what}\n{exchange}"
    );
    let state = exchange.upstream_header("tracestate").option();
    assert!(parent.is_some() || state.is_none(), "{what}\n{exchange}");
    let printable =
        |value: &Vec<u8>| !value.is_empty() && value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    assert!(state.as_ref().is_none_or(printable), "{what}\n{exchange}");
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

/// The same worker still makes ids.
#[track_caller]
fn assert_serves(host: &Host) {
    let exchange = host.get("/").answered_with(200);
    assert_uuid(&exchange.upstream_header("x-request-id").text(), '7');
}

/// Every byte, alone and among others, in every header.
#[track_caller]
fn every_byte(host: &Host) {
    for byte in 0..=u8::MAX {
        host.advance(host::secs(1));
        for header in HEADERS {
            for value in [
                vec![byte],
                vec![b'a', byte, b'=', b'1'],
                [PARENT.as_bytes(), &[byte]].concat(),
            ] {
                let request = host.get("/a/b").header(header, &value);
                let request = if header == "tracestate" {
                    request.header("traceparent", PARENT)
                } else {
                    request
                };
                let what = format!("{header}: {}", value.escape_ascii());
                assert_valid(&request.run(200), &what);
            }
        }
    }
    assert_serves(host);
}

#[test]
fn every_byte_in_every_value_with_the_defaults() {
    every_byte(&host(json!({})));
}

#[test]
fn every_byte_in_every_value_with_everything_on() {
    every_byte(&enforcing(json!({})));
}

#[test]
fn every_byte_in_every_value_of_an_untrusted_peer() {
    every_byte(&enforcing(json!({ "trust": { "cidrs": ["192.0.2.0/24"] } })));
}

#[test]
fn in_shadow_mode_every_byte_passes_as_it_is() {
    let host = host(
        json!({ "mode": "shadow", "explain": "all", "log": { "requests": true }, "default": everything()["default"] }),
    );
    for byte in 0..=u8::MAX {
        for header in HEADERS.iter().filter(|header| **header != "x-forwarded-for") {
            let value = [b'a', byte, b'z'];
            let exchange = host.get("/").header(header, value).run(200);
            if exchange.reached_upstream() {
                exchange.upstream_header(header).is(value);
            } else {
                exchange.expect_status(400);
            }
        }
    }
    assert_eq!(
        host.get("/")
            .answered_with(200)
            .upstream_header("x-request-id")
            .option(),
        None
    );
}

#[test]
fn every_byte_that_http_allows_in_a_name() {
    let host = enforcing(json!({}));
    let mut allowed = 0;
    for byte in 0..=u8::MAX {
        for name in [
            vec![byte],
            [b"x-request-i", &[byte][..]].concat(),
            [&[byte][..], b"3"].concat(),
        ] {
            let exchange = host.get("/").header(&name, "a;b").run(200);
            let refused = !(byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
            assert_eq!(
                exchange.reached_upstream(),
                !refused,
                "{}\n{exchange}",
                name.escape_ascii()
            );
            allowed += u32::from(!refused);
            assert_valid(&exchange, &name.escape_ascii().to_string());
        }
    }
    assert_eq!(allowed, 3 * 77);
    assert_serves(&host);
}

#[test]
fn every_byte_in_path_host_and_method() {
    let host = enforcing(json!({}));
    for byte in 0..=u8::MAX {
        assert_valid(
            &host.get([b'/', byte, b'/', byte]).run(200),
            &format!("path: {byte:#04x}"),
        );
        let authority = [&[byte][..], b".example"].concat();
        host.get("/").host(authority).run(200);
    }
    host.request("NONSENSE", "/").expect_rejected(400);
    assert_serves(&host);
}

#[test]
fn empty_long_and_repeated_values() {
    for host in [
        host(json!({})),
        enforcing(json!({})),
        enforcing(json!({ "trust": "never", "max_length": 1024 })),
    ] {
        for header in HEADERS {
            for value in [
                "", " ", "\t", "0", "-", "=", ",", ";", "----", "Root=", "a=,", "00-",
            ] {
                assert_valid(
                    &host.get("/").header(header, value).run(200),
                    &format!("{header}: {value:?}"),
                );
            }
            for length in [1_024, 1_025, 8 * 1_024, 59 * 1_024] {
                for pattern in ["a", "0", "-", "a=1,", "\u{e9}", "Root=1-", "k=v;"] {
                    let mut value = pattern.repeat(length / pattern.len()).into_bytes();
                    value.truncate(length);
                    let request = host.get("/").header(header, value);
                    let request = if header == "tracestate" {
                        request.header("traceparent", PARENT)
                    } else {
                        request
                    };
                    assert_valid(
                        &request.run(200),
                        &format!("{header}: {length} bytes of {pattern:?}"),
                    );
                }
            }
            let repeated = (0..90).fold(host.get("/"), |request, n| {
                request.header(header, format!("k{n}=1"))
            });
            assert_valid(&repeated.run(200), &format!("{header}: 90 times"));
        }
        assert_serves(&host);
    }
}

#[test]
fn hostile_headers_all_at_once() {
    let host = enforcing(json!({}));
    let filler = [b"\xff\x80\"\\,;".as_slice(), &[b'x'; 4000]].concat();
    let all = HEADERS.iter().fold(host.get("/a/b"), |request, header| {
        request.header(header, &filler)
    });
    assert_valid(&all.run(200), "all of them");
    let many = (0..98).fold(host.get("/a/b"), |request, n| {
        request.header(format!("x-{n}"), [0x80 + n as u8])
    });
    assert_valid(&many.run(200), "as many as the codec takes");
    assert_serves(&host);
}

#[test]
fn an_upstream_can_send_any_bytes_as_well() {
    let host = enforcing(json!({ "response_headers": ["x-request-id", "x-correlation-id"] }));
    for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
        let answer = host::Answer::new(200)
            .header("x-request-id", [byte])
            .header("x-other", [byte; 3]);
        let exchange = host.get("/").header("x-request-id", "r-1").answered_with(answer);
        exchange
            .header("x-request-id", "r-1")
            .header("x-correlation-id", "r-1")
            .header("x-other", [byte; 3]);
    }
    assert_serves(&host);
}
