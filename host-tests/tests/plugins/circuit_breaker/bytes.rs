//! Bytes that a stranger sends, an upstream, another plugin, or a proxy of tomorrow. Whatever they are, the worker serves
//! on, and no breaker is wedged or opened by them.

mod records;

use host::{Answer, Cluster, Exchange, Host, Plugin, Route, secs};
use host_tests::plugin::{CIRCUIT_BREAKER, PUPPET};
use serde_json::{Value, json};

/// Every request header that some configuration below makes the plugin read.
const OF_REQUESTS: [&str; 8] = [
    "x-tenant",
    "grpc-timeout",
    "content-type",
    "x-envoy-upstream-rq-timeout-ms",
    "x-request-id",
    "traceparent",
    "x-fallback",
    "x-tier",
];
/// Every response header that it reads.
const OF_ANSWERS: [&str; 4] = [
    "content-type",
    "grpc-status",
    "retry-after",
    "x-envoy-upstream-service-time",
];

/// A breaker with this key, of which every part is in use.
fn everything(key: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module()).name("circuit-breaker").config(json!({
        "explain": "all",
        "log": { "requests": true, "errors": "all", "max_per_second": 10_000 },
        "default": {
            "key": key, "max_keys": 8, "evict_idle": "1s",
            "trip": { "consecutive_failures": 2, "slow_rate": { "percent": 80, "slower_than": "1s", "window": { "calls": 10 }, "min_calls": 2 } },
            "open": { "for": "1s", "max": "2s", "honor_retry_after": true },
            "half_open": { "max_calls": 1, "successes": 1 },
            "ramp": null,
        },
        "routes": [{ "match": { "headers": { "x-tier": "gold" }, "host": "*.example", "path_template": "/{a}/{b}" }, "policy": { "reject": { "reroute": { "header": "x-fallback", "value": "1" } } } }],
    }))
}

fn hosts() -> [Host; 3] {
    [json!("host"), json!({ "header": "x-tenant" }), json!("route")]
        .map(|key| Host::chain([everything(key)]).routes([Route::new("\u{e9};=\"").timeout_ms(0)]))
}

/// The client got an answer, and all that was told of it is valid: lines, explanations, filter state, metrics.
#[track_caller]
fn assert_valid(exchange: &Exchange, what: &str) {
    assert_ne!(exchange.status(), 0, "{what}\n{exchange}");
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
    if let Some(circuit) = exchange.filter_state("policy.circuit").option() {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/@+|#".contains(byte);
        assert!(circuit.iter().all(plain), "{what}\n{exchange}");
    }
}

/// Nothing was given up on but places for more values, and a breaker closes again.
#[track_caller]
fn assert_serves(host: &Host) {
    for _ in 0..3 {
        host.advance(secs(3));
        host.get("/").host("last.example").run(200);
    }
    host.get("/").host("last.example").answered_with(200);
    let degraded: Vec<_> = host
        .metrics()
        .into_iter()
        .filter(|(name, _)| name.starts_with("policy_degradations") && !name.contains(".what=max_keys;"))
        .collect();
    assert!(degraded.is_empty(), "{degraded:?}");
    let strange = |name: &String| !name.bytes().all(|byte| byte.is_ascii_graphic());
    let strange: Vec<_> = host.metrics().into_keys().filter(strange).collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(host.metrics().len() < 100, "{:?}", host.metrics());
}

#[test]
fn every_byte_in_every_header_of_a_request() {
    for host in hosts() {
        for byte in 0..=u8::MAX {
            host.advance(secs(1));
            for header in OF_REQUESTS {
                for value in [vec![byte], [b"1".as_slice(), &[byte], b"m"].concat()] {
                    let what = format!("{header}: {}", value.escape_ascii());
                    assert_valid(&host.get("/a/b").header(header, &value).run(503), &what);
                }
            }
        }
        assert_serves(&host);
    }
}

#[test]
fn every_byte_in_path_and_host() {
    for host in hosts() {
        for byte in 0..=u8::MAX {
            host.advance(secs(1));
            let what = format!("{byte:#04x}");
            assert_valid(&host.get([b'/', byte, b'/', byte]).run(503), &what);
            assert_valid(
                &host
                    .get("/a/b")
                    .host([&[byte][..], b".example:", &[byte]].concat())
                    .run(503),
                &what,
            );
        }
        assert_serves(&host);
    }
}

