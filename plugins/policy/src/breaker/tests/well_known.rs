//! Four settings that people know from libraries, transition by transition.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

fn settings(consecutive: Option<u32>, open_millis: u64, successes: u32, probes: u32) -> Stand {
    Stand::new(|settings| {
        settings.trip.consecutive_failures = consecutive;
        if consecutive.is_some() {
            settings.trip.failure_rate = None;
        }
        settings.open.first_millis = open_millis;
        settings.open.multiplier = 1.0;
        settings.half_open.successes = successes;
        settings.half_open.max_calls = probes;
    })
}

#[test]
fn five_in_a_row_a_minute_and_one_probe() {
    let mut stand = settings(Some(5), 60_000, 1, 1);
    stand.requests(4, Outcome::Failure);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    stand.wait(59_999).rejected();
    stand.wait(1);
    let probe = stand.admitted();
    assert_eq!(stand.rejected().0, Why::HalfOpen);
    let transition = stand.settle(probe, Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ProbeFailed);
    stand.wait(59_999).rejected();
    stand.wait(1);
    let transition = stand.request(Outcome::Success);
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
    stand.requests(4, Outcome::Failure);
}

#[test]
fn five_in_a_row_and_two_of_three_probes() {
    let mut stand = settings(Some(5), 60_000, 2, 3);
    stand.requests(4, Outcome::Failure);
    stand.request(Outcome::Failure);
    stand.wait(60_000);
    let probes = [stand.admitted(), stand.admitted(), stand.admitted()];
    assert_eq!(stand.rejected().0, Why::HalfOpen);
    assert_eq!(stand.settle(probes[2], Outcome::Success), None);
    let transition = stand.settle(probes[0], Outcome::Success);
    stand.goes(transition, State::Closed, Reason::ProbesSucceeded);
    assert_eq!(
        stand.settle(probes[1], Outcome::Failure),
        None,
        "it comes too late"
    );
}

#[test]
fn half_of_a_minutes_calls_and_thirty_seconds() {
    let mut stand = settings(None, 30_000, 1, 1);
    for _ in 0..9 {
        stand.requests(1, Outcome::Success);
        stand.requests(1, Outcome::Failure);
    }
    stand.requests(1, Outcome::Success);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::FailureRate);
    stand.wait(29_999).rejected();
    stand.wait(1).admitted();
}

#[test]
fn three_in_a_row_and_thirty_seconds() {
    let mut stand = settings(Some(3), 30_000, 1, 1);
    stand.requests(2, Outcome::Failure);
    stand.requests(1, Outcome::Success);
    stand.requests(2, Outcome::Failure);
    let transition = stand.request(Outcome::Failure);
    stand.goes(transition, State::Open, Reason::ConsecutiveFailures);
    stand.wait(29_999).rejected();
    stand.wait(1).admitted();
}
