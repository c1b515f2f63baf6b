//! In every trouble, clients of the plugins get what a plain Envoy gives, or better, and everything adds up. `make chaos`
//! does the same for longer.

use chaos::{End, Length, Outcome, Trouble, Variant, make, table};

/// The trouble, once in each of its kinds; every promise has to hold.
#[track_caller]
fn withstood(trouble: Trouble) -> Outcome {
    let outcome = make(trouble, Length::default(), 1).unwrap_or_else(|error| panic!("{error}"));
    let text = table(std::slice::from_ref(&outcome));
    assert!(outcome.broken.is_empty(), "\n{text}");
    outcome
}

/// How many requests of this listener ended so.
fn count(outcome: &Outcome, variant: Variant, end: &End) -> u64 {
    let row = outcome.rows.iter().find(|row| row.variant == variant);
    row.and_then(|row| row.ends.get(end)).copied().unwrap_or_default()
}

fn error(status: u16, code: &str) -> End {
    End::Answered(status, Some(code.into()))
}

/// Both listeners with plugins had errors of this kind, and rejections in place of most.
#[track_caller]
fn assert_rejected_after(outcome: &Outcome, failure: &End) {
    for variant in Variant::GUARDED {
        let failures = count(outcome, variant, failure);
        let rejections = count(outcome, variant, &error(503, "CIRCUIT_OPEN"));
        assert!(
            failures >= 5 && rejections > 0,
            "\n{}",
            table(std::slice::from_ref(outcome))
        );
    }
}

#[test]
fn a_killed_upstream_opens_its_breaker_and_closes_it_when_it_is_back() {
    let outcome = withstood(Trouble::Killed);
    assert_rejected_after(&outcome, &error(503, "UPSTREAM_CONNECT_FAILURE"));
}

#[test]
fn a_frozen_upstream_costs_a_few_time_outs_and_then_rejections() {
    let outcome = withstood(Trouble::Frozen);
    assert_rejected_after(&outcome, &error(504, "UPSTREAM_TIMEOUT"));
}

#[test]
fn an_answer_that_comes_byte_by_byte_arrives_whole() {
    withstood(Trouble::ByteByByte);
}

#[test]
fn a_reset_in_the_headers_is_a_failure_with_a_body_of_ours() {
    let outcome = withstood(Trouble::ResetInHeaders);
    assert_rejected_after(&outcome, &error(502, "UPSTREAM_PROTOCOL_ERROR"));
}

#[test]
fn a_reset_in_the_body_cuts_the_answer_short_as_without_plugins_and_is_a_failure() {
    let outcome = withstood(Trouble::ResetInBody);
    for variant in Variant::ALL {
        assert!(count(&outcome, variant, &End::CutShort) > 0);
    }
}

#[test]
fn garbage_is_a_failure_of_which_clients_see_nothing() {
    let outcome = withstood(Trouble::Garbage);
    assert_rejected_after(&outcome, &error(502, "UPSTREAM_PROTOCOL_ERROR"));
}

#[test]
fn who_is_admitted_by_a_crowded_listener_is_served() {
    withstood(Trouble::CrowdedListener);
}

#[test]
fn what_a_crowded_cluster_has_no_room_for_is_refused_and_no_failure_of_the_upstream() {
    let outcome = withstood(Trouble::CrowdedCluster);
    for variant in Variant::GUARDED {
        assert!(count(&outcome, variant, &error(503, "UPSTREAM_OVERLOADED")) > 0);
    }
}

#[test]
fn listeners_replaced_every_second_lose_no_request_and_no_state_and_bad_ones_are_refused() {
    withstood(Trouble::Reloads);
}
