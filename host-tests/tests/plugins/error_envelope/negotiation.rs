//! Which of the two forms a client gets, and what caches are told of it.

use super::{body, policy, problem, text};
use host::{Answer, Exchange, Host, Route};
use serde_json::json;

fn asked(host: &Host, accept: &[&[u8]]) -> Exchange {
    let request = accept
        .iter()
        .fold(host.get("/"), |request, value| request.header("accept", value));
    request.answered_with(text(404, "no such order"))
}

#[test]
fn a_problem_is_sent_to_who_prefers_it() {
    let host = policy(json!({}));
    for accept in [
        "application/problem+json",
        "application/problem+json, application/json;q=0.9",
        "application/json;q=0.5, Application/Problem+JSON",
        "application/*;q=0.1, application/problem+json;q=0.2",
        "application/json;q=0, */*",
        "text/html, application/problem+json;q=0.001",
        "application/problem+json; charset=\"utf-8\" ; Q = 0.9, */*;q=0.8",
    ] {
        let exchange = asked(&host, &[accept.as_bytes()]);
        assert_eq!(problem(&exchange)["detail"], "no such order", "{accept}");
        exchange
            .header("vary", "Accept")
            .header("x-error-code", "NOT_FOUND");
    }
    problem(&asked(
        &host,
        &[b"application/json;q=0.1", b"application/problem+json"],
    ));
}

#[test]
fn everyone_else_gets_the_standard_body_nonsense_included() {
    let host = policy(json!({}));
    for accept in [
        "",
        "*/*",
        "application/json",
        "application/*",
        "application/problem+json, application/json",
        "application/problem+json;q=0, */*;q=0.1",
        "application/problem+json;q=2",
        "application/problem+json;q=0.1234",
        "application/problem+json;q=",
        "application/problem+jsonx",
        "image/png",
        ",,;;q=1,/",
        "problem+json",
    ] {
        let exchange = asked(&host, &[accept.as_bytes()]);
        assert_eq!(body(&exchange)["message"], "no such order", "{accept}");
        exchange.header("vary", "Accept");
    }
    for accept in [&[b"\xff\xfe".as_slice()][..], &[]] {
        body(&asked(&host, accept));
    }
}

#[test]
fn a_problem_is_as_rfc_9457_wants_it() {
    let host = policy(json!({ "documentation_base_url": "https://docs.example/errors/" }));
    let request = host
        .get("/")
        .header("accept", "application/problem+json")
        .header("x-request-id", "r-1");
    let exchange = request.answered_with(text(429, "slow down").header("retry-after", "7"));
    assert_eq!(
        problem(&exchange),
        json!({
            "type": "https://docs.example/errors/TOO_MANY_REQUESTS", "title": "Too Many Requests", "status": 429,
            "detail": "slow down", "trace_id": "r-1", "request_id": "r-1", "error_code": "TOO_MANY_REQUESTS",
            "timestamp": "2026-01-01T00:00:00.000Z", "retryable": true, "retry_after": 7,
        })
    );
    let plain = policy(json!({ "format": "problem" }));
    assert_eq!(problem(&asked(&plain, &[]))["type"], "about:blank");
}

#[test]
fn a_fixed_form_asks_nobody_and_tells_caches_nothing() {
    for (format, accept) in [
        ("standard", "application/problem+json"),
        ("problem", "application/json"),
    ] {
        let host = policy(json!({ "format": format }));
        let exchange = asked(&host, &[accept.as_bytes()]);
        if format == "problem" {
            problem(&exchange);
        } else {
            body(&exchange);
        }
        exchange.no_header("vary");
    }
}

#[test]
fn vary_is_added_to_what_is_there() {
    let host = policy(json!({}));
    for (there, expected) in [
        (vec![], "Accept"),
        (vec!["Origin"], "Origin, Accept"),
        (vec!["Origin, Accept-Encoding"], "Origin, Accept-Encoding, Accept"),
        (vec!["Origin, ACCEPT"], "Origin, ACCEPT"),
        (vec!["*"], "*"),
        // The proxy itself joins what is repeated of this header.
        (vec!["Origin", "Cookie"], "Origin,Cookie, Accept"),
    ] {
        // With a body, and without one, where the headers travel another way.
        for answer in [text(404, "no"), Answer::new(404)] {
            let answer = there
                .iter()
                .fold(answer, |answer, value| answer.header("vary", value));
            let exchange = host.get("/").answered_with(answer);
            exchange
                .header("vary", expected)
                .header("x-error-code", "NOT_FOUND");
        }
    }
}

#[test]
fn the_proxys_own_errors_are_negotiated_alike() {
    let host = policy(json!({})).routes([Route::new("m").path("/m").direct_response(503, "noon")]);
    for path in ["/m", "/lost"] {
        let exchange = host
            .get(path)
            .header("accept", "application/problem+json")
            .run(200);
        let body = problem(&exchange);
        assert_eq!(
            body["error_code"],
            if path == "/m" {
                "SERVICE_UNAVAILABLE"
            } else {
                "ROUTE_NOT_FOUND"
            }
        );
        exchange.header("vary", "Accept");
    }
}

#[test]
fn what_succeeds_is_not_told_to_vary() {
    policy(json!({}))
        .get("/")
        .header("accept", "application/problem+json")
        .answered_with(200)
        .no_header("vary");
}
