//! Nonsense in the shared records themselves: another plugin of the same vm_id can write there.

use host::secs;
use host::{Host, Plugin};
use host_tests::plugin::{CIRCUIT_BREAKER, PUPPET};
use serde_json::{Value, json};

/// Names of the records of the breaker `one`, and of the first breakers of a cluster's family that has few.
fn records() -> Vec<String> {
    let one = "circuit_breaker/1/any/downstream/name/=one".to_owned();
    let slots = (0..2).map(|slot| format!("circuit_breaker/1/any/downstream/header:x-tenant/#{slot}"));
    std::iter::once(one).chain(slots).collect()
}

fn breaker(key: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .vm_id("shared")
        .config(json!({ "default": {
        "key": key, "max_keys": 2,
        "trip": { "consecutive_failures": 3, "failure_rate": null },
        "open": { "for": "10s", "max": "10s", "jitter": 0 },
        "half_open": { "max_calls": 1, "successes": 1 },
        "ramp": null,
    } }))
}

/// With nonsense in its records a breaker is neither open nor wedged: it opens and closes as ever.
#[track_caller]
fn assert_works(host: &Host, what: &str) {
    let get = || host.get("/").header("x-tenant", "a");
    for _ in 0..8 {
        let exchange = get().run(503);
        if exchange.details() == "circuit_breaker_open" {
            break;
        }
        assert_eq!(exchange.details(), "via_upstream", "{what}\n{exchange}");
    }
    get().expect_rejected(503).header("x-error-code", "CIRCUIT_OPEN");
    host.advance(secs(10));
    get().answered_with(200);
    get().answered_with(200);
}

#[test]
fn nonsense_in_shared_records_neither_opens_nor_wedges_a_breaker() {
    let nonsense: Vec<Vec<u8>> = (0..200u32)
        .map(|length| (0..length).map(|at| (at * 37 + length * 11) as u8).collect())
        .chain([
            vec![0; 64],
            vec![0xff; 64],
            vec![1; 64],
            vec![0x80; 1000],
            b"circuit_breaker".to_vec(),
        ])
        .collect();
    for key in [json!({ "name": "one" }), json!({ "header": "x-tenant" })] {
        for bytes in nonsense.iter().step_by(5) {
            let host = Host::chain([breaker(key.clone())]);
            host.get("/").header("x-tenant", "a").answered_with(200);
            for record in records() {
                host.set_shared_data(record, bytes);
            }
            host.get("/").header("x-tenant", "a").answered_with(200);
            assert_works(&host, &bytes.escape_ascii().to_string());
        }
    }
}

#[test]
fn a_record_with_any_one_byte_changed_is_no_wedge() {
    let opened = || {
        let host = Host::chain([breaker(json!({ "name": "one" }))]);
        for _ in 0..3 {
            host.get("/").answered_with(503);
        }
        host.get("/").expect_rejected(503);
        host
    };
    let record = opened().shared_data(&records()[0]).expect("it has a record");
    for at in 0..record.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = record.clone();
            bytes[at] ^= flip;
            let host = opened();
            host.set_shared_data(&records()[0], &bytes);
            // A broken record is none: it is closed. Never is it open for longer than it may be.
            host.advance(secs(11));
            host.get("/").answered_with(200);
            host.get("/").answered_with(200);
        }
    }
}

#[test]
fn another_plugin_that_writes_into_its_record_at_each_request_does_not_wedge_it() {
    for bytes in ["", "nonsense", "\u{0}\u{1}\u{2}"] {
        let script = json!({ "request_headers": [["set_shared_data", records()[0], bytes, 0]] });
        let puppet = Plugin::new(PUPPET.module())
            .name("puppet")
            .vm_id("shared")
            .config(script);
        let host = Host::chain([breaker(json!({ "name": "one" })), puppet]);
        for _ in 0..10 {
            // It forgets what it counts each time, and so stays closed.
            host.get("/").answered_with(503);
        }
        host.update("puppet", json!({}))
            .expect("a puppet takes any script");
        assert_works(&host, bytes);
    }
}
