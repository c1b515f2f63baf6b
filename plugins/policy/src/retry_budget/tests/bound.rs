//! What a budget lets through, held to a plain list of all that happened.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::any::{Clock, WORKERS, any_settings, any_time, some_time, steps};
use super::*;

/// What can happen in a worker.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A request that would be tried so often if it might.
    Request(u32),
    /// A request leaves. It is charged when it is over.
    Leaves(u32),
    /// The request that left first is over.
    Over,
    /// The tick merges what was gathered.
    Tick,
    /// The worker is lost with what it has gathered, and another one takes its place.
    Dies,
}

/// Something that was charged.
#[derive(Clone, Copy, Debug)]
struct Charged {
    at: u64,
    requests: u64,
    retries: u64,
}

struct Stand {
    settings: Settings,
    record: Vec<u8>,
    gathered: [Gathered; WORKERS],
    under_way: Vec<(usize, u32)>,
    charged: Vec<Charged>,
}

impl Stand {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            record: Vec::new(),
            gathered: Default::default(),
            under_way: Vec::new(),
            charged: Vec::new(),
        }
    }

    /// What a request that wants so many retries may do.
    fn granted(&self, wanted: u32, now: u64) -> u32 {
        Record::decode(&self.record)
            .remaining(&self.settings, now)
            .min(wanted)
    }

    /// `time` is when it happens, `now` what the worker's clock says.
    fn over(&mut self, worker: usize, retries: u32, time: u64, now: u64) {
        self.charged.push(Charged {
            at: time,
            requests: 1,
            retries: retries.into(),
        });
        if self.gathered[worker].add(retries + 1, now) {
            self.merge(worker, now);
        }
    }

    fn merge(&mut self, worker: usize, now: u64) {
        let mut record = Record::decode(&self.record);
        record.merge(&self.settings, &self.gathered[worker], now);
        self.record = record.encode();
        self.gathered[worker].merged();
    }

    fn step(&mut self, worker: usize, step: Step, time: u64, now: u64) -> Result<(), TestCaseError> {
        match step {
            Step::Request(wanted) => {
                let granted = self.granted(wanted, now);
                self.check(time, granted)?;
                self.over(worker, granted, time, now);
            }
            Step::Leaves(wanted) => {
                let granted = self.granted(wanted, now);
                self.under_way.push((worker, granted));
                self.check(time, granted)?;
            }
            Step::Over => {
                if !self.under_way.is_empty() {
                    let (worker, granted) = self.under_way.remove(0);
                    self.over(worker, granted, time, now);
                }
            }
            Step::Tick => self.merge(worker, now),
            Step::Dies => self.gathered[worker] = Gathered::default(),
        }
        Ok(())
    }

    /// That what was charged in the interval up to a time, and what is granted then, are within the bound of it.
    fn check(&self, time: u64, granted: u32) -> Result<(), TestCaseError> {
        let settings = &self.settings;
        let interval = settings.interval_millis.div_ceil(10) * 10;
        let within = self.charged.iter().filter(|one| one.at + interval > time);
        let (requests, retries) = within.fold((0, 0), |(requests, retries), one| {
            (requests + one.requests, retries + one.retries)
        });
        let minimum = f64::from(settings.min_count) * settings.interval_millis as f64
            / settings.min_interval_millis as f64;
        let bound = settings.percent * requests as f64 / 100.0 + minimum + 1e-6;
        prop_assert!(
            granted == 0 || (retries + u64::from(granted)) as f64 <= bound,
            "{granted} at {time}, after {retries} for {requests}, bound {bound}"
        );
        Ok(())
    }
}

fn at_once() -> impl Strategy<Value = Step> {
    prop_oneof![6 => (0u32..10).prop_map(Step::Request), 2 => Just(Step::Tick), 1 => Just(Step::Dies)]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => at_once(), 2 => (0u32..10).prop_map(Step::Leaves), 2 => Just(Step::Over)]
}

proptest! {
    #[test]
    fn retries_are_a_share_of_the_requests_and_the_minimum_rate_in_any_interval_that_ends_with_one(
        settings in any_settings(), steps in steps(at_once(), some_time()),
    ) {
        let mut stand = Stand::new(settings);
        let mut now = 1_000_000;
        for (worker, step, passes) in steps {
            now += passes as u64;
            stand.step(worker, step, now, now)?;
        }
    }

    #[test]
    fn they_are_under_any_clock(settings in any_settings(), steps in steps(at_once(), any_time())) {
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
    fn no_request_leaves_with_more_than_is_left_of_what_was_charged(
        settings in any_settings(), steps in steps(any_step(), some_time()),
    ) {
        let mut stand = Stand::new(settings);
        let mut now = 1_000_000;
        for (worker, step, passes) in steps {
            now += passes as u64;
            stand.step(worker, step, now, now)?;
        }
    }

    #[test]
    fn a_steady_share_below_the_budget_loses_no_retry(percent in 1.0..100.0f64, gap in 1u64..50, gathers: bool) {
        let settings = Settings { percent, interval_millis: 1_000, min_count: 20, min_interval_millis: 1_000 };
        let mut stand = Stand::new(settings);
        // Of each hundred requests so many fail once: eight tenths of what the budget says.
        let (mut now, mut owed, mut lost) = (1_000_000, 0.0, 0);
        for _ in 0..1_000 {
            now += gap;
            owed += percent * 0.8 / 100.0;
            let wanted = owed as u32;
            owed -= f64::from(wanted);
            let granted = stand.granted(wanted, now);
            lost += wanted - granted;
            stand.over(0, granted, now, now);
            if !gathers || now % 100 < gap {
                stand.merge(0, now);
            }
        }
        prop_assert_eq!(lost, 0);
    }
}

#[test]
fn an_outage_is_met_with_the_share_and_the_minimum_rate_and_no_more() {
    let mut stand = Stand::new(DEFAULT);
    // A minute of 100 requests a second, each of which would be tried three times.
    for request in 0..6_000u64 {
        let (worker, now) = ((request % 4) as usize, 1_000_000 + request * 10);
        stand.step(worker, Step::Request(2), now, now).unwrap();
        if request % 100 < 4 {
            stand.step(worker, Step::Tick, now, now).unwrap();
        }
    }
    let retries: u64 = stand.charged.iter().map(|one| one.retries).sum();
    // 20 % of 6000, and 10 a second for a minute; a tenth less than that.
    assert!((1_500..=1_800).contains(&retries), "{retries}");
}
