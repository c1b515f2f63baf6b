//! What an operator forces while everything runs.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::any::{any_moment, any_outcome, any_record, any_settings};
use super::*;

impl Stand {
    fn force(&mut self, force: Force, lasts_millis: u64) -> Option<Transition> {
        self.change(|record, _, at| record.force(force, lasts_millis, "a test", at.now_millis))
    }

    fn reset(&mut self) -> Option<Transition> {
        self.change(|record, _, _| record.reset())
    }
}

#[test]
fn forced_open_it_rejects_until_its_end_and_says_what_is_left_of_it() {
    let mut stand = Stand::new(|_| {});
    let transition = stand.force(Force::Open, 600_000);
    stand.goes(transition, State::Open, Reason::Forced);
    assert_eq!(
        transition.map(|transition| transition.numbers.open_millis),
        Some(600_000)
    );
    assert_eq!(stand.rejected(), (Why::Open, 600));
    assert_eq!(stand.wait(599_999).rejected(), (Why::Open, 1));
    let transition = stand.wait(1).tick();
    stand.goes(transition, State::HalfOpen, Reason::OpenElapsed);
    assert!(stand.admitted().is_probe());
}

#[test]
fn its_end_needs_no_tick() {
    let mut stand = Stand::new(|_| {});
    stand.force(Force::Open, 1_000);
    assert!(stand.wait(1_000).admitted().is_probe());
}

#[test]
fn forced_closed_it_counts_and_does_not_open_and_forgets_that_at_its_end() {
    let mut stand = Stand::opened(|settings| settings.ramp = Settings::default().ramp);
    let transition = stand.force(Force::Closed, 60_000);
    stand.goes(transition, State::Closed, Reason::Forced);
    stand.draw = 0.999;
    stand.requests(100, Outcome::Failure);
    let counted = stand.record().view(stand.now_millis).counted.unwrap();
    assert_eq!(counted.consecutive_failures, 100);
    assert_eq!(stand.wait(60_000).tick(), None);
    assert_eq!(stand.record().state(), State::Closed);
    assert_eq!(stand.record().view(stand.now_millis).counted, None);
    stand.settings.trip.consecutive_failures = Some(2);
    stand.settings.trip.failure_rate = None;
    stand.requests(1, Outcome::Failure);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    assert_eq!(stand.record().view(stand.now_millis).reopenings, 0);
}

#[test]
fn what_began_while_it_was_forced_says_nothing_afterwards() {
    let mut stand = Stand::new(|settings| settings.trip.consecutive_failures = Some(1));
    stand.force(Force::Closed, 60_000);
    let during = stand.admitted();
    stand.wait(60_000);
    assert_eq!(stand.settle(during, Outcome::Failure), None);
    assert_eq!(stand.record().state(), State::Closed);
}

#[test]
fn what_began_before_it_was_forced_changes_nothing() {
    for force in [Force::Open, Force::Closed] {
        let mut stand = Stand::due(|_| {});
        let probe = stand.admitted();
        stand.force(force, 60_000);
        let before = stand.bytes.clone();
        for outcome in [Outcome::Success, Outcome::Failure] {
            assert_eq!(stand.settle(probe, outcome), None);
        }
        assert_eq!(stand.bytes, before, "{force:?}");
    }
}

#[test]
fn a_later_force_takes_the_place_of_an_earlier_one() {
    let mut stand = Stand::new(|_| {});
    stand.force(Force::Open, 600_000);
    assert_eq!(stand.force(Force::Open, 2_000), None, "it was open");
    assert_eq!(stand.rejected(), (Why::Open, 2));
    let transition = stand.force(Force::Closed, 60_000);
    stand.goes(transition, State::Closed, Reason::Forced);
    stand.wait(2_000).admitted();
}

#[test]
fn while_it_lasts_it_goes_before_what_the_configuration_forces() {
    let mut stand = Stand::new(|settings| settings.force = Some(Force::Closed));
    stand.force(Force::Open, 5_000);
    assert_eq!(stand.rejected(), (Why::Open, 5));
    stand.wait(5_000).admitted();
    assert_eq!(stand.record().state(), State::Closed);

    let mut stand = Stand::new(|settings| settings.force = Some(Force::Open));
    stand.rejected();
    stand.force(Force::Closed, 5_000);
    stand.admitted();
    assert_eq!(stand.wait(5_000).rejected(), (Why::Open, 30));
}

#[test]
fn a_reset_breaker_is_closed_has_seen_nothing_and_trips_by_its_policy() {
    let mut stand = Stand::due(|settings| settings.ramp = Settings::default().ramp);
    let probe = stand.admitted();
    let transition = stand.settle(probe, Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ProbeFailed);
    let transition = stand.reset();
    stand.goes(transition, State::Closed, Reason::Forced);
    stand.draw = 0.999;
    stand.admitted();
    stand.draw = 0.0;
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    assert_eq!(
        stand.rejected(),
        (Why::Open, 30),
        "the first open time, as if it had never been open"
    );
}

