//! The policy of the circuit-breaker plugin: what tells one breaker from another, when it opens, what counts, how it
//! closes again, and what a rejected request is answered.

mod failure;
mod key;
mod trip;

pub use failure::{Failure, FailureStatus, GrpcStatus};
pub use key::{BreakerName, Key};
pub use trip::{FailureRate, SlowRate, Trip, Window};

use crate::error_envelope::{ErrorCode, Message};
use crate::setting::{Merged, settings, words};
use crate::value::{Decimal, Duration, Form, HeaderName, HeaderValue, Int, Percent};

/// From a millisecond to a day.
pub type Time = Duration<1, 86_400_000>;

settings! {
    /// What tells one breaker from another, when it opens, what counts, how it closes again, and what a rejected request
    /// is answered.
    pub struct Policy {
        /// What tells one breaker from another: `"cluster"`, `"route"`, `"host"`, `{"header": "x-tenant"}` for the value
        /// of a request header, or `{"name": "payments"}` for one of that name. Requests with the same value share a
        /// breaker, also where they meet different policies. Replaced as a whole.
        key: Key = Key::Cluster,
        /// The most values that have a breaker of their own, those in `known` not counted. All others share one.
        max_keys: Int<1, 10_000> = Int::of::<1000>(),
        /// A closed breaker that was idle for so long may give its place to another value.
        evict_idle: Duration<1_000, 86_400_000> = Duration::of::<600_000>(),
        /// Values that always have a breaker, and metrics of their own, beside those of `max_keys`. Hosts and values of
        /// headers that are not among them are counted as `other`. At most 1000.
        known: Vec<BreakerName> = Vec::new(),
        /// When it opens: any one of these is enough, at the bound itself.
        trip: Trip = Trip::default(),
        /// What is a failure of the upstream.
        failure: Failure = Failure::default(),
        /// For how long it is open.
        open: Open = Open::default(),
        /// How it finds out whether to close.
        half_open: HalfOpen = HalfOpen::default(),
        /// How requests are admitted again once it has closed: a growing share of them. `null`: all at once.
        ramp: Option<Ramp> = Some(Ramp::default()),
        /// What a rejected request is answered.
        reject: Reject = Reject::default(),
        /// A state that it is to be in, whatever the upstream does. `null`: it decides.
        force: Option<Force> = None,
    }
}

settings! {
    /// For how long a breaker is open.
    pub struct Open {
        /// For how long at first.
        first as "for": Time = Duration::of::<30_000>(),
        /// What the open time is multiplied by each time that it opens again. 1: it does not grow.
        multiplier: Decimal<1, 100> = Decimal::tenths::<20>(),
        /// The longest open time, jitter not counted.
        max: Time = Duration::of::<300_000>(),
        /// Closed for so long, it starts afresh with the first open time. `"0s"`: always.
        reset_after: Duration<0, 86_400_000> = Duration::of::<300_000>(),
        /// A random part of the open time that is added to it, at most this much of the whole. 0: none.
        jitter: Decimal<0, 1> = Decimal::tenths::<1>(),
        /// Whether the `Retry-After` of the failure that opens it, in seconds or as a date, is the open time, from `for`
        /// to `max`.
        honor_retry_after: bool = false,
    }
}

settings! {
    /// How a breaker finds out whether to close.
    pub struct HalfOpen {
        /// So many requests are in flight at once to find out, in all workers together.
        max_calls: Int<1, 100> = Int::of::<3>(),
        /// After so many successes it closes. One failure opens it again.
        successes: Int<1, 1000> = Int::of::<2>(),
        /// So long does such a request have its place. One that is not over by then gives it up: as a success where its
        /// response headers were good, else without a word.
        lease: Time = Duration::of::<30_000>(),
        /// So long after the first of them it opens again, where nothing was decided.
        max_wait: Time = Duration::of::<60_000>(),
    }
}

settings! {
    /// How requests are admitted again once a breaker has closed.
    pub struct Ramp {
        /// Until all are. `"0s"`: at once.
        over: Duration<0, 86_400_000> = Duration::of::<10_000>(),
        /// The share that is admitted at first.
        from_percent: Percent = Percent::of::<10>(),
    }
}

settings! {
    /// What a rejected request is answered.
    pub struct Reject {
        /// The status. gRPC callers get grpc-status 14.
        status: Int<400, 599> = Int::of::<503>(),
        /// What it is called, in the body and in `x-error-code`. `null`: `CIRCUIT_OPEN`, and `CIRCUIT_RAMPING` where a
        /// closed breaker does not admit all requests yet.
        error_code: Option<ErrorCode> = None,
        /// What people read about it.
        message: Message = Message::of("The service is temporarily unavailable."),
        /// Whether callers are told not to retry: an Envoy by `x-envoy-ratelimited`, gRPC by a negative pushback.
        push_back: bool = true,
        /// Lets the request through to another route instead, with this header set. `null`: it is rejected.
        reroute: Option<Reroute> = None,
    }
}

settings! {
    /// The header by which a request meets another route.
    pub struct Reroute {
        /// The name of the request header. A client that sends it chooses that route itself, unless the proxy removes it
        /// before it chooses one.
        header: HeaderName = HeaderName::of("x-fallback"),
        /// The value that it is set to.
        value: HeaderValue = HeaderValue::of("1"),
    }
}

words! {
    /// A state that a breaker is to be in.
    pub enum Force {
        /// all requests are rejected, until it is no longer forced; then a few find out.
        Open = "open",
        /// all requests are admitted.
        Closed = "closed",
    }
}

impl crate::Policy for Policy {
    const NAME: &'static str = "circuit-breaker";

    fn check(&self, merged: &mut Merged<'_>) {
        self.trip.check(merged);
        if self.open.max < self.open.first {
            merged.refuse(&["open.for", "open.max"], "max must not be below for");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
