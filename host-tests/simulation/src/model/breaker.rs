//! A breaker as a naive reader of its page has it: every call since it closed is kept, every probe is a line in a list.
//!
//! It decides what the plugin must decide, to the millisecond and for any number of workers. What it cannot know is what is
//! drawn: how much longer an open time is by its jitter, which the plugin's log says and which is held to its bounds, and
//! who is admitted while a breaker ramps.

use super::window::{Window, is_too_much};
use crate::world::settings::{Breaker as Settings, Force};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Closed,
    Open,
    HalfOpen,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Closed => "closed",
            State::Open => "open",
            State::HalfOpen => "half_open",
        }
    }

    /// As its gauge shows it.
    pub(crate) fn number(self) -> u64 {
        match self {
            State::Closed => 0,
            State::Open => 1,
            State::HalfOpen => 2,
        }
    }
}

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Slow,
    /// 429, where that is no failure.
    TooMany,
    Ignored,
}

/// That a call was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(super) generation: u64,
    probe: Option<usize>,
}

impl Permit {
    pub(crate) fn is_probe(self) -> bool {
        self.probe.is_some()
    }
}

/// What must become of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Admitted(Permit),
    /// With a `Retry-After` from the one to the other, in seconds.
    Rejected(u64, u64),
    /// It is drawn: so large a share is admitted, from 0 to 1.
    Ramping(Permit, f64),
}

/// That the breaker goes from one state to another, as the plugin's log has to tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) reason: &'static str,
    pub(crate) numbers: Vec<(&'static str, u64)>,
    /// The shortest and the longest open time, of one that opens.
    pub(crate) opens_for: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Probe {
    admitted: u64,
    lease: u64,
    answered: bool,
    /// Whether it has given its place up.
    over: bool,
}

/// What all workers of one Envoy know of one breaker.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// Since when it is in this state; nothing: from the beginning.
    since: Option<u64>,
    /// For how long it is open: exactly, once the log has told.
    lasts: u64,
    lasts_at_most: u64,
    reopenings: i32,
    row: u64,
    failures: Option<Window>,
    slow: Option<Window>,
    first_probe: Option<u64>,
    succeeded: u64,
    probes: Vec<Probe>,
    /// What is still to be told.
    pub(crate) moves: Vec<Move>,
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker {
            state: State::Closed,
            generation: 0,
            since: None,
            lasts: 0,
            lasts_at_most: 0,
            reopenings: 0,
            row: 0,
            failures: None,
            slow: None,
            first_probe: None,
            succeeded: 0,
            probes: Vec::new(),
            moves: Vec::new(),
        }
    }
}

impl Breaker {
    /// The open time that the plugin's log told, once it is known to be within its bounds.
    pub(crate) fn is_open_for(&mut self, millis: u64) {
        (self.lasts, self.lasts_at_most) = (millis, millis);
    }

    /// For how long it is open, if it is.
    pub(crate) fn open_time(&self) -> u64 {
        self.lasts
    }

    /// Whether it has been closed for so long, or always.
    pub(crate) fn is_closed_for(&self, now: u64, millis: u64) -> bool {
        self.state == State::Closed && self.since.is_none_or(|since| now >= since + millis)
    }

    /// How many probes hold a place.
    pub(crate) fn in_flight(&self) -> usize {
        self.probes.iter().filter(|probe| !probe.over).count()
    }

    /// Whether it is closed and has seen no failure, and nothing slow, that still counts.
    pub(crate) fn is_clean(&self, now: u64) -> bool {
        let hits = |window: &Option<Window>| window.as_ref().map_or(0, |window| window.share(now).1);
        self.state == State::Closed && self.row == 0 && hits(&self.failures) == 0 && hits(&self.slow) == 0
    }

