//! What a worker keeps to itself, and what that permits.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::super::record::Phase;
use super::super::window::Window;
use super::*;

/// A worker: what it has gathered, and how often it had to write.
#[derive(Clone, Copy, Default)]
struct Worker {
    gathered: Gathered,
    writes: u32,
}

impl Worker {
    fn merge(&mut self, stand: &mut Stand) -> Option<Transition> {
        self.writes += 1;
        let transition = stand.change(|record, settings, at| record.merge(settings, &self.gathered, at));
        self.gathered.merged();
        transition
    }

    /// As the plugin does it: one read, and a merge first where the record shows a failure.
    fn admit(&mut self, stand: &mut Stand) -> Result<Permit, Rejection> {
        if self.gathered.saw(&stand.record(), stand.now_millis) {
            self.merge(stand);
        }
        let verdict = stand.admit();
        self.gathered.saw(&stand.record(), stand.now_millis);
        match verdict {
            Verdict::Admitted(permit) => Ok(permit),
            Verdict::Rejected(rejection) => Err(rejection),
        }
    }

    fn settle(&mut self, stand: &mut Stand, permit: Permit, outcome: Outcome) -> Option<Transition> {
        if outcome == Outcome::Success && self.gathered.take(permit) {
            return None;
        }
        let merged = match self.gathered.successes() {
            0 => None,
            _ => self.merge(stand),
        };
        self.writes += 1;
        let settled = stand.settle(permit, outcome);
        self.gathered.saw(&stand.record(), stand.now_millis);
        merged.or(settled)
    }

    fn request(&mut self, stand: &mut Stand, outcome: Outcome) -> Option<Transition> {
        let permit = self.admit(stand).ok()?;
        self.settle(stand, permit, outcome)
    }

    fn tick(&mut self, stand: &mut Stand) {
        if self.gathered.successes() > 0 {
            self.merge(stand);
        }
    }
}

#[test]
fn while_nothing_fails_nothing_is_written_until_the_tick() {
    let (mut stand, mut worker) = (Stand::new(|_| {}), Worker::default());
    for _ in 0..1_000 {
        assert_eq!(worker.request(&mut stand, Outcome::Success), None);
    }
    assert_eq!((worker.writes, worker.gathered.successes()), (0, 1_000));
    worker.tick(&mut stand);
    assert_eq!((worker.writes, worker.gathered.successes()), (1, 0));
}

#[test]
fn what_was_gathered_is_merged_before_a_failure_is_judged() {
    let (mut stand, mut worker) = (Stand::new(|_| {}), Worker::default());
    for _ in 0..21 {
        worker.request(&mut stand, Outcome::Success);
    }
    for _ in 0..20 {
        assert_eq!(worker.request(&mut stand, Outcome::Failure), None);
    }
    let numbers = worker
        .request(&mut stand, Outcome::Failure)
        .map(|transition| transition.numbers);
    assert_eq!(
        numbers.map(|numbers| (numbers.calls, numbers.hits)),
        Some((42, 21))
    );
}

#[test]
fn from_the_first_failure_on_each_success_is_written_at_once_until_it_has_left_the_window() {
    let (mut stand, mut worker) = (Stand::new(|_| {}), Worker::default());
    worker.request(&mut stand, Outcome::Failure);
    worker.request(&mut stand, Outcome::Success);
    assert_eq!((worker.writes, worker.gathered.successes()), (2, 0));
    stand.wait(60_000);
    worker.request(&mut stand, Outcome::Success);
    assert_eq!((worker.writes, worker.gathered.successes()), (2, 1));
}

#[test]
fn a_worker_that_sees_another_ones_failure_merges_before_it_decides() {
    let (mut stand, mut one, mut other) = (Stand::new(|_| {}), Worker::default(), Worker::default());
    for _ in 0..5 {
        one.request(&mut stand, Outcome::Success);
    }
    other.request(&mut stand, Outcome::Failure);
    let permit = one.admit(&mut stand).unwrap();
    assert_eq!(one.gathered.successes(), 0);
    one.settle(&mut stand, permit, Outcome::Failure);
    for _ in 0..3 {
        other.request(&mut stand, Outcome::Failure);
    }
    let record = stand.record();
    assert!(!record.is_clean(stand.now_millis));
    // 5 successes and 5 failures: ten more failures are twenty calls.
    for _ in 0..9 {
        assert_eq!(other.request(&mut stand, Outcome::Failure), None);
    }
    let transition = other.request(&mut stand, Outcome::Failure);
    assert_eq!(
        transition.map(|transition| (transition.numbers.calls, transition.numbers.hits)),
        Some((20, 15))
    );
}

#[test]
fn gathered_successes_end_no_row_of_failures() {
    let (mut stand, mut one, mut other) = (
        Stand::new(|settings| settings.trip.consecutive_failures = Some(3)),
        Worker::default(),
        Worker::default(),
    );
    one.request(&mut stand, Outcome::Success);
    for _ in 0..2 {
        other.request(&mut stand, Outcome::Failure);
    }
    one.tick(&mut stand);
    assert!(other.request(&mut stand, Outcome::Failure).is_some());
}

