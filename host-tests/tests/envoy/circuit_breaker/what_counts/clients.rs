//! Clients that go away: what they have seen of the upstream counts, and their impatience does not.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

/// With this patience, a client that waited for `Silence(400)` has waited long enough.
fn patient(case: Case) -> Case {
    case.policy(json!({ "failure": { "no_answer_after": "300ms" } }))
}

#[test]
fn what_a_client_that_leaves_has_seen_counts() {
    check(vec![
        claim(a_black_hole_that_only_the_callers_patience_ends_is_a_failure),
        claim(a_client_that_leaves_earlier_says_nothing_of_the_upstream),
        claim(a_client_that_leaves_within_the_answer_says_nothing_however_long_it_waited),
        claim(a_failure_stays_one_when_the_client_leaves_within_it),
    ]);
}

fn a_black_hole_that_only_the_callers_patience_ends_is_a_failure() -> Vec<Case> {
    vec![
        patient(Case::new("closed"))
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "failure", "failure"),
        patient(Case::new("reset-over-http2").http2())
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 http2.remote_reset DR", "failure", "failure"),
        patient(Case::new("grpc").grpc())
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 http2.remote_reset DR", "failure", "failure"),
        patient(Case::new("a-post").request(|path| Request::new("POST", path).body("whole")))
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "failure", "failure"),
    ]
}

fn a_client_that_leaves_earlier_says_nothing_of_the_upstream() -> Vec<Case> {
    vec![
        Case::new("closed").then(Step::ClientLeaves).is(
            "0 downstream_remote_disconnect DC",
            "ignored",
            "ignored",
        ),
        Case::new("closed-after-some-time")
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("0 downstream_remote_disconnect DC", "ignored", "ignored"),
        Case::new("reset-over-http2").http2().then(Step::ClientLeaves).is(
            "0 http2.remote_reset DR",
            "ignored",
            "ignored",
        ),
        Case::new("grpc")
            .grpc()
            .then(Step::ClientLeaves)
            .is("0 http2.remote_reset DR", "ignored", "ignored"),
    ]
}

fn a_client_that_leaves_within_the_answer_says_nothing_however_long_it_waited() -> Vec<Case> {
    let begun = |case: Case| {
        case.answered(Answer::new(200).chunked())
            .then(Step::Sends("half"))
    };
    vec![
        begun(Case::new("closed")).then(Step::ClientLeaves).is(
            "200 downstream_remote_disconnect DC",
            "ignored",
            "ignored",
        ),
        begun(Case::new("reset-over-http2").http2())
            .then(Step::ClientLeaves)
            .is("200 http2.remote_reset DR", "ignored", "ignored"),
        patient(begun(Case::new("after-its-patience")))
            .then(Step::Silence(400))
            .then(Step::ClientLeaves)
            .is("200 downstream_remote_disconnect DC", "ignored", "ignored"),
    ]
}

fn a_failure_stays_one_when_the_client_leaves_within_it() -> Vec<Case> {
    vec![
        Case::new("a-500")
            .answered(Answer::new(500).chunked())
            .then(Step::Sends("half"))
            .then(Step::ClientLeaves)
            .is("500 downstream_remote_disconnect DC", "failure", "failure"),
    ]
}
