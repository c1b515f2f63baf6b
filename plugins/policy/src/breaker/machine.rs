//! What is decided, and how a breaker goes from state to state.
//!
//! Each decision first lets time move the breaker on. That can be one transition at most, and whatever a permit of
//! before then says is of an older generation: so no decision makes two.

use super::gathered::Gathered;
use super::open_time::lengthened;
use super::record::{Phase, Record};
use super::{Force, Moment, Numbers, Outcome, Reason, Settings, State, Transition};

/// That a request is admitted: what its outcome is settled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Permit {
    pub(super) generation: u64,
    pub(super) probe: Option<u64>,
}

impl Permit {
    /// Whether it is a probe's. Such a permit is good only once the record that gave it has been written.
    pub fn is_probe(self) -> bool {
        self.probe.is_some()
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Admission {
    /// Whether it is admitted.
    pub verdict: Verdict,
    /// What it saw happen to the breaker.
    pub transition: Option<Transition>,
}

/// Whether a request is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Admitted(Permit),
    /// It is not.
    Rejected(Rejection),
}

/// That a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// After so many seconds it may be worth another try, 1 or more.
    pub retry_after_seconds: u64,
    /// Why it is rejected.
    pub why: Why,
}

/// Why a request is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The breaker is open.
    Open,
    /// It is half-open, and all its places are taken.
    HalfOpen,
    /// It is closed, and does not admit all requests yet.
    Ramping,
}

impl Record {
    /// Lets time move the breaker on: also without requests, it probes when it is due, and gives up probes that decide
    /// nothing.
    pub fn advance(&mut self, settings: &Settings, at: Moment) -> Option<Transition> {
        self.bring_back(at.now_millis);
        self.end_force(at.now_millis);
        if self.forced.is_some() {
            return None;
        }
        match settings.force {
            Some(Force::Open) if self.state() == State::Open => return None,
            Some(Force::Open) => {
                return Some(self.open(settings, at, Reason::Forced, Numbers::default(), None));
            }
            Some(Force::Closed) if self.state() == State::Closed => return None,
            Some(Force::Closed) => return Some(self.close(at, Reason::Forced, Numbers::default())),
            None => {}
        }
        match &mut self.phase {
            Phase::Closed { .. } => None,
            Phase::Open {
                since_millis,
                lasts_millis,
            } => {
                let due = at.now_millis >= since_millis.saturating_add(*lasts_millis);
                let numbers = Numbers {
                    open_millis: *lasts_millis,
                    ..Numbers::default()
                };
                due.then(|| self.half_open(numbers))
            }
            Phase::HalfOpen {
                since_millis,
                successes,
                leases,
            } => {
                // A probe that was answered well and is still not over has said enough.
                *successes = successes.saturating_add(leases.expire(at.now_millis));
                let numbers = Numbers {
                    probes_succeeded: *successes,
                    ..Numbers::default()
                };
                let timed_out = since_millis.is_some_and(|since| {
                    at.now_millis >= since.saturating_add(settings.half_open.max_wait_millis)
                });
                if *successes >= settings.half_open.successes.max(1) {
                    Some(self.close(at, Reason::ProbesSucceeded, numbers))
                } else if timed_out {
                    Some(self.open(settings, at, Reason::HalfOpenTimeout, numbers, None))
                } else {
                    None
                }
            }
        }
    }

    /// Decides on a request. Where it gets a probe's permit, the record has to be written before the request goes on.
    pub fn admit(&mut self, settings: &Settings, at: Moment) -> Admission {
        let transition = self.advance(settings, at);
        let verdict = match self.place(settings, at) {
            Ok(probe) => Verdict::Admitted(Permit {
                generation: self.generation,
                probe,
            }),
            Err(rejection) => Verdict::Rejected(rejection),
        };
        Admission { verdict, transition }
    }

