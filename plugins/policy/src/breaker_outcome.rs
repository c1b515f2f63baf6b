//! What came of a request, as far as it tells of the upstream.
//!
//! A breaker that opens for the wrong reason is worse than none. So only what the upstream did counts: what the proxy
//! answered for another reason, what a caller did to its own request, and how a stream ends that may end at any time
//! all say nothing.
//!
//! An answer is judged when its headers come ([`Answer::judge`]); what is not decided by then, when it is over
//! ([`Answer::judge_end`]); and what never got any headers, by itself ([`judge_without_answer`]).

use crate::breaker::Outcome;
use crate::error_code::Origin;
use crate::media_type::MediaType;

/// How an exchange is told to be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// By its end: what breaks off before it has failed.
    Ordinary,
    /// By its grpc-status.
    Grpc,
    /// Not at all: it has succeeded once it has begun. An upgrade, CONNECT, a stream of events.
    Stream,
}

impl Exchange {
    /// Tells it from the request's method, and the answer's status and type.
    pub fn of(method: &[u8], status: u16, content_type: &[u8]) -> Self {
        let tunnel = method == b"CONNECT" && (200..300).contains(&status);
        match MediaType::of(content_type) {
            _ if status == 101 || tunnel => Self::Stream,
            MediaType::EventStream => Self::Stream,
            // gRPC-web has its status within the body.
            MediaType::Grpc if !content_type.starts_with(b"application/grpc-web") => Self::Grpc,
            _ => Self::Ordinary,
        }
    }
}

/// An answer, when its headers have come.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// How it is told to be over.
    pub exchange: Exchange,
    /// The proxy's response code details.
    pub details: &'a [u8],
    /// Whether it was a caller's own deadline, shorter than the operator's, by which the proxy's time-out was set
    /// ([`was_callers_deadline`]).
    pub callers_deadline: bool,
    /// The status.
    pub status: u16,
    /// Whether the configuration says that this status is a failure.
    pub status_fails: bool,
    /// The grpc-status that came with the headers, if one did.
    pub grpc: Option<Grpc>,
    /// Whether the headers are all of it.
    pub is_whole: bool,
    /// Whether they took longer than the configuration allows.
    pub is_slow: bool,
}

/// A grpc-status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grpc {
    /// Its number.
    pub number: u32,
    /// Whether the configuration says that it is a failure.
    pub fails: bool,
}

impl Grpc {
    /// Reads the header or trailer `grpc-status`; `None` if it is empty. `fails` says of which the configuration says
    /// that they are failures. What is no number means that nobody knows (2), as gRPC has it.
    pub fn read(value: &[u8], fails: impl FnOnce(u32) -> bool) -> Option<Self> {
        const UNKNOWN: u32 = 2;
        let number = match value {
            b"" => return None,
            [one] if one.is_ascii_digit() => u32::from(one - b'0'),
            [b'1', two] if two.is_ascii_digit() => u32::from(two - b'0') + 10,
            _ => UNKNOWN,
        };
        Some(Self {
            number,
            fails: fails(number),
        })
    }
}

/// What is known of an answer when its headers have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// What came of the request.
    Now(Outcome),
    /// It is good so far: [`crate::breaker::Record::answered`] for a probe, and the rest when it is over.
    Later,
}

/// How an answer was over that was good so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It came to its end, with this grpc-status in its trailers, if there was one.
    Complete(Option<Grpc>),
    /// The upstream broke it off.
    Reset,
    /// It is not known what broke it off.
    Broken,
    /// The client broke it off.
    ClientGone,
}

/// Envoy's response flags, as bits of `response.flags`.
const UPSTREAM_RESETS: u64 = 0x10 | 0x40 | 0x80_0000;
const CLIENT_GONE: u64 = 0x4000 | 0x1000_0000;

impl End {
    /// How a request was over, as a filter before the router sees it. `ended` says whether the end of the response was
    /// seen; where the flags say that it was broken off, that beats it.
    pub fn downstream(flags: u64, ended: bool, trailers: Option<Grpc>) -> Self {
        match flags {
            _ if flags & UPSTREAM_RESETS != 0 => Self::Reset,
            _ if flags & CLIENT_GONE != 0 => Self::ClientGone,
            _ if ended => Self::Complete(trailers),
            _ => Self::Broken,
        }
    }

