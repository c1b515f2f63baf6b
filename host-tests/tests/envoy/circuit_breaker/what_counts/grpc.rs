//! What an upstream answers to gRPC, by its grpc-status.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

const TYPE: (&str, &str) = ("content-type", "application/grpc");

/// A message, and then trailers with this status.
fn ended(name: &'static str, status: &str) -> Case {
    begun(name).then(Step::Ends(vec![(
        "grpc-status".to_owned(),
        status.as_bytes().to_vec(),
    )]))
}

/// A message, with which the answer is not over.
fn begun(name: &'static str) -> Case {
    Case::new(name)
        .grpc()
        .answered(Answer::new(200).header(TYPE.0, TYPE.1).chunked())
        .then(Step::Sends("\0\0\0\0\0"))
}

/// Headers that are all of the answer, with this status.
fn headers_only(name: &'static str, status: &str) -> Case {
    let answer = Answer::new(200)
        .header(TYPE.0, TYPE.1)
        .header("grpc-status", status);
    Case::new(name).grpc().answered(answer)
}

const WHOLE: &str = "200 via_upstream";

#[test]
fn an_answer_to_grpc_is_what_its_grpc_status_says() {
    check(vec![
        claim(a_stream_is_what_the_status_in_its_trailers_says),
        claim(an_answer_of_headers_alone_is_what_the_status_among_them_says),
        claim(the_list_of_statuses_is_the_configurations),
        claim(an_exchange_that_the_upstream_ends_without_a_status_is_a_failure),
        claim(a_stream_that_the_upstream_breaks_off_is_a_failure_and_one_that_the_client_does_is_none),
        claim(a_status_of_http_counts_for_grpc_too),
    ]);
}

fn a_stream_is_what_the_status_in_its_trailers_says() -> Vec<Case> {
    vec![
        ended("ok", "0").is(WHOLE, "success", "success"),
        ended("cancelled", "1").is(WHOLE, "success", "success"),
        ended("unknown", "2").is(WHOLE, "success", "success"),
        ended("deadline-exceeded", "4").is(WHOLE, "failure", "failure"),
        ended("not-found", "5").is(WHOLE, "success", "success"),
        ended("permission-denied", "7").is(WHOLE, "success", "success"),
        ended("resource-exhausted", "8").is(WHOLE, "success", "success"),
        ended("aborted", "10").is(WHOLE, "success", "success"),
        ended("unimplemented", "12").is(WHOLE, "success", "success"),
        ended("internal", "13").is(WHOLE, "failure", "failure"),
        ended("unavailable", "14").is(WHOLE, "failure", "failure"),
        ended("data-loss", "15").is(WHOLE, "failure", "failure"),
        ended("unauthenticated", "16").is(WHOLE, "success", "success"),
        ended("nonsense", "soon").is(WHOLE, "success", "success"),
    ]
}

fn an_answer_of_headers_alone_is_what_the_status_among_them_says() -> Vec<Case> {
    vec![
        headers_only("ok", "0").is(WHOLE, "success", "success"),
        headers_only("not-found", "5").is(WHOLE, "success", "success"),
        headers_only("resource-exhausted", "8").is(WHOLE, "success", "success"),
        headers_only("unavailable", "14").is(WHOLE, "failure", "failure"),
    ]
}

fn the_list_of_statuses_is_the_configurations() -> Vec<Case> {
    let listed = |case: Case| case.policy(json!({ "failure": { "grpc": ["ABORTED", "UNKNOWN"] } }));
    vec![
        listed(ended("listed", "10")).is(WHOLE, "failure", "failure"),
        listed(headers_only("listed-without-a-message", "10")).is(WHOLE, "failure", "failure"),
        listed(ended("nonsense-is-unknown", "soon")).is(WHOLE, "failure", "failure"),
        listed(ended("not-listed", "14")).is(WHOLE, "success", "success"),
        ended("exhausted-by-choice", "8")
            .policy(json!({ "failure": { "too_many_requests": true } }))
            .is(WHOLE, "failure", "failure"),
    ]
}

fn an_exchange_that_the_upstream_ends_without_a_status_is_a_failure() -> Vec<Case> {
    let sum = vec![("sum".to_owned(), b"1".to_vec())];
    vec![
        begun("after-a-message")
            .then(Step::Ends(Vec::new()))
            .is(WHOLE, "failure", "failure"),
        begun("with-other-trailers")
            .then(Step::Ends(sum))
            .is(WHOLE, "failure", "failure"),
        Case::new("with-its-headers")
            .grpc()
            .answered(Answer::new(200).header(TYPE.0, TYPE.1))
            .is(WHOLE, "failure", "failure"),
    ]
}

fn a_stream_that_the_upstream_breaks_off_is_a_failure_and_one_that_the_client_does_is_none() -> Vec<Case> {
    vec![
        begun("by-the-upstream").then(Step::Resets).is(
            "200 upstream_reset_after_response_started{remote_reset} UR",
            "failure",
            "failure",
        ),
        begun("by-the-client")
            .then(Step::ClientLeaves)
            .is("200 http2.remote_reset DR", "ignored", "ignored"),
    ]
}

fn a_status_of_http_counts_for_grpc_too() -> Vec<Case> {
    vec![
        Case::new("a-503")
            .grpc()
            .answered(Answer::new(503).body("no"))
            .is("503 via_upstream", "failure", "failure"),
        Case::new("a-404")
            .grpc()
            .answered(Answer::new(404).body("no"))
            .is("404 via_upstream", "success", "success"),
        // Its status is within the body.
        Case::new("a-web-clients-200")
            .request(|path| {
                Request::new("POST", path)
                    .header("content-type", "application/grpc-web+proto")
                    .body("\0\0\0\0\0")
            })
            .answered(
                Answer::new(200)
                    .header("content-type", "application/grpc-web+proto")
                    .body("\0\0\0\0\0"),
            )
            .is(WHOLE, "success", "success"),
    ]
}