#[test]
fn what_was_gathered_before_a_breaker_opened_changes_nothing_after_it() {
    let (mut stand, mut one, mut other) = (
        Stand::new(|settings| settings.trip.consecutive_failures = Some(1)),
        Worker::default(),
        Worker::default(),
    );
    one.request(&mut stand, Outcome::Success);
    other.request(&mut stand, Outcome::Failure);
    let before = stand.bytes.clone();
    one.tick(&mut stand);
    assert_eq!(stand.bytes, before);
}

#[test]
fn what_was_gathered_before_a_breaker_opened_does_not_count_once_it_has_closed_again() {
    let mut stand = Stand::new(|settings| settings.half_open.successes = 1);
    let (mut one, mut other) = (Worker::default(), Worker::default());
    one.request(&mut stand, Outcome::Success);
    stand.settings.trip.consecutive_failures = Some(1);
    other.request(&mut stand, Outcome::Failure);
    stand.wait(30_000);
    other.request(&mut stand, Outcome::Success);
    assert_eq!(stand.record().state(), State::Closed);
    let before = stand.bytes.clone();
    one.tick(&mut stand);
    assert_eq!(stand.bytes, before);
}

#[test]
fn a_probes_success_is_never_gathered() {
    let (mut stand, mut worker) = (Stand::due(|_| {}), Worker::default());
    let permit = worker.admit(&mut stand).unwrap();
    assert!(!worker.gathered.take(permit));
}

#[test]
fn what_is_of_an_older_generation_is_neither_gathered_nor_kept() {
    let mut stand = Stand::new(|settings| {
        settings.trip.consecutive_failures = Some(1);
        settings.half_open.successes = 1;
    });
    let (mut one, mut other) = (Worker::default(), Worker::default());
    one.request(&mut stand, Outcome::Success);
    let late = one.admit(&mut stand).unwrap();
    other.request(&mut stand, Outcome::Failure);
    stand.wait(30_000);
    other.request(&mut stand, Outcome::Success);
    one.admit(&mut stand).unwrap();
    assert_eq!(one.gathered.successes(), 0);
    one.settle(&mut stand, late, Outcome::Success);
    assert_eq!(one.gathered.successes(), 0);
}

/// Traffic that many workers share, each with a tick a second at a time of its own.
#[derive(Clone, Copy, Debug)]
struct Traffic {
    workers: usize,
    calls_per_second: u64,
    /// So long does nothing fail, and then so large a share of the calls.
    clean_seconds: u64,
    failing: f64,
}

/// By how many points the seen failure rate of a minute's window is beside the true one, at most, wherever a failure is
/// judged.
fn largest_difference(traffic: Traffic, mut draw: impl FnMut() -> f64) -> f64 {
    let rate = Rate {
        percent: 100.0,
        span: Span::Millis(60_000),
        min_calls: u32::MAX,
    };
    let mut stand = Stand::new(|settings| settings.trip.failure_rate = Some(rate));
    let mut workers = vec![Worker::default(); traffic.workers];
    let (mut all, mut difference) = (Window::new(rate.span), 0.0f64);
    for call in 0..(traffic.clean_seconds + 10) * traffic.calls_per_second {
        let (before, since) = (stand.now_millis, call * 1_000 / traffic.calls_per_second);
        stand.now_millis = 1_000_000 + since;
        for (place, worker) in workers.iter_mut().enumerate() {
            let seconds = |now: u64| (now + place as u64 * 1_000 / traffic.workers as u64) / 1_000;
            if seconds(before) < seconds(stand.now_millis) {
                worker.tick(&mut stand);
            }
        }
        let failed = since >= traffic.clean_seconds * 1_000 && draw() < traffic.failing;
        let outcome = match failed {
            true => Outcome::Failure,
            false => Outcome::Success,
        };
        workers[(draw() * traffic.workers as f64) as usize].request(&mut stand, outcome);
        all.add(1, failed, stand.now_millis);
        if failed {
            let Phase::Closed { counts, .. } = stand.record().phase else {
                panic!("it never opens");
            };
            let seen = counts.failures.unwrap().share(stand.now_millis);
            let truth = all.share(stand.now_millis);
            let [seen, truth] = [seen, truth].map(|share| share.hits as f64 / share.calls as f64);
            difference = difference.max((seen - truth).abs() * 100.0);
        }
    }
    difference
}

fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    // In the first seconds of a window there are few calls, and of those the gathered ones may be many.
    #[test]
    fn at_64_workers_the_seen_failure_rate_is_within_2_points_of_the_true_one_from_5_seconds_on(
        seed: u64, clean_seconds in 5u64..62, failing in 0.001..=1.0f64, calls_per_second in 20u64..200,
    ) {
        let traffic = Traffic { workers: 64, calls_per_second, clean_seconds, failing };
        let difference = largest_difference(traffic, draws(seed));
        prop_assert!(difference < 2.0, "{difference} points");
    }
}
