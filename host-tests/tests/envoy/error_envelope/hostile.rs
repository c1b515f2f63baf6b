//! Bytes that a stranger sends, on either side. Whatever they are, the worker serves on, and inside stays inside.

use super::{configured, standard};
use crate::stand::Stand;
use live::Answer;
use live::client::Request;
use serde_json::{Value, json};

fn stand() -> Stand {
    let configuration = json!({
        "explain": "all",
        "log": { "errors": "all", "max_per_second": 100 },
        "default": { "passthrough": "never", "context_headers": { "tenant": "x-tenant" } },
        "routes": [{ "match": { "headers": { "x-tier": "gold" }, "host": "*.example" }, "policy": {} }],
    });
    configured(&configuration, false)
}

/// An answer of this type and body at `/answer`.
fn answer(stand: &Stand, status: u16, headers: &[(&str, &[u8])], body: &[u8]) {
    let answer = headers.iter().try_fold(
        Answer::status(status).expect("it is a status"),
        |answer, (name, value)| answer.header(name, value),
    );
    stand
        .upstream
        .answer("/answer", answer.expect("these are headers").body(body));
}

#[test]
fn every_byte_in_every_header_of_a_request() {
    let stand = stand();
    answer(&stand, 404, &[("content-type", b"text/plain")], b"no");
    for byte in (0..=u8::MAX).filter(|byte| !b"\r\n".contains(byte)) {
        let value = [b"a", &[byte][..], b"z"].concat();
        let names = [
            "accept",
            "x-request-id",
            "traceparent",
            "content-type",
            "x-tenant",
            "x-tier",
        ];
        let request = names.into_iter().fold(Request::get("/answer"), |request, name| {
            request.header(name, &value)
        });
        let outcome = stand.send(&request);
        // Envoy itself refuses some bytes, before any filter.
        if outcome.received.is_some() {
            let body = standard(&outcome.response, 404, "NOT_FOUND");
            assert_eq!(body["message"], "no", "byte {byte:#04x}");
            assert_eq!(body["request_id"], outcome.id());
        } else {
            assert_eq!(outcome.response.status, 400, "byte {byte:#04x}");
        }
    }
    stand.assert_sound();
}

#[test]
fn every_byte_in_the_headers_and_the_body_of_an_answer() {
    let stand = stand();
    for byte in (0x20..=u8::MAX).filter(|byte| *byte != 0x7f) {
        let value = [b"a", &[byte][..], b"z"].concat();
        let names = [
            "content-type",
            "x-error-code",
            "retry-after",
            "vary",
            "content-encoding",
            "x-other",
        ];
        let headers: Vec<(&str, &[u8])> = names.into_iter().map(|name| (name, value.as_slice())).collect();
        answer(&stand, 404, &headers, b"no");
        let response = stand.get("/answer").response;
        standard(&response, 404, "NOT_FOUND");
        assert_eq!(response.values("x-other"), [value.as_slice()]);
        answer(&stand, 404, &headers, b"");
        let response = stand.get("/answer").response;
        standard(&response, 404, "NOT_FOUND");
        assert_eq!(response.values("x-other"), [value.as_slice()]);
    }
    for byte in 0..=u8::MAX {
        let body = [b"{\"message\":\"", &[byte][..], b"\"}"].concat();
        answer(&stand, 404, &[("content-type", b"application/json")], &body);
        standard(&stand.get("/answer").response, 404, "NOT_FOUND");
    }
    stand.assert_sound();
}

#[test]
fn a_server_error_shows_nothing_of_its_inside() {
    let stand = stand();
    for (inside, word) in [
        (
            "Traceback (most recent call last):\n  File \"/srv/orders.py\"",
            "orders.py",
        ),
        ("java.lang.NullPointerException\n\tat com.shop.Orders", "com.shop"),
        ("ERROR: SELECT * FROM users", "users"),
        ("dial tcp 10.1.2.3:6379: connect: connection refused", "10.1.2.3"),
        ("could not connect to db-1.internal.example", "internal"),
        (
            "upstream connect error or disconnect/reset before headers",
            "upstream",
        ),
    ] {
        let quoted = json!({ "message": inside, "detail": [{ "loc": [inside], "msg": inside }] }).to_string();
        for (content_type, body) in [
            ("text/plain", inside),
            ("text/html", inside),
            ("application/json", quoted.as_str()),
        ] {
            for status in [500, 503] {
                answer(
                    &stand,
                    status,
                    &[("content-type", content_type.as_bytes())],
                    body.as_bytes(),
                );
                let response = stand.get("/answer").response;
                let told: Value = serde_json::from_slice(&response.body).expect("it is JSON");
                assert_eq!((response.status, &told["status_code"]), (status, &json!(status)));
                assert!(!response.text().contains(word), "{}", response.text());
            }
        }
    }
}
