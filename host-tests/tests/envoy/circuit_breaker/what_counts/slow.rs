//! Slow answers, where the policy has an eye on them. Time counts from the request's end to the answer's headers.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

/// A policy to which more than a second is slow.
fn watched(name: &'static str) -> Case {
    let rate = json!({ "percent": 80, "slower_than": "1s", "window": "60s", "min_calls": 1000 });
    Case::new(name).policy(json!({ "trip": { "slow_rate": rate } }))
}

fn late(name: &'static str) -> Case {
    watched(name).then(Step::Silence(1200))
}

fn whole(status: u16) -> Answer {
    Answer::new(status).body("body")
}

#[test]
fn late_headers_are_slow_and_nothing_else_is() {
    check(vec![
        claim(an_answer_whose_headers_come_late_is_slow),
        claim(a_failure_is_told_before_slowness),
        claim(neither_a_slow_client_nor_a_long_body_is_slow),
    ]);
}

fn an_answer_whose_headers_come_late_is_slow() -> Vec<Case> {
    let events = Answer::new(200)
        .header("content-type", "text/event-stream")
        .chunked();
    let message = Answer::new(200)
        .header("content-type", "application/grpc")
        .chunked();
    let status = vec![("grpc-status".to_owned(), b"0".to_vec())];
    vec![
        watched("at-once")
            .answered(whole(200))
            .is("200 via_upstream", "success", "success"),
        late("late")
            .answered(whole(200))
            .is("200 via_upstream", "slow", "slow"),
        late("late-over-http2")
            .http2()
            .answered(whole(200))
            .is("200 via_upstream", "slow", "slow"),
        late("a-late-404")
            .answered(whole(404))
            .is("404 via_upstream", "slow", "slow"),
        late("late-events")
            .answered(events)
            .then(Step::Ends(Vec::new()))
            .is("200 via_upstream", "slow", "slow"),
        late("late-grpc")
            .grpc()
            .answered(message)
            .then(Step::Ends(status))
            .is("200 via_upstream", "slow", "slow"),
        Case::new("nobody-watches")
            .then(Step::Silence(1200))
            .answered(whole(200))
            .is("200 via_upstream", "success", "success"),
    ]
}

fn a_failure_is_told_before_slowness() -> Vec<Case> {
    vec![
        late("a-late-500")
            .answered(whole(500))
            .is("500 via_upstream", "failure", "failure"),
        late("cut-short-late")
            .answered(Answer::new(200).chunked())
            .then(Step::Sends("half"))
            .then(Step::Closes)
            .is(
                "200 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure",
            ),
    ]
}

fn neither_a_slow_client_nor_a_long_body_is_slow() -> Vec<Case> {
    vec![
        watched("the-client-takes-its-time")
            .request(Request::post)
            .then(Step::ClientSends("half"))
            .then(Step::Silence(1200))
            .then(Step::ClientEnds)
            .answered(whole(200))
            .is("200 via_upstream", "success", "success"),
        watched("the-body-takes-its-time")
            .answered(Answer::new(200).chunked())
            .then(Step::Sends("half"))
            .then(Step::Silence(1200))
            .then(Step::Ends(Vec::new()))
            .is("200 via_upstream", "success", "success"),
    ]
}
