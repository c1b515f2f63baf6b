//! Errors without a body: they get one by a reply made anew, and keep the headers that still hold.

use super::{assert_enveloped, host, problem, with_either_setting, with_request_id};
use host::{Answer, Route};
use serde_json::json;

#[test]
fn an_upstreams_error_without_a_body_gets_one_and_keeps_its_headers() {
    for host in with_either_setting(&json!({})) {
        let answer = Answer::new(401)
            .header("www-authenticate", "Bearer realm=\"a\"")
            .header("www-authenticate", "Basic")
            .header("set-cookie", "a=1; Path=/")
            .header("set-cookie", "b=2")
            .header("x-binary", b"\xff\x80caf\xe9")
            .header("x-empty", "")
            .header("x-long", "l".repeat(5000))
            .header("cache-control", "no-store")
            .header("etag", "\"e\"")
            .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("content-type", "text/html")
            .header("content-language", "en")
            .header("x-error-details", "kept");
        let exchange = host.get("/").answered_with(answer);
        assert_enveloped(&exchange, 401, "UNAUTHORIZED");
        let all = |name: &str| exchange.response_header(name).all();
        assert_eq!(all("set-cookie"), [b"a=1; Path=/".to_vec(), b"b=2".to_vec()]);
        assert_eq!(all("www-authenticate").join(&b','), b"Bearer realm=\"a\",Basic");
        exchange
            .header("x-binary", b"\xff\x80caf\xe9")
            .header("x-empty", "")
            .header("x-long", "l".repeat(5000));
        exchange
            .header("cache-control", "no-store")
            .header("x-error-details", "kept");
        exchange
            .no_header("etag")
            .no_header("last-modified")
            .no_header("content-language");
        exchange
            .header("content-length", exchange.body().len().to_string())
            .header("server", "envoy");
        assert_eq!(
            exchange.details(),
            "via_upstream",
            "the access log still tells where it came from"
        );
    }
}

#[test]
fn only_of_an_answer_that_is_over_with_its_headers_is_a_new_one_made() {
    for host in with_either_setting(&json!({})) {
        let none: [&str; 0] = [];
        for answer in [
            Answer::new(503),
            Answer::new(503).pieces(none),
            Answer::new(503).body("busy"),
        ] {
            let exchange = host.get("/").answered_with(answer.header("x-own", "1"));
            assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
            exchange.header("x-own", "1");
        }
    }
}

#[test]
fn what_is_declared_structured_but_has_no_body_says_nothing() {
    for content_type in [
        "application/json",
        "application/xml",
        "application/problem+json",
        "text/html",
    ] {
        let answer = Answer::new(404).header("content-type", content_type);
        let exchange = host(json!({}))
            .get("/")
            .header("accept", "text/html, */*;q=0.1")
            .answered_with(answer);
        assert_enveloped(&exchange, 404, "NOT_FOUND");
    }
}

#[test]
fn they_can_be_problems() {
    let exchange = host(json!({}))
        .get("/")
        .header("accept", "application/problem+json")
        .answered_with(404);
    assert_eq!(problem(&exchange)["title"], "Not Found");
    exchange
        .header("vary", "Accept")
        .header("x-error-code", "NOT_FOUND");
}

#[test]
fn the_id_that_another_plugin_put_on_the_response_stays_once() {
    for answer in [
        Answer::new(500),
        Answer::new(404).header("x-request-id", "upstream's"),
    ] {
        let exchange = with_request_id(json!({}))
            .get("/")
            .header("x-request-id", "r-1")
            .answered_with(answer);
        exchange.header("x-request-id", "r-1");
        assert_eq!(super::body(&exchange)["request_id"], "r-1");
    }
}

#[test]
fn the_proxys_own_errors_without_a_body_keep_their_details() {
    let host = host(json!({})).routes([Route::new("silent").path("/silent").direct_response(403, "")]);
    for (path, details, code) in [
        ("/silent", "direct_response", "FORBIDDEN"),
        ("/lost", "route_not_found", "ROUTE_NOT_FOUND"),
    ] {
        let exchange = host.get(path).run(200);
        let status = exchange.status();
        assert_enveloped(&exchange, status, code);
        assert_eq!(exchange.details(), details);
    }
}

#[test]
fn an_error_of_many_headers_keeps_them_all() {
    let answer = (0..90).fold(Answer::new(503), |answer, n| {
        answer.header(&format!("x-{n}"), [0x80 + n as u8])
    });
    let exchange = host(json!({})).get("/").answered_with(answer);
    assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
    for n in 0..90 {
        exchange.header(&format!("x-{n}"), [0x80 + n as u8]);
    }
}