#[test]
fn a_reset_ends_a_force_and_keeps_the_owner() {
    let mut stand = Stand::new(|_| {});
    stand.change(|record, _, _| record.owner = 7);
    stand.force(Force::Open, 600_000);
    assert_eq!(stand.reset().map(|transition| transition.to), Some(State::Closed));
    assert_eq!(stand.record().owner, 7);
    stand.admitted();
    assert_eq!(stand.reset(), None, "it was closed");
}

#[test]
fn a_slot_is_not_given_away_while_its_breaker_is_forced() {
    let mut stand = Stand::new(|_| {});
    stand.force(Force::Closed, 600_000);
    assert!(!stand.record().is_idle(1_000, stand.now_millis + 599_999));
    assert!(stand.record().is_idle(1_000, stand.now_millis + 600_000));
}

#[test]
fn a_time_out_of_bounds_is_brought_within_and_a_reason_that_is_none_is_left_out() {
    let mut record = Record::default();
    record.force(Force::Open, u64::MAX, "a\nb", 5);
    let forced = record.view(5).forced.unwrap();
    assert_eq!((forced.until_millis, forced.reason.as_str()), (86_400_005, "-"));
    record.force(Force::Open, 0, "x", 5);
    assert_eq!(record.view(5).forced.map(|forced| forced.until_millis), Some(6));
}

#[test]
fn a_reason_is_visible_text_of_at_most_200_bytes() {
    let longest = "é".repeat(100);
    for reason in ["x", "fixed: 100 %, \"really\"", &longest] {
        assert!(is_reason(reason), "{reason}");
    }
    for reason in ["", " ", "a\tb", "a\u{7f}", "a\u{85}", &"x".repeat(201)] {
        assert!(!is_reason(reason), "{reason:?}");
    }
}

proptest! {
    #[test]
    fn whatever_it_was_it_is_as_forced_until_the_end_and_no_longer(
        record in any_record(), settings in any_settings(), open: bool, lasts in 1u64..86_400_000, start in 0u64..u64::MAX / 2,
        within in prop::collection::vec((0.0..1.0f64, any_outcome()), 0..6), draw in 0.0..1.0f64,
    ) {
        let (mut record, mut settings) = (record, settings);
        settings.force = None;
        let (force, state) = if open { (Force::Open, State::Open) } else { (Force::Closed, State::Closed) };
        record.force(force, lasts, "a test", start);
        let mut parts: Vec<(f64, Outcome)> = within;
        parts.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (part, outcome) in parts {
            let at = Moment { now_millis: start + (lasts as f64 * part) as u64, draw };
            prop_assume!(at.now_millis < start + lasts);
            match record.admit(&settings, at).verdict {
                Verdict::Admitted(permit) => {
                    prop_assert!(!open);
                    prop_assert_eq!(record.settle(&settings, permit, outcome, None, at), None);
                }
                Verdict::Rejected(rejection) => prop_assert!(open && rejection.why == Why::Open),
            }
            prop_assert_eq!(record.state(), state);
            prop_assert!(record.view(at.now_millis).forced.is_some());
        }
        let end = Moment { now_millis: start + lasts, draw };
        record.advance(&settings, end);
        prop_assert_eq!(record.state(), if open { State::HalfOpen } else { State::Closed });
        prop_assert_eq!(record.view(end.now_millis).forced, None);
    }

    #[test]
    fn whatever_the_clock_does_nothing_is_forced_for_longer_than_its_time(
        record in any_record(), settings in any_settings(), jumps in prop::collection::vec(any_moment(), 1..6), now in 0u64..u64::MAX / 2,
    ) {
        let mut record = record;
        for at in jumps {
            record.advance(&settings, at);
        }
        record.advance(&settings, Moment { now_millis: now, draw: 0.0 });
        record.advance(&settings, Moment { now_millis: now + 86_400_000 + 1_000, draw: 0.0 });
        prop_assert_eq!(record.view(now + 86_400_000 + 1_000).forced, None);
    }

    #[test]
    fn whatever_it_was_it_can_be_reset(record in any_record(), settings in any_settings(), at in any_moment()) {
        let (mut record, mut settings) = (record, settings);
        settings.force = None;
        record.reset();
        prop_assert_eq!(record.advance(&settings, at), None);
        prop_assert!(matches!(record.admit(&settings, at).verdict, Verdict::Admitted(permit) if !permit.is_probe()));
        prop_assert_eq!(Record::decode(&record.encode()), record);
    }
}
