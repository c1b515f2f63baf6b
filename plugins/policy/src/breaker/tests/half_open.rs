//! How a breaker finds out whether to close.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn so_many_probes_are_in_flight_and_the_rest_is_told_when_a_place_is_free() {
    let mut stand = Stand::due(|settings| settings.half_open.lease_millis = 20_000);
    let first = stand.admitted();
    stand.wait(5_000);
    let rest = [stand.admitted(), stand.admitted()];
    assert!(rest.iter().all(|permit| permit.is_probe() && *permit != first));
    assert_eq!(stand.rejected(), (Why::HalfOpen, 15));
    stand.settle(first, Outcome::Ignored);
    stand.admitted();
    assert_eq!(stand.rejected(), (Why::HalfOpen, 20));
}

#[test]
fn nobody_is_told_to_wait_longer_than_the_first_open_time() {
    let mut stand = Stand::due(|settings| {
        settings.half_open.lease_millis = 600_000;
        settings.half_open.max_calls = 1;
    });
    stand.admitted();
    assert_eq!(stand.rejected(), (Why::HalfOpen, 30));
}

#[test]
fn so_many_successes_close_it_and_one_less_does_not() {
    let mut stand = Stand::due(|settings| settings.half_open.successes = 3);
    stand.requests(2, Outcome::Success);
    let transition = stand.request(Outcome::Success);
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
    assert_eq!(
        transition.map(|transition| transition.numbers.probes_succeeded),
        Some(3)
    );
}

#[test]
fn a_closed_breaker_has_forgotten_what_opened_it() {
    let mut stand = Stand::due(|_| {});
    stand.settings.trip.consecutive_failures = None;
    stand.requests(1, Outcome::Success);
    stand.request(Outcome::Success);
    stand.requests(19, Outcome::Failure);
    assert!(stand.request(Outcome::Failure).is_some());
}

#[test]
fn one_failure_opens_it_again() {
    let mut stand = Stand::due(|settings| settings.half_open.successes = 3);
    stand.requests(2, Outcome::Success);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ProbeFailed);
}

#[test]
fn a_slow_probe_fails_where_slowness_is_counted_and_succeeds_where_it_is_not() {
    let rate = Rate {
        percent: 100.0,
        span: Span::Calls(100),
        min_calls: 100,
    };
    let slow_rate = Some(SlowRate {
        rate,
        slower_than_millis: 1,
    });
    let mut stand = Stand::due(|settings| settings.trip.slow_rate = slow_rate);
    let transition = stand.request(Outcome::Slow);
    stand.goes(transition, State::Open, Reason::ProbeFailed);

    let mut stand = Stand::due(|settings| settings.half_open.successes = 1);
    let transition = stand.request(Outcome::Slow);
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
}

#[test]
fn what_is_ignored_and_a_429_free_their_place_and_decide_nothing() {
    let mut stand = Stand::due(|settings| {
        settings.half_open.max_calls = 1;
        settings.half_open.successes = 1;
    });
    stand.requests(50, Outcome::Ignored);
    stand.requests(50, Outcome::TooMany);
    assert_eq!(stand.record().state(), State::HalfOpen);
}

#[test]
fn without_a_decision_in_time_it_opens_again() {
    let mut stand = Stand::due(|_| {});
    stand.wait(1_000_000);
    stand.requests(1, Outcome::Ignored);
    stand.wait(59_999);
    assert_eq!(stand.tick(), None);
    stand.wait(1);
    let transition = stand.tick();
    stand.goes(transition, State::Open, Reason::HalfOpenTimeout);
    assert_eq!(
        transition.map(|transition| transition.numbers.open_millis),
        Some(60_000),
        "that is a re-opening"
    );
}

#[test]
fn a_lost_probe_returns_after_its_lease() {
    let mut stand = Stand::due(|settings| settings.half_open.max_calls = 1);
    let lost = stand.admitted();
    stand.wait(29_999);
    stand.rejected();
    stand.wait(1);
    let next = stand.admitted();
    assert_ne!(lost, next);
    assert_eq!(
        stand.settle(lost, Outcome::Failure),
        None,
        "its result comes too late"
    );
    stand.rejected();
}

#[test]
fn a_probe_whose_lease_ends_after_good_headers_is_a_success() {
    let mut stand = Stand::due(|settings| settings.half_open.successes = 1);
    let permit = stand.admitted();
    stand.change(|record, _, _| record.answered(permit));
    stand.wait(29_999);
    assert_eq!(stand.tick(), None);
    stand.wait(1);
    let transition = stand.tick();
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
    assert_eq!(
        stand.settle(permit, Outcome::Failure),
        None,
        "its later end is no failure"
    );
}

#[test]
fn an_answered_probe_that_fails_within_its_lease_is_a_failure() {
    let mut stand = Stand::due(|settings| settings.half_open.successes = 1);
    let permit = stand.admitted();
    stand.change(|record, _, _| record.answered(permit));
    stand.wait(29_999);
    let transition = stand.settle(permit, Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ProbeFailed);
}

#[test]
fn no_more_places_are_given_than_a_smaller_policy_allows() {
    let mut stand = Stand::due(|settings| settings.half_open.max_calls = 100);
    let permits: Vec<_> = (0..100).map(|_| stand.admitted()).collect();
    stand.rejected();
    stand.settings.half_open.max_calls = 1;
    for permit in &permits[1..] {
        stand.settle(*permit, Outcome::Ignored);
        stand.rejected();
    }
    stand.settle(permits[0], Outcome::Ignored);
    stand.admitted();
}

#[test]
fn a_record_has_room_for_a_hundred_places_whatever_the_policy_says() {
    let mut stand = Stand::due(|settings| settings.half_open.max_calls = u32::MAX);
    for _ in 0..MOST_PROBES {
        stand.admitted();
    }
    stand.rejected();
}

#[test]
fn good_headers_of_an_older_probe_say_nothing_of_the_next() {
    let mut stand = Stand::due(|settings| {
        settings.half_open.lease_millis = 60_000;
        settings.half_open.successes = 1;
        settings.open.multiplier = 1.0;
    });
    let older = stand.admitted();
    stand.wait(60_000).tick();
    stand.wait(30_000);
    let next = stand.admitted();
    assert_eq!(older.probe, next.probe, "numbers begin anew with each generation");
    stand.change(|record, _, _| record.answered(older));
    let transition = stand.wait(60_000).tick();
    stand.goes(transition, State::Open, Reason::HalfOpenTimeout);
}

#[test]
fn a_clock_that_jumps_back_lets_a_lease_begin_anew() {
    let mut stand = Stand::due(|settings| {
        settings.half_open.max_calls = 1;
        settings.half_open.max_wait_millis = u64::MAX;
    });
    stand.now_millis = 1_000_000_000;
    stand.admitted();
    stand.now_millis = 5_000;
    stand.rejected();
    stand.wait(29_999).rejected();
    stand.wait(1).admitted();
}