#[test]
fn every_byte_in_every_header_of_an_answer() {
    for host in hosts() {
        for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
            host.advance(secs(1));
            for header in OF_ANSWERS {
                for value in [vec![byte], [b"1".as_slice(), &[byte], b"4"].concat()] {
                    let what = format!("{header}: {}", value.escape_ascii());
                    for answer in [Answer::new(503), Answer::new(200).pieces(["a", "b"])] {
                        assert_valid(&host.get("/").run(answer.header(header, &value)), &what);
                    }
                    let call = host
                        .grpc("/a/b")
                        .run(Answer::grpc_headers_only(0).header(header, &value));
                    assert_valid(&call, &what);
                }
            }
            let told = Answer::new(200)
                .header("content-type", "application/grpc")
                .trailer("grpc-status", [byte]);
            assert_valid(&host.grpc("/a/b").run(told), &format!("trailer: {byte:#04x}"));
        }
        assert_serves(&host);
    }
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
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "1e9",
    ];
    for host in hosts() {
        let values = texts
            .iter()
            .map(|text| (*text).to_owned())
            .chain(["9".repeat(20_000), "a;".repeat(9_000)]);
        for value in values {
            host.advance(secs(1));
            let what = &value[..value.len().min(30)];
            for header in OF_REQUESTS {
                assert_valid(&host.get("/").header(header, &value).run(503), what);
                let twice = host.get("/").header(header, &value).header(header, "1");
                assert_valid(&twice.run(503), what);
            }
            for header in OF_ANSWERS {
                assert_valid(&host.get("/").run(Answer::new(503).header(header, &value)), what);
            }
        }
        assert_serves(&host);
    }
}

#[test]
fn ids_that_another_plugin_left_are_bytes() {
    let strange = json!({ "hex": "ff22005c0a7f" });
    let script = json!({ "request_headers": [
        ["set_property", ["policy.request_id"], strange],
        ["set_property", ["policy.trace_id"], strange],
        ["set_property", ["policy.explain"], strange],
    ] });
    let puppet = Plugin::new(PUPPET.module()).name("puppet").config(script);
    let host = Host::chain([puppet, everything(json!("cluster"))]);
    for _ in 0..3 {
        assert_eq!(host.get("/").run(503).status(), 503);
    }
    let rejected = host.get("/").expect_rejected(503);
    let body: Value = serde_json::from_slice(&rejected.body()).expect("the body is JSON");
    assert_eq!(body["error_code"], "CIRCUIT_OPEN");
    let lines = rejected
        .logs()
        .into_iter()
        .filter(|line| line.plugin == "circuit-breaker");
    for line in lines {
        assert!(serde_json::from_str::<Value>(&line.message).is_ok(), "{line}");
    }
}

#[test]
fn bytes_in_names_of_routes_clusters_and_virtual_hosts() {
    for name in [
        "",
        "default",
        "none",
        "other",
        "\u{e9}",
        "a;b=c;",
        "\"",
        "\\",
        "{}",
        &"x".repeat(5_000),
    ] {
        for key in ["route", "cluster"] {
            let host = Host::chain([everything(json!(key))])
                .routes([Route::new(name).virtual_host(name).cluster(name)])
                .clusters([Cluster::new(name)]);
            for _ in 0..3 {
                assert_valid(&host.get("/").run(503), name);
            }
            let rejected = host.get("/").expect_rejected(503);
            assert_valid(&rejected, name);
            host.advance(secs(3));
            host.get("/").answered_with(200);
            assert_serves(&host);
        }
    }
}

/// A configuration of these bytes is either taken or refused, and never more.
#[test]
fn every_byte_in_a_configuration() {
    let whole = json!({ "default": {
        "key": { "header": "x-tenant" }, "known": ["a"], "max_keys": 10,
        "trip": { "failure_rate": { "percent": 50, "window": { "calls": 100 }, "min_calls": 20 } },
        "failure": { "statuses": ["500-504"], "grpc": ["UNKNOWN"], "no_answer_after": "10s" },
        "open": { "for": "30s", "multiplier": 1.5, "jitter": 0.1 }, "reject": { "reroute": { "header": "x-f" } },
    } });
    let whole = whole.to_string();
    for at in (0..whole.len()).step_by(5) {
        for byte in [
            0, b'"', b'\\', b'{', b'}', b'[', b',', b':', b'9', 0x7f, 0x80, 0xff,
        ] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = byte;
            let host = Host::new(CIRCUIT_BREAKER.module()).config(bytes);
            if host.try_start().is_ok() {
                host.get("/").run(503);
            }
        }
    }
}
