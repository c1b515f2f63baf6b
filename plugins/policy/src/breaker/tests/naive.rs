//! A naive breaker that keeps every call, and must agree with the real one on everything that can be seen.

use proptest::prelude::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

/// Nothing is forgotten here but by asking whether it still counts.
struct Naive {
    state: State,
    /// When each state began, and its open time where it is open.
    begun: Vec<(State, u64, u64)>,
    /// Calls since it closed: when, and what came of them.
    calls: Vec<(u64, Outcome)>,
    /// Probes since it is half-open: when they were admitted, whether they were answered, whether they are over.
    probes: Vec<Probe>,
    in_a_row: u32,
}

#[derive(Clone, Copy)]
struct Probe {
    admitted: u64,
    answered: bool,
    over: Option<bool>,
    done: bool,
}

impl Naive {
    fn new() -> Self {
        Self {
            state: State::Closed,
            begun: Vec::new(),
            calls: Vec::new(),
            probes: Vec::new(),
            in_a_row: 0,
        }
    }

    fn go(&mut self, to: State, now: u64, settings: &Settings) {
        let mut lasts = 0;
        if to == State::Open {
            let closed = self.begun.last().filter(|(state, ..)| *state == State::Closed);
            let again = match (self.state, closed) {
                (State::Closed, None) => false,
                (State::Closed, Some((_, at, _))) => now - at < settings.open.reset_after_millis,
                _ => true,
            };
            self.in_a_row = if again { self.in_a_row + 1 } else { 0 };
            let mut millis = settings.open.first_millis;
            for _ in 0..self.in_a_row {
                millis = (millis * settings.open.multiplier as u64).min(settings.open.max_millis);
            }
            lasts = millis;
        }
        self.state = to;
        self.begun.push((to, now, lasts));
        self.calls.clear();
        self.probes.clear();
    }

    fn advance(&mut self, now: u64, settings: &Settings) {
        match self.state {
            State::Closed => {}
            State::Open => {
                let (_, at, lasts) = self.begun[self.begun.len() - 1];
                if now >= at + lasts {
                    self.go(State::HalfOpen, now, settings);
                }
            }
            State::HalfOpen => {
                for probe in &mut self.probes {
                    if !probe.done && now >= probe.admitted + settings.half_open.lease_millis {
                        probe.done = true;
                        probe.over = probe.answered.then_some(true);
                    }
                }
                let first = self.probes.first().map(|probe| probe.admitted);
                if self.successes() >= settings.half_open.successes {
                    self.go(State::Closed, now, settings);
                } else if first.is_some_and(|first| now >= first + settings.half_open.max_wait_millis) {
                    self.go(State::Open, now, settings);
                }
            }
        }
    }

    fn successes(&self) -> u32 {
        self.probes
            .iter()
            .filter(|probe| probe.over == Some(true))
            .count() as u32
    }

    /// The number of the state and of the probe.
    fn admit(&mut self, now: u64, settings: &Settings) -> Option<(usize, Option<usize>)> {
        self.advance(now, settings);
        match self.state {
            State::Closed => Some((self.begun.len(), None)),
            State::Open => None,
            State::HalfOpen => {
                let in_flight = self.probes.iter().filter(|probe| !probe.done).count();
                (in_flight < settings.half_open.max_calls as usize).then(|| {
                    self.probes.push(Probe {
                        admitted: now,
                        answered: false,
                        over: None,
                        done: false,
                    });
                    (self.begun.len(), Some(self.probes.len() - 1))
                })
            }
        }
    }

    fn answered(&mut self, (state, probe): (usize, Option<usize>)) {
        if let Some(probe) = probe.filter(|_| state == self.begun.len()) {
            self.probes[probe].answered = true;
        }
    }

    fn settle(
        &mut self,
        (state, probe): (usize, Option<usize>),
        outcome: Outcome,
        now: u64,
        settings: &Settings,
    ) {
        self.advance(now, settings);
        if state != self.begun.len() {
            return;
        }
        if let Some(probe) = probe {
            if self.probes[probe].done {
                return;
            }
            let fails = outcome == Outcome::Failure
                || (outcome == Outcome::Slow && settings.trip.slow_rate.is_some());
            self.probes[probe].done = true;
            self.probes[probe].over = match outcome {
                Outcome::Ignored | Outcome::TooMany => None,
                _ => Some(!fails),
            };
            if fails {
                self.go(State::Open, now, settings);
            } else if self.successes() >= settings.half_open.successes {
                self.go(State::Closed, now, settings);
            }
            return;
        }
        if outcome == Outcome::Ignored {
            return;
        }
        self.calls.push((now, outcome));
        let row = self
            .calls
            .iter()
            .rev()
            .take_while(|(_, outcome)| *outcome == Outcome::Failure)
            .count();
        let consecutive = settings
            .trip
            .consecutive_failures
            .is_some_and(|most| row >= most as usize);
        let too_many = |rate: Option<Rate>, hit: Outcome| {
            rate.is_some_and(|rate| {
                let kept = self
                    .calls
                    .iter()
                    .rev()
                    .zip(0..)
                    .filter(|((at, _), age)| match rate.span {
                        Span::Calls(size) => *age < size,
                        Span::Millis(millis) => at / millis.div_ceil(10) + 10 > now / millis.div_ceil(10),
                    });
                let kept: Vec<Outcome> = kept.map(|((_, outcome), _)| *outcome).collect();
                let hits = kept.iter().filter(|outcome| **outcome == hit).count();
                let share = hits as f64 * 100.0 / kept.len() as f64;
                hits > 0 && kept.len() >= rate.min_calls as usize && share >= rate.percent
            })
        };
        let failing = too_many(settings.trip.failure_rate, Outcome::Failure);
        let slow = too_many(settings.trip.slow_rate.map(|slow| slow.rate), Outcome::Slow);
        if consecutive || failing || slow {
            self.go(State::Open, now, settings);
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(prop::sample::Index, Outcome),
    Answered(prop::sample::Index),
    Wait(u64),
    Tick,
}

fn any_step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Failure),
        4 => Just(Outcome::Success),
        2 => Just(Outcome::Slow),
        1 => Just(Outcome::TooMany),
        1 => Just(Outcome::Ignored),
    ];
    prop_oneof![
        6 => Just(Step::Admit),
        6 => (any::<prop::sample::Index>(), outcome).prop_map(|(which, outcome)| Step::Settle(which, outcome)),
        1 => any::<prop::sample::Index>().prop_map(Step::Answered),
        2 => prop_oneof![0u64..50, 0u64..2_000, 0u64..20_000].prop_map(Step::Wait),
        1 => Just(Step::Tick),
    ]
}

