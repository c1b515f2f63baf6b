//! When a breaker opens: each bound at one below it and at it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn rate(percent: f64, span: Span, min_calls: u32) -> Rate {
    Rate {
        percent,
        span,
        min_calls,
    }
}

#[test]
fn so_many_failures_one_after_the_other_open_it() {
    let mut stand = Stand::new(|settings| settings.trip.consecutive_failures = Some(5));
    stand.requests(4, Outcome::Failure);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    assert_eq!(
        transition.map(|transition| transition.numbers.consecutive),
        Some(5)
    );
}

#[test]
fn a_success_a_slow_answer_and_a_429_end_a_row_of_failures_and_what_is_ignored_does_not() {
    for outcome in [Outcome::Success, Outcome::Slow, Outcome::TooMany] {
        let mut stand = Stand::new(|settings| settings.trip.consecutive_failures = Some(3));
        stand.requests(2, Outcome::Failure);
        stand.requests(1, outcome);
        stand.requests(2, Outcome::Failure);
        assert!(stand.request(Outcome::Failure).is_some(), "{outcome:?}");
    }
    let mut stand = Stand::new(|settings| settings.trip.consecutive_failures = Some(3));
    stand.requests(2, Outcome::Failure);
    stand.requests(1, Outcome::Ignored);
    assert!(stand.request(Outcome::Failure).is_some());
}

#[test]
fn a_failure_rate_opens_it_at_the_bound_and_from_the_least_number_of_calls_on() {
    for span in [Span::Millis(60_000), Span::Calls(20)] {
        let mut stand = Stand::new(|settings| settings.trip.failure_rate = Some(rate(50.0, span, 20)));
        stand.requests(10, Outcome::Success);
        stand.requests(9, Outcome::Failure);
        let transition = stand.request(Outcome::Failure);
        stand.goes(transition, State::Open, Reason::FailureRate);
        let numbers = transition.map(|transition| transition.numbers).unwrap();
        assert_eq!((numbers.calls, numbers.hits), (20, 10));

        let mut stand = Stand::new(|settings| settings.trip.failure_rate = Some(rate(50.0, span, 20)));
        stand.requests(11, Outcome::Success);
        stand.requests(9, Outcome::Failure);
    }
}

#[test]
fn a_success_that_completes_the_least_number_of_calls_opens_it_too() {
    let mut stand = Stand::new(|_| {});
    stand.requests(19, Outcome::Failure);
    let transition = stand.request(Outcome::Success);
    stand.goes(transition, State::Open, Reason::FailureRate);
}

#[test]
fn failures_that_have_left_the_window_of_time_count_no_more() {
    // In buckets of 6 seconds, of which the first begins at 996 seconds.
    let mut stand = Stand::new(|_| {});
    stand.requests(19, Outcome::Failure);
    stand.wait(55_999);
    assert!(stand.request(Outcome::Failure).is_some(), "still in it");

    let mut stand = Stand::new(|_| {});
    stand.requests(19, Outcome::Failure);
    stand.wait(56_000);
    stand.requests(19, Outcome::Failure);
    assert!(stand.request(Outcome::Failure).is_some());
}

#[test]
fn failures_that_have_left_the_window_of_calls_count_no_more() {
    let mut stand = Stand::new(|settings| settings.trip.failure_rate = Some(rate(30.0, Span::Calls(10), 10)));
    stand.requests(2, Outcome::Failure);
    stand.requests(10, Outcome::Success);
    stand.requests(2, Outcome::Failure);
    assert!(stand.request(Outcome::Failure).is_some());
}

#[test]
fn slow_answers_open_it_where_they_are_counted() {
    let slow = SlowRate {
        rate: rate(80.0, Span::Calls(10), 10),
        slower_than_millis: 2_000,
    };
    let mut stand = Stand::new(|settings| settings.trip.slow_rate = Some(slow));
    stand.requests(2, Outcome::Success);
    stand.requests(7, Outcome::Slow);
    let transition = stand.request(Outcome::Slow);
    stand.goes(transition, State::Open, Reason::SlowRate);

    let mut stand = Stand::new(|_| {});
    stand.requests(100, Outcome::Slow);
}

#[test]
fn a_failure_is_told_before_slowness_and_any_of_them_is_enough() {
    let mut stand = Stand::new(|settings| {
        settings.trip.consecutive_failures = Some(2);
        settings.trip.failure_rate = Some(rate(50.0, Span::Calls(4), 2));
        settings.trip.slow_rate = Some(SlowRate {
            rate: rate(50.0, Span::Calls(4), 3),
            slower_than_millis: 1,
        });
    });
    stand.requests(1, Outcome::Failure);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);

    let slow = |settings: &mut Settings| {
        settings.trip.failure_rate = None;
        settings.trip.slow_rate = Some(SlowRate {
            rate: rate(50.0, Span::Calls(4), 4),
            slower_than_millis: 1,
        });
    };
    let mut stand = Stand::new(slow);
    stand.requests(3, Outcome::Failure);
    stand.requests(1, Outcome::Slow);
    let transition = stand.request(Outcome::Slow);
    stand.goes(transition, State::Open, Reason::SlowRate);
    assert_eq!(
        transition.map(|transition| (transition.numbers.calls, transition.numbers.hits)),
        Some((4, 2)),
        "failures are calls, and not slow"
    );
}

#[test]
fn with_nothing_to_trip_it_stays_closed() {
    let mut stand = Stand::new(|settings| settings.trip.failure_rate = None);
    stand.requests(1_000, Outcome::Failure);
}

#[test]
fn a_window_starts_anew_only_where_its_shape_changes() {
    let of = |percent, span| {
        move |settings: &mut Settings| settings.trip.failure_rate = Some(rate(percent, span, 10))
    };
    let mut stand = Stand::new(of(90.0, Span::Calls(10)));
    stand.requests(5, Outcome::Success);
    stand.requests(4, Outcome::Failure);
    of(50.0, Span::Calls(10))(&mut stand.settings);
    assert!(
        stand.request(Outcome::Failure).is_some(),
        "the same calls, judged anew"
    );

    for span in [Span::Calls(11), Span::Millis(60_000)] {
        let mut stand = Stand::new(of(50.0, Span::Calls(10)));
        stand.requests(5, Outcome::Success);
        stand.requests(4, Outcome::Failure);
        of(50.0, span)(&mut stand.settings);
        stand.requests(9, Outcome::Failure);
        assert!(stand.request(Outcome::Failure).is_some(), "{span:?}");
    }
}

#[test]
fn what_is_ignored_is_not_worth_a_write() {
    let mut stand = Stand::new(|_| {});
    stand.requests(1, Outcome::Failure);
    let before = stand.bytes.clone();
    stand.wait(1_000).requests(1, Outcome::Ignored);
    assert_eq!(stand.bytes, before);
}
