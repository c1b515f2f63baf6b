//! Retries that are charged one by one, each before it is made, held to a plain list of all that happened.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::any::{Clock, WORKERS, any_settings, any_time, some_time, steps};
use super::*;

/// What can happen in a worker.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A request is over. It is charged without its retries.
    Request,
    /// A retry is asked for.
    Takes,
    /// A retry is asked for, and what is to be written is not written yet.
    Reads,
    /// What was read is written, where no other worker has written since; else it is read again.
    Writes,
    /// The tick merges what was gathered.
    Tick,
    /// The worker is lost with what it has gathered, and another one takes its place.
    Dies,
}

/// A record that a worker has changed and not written.
struct Unwritten {
    version: usize,
    record: Vec<u8>,
    is_taken: bool,
    at: u64,
}

/// The record that all workers share, and what happened when.
struct Stand {
    settings: Settings,
    record: Vec<u8>,
    /// How often it was written.
    version: usize,
    unwritten: [Option<Unwritten>; WORKERS],
    gathered: [Gathered; WORKERS],
    requests: Vec<u64>,
    retries: Vec<u64>,
}

impl Stand {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            record: Vec::new(),
            version: 0,
            unwritten: Default::default(),
            gathered: Default::default(),
            requests: Vec::new(),
            retries: Vec::new(),
        }
    }

    /// The record with what the worker has gathered, and one retry less if there is one.
    fn take(&self, worker: usize, at: u64, now: u64) -> Unwritten {
        let mut record = Record::decode(&self.record);
        record.merge(&self.settings, &self.gathered[worker], now);
        let is_taken = record.take_one(&self.settings, now);
        Unwritten {
            version: self.version,
            record: record.encode(),
            is_taken,
            at,
        }
    }

    fn merge(&mut self, worker: usize, now: u64) {
        let mut record = Record::decode(&self.record);
        record.merge(&self.settings, &self.gathered[worker], now);
        self.write(worker, record.encode());
    }

    fn write(&mut self, worker: usize, record: Vec<u8>) {
        self.record = record;
        self.version += 1;
        self.gathered[worker].merged();
    }

    /// `time` is when it happens, `now` what the worker's clock says.
    fn step(&mut self, worker: usize, step: Step, time: u64, now: u64) -> Result<(), TestCaseError> {
        let step = match step {
            // A worker does one thing at a time.
            Step::Request | Step::Takes | Step::Reads | Step::Tick if self.unwritten[worker].is_some() => {
                Step::Writes
            }
            step => step,
        };
        match step {
            Step::Request => {
                self.requests.push(time);
                self.gathered[worker].add(1, now);
            }
            Step::Takes => {
                let took = self.take(worker, time, now);
                self.write(worker, took.record);
                self.made(took.is_taken, time)?;
            }
            Step::Reads => self.unwritten[worker] = Some(self.take(worker, time, now)),
            Step::Writes => match self.unwritten[worker].take() {
                Some(took) if took.version == self.version => {
                    self.write(worker, took.record);
                    self.made(took.is_taken, took.at)?;
                }
                Some(_) => self.unwritten[worker] = Some(self.take(worker, time, now)),
                None => {}
            },
            Step::Tick => self.merge(worker, now),
            Step::Dies => {
                self.gathered[worker] = Gathered::default();
                self.unwritten[worker] = None;
            }
        }
        Ok(())
    }

    /// A retry is made at this time: it and those of the interval that ends with it are within the bound.
    fn made(&mut self, is_taken: bool, time: u64) -> Result<(), TestCaseError> {
        if !is_taken {
            return Ok(());
        }
        self.retries.push(time);
        let settings = &self.settings;
        let interval = settings.interval_millis.div_ceil(10) * 10;
        let recent = |all: &[u64]| {
            let within = all.iter().filter(|at| **at <= time && **at + interval > time);
            within.count() as f64
        };
        let minimum = f64::from(settings.min_count) * settings.interval_millis as f64
            / settings.min_interval_millis as f64;
        let bound = settings.percent * recent(&self.requests) / 100.0 + minimum + 1e-6;
        let retries = recent(&self.retries);
        prop_assert!(retries <= bound, "{retries} at {time}, bound {bound}");
        Ok(())
    }
}