    /// Where a request is admitted: a probe's place, or no place of its own.
    fn place(&mut self, settings: &Settings, at: Moment) -> Result<Option<u64>, Rejection> {
        let now = at.now_millis;
        let reject = |why, after_millis: u64| {
            let millis = lengthened(after_millis, settings.open.jitter, at.draw);
            let retry_after_seconds = millis.div_ceil(1_000).max(1);
            Err(Rejection {
                retry_after_seconds,
                why,
            })
        };
        let by_operator = self.forced.is_some();
        let by_settings = settings.force.is_some() && !by_operator;
        match &mut self.phase {
            Phase::Closed {
                since_millis: Some(since),
                ..
            } if !by_settings && !by_operator => match settings.ramp {
                Some(ramp) if !ramp.admits(now.saturating_sub(*since), at.draw) => Err(Rejection {
                    retry_after_seconds: 1,
                    why: Why::Ramping,
                }),
                _ => Ok(None),
            },
            Phase::Closed { .. } => Ok(None),
            // Nobody knows when what the configuration forces ends.
            Phase::Open { .. } if by_settings => reject(Why::Open, settings.open.first_millis),
            Phase::Open {
                since_millis,
                lasts_millis,
            } => {
                let ends = since_millis.saturating_add(*lasts_millis);
                // Its own jitter has lengthened it: what is spread here are the clients.
                reject(Why::Open, ends.saturating_sub(now))
            }
            Phase::HalfOpen {
                since_millis, leases, ..
            } => match leases.take(settings.half_open.max_calls, settings.half_open.lease_millis, now) {
                Some(number) => {
                    since_millis.get_or_insert(now);
                    self.used_millis = now;
                    Ok(Some(number))
                }
                None => {
                    let ends = leases.earliest_end().unwrap_or(now);
                    reject(
                        Why::HalfOpen,
                        ends.saturating_sub(now).min(settings.open.first_millis),
                    )
                }
            },
        }
    }

    /// Remembers that a probe's response headers were good: where its lease ends before the response does, that
    /// counts as a success. Other permits have nothing to remember.
    pub fn answered(&mut self, permit: Permit) {
        if let (Phase::HalfOpen { leases, .. }, Some(number)) = (&mut self.phase, permit.probe)
            && permit.generation == self.generation
        {
            leases.answered(number);
        }
    }

    /// Settles what came of a request. `retry_after_seconds` is what a failing answer said, read with
    /// [`crate::retry_after::seconds`].
    pub fn settle(
        &mut self,
        settings: &Settings,
        permit: Permit,
        outcome: Outcome,
        retry_after_seconds: Option<u64>,
        at: Moment,
    ) -> Option<Transition> {
        let moved = self.advance(settings, at);
        if permit.generation != self.generation {
            return moved;
        }
        match (&mut self.phase, permit.probe) {
            // Counts nowhere, and so is not worth a write.
            (Phase::Closed { .. }, None) if outcome == Outcome::Ignored => None,
            (Phase::Closed { counts, .. }, None) => {
                self.used_millis = at.now_millis;
                counts.fit(&settings.trip);
                counts.add(outcome, at.now_millis);
                self.trip(settings, retry_after_seconds, at)
            }
            (
                Phase::HalfOpen {
                    successes, leases, ..
                },
                Some(number),
            ) => {
                if !leases.give_back(number) {
                    return None;
                }
                self.used_millis = at.now_millis;
                let failed = match outcome {
                    Outcome::Failure => true,
                    Outcome::Slow => settings.trip.slow_rate.is_some(),
                    Outcome::Success => false,
                    Outcome::TooMany | Outcome::Ignored => return None,
                };
                *successes = successes.saturating_add(u32::from(!failed));
                let numbers = Numbers {
                    probes_succeeded: *successes,
                    ..Numbers::default()
                };
                if failed {
                    Some(self.open(settings, at, Reason::ProbeFailed, numbers, retry_after_seconds))
                } else if *successes >= settings.half_open.successes.max(1) {
                    Some(self.close(at, Reason::ProbesSucceeded, numbers))
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Merges what a worker has gathered, which is then to be emptied. What is of an older generation is left out.
    pub fn merge(&mut self, settings: &Settings, gathered: &Gathered, at: Moment) -> Option<Transition> {
        let moved = self.advance(settings, at);
        match &mut self.phase {
            Phase::Closed { counts, .. } if gathered.generation() == self.generation => {
                let successes = gathered.successes();
                if successes == 0 {
                    return moved;
                }
                self.used_millis = at.now_millis;
                counts.fit(&settings.trip);
                counts.add_gathered(successes, at.now_millis);
                self.trip(settings, None, at)
            }
            _ => moved,
        }
    }

    /// Opens it, if what it counted is too much.
    fn trip(
        &mut self,
        settings: &Settings,
        retry_after_seconds: Option<u64>,
        at: Moment,
    ) -> Option<Transition> {
        let Phase::Closed { counts, .. } = &self.phase else {
            return None;
        };
        let forced = settings.force.is_some() || self.forced.is_some();
        let (reason, numbers) = counts
            .tripped(&settings.trip, at.now_millis)
            .filter(|_| !forced)?;
        Some(self.open(settings, at, reason, numbers, retry_after_seconds))
    }
}
