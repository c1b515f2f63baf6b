//! What all workers know of a breaker.

use super::counts::Counts;
use super::forced::Forced;
use super::leases::Leases;
use super::open_time::open_millis;
use super::{Moment, Numbers, Reason, Settings, State, Transition};

/// What all workers know of a breaker. The default is a closed one that has seen nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Who has this record, where a record is handed over from one breaker to another
    /// ([`crate::breaker_key`]).
    pub owner: u64,
    /// When the breaker was last written because of a request, in milliseconds.
    pub(super) used_millis: u64,
    pub(super) generation: u64,
    /// How often it opened in a row before this open time, or the last one.
    pub(super) reopenings: u32,
    pub(super) phase: Phase,
    /// That an operator forces it to be in that state, open or closed.
    pub(super) forced: Option<Box<Forced>>,
}

/// What it is in, and what is known of that.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a record lives for one decision, and nearly all of them are closed"
)]
pub(super) enum Phase {
    Closed {
        /// When it closed; `None`: it was never open.
        since_millis: Option<u64>,
        counts: Counts,
    },
    Open {
        since_millis: u64,
        lasts_millis: u64,
    },
    HalfOpen {
        /// When the first probe was admitted; `None`: it waits for one.
        since_millis: Option<u64>,
        successes: u32,
        leases: Leases,
    },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed {
            since_millis: None,
            counts: Counts::default(),
        }
    }
}

/// How far another worker's clock may be ahead. What lies further in the future is of a clock that jumped.
const SKEW_MILLIS: u64 = 1_000;

impl Record {
    /// A closed breaker that has seen nothing, for another owner. Permits of the one before mean nothing to it.
    pub fn handed_over(&self, owner: u64, now_millis: u64) -> Self {
        Self {
            owner,
            used_millis: now_millis,
            generation: self.generation.saturating_add(1),
            ..Self::default()
        }
    }

    /// What it is in.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// How many states it has been in before this one.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether it is closed and no request has made anybody write it for so long. Such a record can be given away, with
    /// what it still counts.
    pub fn is_idle(&self, idle_millis: u64, now_millis: u64) -> bool {
        // One that was used in the future is of a clock that jumped back, and nothing is known of it.
        let idle = match self.used_millis.checked_sub(now_millis) {
            Some(ahead) if ahead > SKEW_MILLIS => true,
            _ => now_millis.saturating_sub(self.used_millis) >= idle_millis,
        };
        idle && self.state() == State::Closed && !self.is_forced(now_millis)
    }

    /// Whether it is closed, without a failure or anything slow in its windows.
    pub(super) fn is_clean(&self, now_millis: u64) -> bool {
        match &self.phase {
            Phase::Closed { counts, .. } => counts.is_clean(now_millis),
            _ => false,
        }
    }

    /// Brings back what lies in the future: whatever was to last some time, lasts that time from now on.
    pub(super) fn bring_back(&mut self, now_millis: u64) {
        let latest = now_millis.saturating_add(SKEW_MILLIS);
        let bring_back = |millis: &mut u64| {
            if *millis > latest {
                *millis = now_millis;
            }
        };
        if let Some(forced) = &mut self.forced {
            bring_back(&mut forced.since_millis);
        }
        match &mut self.phase {
            Phase::Closed { since_millis, .. } => since_millis.iter_mut().for_each(bring_back),
            Phase::Open { since_millis, .. } => bring_back(since_millis),
            Phase::HalfOpen {
                since_millis, leases, ..
            } => {
                since_millis.iter_mut().for_each(bring_back);
                let granted = leases.held.iter_mut().map(|lease| &mut lease.granted_millis);
                granted.for_each(bring_back);
            }
        }
    }

    /// Opens it.
    pub(super) fn open(
        &mut self,
        settings: &Settings,
        at: Moment,
        reason: Reason,
        numbers: Numbers,
        retry_after_seconds: Option<u64>,
    ) -> Transition {
        let in_a_row = match &self.phase {
            Phase::Closed { since_millis, .. } => since_millis.is_some_and(|since| {
                let ramp = settings.ramp.map_or(0, |ramp| ramp.over_millis);
                at.now_millis.saturating_sub(since) < settings.open.reset_after_millis.max(ramp)
            }),
            Phase::Open { .. } | Phase::HalfOpen { .. } => true,
        };
        self.reopenings = match in_a_row {
            true => self.reopenings.saturating_add(1),
            false => 0,
        };
        let lasts_millis = open_millis(&settings.open, self.reopenings, retry_after_seconds, at.draw);
        let open = Phase::Open {
            since_millis: at.now_millis,
            lasts_millis,
        };
        let numbers = Numbers {
            open_millis: lasts_millis,
            ..numbers
        };
        self.enter(open, reason, numbers)
    }

    /// Closes it.
    pub(super) fn close(&mut self, at: Moment, reason: Reason, numbers: Numbers) -> Transition {
        let closed = Phase::Closed {
            since_millis: Some(at.now_millis),
            counts: Counts::default(),
        };
        self.enter(closed, reason, numbers)
    }

    /// Lets it probe.
    pub(super) fn half_open(&mut self, numbers: Numbers) -> Transition {
        let half_open = Phase::HalfOpen {
            since_millis: None,
            successes: 0,
            leases: Leases::default(),
        };
        self.enter(half_open, Reason::OpenElapsed, numbers)
    }

    pub(super) fn enter(&mut self, phase: Phase, reason: Reason, numbers: Numbers) -> Transition {
        let from = self.state();
        self.phase = phase;
        self.generation = self.generation.saturating_add(1);
        Transition {
            from,
            to: self.state(),
            reason,
            numbers,
        }
    }
}
