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

mod end;

pub use end::{
    Attempt, End, is_due, judge_attempt_without_answer, judge_without_answer, was_callers_deadline,
};

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

/// A 429 in gRPC.
const RESOURCE_EXHAUSTED: u32 = 8;

impl Answer<'_> {
    /// Judges an answer by its headers.
    pub fn judge(&self) -> Judged {
        if Origin::of(self.details) == Origin::Local {
            return Judged::Now(self.local());
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
            (Exchange::Grpc, End::Discarded) => Outcome::Ignored,
            (Exchange::Ordinary, End::Complete(_) | End::Discarded) => self.good(),
        }
    }

    /// A reply that no upstream made: a failure where the proxy says by it that the upstream failed. All others, those of
    /// filters and of the proxy's own limits, say nothing of it.
    fn local(&self) -> Outcome {
        const REQUEST_TIMEOUT: u16 = 408;
        const UNKNOWN: u32 = 2;
        let at = self.details.iter().position(|byte| *byte == b'{');
        let (word, inside) = at
            .and_then(|at| self.details.split_at_checked(at))
            .unwrap_or((self.details, b""));
        // As text, which is compared by a call: bytes would be compared one by one, in code for each of them.
        match core::str::from_utf8(word).unwrap_or_default() {
            // The last: retry's budget has ended the retries of a request that had failed.
            "no_healthy_upstream" | "retry_budget_spent" => Outcome::Failure,
            "upstream_reset_before_response_started" if inside.starts_with(b"{overflow") => Outcome::Ignored,
            "upstream_reset_before_response_started" => Outcome::Failure,
            // The client had not sent all of its request: 408, which is 2 in gRPC.
            "stream_idle_timeout" | "max_duration_timeout" if self.status == REQUEST_TIMEOUT => {
                Outcome::Ignored
            }
            "stream_idle_timeout" if self.grpc.is_some_and(|grpc| grpc.number == UNKNOWN) => Outcome::Ignored,
            "stream_idle_timeout" => Outcome::Failure,
            "response_timeout"
            | "upstream_per_try_timeout"
            | "upstream_per_try_idle_timeout"
            | "upstream_max_stream_duration_reached"
            | "max_duration_timeout" => match self.callers_deadline {
                true => Outcome::Ignored,
                false => Outcome::Failure,
            },
            _ => Outcome::Ignored,
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

#[cfg(test)]
mod tests;
