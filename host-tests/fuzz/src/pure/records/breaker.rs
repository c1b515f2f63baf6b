//! A breaker's record, and what is decided on it at any times, by any settings.

use super::{is_as_read, record};
use crate::input::Input;
use policy::breaker::{
    Force, Gathered, HalfOpen, MOST_PROBES, Moment, OpenTimes, Outcome, Permit, Ramp, Rate, Record, Settings,
    SlowRate, Span, State, Trip, Verdict,
};

pub(super) fn run(mut input: Input<'_>) {
    let settings = settings(&mut input);
    let mut deeds = Input(input.bytes());
    let bytes = record(&mut input);
    let mut record = Record::decode(&bytes);
    is_as_read(&bytes, &record, Record::encode);
    let mut permits: Vec<Permit> = Vec::new();
    let mut gathered = Gathered::default();
    while !deeds.is_empty() {
        let deed = deeds.byte();
        let at = Moment {
            now_millis: deeds.number(),
            draw: deeds.draw(),
        };
        match deed % 8 {
            0 => {
                let admission = record.admit(&settings, at);
                match admission.verdict {
                    Verdict::Admitted(permit) => permits.push(permit),
                    // What an operator has forced goes before what the configuration forces.
                    Verdict::Rejected(_) => assert!(
                        settings.force != Some(Force::Closed) || record.view(at.now_millis).forced.is_some(),
                        "{record:?}"
                    ),
                }
            }
            1 | 2 => {
                let outcomes = [
                    Outcome::Success,
                    Outcome::Failure,
                    Outcome::Slow,
                    Outcome::TooMany,
                    Outcome::Ignored,
                ];
                let outcome = *deeds.one_of(&outcomes);
                let retry_after = deeds.flag().then(|| deeds.number());
                if let Some(permit) = permits.pop() {
                    record.settle(&settings, permit, outcome, retry_after, at);
                }
            }
            3 => {
                record.advance(&settings, at);
            }
            4 => {
                gathered.saw(&record, at.now_millis);
                if let Some(permit) = permits.pop() {
                    gathered.take(permit);
                }
            }
            5 => {
                record.merge(&settings, &gathered, at);
                gathered.merged();
            }
            6 => {
                let force = *deeds.one_of(&[Force::Open, Force::Closed]);
                record.force(force, deeds.number(), "an operator", at.now_millis);
            }
            _ => {
                record.reset();
            }
        }
        record.view(at.now_millis);
        assert!(record.state() != State::HalfOpen || permits.len() <= 255 * MOST_PROBES as usize);
        assert_eq!(Record::decode(&record.encode()), record);
    }
}

fn settings(input: &mut Input<'_>) -> Settings {
    let rate = |input: &mut Input<'_>| Rate {
        percent: input.draw() * 100.0,
        span: match input.flag() {
            true => Span::Millis(input.number()),
            false => Span::Calls(input.number() as u16),
        },
        min_calls: input.number() as u32,
    };
    Settings {
        trip: Trip {
            consecutive_failures: input.flag().then(|| input.number() as u32),
            failure_rate: input.flag().then(|| rate(input)),
            slow_rate: input.flag().then(|| SlowRate {
                rate: rate(input),
                slower_than_millis: input.number(),
            }),
        },
        open: OpenTimes {
            first_millis: input.number(),
            multiplier: 1.0 + input.draw() * 9.0,
            max_millis: input.number(),
            reset_after_millis: input.number(),
            jitter: input.draw(),
            honor_retry_after: input.flag(),
        },
        half_open: HalfOpen {
            max_calls: input.number() as u32,
            successes: input.number() as u32,
            lease_millis: input.number(),
            max_wait_millis: input.number(),
        },
        ramp: input.flag().then(|| Ramp {
            over_millis: input.number(),
            from_percent: input.draw() * 100.0,
        }),
        force: match input.byte() % 6 {
            0 => Some(Force::Open),
            1 => Some(Force::Closed),
            _ => None,
        },
    }
}