/// Percentages whose shares are told apart by integers and by doubles alike.
fn any_rate() -> impl Strategy<Value = Rate> {
    let span = prop_oneof![
        (1u16..12).prop_map(Span::Calls),
        (1u64..5_000).prop_map(Span::Millis)
    ];
    let percent = prop::sample::select(vec![12.5, 25.0, 50.0, 75.0, 100.0]);
    (percent, span, 1u32..8).prop_map(|(percent, span, min_calls)| Rate {
        percent,
        span,
        min_calls,
    })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let trip = (
        prop::option::of(1u32..5),
        prop::option::of(any_rate()),
        prop::option::of(any_rate()),
    );
    let times = (1u64..2_000, 1u32..4, 0u64..10_000, 0u64..5_000);
    let probes = (1u32..4, 1u32..4, 1u64..3_000, 1u64..5_000);
    (trip, times, probes).prop_map(|(trip, times, probes)| {
        let mut settings = Settings {
            ramp: None,
            ..Settings::default()
        };
        let (consecutive_failures, failure_rate, slow) = trip;
        settings.trip = Trip {
            consecutive_failures,
            failure_rate,
            slow_rate: slow.map(|rate| SlowRate {
                rate,
                slower_than_millis: 1,
            }),
        };
        let (first_millis, multiplier, more, reset_after_millis) = times;
        settings.open = OpenTimes {
            first_millis,
            multiplier: multiplier.into(),
            max_millis: first_millis + more,
            reset_after_millis,
            jitter: 0.0,
            honor_retry_after: false,
        };
        let (max_calls, successes, lease_millis, max_wait_millis) = probes;
        settings.half_open = HalfOpen {
            max_calls,
            successes,
            lease_millis,
            max_wait_millis,
        };
        settings
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(target_arch = "wasm32") { 200 } else { 2_000 }))]

    #[test]
    fn a_breaker_that_keeps_every_call_decides_the_same(
        settings in any_settings(), steps in prop::collection::vec(any_step(), 0..150), start in 0u64..100_000,
    ) {
        let (mut naive, mut bytes, mut now) = (Naive::new(), Vec::new(), start);
        let mut permits = Vec::new();
        for step in steps {
            let at = Moment { now_millis: now, draw: 0.0 };
            let mut record = Record::decode(&bytes);
            let before = record.state();
            let transition = match step {
                Step::Admit => {
                    let admission = record.admit(&settings, at);
                    let of_naive = naive.admit(now, &settings);
                    match admission.verdict {
                        Verdict::Admitted(permit) => {
                            prop_assert!(of_naive.is_some(), "{record:?}");
                            permits.push((permit, of_naive.unwrap_or_default()));
                        }
                        Verdict::Rejected(_) => prop_assert!(of_naive.is_none(), "{record:?}"),
                    }
                    admission.transition
                }
                Step::Settle(which, outcome) if !permits.is_empty() => {
                    let (permit, of_naive) = permits.swap_remove(which.index(permits.len()));
                    naive.settle(of_naive, outcome, now, &settings);
                    record.settle(&settings, permit, outcome, None, at)
                }
                Step::Answered(which) if !permits.is_empty() => {
                    let (permit, of_naive) = permits[which.index(permits.len())];
                    naive.answered(of_naive);
                    record.answered(permit);
                    None
                }
                Step::Wait(millis) => {
                    now += millis;
                    None
                }
                _ => {
                    naive.advance(now, &settings);
                    record.advance(&settings, at)
                }
            };
            prop_assert_eq!(record.state(), naive.state, "{:?}", record);
            prop_assert_eq!(record.generation(), naive.begun.len() as u64);
            let moved = transition.map(|transition| (transition.from, transition.to));
            prop_assert_eq!(moved, (before != record.state()).then(|| (before, record.state())));
            if let Some(Transition { to: State::Open, numbers, .. }) = transition {
                prop_assert_eq!(Some(numbers.open_millis), naive.begun.last().map(|(.., lasts)| *lasts));
            }
            bytes = record.encode();
        }
    }
}