    /// How an attempt was over, as a filter in a cluster sees it: an attempt of `status` that the router discards looks
    /// like one that is reset. It discards errors, and never anything else.
    pub fn upstream(flags: u64, ended: bool, status: u16, trailers: Option<Grpc>) -> Self {
        match flags {
            _ if ended => Self::Complete(trailers),
            _ if flags & CLIENT_GONE != 0 => Self::ClientGone,
            _ if status >= 400 => Self::Complete(trailers),
            _ => Self::Reset,
        }
    }
}

/// A 429 in gRPC.
const RESOURCE_EXHAUSTED: u32 = 8;

impl Answer<'_> {
    /// Judges an answer by its headers.
    pub fn judge(&self) -> Judged {
        if Origin::of(self.details) == Origin::Local {
            return Judged::Now(local(self.details, self.callers_deadline));
        }
        match self.exchange {
            _ if self.status_fails => Judged::Now(Outcome::Failure),
            _ if self.status == 429 => Judged::Now(Outcome::TooMany),
            Exchange::Stream => Judged::Now(self.good()),
            Exchange::Grpc if self.grpc.is_some() || self.is_whole => Judged::Now(self.of_grpc(self.grpc)),
            Exchange::Ordinary if self.is_whole => Judged::Now(self.good()),
            Exchange::Grpc | Exchange::Ordinary => Judged::Later,
        }
    }

    /// What of it says how its end is to be judged.
    pub fn without_details(&self) -> Answer<'static> {
        let Self {
            exchange,
            callers_deadline,
            status,
            status_fails,
            grpc,
            is_whole,
            is_slow,
            ..
        } = *self;
        Answer {
            exchange,
            details: b"",
            callers_deadline,
            status,
            status_fails,
            grpc,
            is_whole,
            is_slow,
        }
    }

    /// Judges it by its end, where its headers were good.
    pub fn judge_end(&self, end: End) -> Outcome {
        match (self.exchange, end) {
            (_, End::ClientGone | End::Broken) => Outcome::Ignored,
            (Exchange::Stream, _) => self.good(),
            (_, End::Reset) => Outcome::Failure,
            (Exchange::Grpc, End::Complete(status)) => self.of_grpc(status),
            (Exchange::Ordinary, End::Complete(_)) => self.good(),
        }
    }

    fn good(&self) -> Outcome {
        if self.is_slow {
            Outcome::Slow
        } else {
            Outcome::Success
        }
    }

    /// An exchange of gRPC that ends without a status has not ended as it should.
    fn of_grpc(&self, status: Option<Grpc>) -> Outcome {
        match status {
            None => Outcome::Failure,
            Some(Grpc { fails: true, .. }) => Outcome::Failure,
            Some(Grpc {
                number: RESOURCE_EXHAUSTED,
                ..
            }) => Outcome::TooMany,
            Some(_) => self.good(),
        }
    }
}

/// Judges a request that was over without an answer, as a filter before the router sees it: it was the client that gave
/// up. Who waited for `no_answer_after_millis` has seen a failure; who did not wait so long has seen nothing.
pub fn judge_without_answer(waited_millis: u64, no_answer_after_millis: u64) -> Outcome {
    match waited_millis >= no_answer_after_millis {
        true => Outcome::Failure,
        false => Outcome::Ignored,
    }
}

/// Judges an attempt that was over without an answer, as a filter in a cluster sees it: either the client gave up, or
/// the upstream never answered. Its details may still be those of the attempt before.
pub fn judge_attempt_without_answer(flags: u64, waited_millis: u64, no_answer_after_millis: u64) -> Outcome {
    match flags & CLIENT_GONE {
        0 => Outcome::Failure,
        _ => judge_without_answer(waited_millis, no_answer_after_millis),
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

/// A reply that no upstream made: a failure where the router says by it that the upstream failed. All others, those of
/// filters and of the proxy's own limits, say nothing of it.
fn local(details: &[u8], callers_deadline: bool) -> Outcome {
    let end = details
        .iter()
        .position(|byte| *byte == b'{')
        .unwrap_or(details.len());
    let (word, inside) = details.split_at_checked(end).unwrap_or((details, b""));
    match word {
        b"no_healthy_upstream" => Outcome::Failure,
        b"upstream_reset_before_response_started" if inside.starts_with(b"{overflow") => Outcome::Ignored,
        b"upstream_reset_before_response_started" => Outcome::Failure,
        b"response_timeout"
        | b"upstream_per_try_timeout"
        | b"upstream_per_try_idle_timeout"
        | b"upstream_max_stream_duration_reached" => match callers_deadline {
            true => Outcome::Ignored,
            false => Outcome::Failure,
        },
        _ => Outcome::Ignored,
    }
}

#[cfg(test)]
mod tests;
