//! What an upstream answers, by its status.

use super::case::{Case, Step};
use super::{check, claim};
use host_tests::scenario::{Answer, Request};
use serde_json::json;

fn answered(name: &'static str, status: u16) -> Case {
    Case::new(name).answered(Answer::new(status).body("body"))
}

#[test]
fn an_answer_is_what_its_status_says() {
    check(vec![
        claim(a_status_of_the_list_is_a_failure_and_any_other_a_success),
        claim(what_the_upstream_does_not_implement_is_no_failure_unless_the_list_says_so),
        claim(the_list_of_statuses_is_the_configurations),
        claim(too_many_requests_are_a_failure_where_the_configuration_says_so),
        claim(however_an_answer_is_framed_it_is_a_success_once_it_is_whole),
    ]);
}

fn a_status_of_the_list_is_a_failure_and_any_other_a_success() -> Vec<Case> {
    vec![
        answered("of-200", 200).is("200 via_upstream", "success", "success"),
        Case::new("of-204")
            .answered(204)
            .is("204 via_upstream", "success", "success"),
        Case::new("of-304")
            .answered(304)
            .is("304 via_upstream", "success", "success"),
        answered("of-307", 307).is("307 via_upstream", "success", "success"),
        answered("of-400", 400).is("400 via_upstream", "success", "success"),
        answered("of-401", 401).is("401 via_upstream", "success", "success"),
        answered("of-403", 403).is("403 via_upstream", "success", "success"),
        answered("of-404", 404).is("404 via_upstream", "success", "success"),
        answered("of-408", 408).is("408 via_upstream", "success", "success"),
        answered("of-422", 422).is("422 via_upstream", "success", "success"),
        answered("of-499", 499).is("499 via_upstream", "success", "success"),
        answered("of-500", 500).is("500 via_upstream", "failure", "failure"),
        answered("of-502", 502).is("502 via_upstream", "failure", "failure"),
        answered("of-503", 503).is("503 via_upstream", "failure", "failure"),
        answered("of-504", 504).is("504 via_upstream", "failure", "failure"),
        answered("of-599", 599).is("599 via_upstream", "failure", "failure"),
    ]
}

fn what_the_upstream_does_not_implement_is_no_failure_unless_the_list_says_so() -> Vec<Case> {
    vec![
        answered("excepted", 501).is("501 via_upstream", "success", "success"),
        answered("not-excepted", 501)
            .policy(json!({ "failure": { "except": [] } }))
            .is("501 via_upstream", "failure", "failure"),
    ]
}

fn the_list_of_statuses_is_the_configurations() -> Vec<Case> {
    let listed =
        |case: Case| case.policy(json!({ "failure": { "statuses": ["500-502", 504], "except": [502] } }));
    vec![
        listed(answered("in-the-range", 500)).is("500 via_upstream", "failure", "failure"),
        listed(answered("at-its-end", 501)).is("501 via_upstream", "failure", "failure"),
        listed(answered("listed-and-excepted", 502)).is("502 via_upstream", "success", "success"),
        listed(answered("not-listed", 503)).is("503 via_upstream", "success", "success"),
        listed(answered("listed-alone", 504)).is("504 via_upstream", "failure", "failure"),
        answered("none-listed", 500)
            .policy(json!({ "failure": { "statuses": [] } }))
            .is("500 via_upstream", "success", "success"),
    ]
}

fn too_many_requests_are_a_failure_where_the_configuration_says_so() -> Vec<Case> {
    vec![
        answered("by-default", 429).is("429 via_upstream", "success", "success"),
        answered("by-choice", 429)
            .policy(json!({ "failure": { "too_many_requests": true } }))
            .is("429 via_upstream", "failure", "failure"),
    ]
}

fn however_an_answer_is_framed_it_is_a_success_once_it_is_whole() -> Vec<Case> {
    let sum = vec![("sum".to_owned(), b"1".to_vec())];
    let chunked = |case: Case| {
        case.answered(Answer::new(200).chunked())
            .then(Step::Sends("body"))
    };
    vec![
        chunked(Case::new("in-chunks")).then(Step::Ends(Vec::new())).is(
            "200 via_upstream",
            "success",
            "success",
        ),
        chunked(Case::new("with-trailers"))
            .then(Step::Ends(sum.clone()))
            .is("200 via_upstream", "success", "success"),
        chunked(Case::new("over-http2").http2())
            .then(Step::Ends(Vec::new()))
            .is("200 via_upstream", "success", "success"),
        chunked(Case::new("over-http2-with-trailers").http2())
            .then(Step::Ends(sum))
            .is("200 via_upstream", "success", "success"),
        Case::new("until-the-connection-ends")
            .then(Step::AnswersRaw("HTTP/1.1 200 -\r\n\r\nbody"))
            .then(Step::Closes)
            .is("200 via_upstream", "success", "success"),
        Case::new("after-early-hints")
            .then(Step::AnswersRaw(
                "HTTP/1.1 103 -\r\nlink: a\r\n\r\nHTTP/1.1 200 -\r\ncontent-length: 4\r\n\r\nbody",
            ))
            .is("200 via_upstream", "success", "success"),
        Case::new("to-head")
            .request(|path| Request::new("HEAD", path))
            .answered(Answer::new(200).header("content-length", "4"))
            .is("200 via_upstream", "success", "success"),
        Case::new("of-no-length")
            .answered(200)
            .is("200 via_upstream", "success", "success"),
    ]
}