fn atomic() -> impl Strategy<Value = Step> {
    prop_oneof![4 => Just(Step::Request), 8 => Just(Step::Takes), 2 => Just(Step::Tick), 1 => Just(Step::Dies)]
}

fn interleaved() -> impl Strategy<Value = Step> {
    prop_oneof![4 => atomic(), 3 => Just(Step::Reads), 3 => Just(Step::Writes)]
}

proptest! {
    #[test]
    fn what_is_taken_in_any_interleaving_is_a_share_of_the_requests_and_the_minimum_rate(
        settings in any_settings(), steps in steps(interleaved(), some_time()),
    ) {
        let mut stand = Stand::new(settings);
        let mut now = 1_000_000;
        for (worker, step, passes) in steps {
            now += passes as u64;
            stand.step(worker, step, now, now)?;
        }
    }

    #[test]
    fn it_is_under_any_clock(settings in any_settings(), steps in steps(atomic(), any_time())) {
        let mut stand = Stand::new(settings);
        let mut clock = Clock::new(&settings);
        for (worker, step, passes) in steps {
            let (time, now) = clock.passes(passes);
            // So that the record sees each jump, and not only those between two merges.
            (0..WORKERS).for_each(|worker| stand.merge(worker, now));
            stand.step(worker, step, time, now)?;
        }
    }

    #[test]
    fn exactly_one_is_charged_where_one_was_left_and_otherwise_none(
        settings in any_settings(), before in prop::collection::vec((0u32..5, some_time()), 0..50), later in any_time(),
    ) {
        let (mut record, mut now) = (Record::default(), 2_000_000_000u64);
        for (attempts, passes) in before {
            now += passes as u64;
            charge(&mut record, &settings, &[attempts], now);
        }
        let now = now.saturating_add_signed(later);
        let left = record.remaining(&settings, now);
        let mut expected = record.clone();
        let one = Gathered { retries: u32::from(left > 0), ..Gathered::default() };
        expected.merge(&settings, &one, now);
        prop_assert_eq!(record.take_one(&settings, now), left > 0);
        prop_assert_eq!(record.remaining(&settings, now), left.saturating_sub(1));
        prop_assert_eq!(record, expected);
    }
}

#[test]
fn of_many_that_ask_at_once_as_many_may_as_are_left() {
    let mut record = Record::default();
    charge(&mut record, &SHARE, &[1; 20], 5_000);
    let taken: Vec<_> = (0..6).map(|_| record.take_one(&SHARE, 5_000)).collect();
    assert_eq!(taken, [true, true, true, true, false, false]);
    assert_eq!(record.remaining(&SHARE, 5_000), 0);
}

#[test]
fn what_was_refused_costs_nothing() {
    let two = Settings {
        min_count: 2,
        min_interval_millis: 10_000,
        ..SHARE
    };
    let mut record = Record::default();
    let taken = |record: &mut Record, now| (0..5).filter(|_| record.take_one(&two, now)).count();
    assert_eq!(taken(&mut record, 5_500), 2);
    assert_eq!(taken(&mut record, 15_999), 0);
    assert_eq!(taken(&mut record, 16_000), 2);
}

#[test]
fn a_retry_that_was_taken_is_charged_once_when_its_request_is_charged_alone() {
    let mut record = Record::default();
    assert!(record.take_one(&DEFAULT, 5_000));
    assert!(record.take_one(&DEFAULT, 5_100));
    assert_eq!(record.remaining(&DEFAULT, 5_100), 98);
    charge(&mut record, &DEFAULT, &[1, 1, 1, 1, 1], 5_200);
    assert_eq!(
        record.remaining(&DEFAULT, 5_200),
        99,
        "and a fifth of five requests"
    );
}

#[test]
fn a_clock_at_its_end_takes_as_any_other() {
    let mut record = Record::default();
    for now in [0, u64::MAX, 0] {
        assert!(record.take_one(&DEFAULT, now), "{now}");
    }
    assert_eq!(
        record.remaining(&DEFAULT, 0),
        98,
        "what is taken when the clock jumps back counts on"
    );
}
