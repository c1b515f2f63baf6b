//! Whether an answer is one on which the router tries again.
//!
//! The router does not say so itself where it is not to. Where it cannot be known, as whether a request had been sent when it
//! was reset, the answer is taken for none.

use super::Conditions;
use crate::error_code::Origin;

/// An answer, when its headers have come.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The proxy's response code details.
    pub details: &'a [u8],
    /// The status.
    pub status: u16,
    /// The grpc-status that came with the headers, by its number.
    pub grpc_status: Option<u32>,
    /// Whether it has the header `x-envoy-ratelimited`.
    pub is_ratelimited: bool,
    /// How often the request was tried. 0: it never came to an upstream.
    pub attempts: u32,
}

impl Answer<'_> {
    /// Whether it is one of those on which a request is tried again under one of these conditions, and with these statuses.
    pub(super) fn is_one_of(&self, conditions: Conditions, statuses: &[(u16, u16)]) -> bool {
        let its_own = match Origin::of(self.details) {
            Origin::Local => of_reset(self.details),
            Origin::Upstream if self.is_ratelimited => Conditions::RATELIMITED,
            Origin::Upstream => self.of_headers(statuses),
        };
        conditions.has_any(its_own)
    }

    /// Whether it is the proxy's because there was no time left, where under one of these conditions a request is tried
    /// again on which the upstream takes too long.
    pub(super) fn is_out_of_time(&self, conditions: Conditions) -> bool {
        self.details == b"response_timeout" && conditions.has_any(Conditions::ANY_RESET)
    }

    fn of_headers(&self, statuses: &[(u16, u16)]) -> Conditions {
        let of_status = match self.status {
            502..=504 => Conditions::FIVE_XX.and(Conditions::GATEWAY_ERROR),
            500..=599 => Conditions::FIVE_XX,
            409 => Conditions::RETRIABLE_4XX,
            _ => Conditions::default(),
        };
        let is_listed = statuses
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&self.status));
        let of_list = match is_listed {
            true => Conditions::STATUSES,
            false => Conditions::default(),
        };
        let of_grpc = match self.grpc_status {
            Some(1) => Conditions::CANCELLED,
            Some(4) => Conditions::DEADLINE_EXCEEDED,
            Some(8) => Conditions::RESOURCE_EXHAUSTED,
            Some(13) => Conditions::INTERNAL,
            Some(14) => Conditions::UNAVAILABLE,
            _ => Conditions::default(),
        };
        of_status.and(of_list).and(of_grpc)
    }
}

/// The conditions under which the router tries again what ended so.
fn of_reset(details: &[u8]) -> Conditions {
    let mut parts = details.split(|byte| matches!(byte, b'{' | b'|' | b'}'));
    let (word, reason) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match (word, reason) {
        (b"upstream_reset_before_response_started", b"overflow") => Conditions::default(),
        (
            b"upstream_reset_before_response_started",
            b"remote_connection_failure" | b"local_connection_failure" | b"connection_timeout",
        ) => Conditions::ANY_RESET
            .and(Conditions::CONNECT_FAILURE)
            .and(Conditions::RESET_BEFORE_REQUEST),
        (b"upstream_reset_before_response_started", b"remote_refused_stream_reset") => {
            Conditions::ANY_RESET.and(Conditions::REFUSED_STREAM)
        }
        (b"upstream_reset_before_response_started", _)
        | (
            b"upstream_per_try_timeout"
            | b"upstream_per_try_idle_timeout"
            | b"upstream_max_stream_duration_reached",
            _,
        ) => Conditions::ANY_RESET,
        _ => Conditions::default(),
    }
}
