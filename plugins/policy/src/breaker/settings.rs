//! What a breaker is told.

/// What a breaker is told. Any values are harmless, be they of no use.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// When it opens.
    pub trip: Trip,
    /// For how long.
    pub open: OpenTimes,
    /// How it finds out whether to close.
    pub half_open: HalfOpen,
    /// How it admits requests again once it has closed. `None`: all at once.
    pub ramp: Option<Ramp>,
    /// A state that it is to be in. `None`: it decides.
    pub force: Option<Force>,
}

/// When a breaker opens. Any one of these is enough, at the bound itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// After so many failures one after the other. `None`: not for those.
    pub consecutive_failures: Option<u32>,
    /// When so large a share of calls failed. `None`: not for that.
    pub failure_rate: Option<Rate>,
    /// When so large a share of them was slow. `None`: not for that.
    pub slow_rate: Option<SlowRate>,
}

/// A share of calls that is too large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The share, above 0 and up to 100. Without one such call it is never reached.
    pub percent: f64,
    /// Of which calls.
    pub span: Span,
    /// Of fewer calls than this, none is too large a share.
    pub min_calls: u32,
}

/// A share of slow calls that is too large, and what is slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlowRate {
    /// The share.
    pub rate: Rate,
    /// What is slow, in milliseconds to the response headers.
    pub slower_than_millis: u64,
}

/// The calls that a share is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Those of so many milliseconds, in 10 buckets: the oldest tenth goes as a whole.
    Millis(u64),
    /// So many of the last ones, from 1 to 1000.
    Calls(u16),
}

/// For how long a breaker is open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenTimes {
    /// For so many milliseconds at first.
    pub first_millis: u64,
    /// How much longer each time that it opens again, 1 or more.
    pub multiplier: f64,
    /// The longest, in milliseconds, jitter not counted.
    pub max_millis: u64,
    /// Closed for so many milliseconds, it starts afresh with the first open time.
    pub reset_after_millis: u64,
    /// A random part of up to this much is added, from 0 to 1. It only lengthens.
    pub jitter: f64,
    /// Whether the failing answer's `Retry-After` is the open time, from the first to the longest.
    pub honor_retry_after: bool,
}

/// How a breaker finds out whether to close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HalfOpen {
    /// So many probes are in flight at once, in all workers together, from 1 to [`super::MOST_PROBES`].
    pub max_calls: u32,
    /// After so many successes it closes, 1 or more.
    pub successes: u32,
    /// So long does a probe have its place, in milliseconds.
    pub lease_millis: u64,
    /// So long after the first probe it opens again, in milliseconds.
    pub max_wait_millis: u64,
}

/// How a breaker admits requests again once it has closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// Over so many milliseconds.
    pub over_millis: u64,
    /// Beginning with this share, 0 to 100.
    pub from_percent: f64,
}

/// A state that a breaker is to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// Open, until it is no longer forced; then it probes.
    Open,
    /// Closed: it judges, and does not open.
    Closed,
}

impl Default for Settings {
    /// What the documentation says.
    fn default() -> Self {
        let rate = Rate {
            percent: 50.0,
            span: Span::Millis(60_000),
            min_calls: 20,
        };
        Self {
            trip: Trip {
                consecutive_failures: None,
                failure_rate: Some(rate),
                slow_rate: None,
            },
            open: OpenTimes {
                first_millis: 30_000,
                multiplier: 2.0,
                max_millis: 300_000,
                reset_after_millis: 300_000,
                jitter: 0.1,
                honor_retry_after: false,
            },
            half_open: HalfOpen {
                max_calls: 3,
                successes: 2,
                lease_millis: 30_000,
                max_wait_millis: 60_000,
            },
            ramp: Some(Ramp {
                over_millis: 10_000,
                from_percent: 10.0,
            }),
            force: None,
        }
    }
}
