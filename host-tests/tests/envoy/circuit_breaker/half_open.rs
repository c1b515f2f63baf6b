//! Half-open with two workers and dozens of connections: the upstream gets exactly the probes that there are.

use super::stage::{Stage, calls, three_strikes, transitions};
use serde_json::json;

/// So many connections at once.
const DOZENS: usize = 48;
const PROBES: &str = "circuit_breaker_probes_total{breaker=\"upstream\"}";

#[test]
fn never_more_probes_are_in_flight_than_there_are_places_and_the_last_success_closes_it() {
    let stage = Stage::new(&three_strikes(
        &json!({ "half_open": { "max_calls": 3, "successes": 5 } }),
    ));
    stage.tell(503, 3);
    stage.half_open();

    // Three get through, whichever workers they came to, and nobody else before one of them is answered.
    let first = stage.burst(DOZENS);
    assert_eq!((first.reached, first.rejected()), (3, DOZENS - 3));
    assert_eq!(stage.burst(DOZENS).reached, 0);
    for answered in 1..5 {
        stage.answer(2 + answered, 200);
        let next = stage.burst(DOZENS);
        assert_eq!(
            (next.reached, next.rejected()),
            (1, DOZENS - 1),
            "after {answered} answers"
        );
    }
    // Three failures, the four that were answered, and the three in flight.
    assert_eq!(stage.reached(), 10);

    stage.answer(7, 200);
    stage.metric(&transitions("half_open", "closed", "probes_succeeded"), 1);
    assert_eq!(stage.burst(DOZENS).reached, DOZENS);
    stage.metric(PROBES, 7);
    stage.metric(&transitions("open", "half_open", "open_elapsed"), 1);
    stage.metric("circuit_breaker_state{breaker=\"upstream\"}", 0);
    let told = [
        ["closed", "open", "consecutive_failures"],
        ["open", "half_open", "open_elapsed"],
        ["half_open", "closed", "probes_succeeded"],
    ];
    assert_eq!(stage.transition_lines(), told, "each is told once, by one worker");
    let connections = stage.connections();
    assert!(connections.iter().all(|taken| *taken > 0), "{connections:?}");
}

#[test]
fn one_failed_probe_opens_it_for_all_and_what_the_others_come_to_changes_nothing() {
    let open = json!({ "for": "1s", "multiplier": 100, "max": "1000s", "jitter": 0 });
    let stage = Stage::new(&three_strikes(
        &json!({ "open": open, "half_open": { "max_calls": 3, "successes": 2 } }),
    ));
    stage.tell(503, 3);
    stage.half_open();
    let first = stage.burst(DOZENS);
    assert_eq!(first.reached, 3);
    stage.answer(4, 500);
    stage.metric(&transitions("half_open", "open", "probe_failed"), 1);
    for late in [3, 5] {
        stage.answer(late, 200);
    }
    stage.metric(&calls("success"), 2);
    let next = stage.burst(DOZENS);
    assert_eq!((next.reached, next.rejected()), (0, DOZENS));
    stage.metric("circuit_breaker_state{breaker=\"upstream\"}", 1);
    stage.metric(PROBES, 3);
}
