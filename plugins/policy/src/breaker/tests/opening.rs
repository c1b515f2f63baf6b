//! For how long a breaker is open, what it says meanwhile, and how it admits requests afterwards.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

#[test]
fn an_open_breaker_rejects_until_its_time_is_over() {
    let mut stand = Stand::opened(|_| {});
    assert_eq!(stand.rejected(), (Why::Open, 30));
    stand.wait(29_999);
    assert_eq!(stand.rejected(), (Why::Open, 1));
    stand.wait(1);
    assert!(stand.admitted().is_probe());
}

#[test]
fn seconds_are_rounded_up() {
    let mut stand = Stand::opened(|_| {});
    stand.wait(28_000);
    assert_eq!(stand.rejected(), (Why::Open, 2));
    stand.wait(1);
    assert_eq!(stand.rejected(), (Why::Open, 2));
    stand.wait(999);
    assert_eq!(stand.rejected(), (Why::Open, 1));
}

#[test]
fn a_tick_moves_it_on_without_requests() {
    let mut stand = Stand::opened(|_| {});
    stand.wait(29_999);
    assert_eq!(stand.tick(), None);
    stand.wait(1);
    let transition = stand.tick();
    stand.goes(transition, State::HalfOpen, Reason::OpenElapsed);
    assert_eq!(stand.wait(86_400_000).tick(), None, "it waits for a probe");
}

#[test]
fn jitter_lengthens_the_open_time_and_spreads_what_clients_are_told() {
    let mut stand = Stand::new(|settings| {
        settings.trip.consecutive_failures = Some(1);
        settings.open.jitter = 0.1;
    });
    stand.draw = 0.5;
    let transition = stand.request(Outcome::Failure);
    assert_eq!(
        transition.map(|transition| transition.numbers.open_millis),
        Some(31_500)
    );
    stand.draw = 0.0;
    assert_eq!(stand.rejected(), (Why::Open, 32));
    stand.draw = 0.999;
    assert_eq!(stand.rejected(), (Why::Open, 35));
}

/// Closes a breaker that is due, by one probe.
#[track_caller]
fn close(stand: &mut Stand) {
    stand.settings.half_open.successes = 1;
    let transition = stand.request(Outcome::Success);
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
}

#[track_caller]
fn opens_for(stand: &mut Stand, millis: u64) {
    let transition = stand.request(Outcome::Failure);
    assert_eq!(
        transition.map(|transition| transition.numbers.open_millis),
        Some(millis)
    );
}

#[test]
fn open_times_grow_with_each_failed_probe() {
    let mut stand = Stand::due(|_| {});
    for millis in [60_000, 120_000, 240_000, 300_000, 300_000] {
        opens_for(&mut stand, millis);
        stand.wait(millis);
    }
}

#[test]
fn open_times_grow_on_within_the_reset_time_and_start_afresh_at_it() {
    let mut stand = Stand::due(|_| {});
    close(&mut stand);
    stand.wait(299_999);
    opens_for(&mut stand, 60_000);
    stand.wait(60_000);
    close(&mut stand);
    stand.wait(300_000);
    opens_for(&mut stand, 30_000);
}

#[test]
fn a_trip_while_ramping_grows_the_open_time_though_the_reset_time_is_over() {
    let mut stand = Stand::due(|settings| {
        settings.open.reset_after_millis = 0;
        settings.ramp = Some(Ramp {
            over_millis: 10_000,
            from_percent: 50.0,
        });
    });
    close(&mut stand);
    stand.wait(9_999);
    opens_for(&mut stand, 60_000);
}

#[test]
fn a_retry_after_of_the_failure_that_opens_it_is_its_open_time() {
    let mut stand = Stand::new(|settings| {
        settings.trip.consecutive_failures = Some(1);
        settings.open.honor_retry_after = true;
    });
    let permit = stand.admitted();
    let transition =
        stand.change(|record, settings, at| record.settle(settings, permit, Outcome::Failure, Some(45), at));
    assert_eq!(
        transition.map(|transition| transition.numbers.open_millis),
        Some(45_000)
    );
    stand.wait(44_999);
    assert_eq!(stand.rejected(), (Why::Open, 1));
    stand.wait(1);
    stand.admitted();
}

#[test]
fn a_closed_breaker_admits_a_growing_share() {
    let mut stand = Stand::due(|settings| settings.ramp = Settings::default().ramp);
    close(&mut stand);
    stand.draw = 0.101;
    assert_eq!(stand.rejected(), (Why::Ramping, 1));
    stand.draw = 0.099;
    stand.admitted();
    stand.wait(5_000);
    stand.draw = 0.551;
    assert_eq!(stand.rejected(), (Why::Ramping, 1));
    stand.draw = 0.549;
    stand.admitted();
    stand.wait(5_000);
    stand.draw = 0.999;
    stand.admitted();
}

#[test]
fn a_breaker_that_was_never_open_does_not_ramp() {
    let mut stand = Stand::new(|settings| settings.ramp = Settings::default().ramp);
    stand.draw = 0.999;
    stand.admitted();
}

#[test]
fn the_open_time_survives_a_change_of_policy() {
    let mut stand = Stand::opened(|_| {});
    stand.settings = Settings {
        open: OpenTimes {
            first_millis: 1_000,
            max_millis: 1_000,
            jitter: 0.0,
            ..stand.settings.open
        },
        ..Settings::default()
    };
    stand.wait(29_999);
    stand.rejected();
    stand.wait(1);
    stand.admitted();
}

#[test]
fn a_breaker_forced_open_rejects_for_as_long_as_it_is_forced_and_then_probes() {
    let mut stand = Stand::new(|settings| settings.force = Some(Force::Open));
    let transition = stand.tick();
    stand.goes(transition, State::Open, Reason::Forced);
    for _ in 0..3 {
        assert_eq!(stand.wait(1_000_000).rejected(), (Why::Open, 30));
        assert_eq!(stand.tick(), None);
    }
    stand.settings.force = None;
    assert!(stand.admitted().is_probe());
}

#[test]
fn a_breaker_forced_closed_judges_and_does_not_open() {
    let mut stand = Stand::opened(|settings| settings.ramp = Settings::default().ramp);
    stand.settings.force = Some(Force::Closed);
    let transition = stand.tick();
    stand.goes(transition, State::Closed, Reason::Forced);
    stand.draw = 0.999;
    stand.requests(100, Outcome::Failure);
    stand.settings.force = None;
    stand.draw = 0.0;
    assert!(stand.request(Outcome::Failure).is_some());
}

#[test]
fn a_request_moves_a_forced_breaker_before_any_tick() {
    let mut stand = Stand::opened(|settings| settings.force = None);
    stand.settings.force = Some(Force::Closed);
    stand.admitted();
    stand.settings.force = Some(Force::Open);
    stand.rejected();
}

#[test]
fn another_workers_clock_that_is_a_little_behind_shortens_no_open_time() {
    for (behind, ends) in [(1_000, 30_000), (1_001, 28_999)] {
        let mut stand = Stand::opened(|_| {});
        let opened = stand.now_millis;
        stand.now_millis = opened - behind;
        stand.rejected();
        stand.now_millis = opened + ends - 1;
        stand.rejected();
        stand.wait(1).admitted();
    }
}
