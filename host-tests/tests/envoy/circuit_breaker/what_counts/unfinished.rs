//! Requests that their clients do not finish: the upstream owes them no answer.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

/// A POST whose first half has been sent, and a breaker for whom 300 ms without an answer are a failure.
fn unfinished(name: &'static str) -> Case {
    Case::new(name)
        .request(Request::post)
        .policy(json!({ "failure": { "no_answer_after": "300ms" } }))
        .then(Step::ClientSends("half"))
}

#[test]
fn an_unfinished_request_is_owed_no_answer() {
    check(vec![
        claim(a_client_that_leaves_its_request_unfinished_says_nothing_however_long_it_took),
        claim(the_proxys_time_outs_for_unfinished_requests_say_nothing),
        claim(the_wait_counts_from_the_end_of_the_request),
        claim(what_the_upstream_does_before_the_request_is_whole_counts),
    ]);
}

fn a_client_that_leaves_its_request_unfinished_says_nothing_however_long_it_took() -> Vec<Case> {
    vec![
        unfinished("closed")
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "ignored", "ignored"),
        unfinished("reset-over-http2")
            .http2()
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 http2.remote_reset DR", "ignored", "ignored"),
    ]
}

fn the_proxys_time_outs_for_unfinished_requests_say_nothing() -> Vec<Case> {
    vec![
        unfinished("request-time-out")
            .edge(json!({ "request_timeout": "0.4s" }))
            .is("408 request_overall_timeout", "ignored", "ignored"),
        unfinished("idle-time-out")
            .edge(json!({ "stream_idle_timeout": "0.4s" }))
            .is("408 stream_idle_timeout SI", "ignored", "ignored"),
        unfinished("idle-time-out-of-grpc")
            .request(Request::grpc)
            .edge(json!({ "stream_idle_timeout": "0.4s" }))
            .is("200 stream_idle_timeout SI", "ignored", "ignored"),
        unfinished("longest-duration")
            .route(json!({ "route": { "max_stream_duration": { "max_stream_duration": "0.4s" } } }))
            .is("408 max_duration_timeout", "ignored", "ignored"),
    ]
}

fn the_wait_counts_from_the_end_of_the_request() -> Vec<Case> {
    vec![
        unfinished("left-after-a-short-wait")
            .then(Step::Silence(400))
            .then(Step::ClientEnds)
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "ignored", "ignored"),
        unfinished("left-after-a-long-wait")
            .then(Step::ClientEnds)
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "failure", "failure"),
    ]
}

fn what_the_upstream_does_before_the_request_is_whole_counts() -> Vec<Case> {
    vec![
        unfinished("answered").answered(Answer::new(403).body("no")).is(
            "403 via_upstream",
            "success",
            "success",
        ),
        unfinished("failed").answered(Answer::new(500).body("no")).is(
            "500 via_upstream",
            "failure",
            "failure",
        ),
        unfinished("reset").then(Step::Resets).is(
            "503 upstream_reset_before_response_started{connection_termination} UC",
            "failure",
            "failure",
        ),
    ]
}
