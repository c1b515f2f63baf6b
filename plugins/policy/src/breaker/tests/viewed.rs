//! What people see of a record.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::any::{any_record, any_time};
use super::*;

fn view(stand: &Stand) -> View {
    stand.record().view(stand.now_millis)
}

#[test]
fn a_breaker_that_has_seen_nothing_is_closed_since_ever() {
    let stand = Stand::new(|_| {});
    let expected = View {
        state: State::Closed,
        since_millis: None,
        generation: 0,
        reopenings: 0,
        open_until_millis: None,
        counted: None,
        probes: None,
        forced: None,
    };
    assert_eq!(view(&stand), expected);
}

#[test]
fn a_closed_one_shows_what_it_counted_and_over_what() {
    let mut stand = Stand::new(|settings| {
        settings.trip.slow_rate = Some(SlowRate {
            rate: Rate {
                percent: 90.0,
                span: Span::Calls(100),
                min_calls: 50,
            },
            slower_than_millis: 1,
        });
    });
    stand.requests(3, Outcome::Slow);
    stand.requests(2, Outcome::Failure);
    let window = |span, hits| WindowView { span, calls: 5, hits };
    let expected = Counted {
        consecutive_failures: 2,
        failures: Some(window(Span::Millis(60_000), 2)),
        slow: Some(window(Span::Calls(100), 3)),
    };
    assert_eq!(view(&stand).counted, Some(expected));
    stand.wait(60_000);
    let failures = view(&stand).counted.unwrap().failures.unwrap();
    assert_eq!(
        (failures.calls, failures.hits),
        (0, 0),
        "what is over is not shown"
    );
}

#[test]
fn an_open_one_shows_until_when_also_when_that_is_over() {
    let mut stand = Stand::opened(|_| {});
    let opened = stand.now_millis;
    for millis in [0, 30_000, 1_000_000] {
        stand.wait(millis);
        let view = view(&stand);
        assert_eq!(view.state, State::Open);
        assert_eq!(
            (view.since_millis, view.open_until_millis),
            (Some(opened), Some(opened + 30_000))
        );
    }
}

#[test]
fn a_half_open_one_shows_its_probes_without_those_whose_leases_have_ended() {
    let mut stand = Stand::due(|_| {});
    let first = stand.admitted();
    stand.admitted();
    stand.admitted();
    stand.change(|record, _, _| record.answered(first));
    let probes = |stand: &Stand| {
        view(stand)
            .probes
            .map(|probes| (probes.in_flight, probes.succeeded))
    };
    assert_eq!(probes(&stand), Some((3, 0)));
    stand.wait(30_000);
    assert_eq!(probes(&stand), Some((0, 1)));
}

#[test]
fn a_forced_one_shows_state_end_and_reason() {
    let mut stand = Stand::new(|_| {});
    for (force, state) in [(Force::Open, State::Open), (Force::Closed, State::Closed)] {
        stand.change(|record, _, at| record.force(force, 60_000, "moved", at.now_millis));
        let expected = ForcedView {
            force,
            until_millis: stand.now_millis + 60_000,
            reason: "moved".to_owned(),
        };
        assert_eq!(view(&stand).forced, Some(expected));
        assert_eq!(view(&stand).state, state);
    }
    stand.requests(1, Outcome::Failure);
    stand.wait(60_000);
    assert_eq!(view(&stand).forced, None);
    assert_eq!(view(&stand).counted, None, "with its end what it counted is gone");
}

proptest! {
    #[test]
    fn any_record_can_be_looked_at(record in any_record(), now in any_time()) {
        let view = record.view(now);
        prop_assert_eq!(view.state, record.state());
        prop_assert_eq!(view.open_until_millis.is_some(), view.state == State::Open);
        prop_assert_eq!(view.probes.is_some(), view.state == State::HalfOpen);
        if let Some(forced) = view.forced {
            prop_assert!(forced.until_millis > now);
        }
    }
}
