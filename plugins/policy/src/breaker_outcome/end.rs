//! How an exchange was over, where its answer did not say so itself: who ended it.
//!
//! A filter before the router reads it from the response flags. One in a cluster is told of a client that gave up, and
//! of whoever else ended the request as a whole, but not of what the upstream or the router did.

use super::Grpc;
use crate::breaker::Outcome;
use crate::error_code::Origin;

/// How an answer was over that was good so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It came to its end, with this grpc-status in its trailers, if there was one.
    Complete(Option<Grpc>),
    /// The router wanted no more of it than its headers, and tries again.
    Discarded,
    /// The upstream broke it off.
    Reset,
    /// It is not known what broke it off, or it was neither the upstream nor the client.
    Broken,
    /// The client broke it off.
    ClientGone,
}

/// Envoy's response flags, as bits of `response.flags`.
const UPSTREAM_RESETS: u64 = 0x10 | 0x40 | 0x80_0000;
const CLIENT_GONE: u64 = 0x4000 | 0x1000_0000;

/// What the proxy says of an attempt that is over, to a filter in a cluster. There it says nothing of a reset, nor of
/// the router's own time-outs: they all look alike.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The response flags.
    pub flags: u64,
    /// The response code details. They may still be those of the attempt before.
    pub details: &'a [u8],
    /// Whether there is a response code: what the router discards leaves none.
    pub was_passed_on: bool,
    /// Whether it took as long as the router gives it ([`is_due`]).
    pub is_due: bool,
}

impl Attempt<'_> {
    /// Whether neither the upstream nor the router nor the client ended it. The details are then of who did.
    fn was_ended_by_others(&self) -> bool {
        !self.details.is_empty() && Origin::of(self.details) == Origin::Local
    }
}

impl End {
    /// How a request was over whose end no filter saw, as one before the router is told of it. A time-out within the
    /// answer says nothing of the upstream: it may have been the client that was slow to read.
    pub fn downstream(flags: u64) -> Self {
        match flags {
            _ if flags & UPSTREAM_RESETS != 0 => Self::Reset,
            _ if flags & CLIENT_GONE != 0 => Self::ClientGone,
            _ => Self::Broken,
        }
    }

    /// How an attempt was over whose end no filter saw, as one in a cluster is told of it.
    pub fn upstream(attempt: Attempt<'_>) -> Self {
        match attempt {
            _ if attempt.flags & CLIENT_GONE != 0 => Self::ClientGone,
            // The proxy follows the redirect, and wants no more of this answer.
            _ if attempt.details == b"internal_redirect" => Self::Discarded,
            _ if attempt.was_ended_by_others() => Self::Broken,
            _ if !attempt.was_passed_on => Self::Discarded,
            _ if attempt.is_due => Self::Broken,
            _ => Self::Reset,
        }
    }
}

/// Judges a request that was over without an answer, as a filter before the router sees it. If it was the client that
/// gave up: who waited for `no_answer_after_millis` has seen a failure; who did not wait so long has seen nothing. Else
/// the proxy went another way with it, as where it follows a redirect.
pub fn judge_without_answer(flags: u64, waited_millis: u64, no_answer_after_millis: u64) -> Outcome {
    match flags & CLIENT_GONE {
        0 => Outcome::Ignored,
        _ => given_up(waited_millis, no_answer_after_millis),
    }
}

/// Judges an attempt that was over without an answer, as a filter in a cluster sees it: the upstream did not answer,
/// unless the client gave up, or the proxy itself for all of the request, or a later filter answered.
pub fn judge_attempt_without_answer(
    attempt: Attempt<'_>,
    waited_millis: u64,
    no_answer_after_millis: u64,
) -> Outcome {
    let timed_out = [&b"stream_idle_timeout"[..], b"max_duration_timeout"].contains(&attempt.details);
    if timed_out || attempt.flags & CLIENT_GONE != 0 {
        given_up(waited_millis, no_answer_after_millis)
    } else if attempt.was_ended_by_others() {
        Outcome::Ignored
    } else {
        Outcome::Failure
    }
}

fn given_up(waited_millis: u64, no_answer_after_millis: u64) -> Outcome {
    match waited_millis >= no_answer_after_millis {
        true => Outcome::Failure,
        false => Outcome::Ignored,
    }
}

/// How much earlier than it should the proxy's timer may seem to end: the proxy starts it from the time at which it last
/// looked at the clock, which was before all that it has done since. With hundreds of new connections at once, one worker
/// was up to 18 ms early.
const TIMER_MILLIS: u64 = 50;

/// Whether a time-out of the proxy was the doing of the caller, who asked for an answer within
/// `callers_deadline_millis` ([`crate::deadline::callers_deadline_millis`]): it was not longer than the proxy waited. Who
/// waited for `no_answer_after_millis` has seen a failure, whatever it had asked for.
pub fn was_callers_deadline(
    callers_deadline_millis: Option<u64>,
    waited_millis: u64,
    no_answer_after_millis: u64,
) -> bool {
    let latest = waited_millis.saturating_add(TIMER_MILLIS);
    waited_millis < no_answer_after_millis
        && callers_deadline_millis.is_some_and(|deadline| deadline <= latest)
}

/// Whether an attempt took as long as the router gives it, which it tells in the attempt's header
/// `x-envoy-expected-rq-timeout-ms`; `None`: it does not say, or gives it for ever.
pub fn is_due(expected_millis: Option<u64>, waited_millis: u64) -> bool {
    let latest = waited_millis.saturating_add(TIMER_MILLIS);
    expected_millis.is_some_and(|expected| expected > 0 && expected <= latest)
}

#[cfg(test)]
mod tests;
