//! Bytes that a stranger sends, an upstream, or another plugin. Whatever they are, the worker serves on, and nothing is tried
//! again for them that would not be without.

use super::{retry, tried, trusting};
use host::{Answer, Exchange, Host, Plugin, Request, Route, secs};
use host_tests::plugin::PUPPET;
use serde_json::{Value, json};

/// Every request header that the configuration below makes the plugin read, or write.
const OF_REQUESTS: [&str; 11] = [
    "idempotency-key",
    "x-deadline",
    "grpc-timeout",
    "content-type",
    "x-envoy-attempt-count",
    "x-envoy-max-retries",
    "x-envoy-expected-rq-timeout-ms",
    "x-request-id",
    "traceparent",
    "x-tier",
    "x-envoy-retry-on",
];
/// Every response header that it reads.
const OF_ANSWERS: [&str; 4] = [
    "retry-after",
    "grpc-status",
    "x-envoy-ratelimited",
    "content-type",
];

fn configuration() -> Value {
    json!({
        "explain": "all",
        "log": { "errors": "all", "max_per_second": 10_000 },
        "default": {
            "attempts": 2, "statuses": ["500-504"], "budget": null,
            "idempotency_key": { "unlocks": ["PATCH"], "required_for": ["DELETE"] },
            "deadline_headers": ["x-deadline", "grpc-timeout", "x-envoy-expected-rq-timeout-ms"],
        },
        "routes": [{ "match": { "headers": { "x-tier": "gold" }, "host": "*.example", "path_template": "/{a}/{b}" }, "policy": {} }],
    })
}

fn hostile() -> Host {
    Host::new(retry(configuration()))
        .edge(trusting())
        .routes([Route::new("\u{e9};=\"").timeout_ms(0)])
}

/// The client got an answer, it was tried no more often than it may be, and all that was told of it is valid.
#[track_caller]
fn check(request: Request, answer: impl Into<Answer>, most: usize, what: &str) {
    let exchange: Exchange = tried(request, answer);
    assert_ne!(exchange.status(), 0, "{what}\n{exchange}");
    assert!(exchange.attempts().len() <= most, "{what}\n{exchange}");
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
    if let Some(retry) = exchange.filter_state("policy.retry").option() {
        let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":,_".contains(byte);
        assert!(retry.iter().all(plain), "{what}\n{exchange}");
    }
}

/// Nothing was given up on but deadlines that make no sense.
#[track_caller]
fn assert_serves(host: &Host) {
    assert_eq!(tried(host.get("/orders"), 503).attempts().len(), 2);
    let strange = |name: &String| !name.bytes().all(|byte| byte.is_ascii_graphic() || byte >= 0x80);
    let wrong = |name: &String| {
        strange(name) || (name.starts_with("policy_degradations") && !name.contains(".what=deadline_header;"))
    };
    let wrong: Vec<_> = host.metrics().into_keys().filter(wrong).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(host.metrics().len() < 20, "{:?}", host.metrics());
}

#[test]
fn every_byte_in_every_header_of_a_request() {
    let host = hostile();
    for byte in 0..=u8::MAX {
        host.advance(secs(1));
        for header in OF_REQUESTS {
            for value in [vec![byte], [b"1".as_slice(), &[byte], b"m"].concat()] {
                let what = format!("{header}: {}", value.escape_ascii());
                check(host.get("/a/b").header(header, &value), 503, 2, &what);
                check(host.post("/a/b").header(header, &value), 503, 1, &what);
                check(host.request("DELETE", "/").header(header, &value), 503, 2, &what);
            }
        }
    }
    assert_serves(&host);
}

#[test]
fn every_byte_in_path_and_host() {
    let host = hostile();
    for byte in 0..=u8::MAX {
        host.advance(secs(1));
        let what = format!("{byte:#04x}");
        check(host.post([b'/', byte, b'/', byte]), 503, 1, &what);
        let authority = [&[byte][..], b".example:", &[byte]].concat();
        check(host.post("/a/b").host(authority), 503, 1, &what);
    }
    assert_serves(&host);
}

#[test]
fn every_byte_in_every_header_of_an_answer() {
    let host = hostile();
    for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
        host.advance(secs(1));
        for header in OF_ANSWERS {
            for value in [vec![byte], [b"1".as_slice(), &[byte], b"4"].concat()] {
                let what = format!("{header}: {}", value.escape_ascii());
                let answer = Answer::new(503).header(header, &value);
                check(host.post("/"), answer.clone(), 1, &what);
                check(host.get("/"), answer, 2, &what);
                let call = Answer::grpc_headers_only(0).header(header, &value);
                check(host.grpc("/a/b"), call, 2, &what);
            }
        }
    }
    assert_serves(&host);
}

#[test]
fn long_empty_and_repeated_values() {
    let texts = [
        "",
        " ",
        ",",
        "0",
        "-1",
        "18446744073709551616",
        "99999999H",
        "100000000n",
        "1e9",
        "\"",
    ];
    let host = hostile();
    let values = texts.iter().map(|text| (*text).to_owned());
    for value in values.chain(["9".repeat(20_000), "a;".repeat(9_000)]) {
        host.advance(secs(1));
        let what = &value[..value.len().min(30)];
        for header in OF_REQUESTS {
            check(host.post("/").header(header, &value), 503, 1, what);
            let twice = host.post("/").header(header, &value).header(header, "1");
            check(twice, 503, 1, what);
        }
        for header in OF_ANSWERS {
            check(host.post("/"), Answer::new(503).header(header, &value), 1, what);
        }
    }
    assert_serves(&host);
}

#[test]
fn what_another_plugin_left_is_bytes() {
    let strange = json!({ "hex": "ff22005c0a7f" });
    let script = json!({ "request_headers": [
        ["set_property", ["policy.request_id"], strange],
        ["set_property", ["policy.trace_id"], strange],
        ["set_property", ["policy.circuit"], strange],
        ["set_property", ["policy.deadline"], strange],
        ["set_property", ["policy.explain"], strange],
    ] });
    let puppet = Plugin::new(PUPPET.module()).name("puppet").config(script);
    let filter = retry(configuration()).name("in-the-cluster");
    let host = Host::chain([puppet, retry(configuration())])
        .clusters([host::Cluster::new("upstream").filters([filter])]);
    let exchange = tried(host.get("/").header("x-deadline", "9000"), 503);
    assert_eq!(exchange.attempts().len(), 2, "{exchange}");
    let refused = host.get("/").header("x-deadline", "0").expect_rejected(504);
    let body: Value = serde_json::from_slice(&refused.body()).expect("the body is JSON");
    assert_eq!(body["error_code"], "DEADLINE_PASSED");
    let lines = refused
        .logs()
        .into_iter()
        .chain(tried(host.post("/"), 503).logs());
    for line in lines.filter(|line| line.plugin == "retry") {
        assert!(serde_json::from_str::<Value>(&line.message).is_ok(), "{line}");
    }
}

/// A configuration of these bytes is either taken or refused, and never more.
#[test]
fn every_byte_in_a_configuration() {
    let whole = configuration().to_string();
    for at in (0..whole.len()).step_by(5) {
        for byte in [
            0, b'"', b'\\', b'{', b'}', b'[', b',', b':', b'9', 0x7f, 0x80, 0xff,
        ] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = byte;
            let host = Host::new(host_tests::plugin::RETRY.module()).config(bytes);
            if host.try_start().is_ok() {
                tried(host.get("/"), 503);
            }
        }
    }
}
