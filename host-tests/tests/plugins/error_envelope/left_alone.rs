//! What has no place for a JSON body, or is nobody's business.

use super::{host, json_error, policy, strict, text};
use host::{Answer, Exchange, Host, Route};
use serde_json::json;

/// Neither headers nor body are changed.
#[track_caller]
fn assert_as_without(exchange: &Exchange, send: impl Fn(&Host) -> Exchange) {
    let untouched = send(&with_chat(host(json!({ "mode": "disabled" }))));
    assert_eq!(
        exchange.response_headers(),
        untouched.response_headers(),
        "{exchange}"
    );
    assert_eq!(exchange.pieces(), untouched.pieces(), "{exchange}");
    assert_eq!(
        exchange.response_trailers(),
        untouched.response_trailers(),
        "{exchange}"
    );
    assert_eq!(exchange.status(), untouched.status(), "{exchange}");
}

#[track_caller]
fn left_alone(send: impl Fn(&Host) -> Exchange) {
    for host in [host(json!({})), strict()].map(with_chat) {
        assert_as_without(&send(&host), &send);
    }
}

#[test]
fn what_is_no_error() {
    for status in [200, 201, 204, 206, 301, 302, 304, 399] {
        left_alone(|host| {
            let answer = Answer::new(status)
                .header("x-error-code", "MINE")
                .header("content-type", "text/plain");
            let answer = if [204, 304].contains(&status) {
                answer
            } else {
                answer.body("body")
            };
            host.get("/")
                .header("accept", "application/problem+json")
                .answered_with(answer)
        });
    }
}

#[test]
fn part_of_something_stays_although_the_whole_would_be_text() {
    left_alone(|host| {
        let answer = Answer::new(206)
            .header("content-range", "bytes 0-3/9")
            .header("content-type", "text/plain")
            .body("part");
        host.get("/").header("range", "bytes=0-3").answered_with(answer)
    });
}

#[test]
fn head_gets_the_headers_that_get_would_get_and_no_body() {
    for (answer, status, code, _) in super::local::REASONS {
        let exchange = policy(json!({})).request("HEAD", "/").run(answer());
        exchange
            .expect_status(status)
            .expect_body("")
            .header("x-error-code", code);
        exchange
            .header("content-type", "application/json")
            .header("vary", "Accept")
            .no_header("content-length");
    }
    let plain = Answer::new(404)
        .header("content-type", "text/plain")
        .header("content-length", "9")
        .header("etag", "1");
    let exchange = policy(json!({})).request("HEAD", "/").answered_with(plain);
    exchange
        .header("content-type", "application/json")
        .no_header("content-length")
        .no_header("etag");
    // What GET would get as it is, HEAD does too.
    let send = |host: &Host| {
        let json = Answer::new(404)
            .header("content-type", "application/json")
            .header("content-length", "9");
        host.request("HEAD", "/").answered_with(json)
    };
    assert_as_without(&send(&host(json!({}))), send);
    let exchange = policy(json!({ "passthrough": "enveloped" }))
        .request("HEAD", "/")
        .answered_with(
            Answer::new(404)
                .header("content-type", "application/json")
                .header("content-length", "9"),
        );
    // Only the body could tell the code, and there is none.
    exchange
        .header("content-type", "application/json")
        .no_header("content-length")
        .no_header("x-error-code");
    exchange.filter_state("policy.error_code").is("NOT_FOUND");
}

#[test]
fn grpc_whatever_its_status() {
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc-web",
        "application/grpc-web-text+proto",
    ] {
        // A gRPC client understands nothing else, whatever the answer says that it is.
        for answer in [text(503, "busy"), Answer::new(503), json_error(500, "{}")] {
            left_alone(|host| {
                host.post("/p.S/M")
                    .header("content-type", content_type)
                    .body("x")
                    .run(answer.clone())
            });
        }
        left_alone(|host| {
            host.get("/")
                .answered_with(Answer::new(500).header("content-type", content_type).body("x"))
        });
    }
    left_alone(|host| host.grpc("/p.S/M").run(Answer::grpc(14)));
    left_alone(|host| host.grpc("/p.S/M").run(Answer::grpc_headers_only(14)));
    left_alone(|host| host.grpc("/p.S/M").run(Answer::no_healthy_upstream()));
}

#[test]
fn a_stream_of_events() {
    for content_type in ["text/event-stream", "Text/Event-Stream; charset=utf-8"] {
        left_alone(|host| {
            let answer = Answer::new(500)
                .header("content-type", content_type)
                .pieces(["data: 1\n\n", "data: 2\n\n"]);
            host.get("/").answered_with(answer)
        });
    }
}

#[test]
fn a_connection_that_changes_its_protocol_carries_what_the_peers_say() {
    left_alone(|host| {
        let exchange = host.get("/chat").upgrade("websocket").expect_forwarded();
        let exchange = exchange.answer(Answer::switching_to("websocket"));
        exchange
            .upstream_sends("{\"message\":")
            .client_sends("frame")
            .upstream_sends("7}")
            .client_aborts()
    });
}

#[test]
fn an_upgrade_that_is_refused_is_an_error_like_any_other() {
    for answer in [text(404, "no socket here"), Answer::new(404)] {
        let exchange = with_chat(strict())
            .get("/chat")
            .upgrade("websocket")
            .answered_with(answer);
        super::assert_enveloped(&exchange, 404, "NOT_FOUND");
    }
}

fn with_chat(host: Host) -> Host {
    host.routes([
        Route::new("chat").path("/chat").upgrade("websocket"),
        Route::new("rest"),
    ])
}

#[test]
fn what_a_rule_excludes() {
    let configurations = [
        json!({ "default": { "passthrough": "never" }, "routes": [{ "match": { "path_prefix": "/raw" }, "mode": "disabled" }] }),
        json!({ "default": null, "routes": [{ "match": { "path": "/wrapped" }, "policy": { "passthrough": "never" } }] }),
        json!({ "default": { "passthrough": "never" }, "routes": [{ "match": { "headers": { "x-raw": "1" } }, "policy": { "statuses": [] } }] }),
        json!({ "default": { "passthrough": "never" }, "routes": [{ "match": { "methods": ["GET"], "path": "/raw" }, "policy": { "origins": [] } }] }),
    ];
    for configuration in configurations {
        let host = host(configuration);
        let send = |host: &Host| {
            host.get("/raw")
                .header("x-raw", "1")
                .answered_with(text(404, "raw"))
        };
        assert_as_without(&send(&host), send);
        assert!(
            host.metrics()
                .keys()
                .all(|name| !name.starts_with("errors_total")),
            "what is excluded is not counted"
        );
        super::assert_enveloped(
            &host.get("/wrapped").answered_with(text(404, "raw")),
            404,
            "NOT_FOUND",
        );
    }
}
