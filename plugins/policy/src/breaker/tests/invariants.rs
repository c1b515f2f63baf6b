//! What holds for every record, every policy and every clock.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::leases::{LONGEST_MILLIS, Leases};
use super::super::record::Phase;
use super::any::{any_counts, any_moment, any_outcome, any_record, any_settings, any_time, sound_settings};
use super::*;

fn leases_of(record: &Record) -> usize {
    match &record.phase {
        Phase::HalfOpen { leases, .. } => leases.held.len(),
        _ => 0,
    }
}

/// One thing that a worker does.
#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(prop::sample::Index, Outcome, Option<u64>),
    Answered(prop::sample::Index),
    Wait(u64),
    Tick,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Admit),
        4 => (any::<prop::sample::Index>(), any_outcome(), prop::option::of(0u64..1_000))
            .prop_map(|(which, outcome, seconds)| Step::Settle(which, outcome, seconds)),
        1 => any::<prop::sample::Index>().prop_map(Step::Answered),
        2 => prop_oneof![0u64..1_000, 0u64..1_000_000].prop_map(Step::Wait),
        1 => Just(Step::Tick),
    ]
}

proptest! {
    #[test]
    fn never_more_unexpired_probe_leases_than_max_calls(settings in sound_settings(), steps in prop::collection::vec(any_step(), 0..200)) {
        let (mut record, mut permits, mut at) = (Record::default(), Vec::new(), Moment { now_millis: 5_000_000, draw: 0.5 });
        for step in steps {
            match step {
                Step::Admit => match record.admit(&settings, at).verdict {
                    Verdict::Admitted(permit) => permits.push(permit),
                    Verdict::Rejected(rejection) => prop_assert!(rejection.retry_after_seconds >= 1),
                },
                Step::Settle(which, outcome, seconds) if !permits.is_empty() => {
                    // Also twice: a permit that was settled is not forgotten here.
                    let permit = permits[which.index(permits.len())];
                    record.settle(&settings, permit, outcome, seconds, at);
                }
                Step::Answered(which) if !permits.is_empty() => record.answered(permits[which.index(permits.len())]),
                Step::Wait(millis) => at.now_millis += millis,
                _ => {
                    record.advance(&settings, at);
                }
            }
            let unexpired = match &record.phase {
                Phase::HalfOpen { leases, .. } => leases.held.iter().filter(|lease| lease.ends_millis() > at.now_millis).count(),
                _ => 0,
            };
            prop_assert!(unexpired <= settings.half_open.max_calls as usize);
            prop_assert_eq!(&Record::decode(&record.encode()), &record);
        }
    }

    #[test]
    fn no_place_is_given_beyond_max_calls_whatever_the_record_says(record in any_record(), settings in any_settings(), at in any_moment()) {
        let mut record = record;
        if let Verdict::Admitted(permit) = record.admit(&settings, at).verdict
            && permit.is_probe()
        {
            prop_assert!(leases_of(&record) <= settings.half_open.max_calls.clamp(1, MOST_PROBES) as usize);
        }
    }

    #[test]
    fn an_outcome_of_an_older_generation_changes_nothing(
        record in any_record(), settings in any_settings(), older in 1u64..100, probe: Option<u64>, outcome in any_outcome(),
        seconds: Option<u64>, at in any_moment(),
    ) {
        let mut advanced = record.clone();
        let moved = advanced.advance(&settings, at);
        let permit = Permit { generation: record.generation.saturating_sub(older), probe };
        prop_assume!(permit.generation < record.generation);
        let mut settled = record;
        prop_assert_eq!(settled.settle(&settings, permit, outcome, seconds, at), moved);
        settled.answered(permit);
        prop_assert_eq!(settled, advanced);
    }

    #[test]
    fn the_outcome_of_an_expired_permit_changes_nothing(
        settings in sound_settings(), outcome in any_outcome(), more in 0u64..1_000_000, draw in 0.0..1.0f64,
    ) {
        let mut record = Record { phase: Phase::HalfOpen { since_millis: None, successes: 0, leases: Leases::default() }, ..Record::default() };
        let Verdict::Admitted(permit) = record.admit(&settings, Moment { now_millis: 7, draw }).verdict else { panic!() };
        let at = Moment { now_millis: 7 + settings.half_open.lease_millis + more, draw };
        let mut advanced = record.clone();
        let moved = advanced.advance(&settings, at);
        prop_assert_eq!(record.settle(&settings, permit, outcome, None, at), moved);
        prop_assert_eq!(record, advanced);
    }

    #[test]
    fn no_state_without_a_way_out(record in any_record(), settings in sound_settings(), start in 0u64..u64::MAX / 2, draw in 0.0..1.0f64) {
        let (mut record, mut at) = (record, Moment { now_millis: start, draw });
        // The longest open time, then as many successes as it takes, each within its lease.
        record.advance(&settings, at);
        at.now_millis += LONGEST_OPEN_MILLIS + 1_000;
        for _ in 0..settings.half_open.successes + 1 {
            match record.admit(&settings, at).verdict {
                Verdict::Admitted(permit) => {
                    record.settle(&settings, permit, Outcome::Success, None, at);
                }
                Verdict::Rejected(rejection) => {
                    // It timed out just now, and has opened for a time that it tells.
                    at.now_millis += rejection.retry_after_seconds * 1_000;
                }
            }
            if record.state() == State::Closed {
                break;
            }
        }
        at.now_millis += settings.open.max_millis * 2 + settings.half_open.lease_millis;
        for _ in 0..settings.half_open.successes + 1 {
            if let Verdict::Admitted(permit) = record.admit(&settings, at).verdict {
                record.settle(&settings, permit, Outcome::Success, None, at);
            }
        }
        prop_assert_eq!(record.state(), State::Closed, "{:?}", record);
        at.now_millis += 10_000;
        prop_assert!(matches!(record.admit(&settings, at).verdict, Verdict::Admitted(_)));
    }

    #[test]
    fn a_lost_probe_returns_after_its_lease_whatever_became_of_its_worker(settings in sound_settings(), draw in 0.0..1.0f64) {
        let mut record = Record { phase: Phase::HalfOpen { since_millis: None, successes: 0, leases: Leases::default() }, ..Record::default() };
        let settings = Settings {
            half_open: HalfOpen { max_wait_millis: u64::MAX, ..settings.half_open },
            ..settings
        };
        let at = Moment { now_millis: 1, draw };
        for _ in 0..settings.half_open.max_calls {
            prop_assert!(matches!(record.admit(&settings, at).verdict, Verdict::Admitted(_)));
        }
        let before = Moment { now_millis: settings.half_open.lease_millis, draw };
        prop_assert!(matches!(record.admit(&settings, before).verdict, Verdict::Rejected(_)));
        let after = Moment { now_millis: settings.half_open.lease_millis + 1, draw };
        for _ in 0..settings.half_open.max_calls {
            prop_assert!(matches!(record.admit(&settings, after).verdict, Verdict::Admitted(_)));
        }
    }

    #[test]
    fn a_clock_that_jumps_does_not_open_a_closed_breaker(
        counts in any_counts(), since in prop::option::of(any_time()), settings in sound_settings(),
        jumps in prop::collection::vec(any_moment(), 1..6),
    ) {
        let mut record = Record { phase: Phase::Closed { since_millis: since, counts }, ..Record::default() };
        for at in jumps {
            prop_assert_eq!(record.advance(&settings, at), None);
            record.admit(&settings, at);
            prop_assert_eq!(record.state(), State::Closed);
        }
    }

    #[test]
    fn a_clock_that_jumps_back_keeps_a_breaker_open_no_longer_than_its_open_time(
        lasts in 1..=LONGEST_OPEN_MILLIS, since: u64, back in 0u64..1_000_000_000, settings in sound_settings(),
    ) {
        let mut record = Record { phase: Phase::Open { since_millis: since, lasts_millis: lasts }, ..Record::default() };
        record.advance(&settings, Moment { now_millis: back, draw: 0.0 });
        let after = Moment { now_millis: back + lasts + 1_000, draw: 0.0 };
        record.advance(&settings, after);
        prop_assert_eq!(record.state(), State::HalfOpen);
    }

    #[test]
    fn a_clock_that_jumps_back_keeps_a_place_taken_no_longer_than_its_lease(
        record in any_record(), settings in sound_settings(), back in 0u64..1_000_000_000,
    ) {
        let mut record = record;
        record.advance(&settings, Moment { now_millis: back, draw: 0.0 });
        record.advance(&settings, Moment { now_millis: back + LONGEST_MILLIS + 1_000, draw: 0.0 });
        prop_assert_eq!(leases_of(&record), 0);
    }

    #[test]
    fn counts_never_wrap_and_no_decision_traps(
        record in any_record(), settings in any_settings(), moments in prop::collection::vec(any_moment(), 1..8),
        outcome in any_outcome(), seconds: Option<u64>, probe: Option<u64>, draw: f64,
    ) {
        let mut record = record;
        for at in moments {
            let at = Moment { draw: if draw.is_finite() { at.draw } else { draw }, ..at };
            record.admit(&settings, at);
            let permit = Permit { generation: record.generation, probe };
            let before = match &record.phase {
                Phase::Closed { counts, .. } => counts.consecutive,
                _ => 0,
            };
            record.settle(&settings, permit, outcome, seconds, at);
            if let Phase::Closed { counts, .. } = &record.phase {
                prop_assert!(outcome != Outcome::Failure || counts.consecutive >= before);
            }
            record.answered(permit);
            let mut gathered = Gathered::default();
            gathered.saw(&record, at.now_millis);
            gathered.take(permit);
            record.merge(&settings, &gathered, at);
            record.is_idle(60_000, at.now_millis);
            prop_assert_eq!(&Record::decode(&record.encode()), &record);
        }
    }
}
