//! Pages: kept for who prefers one, where it is the client's error, and never quoted.

use super::{assert_enveloped, policy};
use host::{Answer, Exchange};
use serde_json::json;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
const PAGE: &str = "<!doctype html><title>Not here</title><p>We looked everywhere.";

fn page(status: u16, content_type: &str) -> Answer {
    Answer::new(status)
        .header("content-type", content_type)
        .header("etag", "\"p\"")
        .body(PAGE)
}

fn asked(passthrough: &str, accept: Option<&str>, answer: Answer) -> Exchange {
    let host = policy(json!({ "passthrough": passthrough }));
    let request = host.get("/");
    let request = match accept {
        Some(accept) => request.header("accept", accept),
        None => request,
    };
    request.answered_with(answer)
}

#[test]
fn a_browser_keeps_the_page_of_a_client_error() {
    for passthrough in ["structured", "enveloped"] {
        for content_type in ["text/html; charset=utf-8", "application/xhtml+xml"] {
            let exchange = asked(passthrough, Some(BROWSER), page(404, content_type));
            exchange
                .expect_status(404)
                .expect_body(PAGE)
                .header("content-type", content_type)
                .header("etag", "\"p\"");
            exchange
                .no_header("x-error-code")
                .no_header("vary")
                .header("content-length", PAGE.len().to_string());
        }
    }
}

#[test]
fn who_does_not_prefer_a_page_gets_the_body_and_nothing_of_the_page() {
    for accept in [
        None,
        Some("*/*"),
        Some("application/json"),
        Some("text/html;q=0.5, application/json"),
    ] {
        let exchange = asked("structured", accept, page(404, "text/html"));
        let body = assert_enveloped(&exchange, 404, "NOT_FOUND");
        assert_eq!(body["message"], "There is no such thing.");
        exchange.no_header("etag");
    }
}

#[test]
fn the_page_of_a_server_error_is_replaced_for_everybody() {
    for passthrough in ["structured", "enveloped", "never"] {
        assert_enveloped(
            &asked(passthrough, Some(BROWSER), page(500, "text/html")),
            500,
            "INTERNAL_SERVER_ERROR",
        );
    }
}

#[test]
fn the_strict_setting_replaces_every_page() {
    assert_enveloped(
        &asked("never", Some(BROWSER), page(404, "text/html")),
        404,
        "NOT_FOUND",
    );
}

#[test]
fn a_page_that_calls_itself_text_or_json_is_not_quoted() {
    let quoted = json!({ "message": PAGE, "error": { "message": "<p>x" }, "title": "  <b>x" }).to_string();
    for (content_type, body) in [
        ("text/plain", PAGE),
        ("text/plain", "\n\t<html>"),
        ("application/json", quoted.as_str()),
    ] {
        let exchange = asked(
            "never",
            None,
            Answer::new(404).header("content-type", content_type).body(body),
        );
        let answer = assert_enveloped(&exchange, 404, "NOT_FOUND");
        assert_eq!(answer["message"], "There is no such thing.", "{exchange}");
    }
}