    /// Lets time move it on.
    pub(crate) fn advance(&mut self, settings: &Settings, now: u64) {
        match (settings.force, self.state) {
            (Some(Force::Open), State::Open) | (Some(Force::Closed), State::Closed) => return,
            (Some(Force::Open), _) => return self.open(settings, now, "forced", Vec::new(), None),
            (Some(Force::Closed), _) => return self.close(now, "forced", Vec::new()),
            (None, _) => {}
        }
        let since = self.since.unwrap_or_default();
        match self.state {
            State::Closed => {}
            State::Open if now >= since + self.lasts => {
                let numbers = vec![("open_ms", self.lasts)];
                self.go(State::HalfOpen, now, "open_elapsed", numbers, None);
            }
            State::Open => {}
            State::HalfOpen => {
                for probe in &mut self.probes {
                    if !probe.over && now >= probe.admitted + probe.lease {
                        probe.over = true;
                        self.succeeded += u64::from(probe.answered);
                    }
                }
                let waited = self
                    .first_probe
                    .is_some_and(|first| now >= first + settings.max_wait);
                let numbers = vec![("probes_succeeded", self.succeeded)];
                if self.succeeded >= settings.successes {
                    self.close(now, "probes_succeeded", numbers);
                } else if waited {
                    self.open(settings, now, "half_open_timeout", numbers, None);
                }
            }
        }
    }

    /// What must become of a request.
    pub(crate) fn admit(&mut self, settings: &Settings, now: u64) -> Verdict {
        self.advance(settings, now);
        let permit = Permit {
            generation: self.generation,
            probe: None,
        };
        let forced = settings.force.is_some();
        match self.state {
            State::Closed => {
                let passed = self.since.map(|since| now - since);
                let ramp = settings
                    .ramp
                    .filter(|(over, _)| !forced && passed.is_some_and(|passed| passed < *over));
                match (ramp, passed) {
                    (Some((over, from)), Some(passed)) => {
                        let from = from as f64 / 100.0;
                        Verdict::Ramping(permit, from + (1.0 - from) * passed as f64 / over as f64)
                    }
                    _ => Verdict::Admitted(permit),
                }
            }
            State::Open if forced => rejected(settings.open_for, settings.open_for, settings.jitter),
            State::Open => {
                let passed = now - self.since.unwrap_or_default();
                rejected(self.lasts - passed, self.lasts_at_most - passed, settings.jitter)
            }
            State::HalfOpen if self.in_flight() < settings.max_calls as usize => {
                self.first_probe.get_or_insert(now);
                self.probes.push(Probe {
                    admitted: now,
                    lease: settings.lease,
                    answered: false,
                    over: false,
                });
                Verdict::Admitted(Permit {
                    probe: Some(self.probes.len() - 1),
                    ..permit
                })
            }
            State::HalfOpen => {
                let held = self.probes.iter().filter(|probe| !probe.over);
                let ends = held
                    .map(|probe| probe.admitted + probe.lease)
                    .min()
                    .unwrap_or(now);
                let wait = (ends - now).min(settings.open_for);
                rejected(wait, wait, settings.jitter)
            }
        }
    }

    /// A probe's response headers were good.
    pub(crate) fn answered(&mut self, permit: Permit) {
        if let (true, Some(probe)) = (permit.generation == self.generation, permit.probe) {
            self.probes[probe].answered = true;
        }
    }

    /// What came of a call. `retry_after` is what the upstream's failing answer said, in seconds.
    pub(crate) fn settle(
        &mut self,
        settings: &Settings,
        permit: Permit,
        outcome: Outcome,
        retry_after: Option<u64>,
        now: u64,
    ) {
        self.advance(settings, now);
        if permit.generation != self.generation {
            return;
        }
        let Some(probe) = permit.probe else {
            return self.count(settings, outcome, retry_after, now);
        };
        if std::mem::replace(&mut self.probes[probe].over, true) {
            return;
        }
        let failed =
            outcome == Outcome::Failure || (outcome == Outcome::Slow && settings.slow_rate.is_some());
        match outcome {
            Outcome::TooMany | Outcome::Ignored => return,
            _ if !failed => self.succeeded += 1,
            _ => {}
        }
        let numbers = vec![("probes_succeeded", self.succeeded)];
        if failed {
            self.open(settings, now, "probe_failed", numbers, retry_after);
        } else if self.succeeded >= settings.successes {
            self.close(now, "probes_succeeded", numbers);
        }
    }

    /// A closed breaker counts a call.
    fn count(&mut self, settings: &Settings, outcome: Outcome, retry_after: Option<u64>, now: u64) {
        if outcome == Outcome::Ignored {
            return;
        }
        self.fit(settings);
        self.row = match outcome {
            Outcome::Failure => self.row + 1,
            _ => 0,
        };
        for (window, hit) in [
            (&mut self.failures, Outcome::Failure),
            (&mut self.slow, Outcome::Slow),
        ] {
            if let Some(window) = window {
                window.add(now, outcome == hit);
            }
        }
        self.trip(settings, retry_after, now);
    }

