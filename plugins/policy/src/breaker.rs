//! The circuit breaker: whether a request may go to an upstream that has been failing.
//!
//! All workers of a proxy share one [`Record`] for each breaker, as bytes that they read, change and write back by
//! compare-and-swap. So whatever is decided is a function of the record, the settings and a [`Moment`], and can be
//! decided again on a newer record where another worker was faster. Nothing is kept beside it but what a worker may
//! gather ([`Gathered`]).
//!
//! * A request is admitted or rejected ([`Record::admit`]). What is admitted gets a [`Permit`].
//! * What came of it is settled with that permit ([`Record::settle`]). Each state has a generation, and a permit of an
//!   older one changes nothing: what comes late cannot undo what was decided meanwhile.
//! * While half-open, a permit is a lease on one of a few places. A place whose holder is lost (its worker died, its
//!   request never ended) is free again when the lease ends, so no probe is lost for ever.
//! * An operator may force it open or closed for a while ([`Record::force`]), or have it forget all ([`Record::reset`]).
//! * Time moves a breaker on, too ([`Record::advance`]): every decision does that first.
//!
//! ```
//! use policy::breaker::{Moment, Outcome, Record, Settings, State, Verdict};
//!
//! let mut settings = Settings::default();
//! settings.trip.consecutive_failures = Some(1);
//! let at = Moment { now_millis: 5_000, draw: 0.0 };
//!
//! let mut record = Record::default();
//! let Verdict::Admitted(permit) = record.admit(&settings, at).verdict else { panic!() };
//! let transition = record.settle(&settings, permit, Outcome::Failure, None, at);
//! assert_eq!(transition.map(|transition| transition.to), Some(State::Open));
//! assert!(matches!(record.admit(&settings, at).verdict, Verdict::Rejected(_)));
//!
//! let other_worker = Record::decode(&record.encode());
//! assert_eq!(other_worker, record);
//! ```

mod codec;
mod counts;
mod forced;
mod gathered;
mod leases;
mod machine;
mod open_time;
mod ramp;
mod record;
mod settings;
mod view;
mod window;

pub(crate) use codec::{VERSION, VERSION_BEFORE};

pub use forced::{LONGEST_FORCE_MILLIS, LONGEST_REASON, is_reason};
pub use gathered::Gathered;
pub use leases::MOST_PROBES;
pub use machine::{Admission, Permit, Rejection, Verdict, Why};
pub use open_time::LONGEST_OPEN_MILLIS;
pub use record::Record;
pub use settings::{Force, HalfOpen, OpenTimes, Ramp, Rate, Settings, SlowRate, Span, Trip};
pub use view::{Counted, ForcedView, Probes, View, WindowView};

/// When something is decided, and the luck that it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// A clock that all workers share and that runs on, in milliseconds. One that jumps does no lasting harm.
    pub now_millis: u64,
    /// Drawn anew for each decision, evenly from 0 to 1 (1 excluded): lengthens open times and picks who is admitted
    /// while ramping.
    pub draw: f64,
}

/// What a breaker is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Requests are admitted, and judged.
    Closed,
    /// They are rejected, for some time.
    Open,
    /// A few are admitted, to find out.
    HalfOpen,
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// The number for it, as gauges show it: 0 closed, 1 open, 2 half-open.
    pub fn as_number(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }
}

/// What came of a request that was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The upstream answered as it should.
    Success,
    /// It did not.
    Failure,
    /// It did, and took longer than `slow_rate` allows. A failed probe where that is in use.
    Slow,
    /// It had enough of requests (429, `RESOURCE_EXHAUSTED`), where that is no failure: as a success, but never one of
    /// a probe.
    TooMany,
    /// It says nothing of the upstream: counts nowhere, and frees its probe's place.
    Ignored,
}

/// Why a breaker went from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// So many failures came one after the other.
    ConsecutiveFailures,
    /// So large a share of the calls failed.
    FailureRate,
    /// So large a share of them was slow.
    SlowRate,
    /// The open time is over.
    OpenElapsed,
    /// A probe failed, or was slow.
    ProbeFailed,
    /// Enough probes succeeded.
    ProbesSucceeded,
    /// The probes decided nothing in time.
    HalfOpenTimeout,
    /// The configuration says so, or an operator.
    Forced,
}

impl Reason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::FailureRate => "failure_rate",
            Self::SlowRate => "slow_rate",
            Self::OpenElapsed => "open_elapsed",
            Self::ProbeFailed => "probe_failed",
            Self::ProbesSucceeded => "probes_succeeded",
            Self::HalfOpenTimeout => "half_open_timeout",
            Self::Forced => "forced",
        }
    }
}

/// That a breaker went from one state to another. Whoever's write of the record succeeded tells it, and so it is told
/// once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    /// The state it was in.
    pub from: State,
    /// The state it is in.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// The numbers behind it.
    pub numbers: Numbers,
}

/// The numbers behind a transition: those of the state that ended, as far as they had a say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Failures one after the other, where they tripped it.
    pub consecutive: u32,
    /// Calls in the window that tripped it.
    pub calls: u64,
    /// Those of them that failed, or were slow.
    pub hits: u64,
    /// Probes that succeeded while it was half-open.
    pub probes_succeeded: u32,
    /// For how long it is open from now on, or was, in milliseconds.
    pub open_millis: u64,
}

#[cfg(test)]
mod tests;
