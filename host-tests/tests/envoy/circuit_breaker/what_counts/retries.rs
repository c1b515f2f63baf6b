//! Requests that the router tries again: one call before the router, and a call for each attempt in the cluster.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::Answer;
use serde_json::{Value, json};

fn retried(name: &'static str, policy: Value) -> Case {
    let back_off = json!({ "base_interval": "0.001s" });
    let mut policy = policy;
    policy["retry_back_off"] = back_off;
    Case::new(name).route(json!({ "route": { "retry_policy": policy } }))
}

fn whole(status: u16) -> Answer {
    Answer::new(status).body("body")
}

#[test]
fn each_attempt_counts_in_the_cluster_and_the_last_answer_before_the_router() {
    check(vec![
        claim(an_attempt_that_the_router_discards_is_what_its_headers_say),
        claim(an_attempt_without_an_answer_is_a_failure_of_that_attempt),
        claim(when_no_retries_are_left_the_last_attempt_is_what_the_client_gets),
    ]);
}

fn an_attempt_that_the_router_discards_is_what_its_headers_say() -> Vec<Case> {
    let unavailable = Answer::new(200)
        .header("content-type", "application/grpc")
        .header("grpc-status", "14");
    let ok = Answer::new(200)
        .header("content-type", "application/grpc")
        .header("grpc-status", "0");
    vec![
        retried("a-503", json!({ "retry_on": "5xx" }))
            .answered(whole(503))
            .answered(whole(200))
            .is("200 via_upstream", "success", "failure success"),
        // Its body is on its way when the router has seen enough.
        retried("a-503-without-its-end", json!({ "retry_on": "5xx" }))
            .answered(Answer::new(503).chunked())
            .answered(whole(200))
            .is("200 via_upstream", "success", "failure success"),
        retried("a-409", json!({ "retry_on": "retriable-4xx" }))
            .answered(whole(409))
            .answered(whole(200))
            .is("200 via_upstream", "success", "success success"),
        retried("a-409-without-its-end", json!({ "retry_on": "retriable-4xx" }))
            .answered(Answer::new(409).chunked())
            .answered(whole(200))
            .is("200 via_upstream", "success", "success success"),
        retried("a-grpc-status", json!({ "retry_on": "unavailable" }))
            .grpc()
            .answered(unavailable)
            .answered(ok)
            .is("200 via_upstream", "success", "failure success"),
    ]
}

fn an_attempt_without_an_answer_is_a_failure_of_that_attempt() -> Vec<Case> {
    vec![
        retried("reset", json!({ "retry_on": "reset" }))
            .then(Step::Resets)
            .answered(whole(200))
            .is("200 via_upstream", "success", "failure success"),
        retried(
            "timed-out",
            json!({ "retry_on": "5xx", "per_try_timeout": "0.3s" }),
        )
        .then(Step::NeverAnswers)
        .answered(whole(200))
        .is("200 via_upstream", "success", "failure success"),
        // An answer came before; what Envoy says of this attempt's end is still of that one.
        retried(
            "reset-after-a-503",
            json!({ "retry_on": "5xx", "num_retries": 2 }),
        )
        .answered(whole(503))
        .then(Step::Resets)
        .answered(whole(200))
        .is("200 via_upstream", "success", "failure failure success"),
    ]
}

fn when_no_retries_are_left_the_last_attempt_is_what_the_client_gets() -> Vec<Case> {
    vec![
        retried("exhausted", json!({ "retry_on": "5xx" }))
            .answered(whole(503))
            .answered(whole(503))
            .is("503 via_upstream URX", "failure", "failure failure"),
        retried("cut-short", json!({ "retry_on": "5xx" }))
            .answered(whole(503))
            .answered(Answer::new(200).chunked())
            .then(Step::Sends("half"))
            .then(Step::Closes)
            .is(
                "200 upstream_reset_after_response_started{protocol_error} UPE",
                "failure",
                "failure failure",
            ),
    ]
}
