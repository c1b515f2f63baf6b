//! The members of the body: those that are always there, and those there is something to say in.

use super::{body, host, names, policy, strict, text};
use host::Answer;
use serde_json::{Value, json};

#[test]
fn the_standard_members_are_all_that_is_there_unless_there_is_more_to_say() {
    let exchange = host(json!({}))
        .get("/")
        .header("x-request-id", "r-1")
        .answered_with(text(500, "secret"));
    assert_eq!(
        body(&exchange),
        json!({
            "trace_id": "r-1", "request_id": "r-1", "error_code": "INTERNAL_SERVER_ERROR", "message": "Something went wrong.",
            "status_code": 500, "timestamp": "2026-01-01T00:00:00.000Z",
        })
    );
}

#[test]
fn everything_there_is_to_say() {
    let host = host(json!({
        "service_name": "orders \"gateway\"",
        "default": {
            "documentation_base_url": "https://docs.example/errors/",
            "context_headers": { "tenant": "x-tenant", "absent": "x-absent", "app": "user-agent" },
        },
    }));
    let request = host
        .get("/")
        .header("x-request-id", "r-1")
        .header("x-tenant", b"t\xff\"1")
        .header("user-agent", "a/1");
    let exchange = request.answered_with(text(503, "busy").header("retry-after", "30"));
    assert_eq!(
        body(&exchange),
        json!({
            "trace_id": "r-1", "request_id": "r-1", "error_code": "SERVICE_UNAVAILABLE",
            "message": "The service is not available right now.", "status_code": 503,
            "timestamp": "2026-01-01T00:00:00.000Z", "service_name": "orders \"gateway\"",
            "context": { "tenant": "t\u{fffd}\"1", "app": "a/1" },
            "documentation_url": "https://docs.example/errors/SERVICE_UNAVAILABLE", "retryable": true, "retry_after": 30,
        })
    );
    // Members stand in one order, so that bodies can be compared as texts.
    let text = String::from_utf8(exchange.body()).expect("it is text");
    let order = [
        "trace_id",
        "request_id",
        "error_code",
        "message",
        "status_code",
        "timestamp",
        "service_name",
        "context",
        "documentation_url",
        "retryable",
        "retry_after",
    ];
    let places: Vec<_> = order
        .iter()
        .map(|name| text.find(&format!("\"{name}\":")))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}\n{text}"
    );
}

#[test]
fn context_headers_are_bounded_and_merge_with_the_rules() {
    let host = host(json!({
        "default": { "context_headers": { "tenant": "x-tenant", "region": "x-region" } },
        "routes": [{ "match": { "path": "/r" }, "policy": { "context_headers": { "region": null, "shop": "x-shop" } } }],
    }));
    let send = |path: &str| {
        let request = host
            .get(path)
            .header("x-tenant", "t".repeat(3000))
            .header("x-region", "eu")
            .header("x-shop", "s");
        body(&request.answered_with(404))["context"].clone()
    };
    assert_eq!(send("/"), json!({ "tenant": "t".repeat(1024), "region": "eu" }));
    assert_eq!(names(&send("/r")), ["shop", "tenant"]);
    let none = host.get("/").answered_with(404);
    assert_eq!(body(&none).get("context"), None);
}

#[test]
fn whether_the_same_request_may_be_sent_again_follows_status_and_method() {
    for (status, method, retryable) in [
        (400, "GET", Some(false)),
        (404, "POST", Some(false)),
        (408, "POST", Some(true)),
        (423, "GET", None),
        (425, "POST", Some(true)),
        (429, "POST", Some(true)),
        (500, "GET", None),
        (501, "GET", Some(false)),
        (502, "GET", Some(true)),
        (502, "POST", None),
        (503, "DELETE", Some(true)),
        (503, "PATCH", None),
        (504, "PUT", Some(true)),
        (599, "GET", None),
    ] {
        let exchange = strict().request(method, "/").answered_with(status);
        assert_eq!(
            body(&exchange).get("retryable"),
            retryable.map(Value::Bool).as_ref(),
            "{method} {status}"
        );
    }
}

#[test]
fn retry_after_is_told_in_seconds_be_it_seconds_or_a_date() {
    let host = strict();
    for (value, seconds) in [
        ("120", Some(json!(120))),
        ("0", Some(json!(0))),
        ("Thu, 01 Jan 2026 00:01:30 GMT", Some(json!(90))),
        ("Thursday, 01-Jan-26 00:01:30 GMT", Some(json!(90))),
        ("Wed, 31 Dec 2025 23:59:00 GMT", Some(json!(0))),
        ("99999999999999999999999", Some(json!(u64::MAX))),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("", None),
    ] {
        for answer in [text(503, "busy"), Answer::new(503)] {
            let exchange = host.get("/").answered_with(answer.header("retry-after", value));
            assert_eq!(body(&exchange).get("retry_after"), seconds.as_ref(), "{value}");
            exchange.header("retry-after", value);
        }
    }
    let absent = host.get("/").answered_with(503);
    absent.no_header("retry-after");
    assert_eq!(body(&absent).get("retry_after"), None);
}

#[test]
fn every_status_has_a_code_and_words() {
    for status in 400..600 {
        let exchange = strict().get("/").answered_with(status);
        exchange.expect_status(status);
        let code = body(&exchange)["error_code"]
            .as_str()
            .expect("it is text")
            .to_owned();
        assert!(
            code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
            "{status}: {code}"
        );
        exchange.header("x-error-code", code);
    }
}

#[test]
fn policies_are_found_by_route_host_and_header_in_the_response_as_in_the_request() {
    let host = host(json!({
        "default": { "documentation_base_url": "https://a.example/" },
        "routes": [
            { "match": { "host": "*.shop.example" }, "policy": { "documentation_base_url": "https://b.example/" } },
            { "match": { "route": "orders" }, "policy": { "documentation_base_url": "https://c.example/" } },
            { "match": { "path_template": "/users/{id}" }, "policy": { "documentation_base_url": null } },
        ],
    }))
    .routes([host::Route::new("orders").prefix("/orders"), host::Route::new("rest").prefix("/")]);
    let url = |exchange: host::Exchange| body(&exchange).get("documentation_url").cloned();
    assert_eq!(
        url(host.get("/").answered_with(404)),
        Some(json!("https://a.example/NOT_FOUND"))
    );
    assert_eq!(
        url(host.get("/").host("eu.shop.example").answered_with(404)),
        Some(json!("https://b.example/NOT_FOUND"))
    );
    assert_eq!(
        url(host.get("/orders/7").answered_with(404)),
        Some(json!("https://c.example/NOT_FOUND"))
    );
    assert_eq!(url(host.get("/users/7?q=1").answered_with(404)), None);
    assert_eq!(url(policy(json!({})).get("/").answered_with(404)), None);
}
