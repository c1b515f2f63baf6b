//! Upstreams that do not answer, or do not end what they have begun: failures, in both positions.

use super::bootstrap::endpoint;
use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::Answer;
use serde_json::json;
use std::net::SocketAddr;

#[test]
fn an_upstream_that_does_not_answer_or_does_not_end_has_failed() {
    check(vec![
        claim(an_upstream_that_cannot_be_reached_is_a_failure),
        claim(a_reset_before_the_answer_is_a_failure),
        claim(a_reset_within_the_answer_is_a_failure),
    ]);
}

fn an_upstream_that_cannot_be_reached_is_a_failure() -> Vec<Case> {
    let refused = endpoint("refused", SocketAddr::from(([127, 0, 0, 1], 1)));
    let tls = json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext" },
    });
    vec![
        Case::new("refused")
            .cluster(json!({ "load_assignment": refused }))
            .is(
                "503 upstream_reset_before_response_started{remote_connection_failure",
                "failure",
                "failure",
            ),
        Case::new("refused-to-grpc")
            .grpc()
            .cluster(json!({ "load_assignment": refused }))
            .is(
                "200 upstream_reset_before_response_started{remote_connection_failure",
                "failure",
                "failure",
            ),
        // Its listener takes the connection, and says nothing to the handshake.
        Case::new("connection-timed-out")
            .cluster(json!({ "connect_timeout": "0.1s", "transport_socket": tls }))
            .is(
                "503 upstream_reset_before_response_started{connection_timeout} UF",
                "failure",
                "failure",
            ),
        Case::new("nobody")
            .cluster(json!({ "load_assignment": { "endpoints": [] } }))
            .is(
                "503 no_healthy_upstream UH",
                "failure",
                // There is no attempt.
                "",
            ),
    ]
}

fn a_reset_before_the_answer_is_a_failure() -> Vec<Case> {
    vec![
        Case::new("closed").then(Step::Closes).is(
            "503 upstream_reset_before_response_started{connection_termination} UC",
            "failure",
            "failure",
        ),
        Case::new("reset").then(Step::Resets).is(
            "503 upstream_reset_before_response_started{connection_termination} UC",
            "failure",
            "failure",
        ),
        Case::new("reset-over-http2").http2().then(Step::Resets).is(
            "503 upstream_reset_before_response_started{remote_reset} UR",
            "failure",
            "failure",
        ),
        Case::new("closed-over-http2").http2().then(Step::Closes).is(
            "503 upstream_reset_before_response_started{connection_termination} UC",
            "failure",
            "failure",
        ),
        Case::new("no-http")
            .then(Step::AnswersRaw("220 mail.example ESMTP\r\n"))
            .is(
                "502 upstream_reset_before_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
        Case::new("to-grpc").grpc().then(Step::Resets).is(
            "200 upstream_reset_before_response_started{remote_reset} UR",
            "failure",
            "failure",
        ),
    ]
}

fn a_reset_within_the_answer_is_a_failure() -> Vec<Case> {
    let begun = |case: Case| {
        case.answered(Answer::new(200).chunked())
            .then(Step::Sends("half"))
    };
    let half = "HTTP/1.1 200 -\r\ncontent-length: 8\r\n\r\nhalf";
    vec![
        Case::new("closed-short-of-its-length")
            .then(Step::AnswersRaw(half))
            .then(Step::Closes)
            .is(
                "200 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
        Case::new("reset-short-of-its-length")
            .then(Step::AnswersRaw(half))
            .then(Step::Resets)
            .is(
                "200 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
        begun(Case::new("without-the-last-chunk")).then(Step::Closes).is(
            "200 upstream_reset_after_response_started{protocol_error} UPE",
            "failure",
            "failure",
        ),
        begun(Case::new("reset-over-http2").http2())
            .then(Step::Resets)
            .is(
                "200 upstream_reset_after_response_started{remote_reset} UR",
                "failure",
                "failure",
            ),
        begun(Case::new("closed-over-http2").http2())
            .then(Step::Closes)
            .is(
                "200 upstream_reset_after_response_started{connection_termination} UC",
                "failure",
                "failure",
            ),
        // An error of the client's making is one of the upstream's when it breaks off.
        Case::new("a-404-cut-short")
            .answered(Answer::new(404).chunked())
            .then(Step::Sends("half"))
            .then(Step::Closes)
            .is(
                "404 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
        // It was one from its headers on, and is no second one.
        Case::new("a-500-cut-short")
            .answered(Answer::new(500).chunked())
            .then(Step::Sends("half"))
            .then(Step::Closes)
            .is(
                "500 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
    ]
}
