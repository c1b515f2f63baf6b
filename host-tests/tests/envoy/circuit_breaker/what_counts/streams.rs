//! Upgrades, CONNECT and streams of events: decided by their headers, whatever their end.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

/// A WebSocket, over which the upstream has said something.
fn web_socket(name: &'static str) -> Case {
    asked(name)
        .answered(
            Answer::new(101)
                .header("connection", "Upgrade")
                .header("upgrade", "websocket"),
        )
        .then(Step::Sends("hello"))
}

/// A client that asks for a WebSocket.
fn asked(name: &'static str) -> Case {
    Case::new(name)
        .request(|path| Request::get(path).upgrade("websocket"))
        .edge(json!({ "upgrade_configs": [{ "upgrade_type": "websocket" }] }))
}

/// A stream of events, of which one has come.
fn events(case: Case) -> Case {
    case.answered(
        Answer::new(200)
            .header("content-type", "text/event-stream")
            .chunked(),
    )
    .then(Step::Sends("data: 1\n\n"))
}

#[test]
fn a_stream_is_decided_by_its_headers() {
    check(vec![
        claim(a_web_socket_has_succeeded_once_it_has_begun),
        claim(a_web_socket_that_does_not_begin_is_what_was_answered_instead),
        claim(a_tunnel_has_succeeded_once_it_has_begun),
        claim(a_stream_of_events_has_succeeded_once_it_has_begun),
    ]);
}

fn a_web_socket_has_succeeded_once_it_has_begun() -> Vec<Case> {
    vec![
        web_socket("closed-by-the-upstream").then(Step::Closes).is(
            "101 upstream_reset_after_response_started{connection_termination} UC",
            "success",
            "success",
        ),
        web_socket("reset-by-the-upstream").then(Step::Resets).is(
            "101 upstream_reset_after_response_started{connection_termination} UC",
            "success",
            "success",
        ),
        web_socket("closed-by-the-client")
            .then(Step::ClientSends("bye"))
            .then(Step::ClientLeaves)
            .is("101 downstream_remote_disconnect DC", "success", "success"),
        web_socket("idle")
            .route(json!({ "route": { "idle_timeout": "0.2s" } }))
            .is("101 stream_idle_timeout SI", "success", "success"),
    ]
}

fn a_web_socket_that_does_not_begin_is_what_was_answered_instead() -> Vec<Case> {
    vec![
        asked("refused")
            .answered(Answer::new(403).body("no"))
            .is("403 via_upstream", "success", "success"),
        asked("failed")
            .answered(Answer::new(503).body("no"))
            .is("503 via_upstream", "failure", "failure"),
        asked("reset").then(Step::Resets).is(
            "503 upstream_reset_before_response_started{connection_termination} UC",
            "failure",
            "failure",
        ),
    ]
}

fn a_tunnel_has_succeeded_once_it_has_begun() -> Vec<Case> {
    let tunnel = |name: &'static str| {
        Case::new(name)
            .request(|_| Request::new("CONNECT", "host.test:443"))
            .edge(json!({ "upgrade_configs": [{ "upgrade_type": "CONNECT" }] }))
            .route(json!({ "match": { "path_separated_prefix": null, "connect_matcher": {} } }))
            .policy(json!({}))
    };
    vec![
        tunnel("closed-by-the-upstream")
            .then(Step::AnswersRaw("HTTP/1.1 200 -\r\n\r\nhello"))
            .then(Step::Closes)
            .is(
                "200 upstream_reset_after_response_started{connection_termination} UC",
                "success",
                "success",
            ),
    ]
}

fn a_stream_of_events_has_succeeded_once_it_has_begun() -> Vec<Case> {
    vec![
        events(Case::new("ended"))
            .then(Step::Ends(Vec::new()))
            .is("200 via_upstream", "success", "success"),
        events(Case::new("cut")).then(Step::Closes).is(
            "200 upstream_reset_after_response_started{protocol_error} UPE",
            "success",
            "success",
        ),
        events(Case::new("cut-over-http2").http2()).then(Step::Resets).is(
            "200 upstream_reset_after_response_started{remote_reset} UR",
            "success",
            "success",
        ),
        events(Case::new("left-by-the-client"))
            .then(Step::ClientLeaves)
            .is("200 downstream_remote_disconnect DC", "success", "success"),
        events(Case::new("timed-out"))
            .route(json!({ "route": { "timeout": "0.2s" } }))
            .is("200 response_timeout UT", "success", "success"),
        Case::new("failed")
            .answered(
                Answer::new(503)
                    .header("content-type", "text/event-stream")
                    .body("data: 1\n\n"),
            )
            .is("503 via_upstream", "failure", "failure"),
    ]
}