    /// A worker tells of successes that it has gathered. They were before the failures that are known: they end no row.
    pub(crate) fn merge(&mut self, settings: &Settings, generation: u64, successes: u64, now: u64) {
        self.advance(settings, now);
        if self.state != State::Closed || generation != self.generation || successes == 0 {
            return;
        }
        self.fit(settings);
        for window in [&mut self.failures, &mut self.slow].into_iter().flatten() {
            for _ in 0..successes {
                window.add(now, false);
            }
        }
        self.trip(settings, None, now);
    }

    fn fit(&mut self, settings: &Settings) {
        let span = |rate: &crate::world::settings::Rate| rate.span;
        self.failures = Window::fitting(self.failures.take(), settings.failure_rate.as_ref().map(span));
        self.slow = Window::fitting(self.slow.take(), settings.slow_rate.as_ref().map(span));
    }

    fn trip(&mut self, settings: &Settings, retry_after: Option<u64>, now: u64) {
        if settings.force.is_some() {
            return;
        }
        if settings.consecutive.is_some_and(|most| self.row >= most) {
            let numbers = vec![("consecutive_failures", self.row)];
            return self.open(settings, now, "consecutive_failures", numbers, retry_after);
        }
        let rates = [
            ("failure_rate", "failures", &self.failures, settings.failure_rate),
            ("slow_rate", "slow", &self.slow, settings.slow_rate),
        ];
        let reached = rates.into_iter().find_map(|(reason, hits, window, rate)| {
            let share = window.as_ref()?.share(now);
            is_too_much(share, &rate?).then(|| (reason, vec![("calls", share.0), (hits, share.1)]))
        });
        if let Some((reason, numbers)) = reached {
            self.open(settings, now, reason, numbers, retry_after);
        }
    }

    fn open(
        &mut self,
        settings: &Settings,
        now: u64,
        reason: &'static str,
        numbers: Vec<(&'static str, u64)>,
        retry_after: Option<u64>,
    ) {
        let again = match (self.state, self.since) {
            (State::Closed, None) => false,
            (State::Closed, Some(since)) => {
                let ramp = settings.ramp.map_or(0, |(over, _)| over);
                now - since < settings.reset_after.max(ramp)
            }
            _ => true,
        };
        self.reopenings = if again { self.reopenings + 1 } else { 0 };
        let grown = settings.open_for as f64 * settings.multiplier.powi(self.reopenings);
        let honoured = retry_after
            .filter(|seconds| settings.honor_retry_after && *seconds > 0)
            .map(|seconds| {
                seconds
                    .saturating_mul(1_000)
                    .clamp(settings.open_for, settings.open_max)
            });
        let least = honoured.unwrap_or(grown.min(settings.open_max as f64) as u64);
        let most = least + (least as f64 * settings.jitter) as u64;
        self.go(State::Open, now, reason, numbers, Some((least, most)));
        (self.lasts, self.lasts_at_most) = (least, most);
    }

    fn close(&mut self, now: u64, reason: &'static str, numbers: Vec<(&'static str, u64)>) {
        self.go(State::Closed, now, reason, numbers, None);
    }

    fn go(
        &mut self,
        to: State,
        now: u64,
        reason: &'static str,
        numbers: Vec<(&'static str, u64)>,
        opens_for: Option<(u64, u64)>,
    ) {
        let mut moves = std::mem::take(&mut self.moves);
        moves.push(Move {
            from: self.state,
            to,
            reason,
            numbers,
            opens_for,
        });
        *self = Breaker {
            state: to,
            generation: self.generation + 1,
            since: Some(now),
            reopenings: self.reopenings,
            moves,
            ..Breaker::default()
        };
    }
}

/// Rejected for so long, or longer by the jitter: in whole seconds, and never 0.
fn rejected(least: u64, most: u64, jitter: f64) -> Verdict {
    let seconds = |millis: u64| millis.div_ceil(1_000).max(1);
    Verdict::Rejected(seconds(least), seconds(most + (most as f64 * jitter) as u64))
}
