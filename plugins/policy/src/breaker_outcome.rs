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
    pub fn of(method: &[u8], status: u16, media_type: MediaType) -> Self {
        let tunnel = method == b"CONNECT" && (200..300).contains(&status);
        match media_type {
            _ if status == 101 || tunnel => Self::Stream,
            MediaType::EventStream => Self::Stream,
            MediaType::Grpc => Self::Grpc,
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
    /// Whether it was a caller's own deadline, shorter than the operator's, by which the proxy's time-out was set.
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
mod tests {
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    const GOOD: Answer<'static> = Answer {
        exchange: Exchange::Ordinary,
        details: b"via_upstream",
        callers_deadline: false,
        status: 200,
        status_fails: false,
        grpc: None,
        is_whole: false,
        is_slow: false,
    };
    const GRPC: Answer<'static> = Answer {
        exchange: Exchange::Grpc,
        ..GOOD
    };

    fn grpc(number: u32, fails: bool) -> Option<Grpc> {
        Some(Grpc { number, fails })
    }

    #[track_caller]
    fn is(answer: Answer<'_>, outcome: Outcome) {
        assert_eq!(answer.judge(), Judged::Now(outcome), "{answer:?}");
    }

    #[test]
    fn what_the_router_says_of_the_upstream_is_a_failure() {
        for details in [
            "no_healthy_upstream",
            "upstream_reset_before_response_started{connection_termination}",
            "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
            "upstream_reset_before_response_started{connection_timeout}",
            "upstream_reset_before_response_started{protocol_error}",
            "response_timeout",
            "upstream_per_try_timeout",
        ] {
            is(
                Answer {
                    details: details.as_bytes(),
                    status: 503,
                    ..GOOD
                },
                Outcome::Failure,
            );
        }
    }

    #[test]
    fn every_other_reply_that_no_upstream_made_is_ignored_though_its_status_is_that_of_a_failure() {
        for details in [
            "",
            "route_not_found",
            "direct_response",
            "upstream_reset_before_response_started{overflow}",
            "fault_filter_abort",
            "ext_authz_denied",
            "ext_authz_error",
            "jwt_authn_access_denied{Jwt_is_missing}",
            "local_rate_limited",
            "request_rate_limited",
            "cluster_not_found",
            "maintenance_mode",
            "circuit_breaker_open",
            "stream_idle_timeout",
            "wasm_fail_stream",
        ] {
            let answer = Answer {
                details: details.as_bytes(),
                status: 503,
                status_fails: true,
                ..GOOD
            };
            is(answer, Outcome::Ignored);
        }
    }

    #[test]
    fn a_caller_that_shortens_its_deadline_opens_nothing() {
        for details in ["response_timeout", "upstream_per_try_timeout"] {
            let answer = Answer {
                details: details.as_bytes(),
                status: 504,
                ..GOOD
            };
            is(answer, Outcome::Failure);
            is(
                Answer {
                    callers_deadline: true,
                    ..answer
                },
                Outcome::Ignored,
            );
        }
        let refused = Answer {
            details: b"upstream_reset_before_response_started{connection_timeout}",
            callers_deadline: true,
            ..GOOD
        };
        is(refused, Outcome::Failure);
    }

    #[test]
    fn an_upstreams_status_is_a_failure_at_once_where_the_configuration_says_so() {
        for exchange in [Exchange::Ordinary, Exchange::Grpc, Exchange::Stream] {
            let answer = Answer {
                exchange,
                status: 503,
                status_fails: true,
                ..GOOD
            };
            is(answer, Outcome::Failure);
        }
    }

    #[test]
    fn a_business_error_is_a_success_of_the_upstream_and_its_429_is_too_many() {
        for status in [400, 401, 404, 409, 422, 501] {
            let answer = Answer {
                status,
                is_whole: true,
                ..GOOD
            };
            is(answer, Outcome::Success);
        }
        is(Answer { status: 429, ..GOOD }, Outcome::TooMany);
        let failing = Answer {
            status: 429,
            status_fails: true,
            ..GOOD
        };
        is(failing, Outcome::Failure);
    }

    #[test]
    fn an_ordinary_response_is_judged_when_it_is_over() {
        assert_eq!(GOOD.judge(), Judged::Later);
        assert_eq!(GOOD.judge_end(End::Complete(None)), Outcome::Success);
        assert_eq!(GOOD.judge_end(End::Reset), Outcome::Failure);
        assert_eq!(GOOD.judge_end(End::ClientGone), Outcome::Ignored);
        assert_eq!(GOOD.judge_end(End::Broken), Outcome::Ignored);
    }

    #[test]
    fn failure_is_told_before_slowness() {
        let slow = Answer {
            is_slow: true,
            ..GOOD
        };
        assert_eq!(slow.judge_end(End::Complete(None)), Outcome::Slow);
        assert_eq!(slow.judge_end(End::Reset), Outcome::Failure);
        is(
            Answer {
                status_fails: true,
                ..slow
            },
            Outcome::Failure,
        );
        is(
            Answer {
                exchange: Exchange::Stream,
                ..slow
            },
            Outcome::Slow,
        );
    }

    #[test]
    fn a_stream_is_judged_when_it_begins_and_its_end_is_no_failure() {
        let kinds = [
            (&b"GET"[..], 101, MediaType::Other),
            (b"CONNECT", 200, MediaType::Other),
            (b"GET", 200, MediaType::EventStream),
        ];
        for (method, status, media_type) in kinds {
            let answer = Answer {
                exchange: Exchange::of(method, status, media_type),
                status,
                ..GOOD
            };
            is(answer, Outcome::Success);
            assert_eq!(answer.judge_end(End::Reset), Outcome::Success);
        }
        for (method, status) in [(&b"CONNECT"[..], 404), (b"GET", 200)] {
            assert_eq!(Exchange::of(method, status, MediaType::Other), Exchange::Ordinary);
        }
        assert_eq!(Exchange::of(b"POST", 200, MediaType::Grpc), Exchange::Grpc);
    }

    #[test]
    fn grpc_is_judged_by_its_status_wherever_it_comes() {
        for (status, outcome) in [
            (grpc(0, false), Outcome::Success),
            (grpc(5, false), Outcome::Success),
            (grpc(14, true), Outcome::Failure),
            (grpc(8, false), Outcome::TooMany),
            (grpc(8, true), Outcome::Failure),
            (None, Outcome::Failure),
        ] {
            is(
                Answer {
                    grpc: status,
                    is_whole: true,
                    ..GRPC
                },
                outcome,
            );
            assert_eq!(GRPC.judge(), Judged::Later);
            assert_eq!(GRPC.judge_end(End::Complete(status)), outcome, "{status:?}");
        }
        assert_eq!(GRPC.judge_end(End::Reset), Outcome::Failure);
        assert_eq!(GRPC.judge_end(End::ClientGone), Outcome::Ignored);
    }

    #[test]
    fn a_client_that_waited_long_enough_tells_of_a_failure() {
        assert_eq!(judge_without_answer(9_999, 10_000), Outcome::Ignored);
        assert_eq!(judge_without_answer(10_000, 10_000), Outcome::Failure);
    }

    #[test]
    fn an_attempt_without_an_answer_failed_unless_the_client_gave_up() {
        assert_eq!(judge_attempt_without_answer(0, 5, 10_000), Outcome::Failure);
        assert_eq!(judge_attempt_without_answer(0x40, 5, 10_000), Outcome::Failure);
        assert_eq!(judge_attempt_without_answer(0x4000, 5, 10_000), Outcome::Ignored);
        assert_eq!(
            judge_attempt_without_answer(0x4000, 10_000, 10_000),
            Outcome::Failure
        );
    }

    #[test]
    fn an_end_is_told_by_flags_before_the_router_and_by_the_status_behind_it() {
        for (flags, ended, end) in [
            (0, true, End::Complete(None)),
            (0x8000, true, End::Complete(None)),
            (0x10, false, End::Reset),
            (0x40, true, End::Reset),
            (0x80_0000, false, End::Reset),
            (0x4000, false, End::ClientGone),
            (0x1000_0000, false, End::ClientGone),
            (0, false, End::Broken),
        ] {
            assert_eq!(End::downstream(flags, ended, None), end, "{flags:x}");
        }
        for (flags, ended, status, end) in [
            (0, true, 200, End::Complete(None)),
            (0, false, 200, End::Reset),
            (0, false, 404, End::Complete(None)),
            (0x4000, false, 200, End::ClientGone),
        ] {
            assert_eq!(
                End::upstream(flags, ended, status, None),
                end,
                "{flags:x} {status}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_details_are_harmless_and_only_an_upstream_can_succeed(details: Vec<u8>, status: u16, status_fails: bool) {
            let answer = Answer { details: &details, status, status_fails, ..GOOD };
            prop_assert!(matches!(answer.judge(), Judged::Now(Outcome::Ignored | Outcome::Failure)));
        }
    }
}
