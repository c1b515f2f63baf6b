//! What decides nothing.

use super::{CLOSED, OPEN, Probed, policy};
use crate::circuit_breaker::what_counts::case::{Case, Step};
use crate::circuit_breaker::what_counts::others_replies::filters::authority;
use crate::circuit_breaker::what_counts::time_outs::trusting;
use host_tests::scenario::Request;
use serde_json::json;

/// The path of requests that are denied.
const DENIED: &str = "/unauthenticated/denied";

pub fn two_unauthenticated_requests_close_nothing() -> (Case, fn(&Probed<'_>)) {
    let case = Case::new("unauthenticated")
        .policy(policy(2, 2))
        // In the cluster nobody sees them.
        .policy_of_attempts(json!({}))
        .behind(authority(""));
    (case, |probed| {
        deny(probed);
        probed.are_undecided_after("ignored", 2);
        probed.answered(200);
        probed.are_undecided();
        probed.answered(200);
        probed.is(CLOSED);
    })
}

pub fn unauthenticated_requests_that_are_denied_in_front_are_no_probes() -> (Case, fn(&Probed<'_>)) {
    let case = Case::new("unauthenticated")
        .policy(policy(1, 1))
        .in_front(authority(""));
    (case, |probed| {
        deny(probed);
        let probes = format!("circuit_breaker_probes_total.{}", probed.case.in_listener());
        assert_eq!(probed.stage.metric(&probes), 0);
        probed.are_undecided();
        probed.answered(200);
        assert_eq!(probed.stage.metric(&probes), 1);
        probed.is(CLOSED);
    })
}

/// Two requests that are denied.
fn deny(probed: &Probed<'_>) {
    let denial = live::Answer::status(403).expect("it is a status");
    probed.stage.authority.answer(DENIED, denial);
    for _ in 0..2 {
        probed.replied(&Request::get(DENIED), &[], 403);
    }
}

pub fn a_client_that_leaves_its_probe_gives_the_place_back() -> (Case, fn(&Probed<'_>)) {
    (Case::new("left").policy(policy(1, 1)), |probed| {
        for calls in 1..=2 {
            probed.begin(&probed.request(), &[Step::ClientLeaves]).end();
            probed.are_undecided_after("ignored", calls);
        }
        probed.answered(200);
        probed.is(CLOSED);
    })
}

pub fn too_many_requests_are_no_success_of_a_probe() -> (Case, fn(&Probed<'_>)) {
    (Case::new("of-429").policy(policy(2, 1)), |probed| {
        for _ in 0..3 {
            probed.answered(429);
        }
        probed.are_undecided_after("success", 3);
        probed.answered(200);
        probed.are_undecided_after("success", 4);
        probed.answered(200);
        probed.is(CLOSED);
    })
}

pub fn a_callers_deadline_neither_opens_nor_closes() -> (Case, fn(&Probed<'_>)) {
    let case = Case::new("hurried")
        .policy(policy(1, 1))
        // In the cluster its deadline is not told from the operator's.
        .policy_of_attempts(json!({}))
        .edge(trusting())
        .route(json!({ "route": { "timeout": "30s" } }));
    (case, |probed| {
        let hurried = probed.request().header("x-envoy-upstream-rq-timeout-ms", "100");
        for _ in 0..2 {
            probed.replied(&hurried, &[Step::NeverAnswers], 504);
        }
        probed.are_undecided_after("ignored", 2);
        probed.answered(500);
        probed.is(OPEN);
    })
}
