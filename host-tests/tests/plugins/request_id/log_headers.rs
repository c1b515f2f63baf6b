//! Headers in log lines: whatever their bytes are, the line is one JSON object, and what was refused is not in it.

use super::host;
use crate::lines;
use host::{Exchange, Host};
use serde_json::{Value, json};

fn logging(mode: &str, log_headers: Value) -> Host {
    host(json!({
        "mode": mode,
        "log": { "requests": true, "max_per_second": 10_000 },
        "default": { "log_headers": log_headers },
    }))
}

#[test]
fn any_bytes_of_a_header_leave_a_line_of_json() {
    let host = logging("enforce", json!({ "user": "x-user" }));
    let logged = |value: &[u8]| {
        let exchange = host.get("/").header("x-user", value).answered_with(200);
        lines::only(&exchange)["user"].clone()
    };
    assert_eq!(logged(b""), "");
    assert_eq!(logged("Zo\u{eb}".as_bytes()), "Zo\u{eb}");
    assert_eq!(logged(b"\xff\x80u"), "\u{fffd}\u{fffd}u");
    assert_eq!(logged(b"Zo\xc3"), "Zo\u{fffd}");
    assert_eq!(logged(b"a\"b\\c\td"), "a\"b\\c\td");
    assert_eq!(logged("\u{2028}\u{1f980}".as_bytes()), "\u{2028}\u{1f980}");
    for byte in (0x20..=0xff_u8).filter(|byte| *byte != 0x7f) {
        let text = String::from_utf8_lossy(&[b'a', byte, b'z']).into_owned();
        assert_eq!(logged(&[b'a', byte, b'z']), text, "byte {byte:#04x}");
    }
}

#[test]
fn a_character_is_not_cut_in_two() {
    let host = logging("enforce", json!({ "user": "x-user" }));
    let user = format!("{}\u{1f980}\u{1f980}", "x".repeat(1022));
    let exchange = host.get("/").header("x-user", user).answered_with(200);
    let line = lines::only(&exchange);
    let text = line["user"].as_str().expect("it is a text");
    assert!(
        text.starts_with(&"x".repeat(1022)) && text.len() <= 1024,
        "{text}"
    );
}

#[track_caller]
fn assert_secret_free(exchange: &Exchange) {
    let lines = lines::of_exchange(exchange);
    assert_eq!(lines.len(), 2, "a refusal and a request\n{exchange}");
    for line in exchange.logs() {
        assert!(!line.message.contains("evil"), "{line}");
    }
}

fn with_refused(host: &Host) -> Exchange {
    host.get("/")
        .header("x-request-id", "evil;id")
        .header("x-correlation-id", "evil id")
        .answered_with(200)
}

#[test]
fn a_refused_header_is_not_logged_where_it_is_enforced() {
    let host = logging(
        "enforce",
        json!({ "one": "x-request-id", "other": "x-correlation-id" }),
    );
    assert_secret_free(&with_refused(&host));
}

#[test]
fn a_refused_header_is_not_logged_where_it_is_shadowed() {
    let host = logging(
        "shadow",
        json!({ "one": "x-request-id", "other": "x-correlation-id" }),
    );
    assert_secret_free(&with_refused(&host));
}

#[test]
fn an_accepted_header_can_be_logged() {
    for mode in ["enforce", "shadow"] {
        let host = logging(mode, json!({ "correlation": "x-correlation-id" }));
        let exchange = host.get("/").header("x-correlation-id", "c-1").answered_with(200);
        assert_eq!(lines::only(&exchange)["correlation"], "c-1", "{mode}");
    }
}

#[test]
fn a_field_that_a_rule_leaves_out_is_not_logged() {
    let host = host(json!({
        "log": { "requests": true },
        "default": { "log_headers": { "user": "x-user", "tenant": "x-tenant" } },
        "routes": [{ "match": { "path": "/a" }, "policy": { "log_headers": { "user": null, "zone": "x-zone" } } }],
    }));
    let send = |path: &str| {
        let request = host
            .get(path)
            .header("x-user", "u")
            .header("x-tenant", "t")
            .header("x-zone", "z");
        let line = lines::only(&request.answered_with(200));
        ["user", "tenant", "zone"].map(|field| line.get(field).is_some())
    };
    assert_eq!(send("/"), [true, true, false]);
    assert_eq!(send("/a"), [false, true, true]);
}
