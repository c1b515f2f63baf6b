//! When Envoy's router tries a request again: what the route says, what the request's headers say, and the back-off.
//!
//! Everything here is a decision about values. The router calls it with what came back; it keeps no clock.

mod policy;

use std::time::Duration;

use crate::header_map::HeaderMap;
use crate::route::HeaderMatch;

pub use policy::RetryPolicy;
use policy::{Conditions, On};

/// How an attempt ended without a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    /// No connection, so nothing of the request was sent.
    Unconnected,
    /// The connection broke off, or what came was no HTTP, or it took too long.
    Broken,
    /// An upstream on HTTP/2 refused the stream.
    Refused,
}

/// What the router does about an attempt that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What came is not to be tried again.
    Keep,
    /// It would be tried again, but all retries are spent: `URX`.
    Spent,
    /// It would be tried again, but too many retries of the cluster are under way: `UO`.
    Overflow,
    /// Once more, after this time.
    Again(Duration),
}

/// The retries that one request has left.
#[derive(Clone, Debug)]
pub(crate) struct Retries {
    conditions: Conditions,
    left: u64,
    statuses: Vec<u64>,
    headers: Vec<HeaderMatch>,
    reset_headers: Vec<String>,
    interval: Duration,
    longest_interval: Duration,
}

/// Longer waits than this are not taken from a response header.
const LONGEST_RESET: Duration = Duration::from_secs(300);

impl Retries {
    /// What the route's policy and the headers of the request come to; none if nothing is ever tried again.
    pub(crate) fn of(policy: Option<&RetryPolicy>, request: &HeaderMap) -> Option<Retries> {
        let default = RetryPolicy::default();
        let policy = policy.unwrap_or(&default);
        let text = |name: &str| {
            let value = request.first(name.as_bytes())?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let mut conditions = policy.conditions;
        if let Some(words) = text("x-envoy-retry-on") {
            conditions = conditions.and(Conditions::of_http(&words));
        }
        if let Some(words) = text("x-envoy-retry-grpc-on") {
            conditions = conditions.and(Conditions::of_grpc(&words));
        }
        let needed = &policy.request_headers;
        let is_met = |header: &HeaderMatch| header.matches(request);
        if !needed.is_empty() && !needed.iter().any(is_met) {
            return None;
        }
        if conditions.is_empty() {
            return None;
        }
        let asked = text("x-envoy-max-retries").and_then(|text| text.trim().parse().ok());
        let mut statuses: Vec<u64> = policy.statuses.iter().copied().map(u64::from).collect();
        let more = text("x-envoy-retriable-status-codes").unwrap_or_default();
        statuses.extend(more.split(',').filter_map(|code| code.trim().parse::<u64>().ok()));
        let mut headers = policy.headers.clone();
        let more = text("x-envoy-retriable-header-names").unwrap_or_default();
        let names = more.split(',').map(str::trim).filter(|name| !name.is_empty());
        headers.extend(names.map(HeaderMatch::present));
        Some(Retries {
            conditions,
            left: asked.unwrap_or(u64::from(policy.num_retries)),
            statuses,
            headers,
            reset_headers: policy.reset_headers.clone(),
            interval: policy.base_interval,
            longest_interval: policy.max_interval.unwrap_or(policy.base_interval * 10),
        })
    }

    /// Whether a response with these headers is one to try again for.
    pub(crate) fn want_for_response(&self, response: &HeaderMap) -> bool {
        let on = |condition| self.conditions.has(condition);
        if response.has(b"x-envoy-ratelimited") {
            return on(On::EnvoyRatelimited);
        }
        let number = |name: &[u8]| -> Option<u64> {
            let text = std::str::from_utf8(response.first(name)?).ok()?;
            text.parse().ok()
        };
        let status = number(b":status").unwrap_or(0);
        let grpc = match number(b"grpc-status") {
            Some(1) => on(On::Cancelled),
            Some(4) => on(On::DeadlineExceeded),
            Some(8) => on(On::ResourceExhausted),
            Some(13) => on(On::Internal),
            Some(14) => on(On::Unavailable),
            _ => false,
        };
        let has_header = || self.headers.iter().any(|header| header.matches(response));
        grpc || (on(On::ServerError) && (500..600).contains(&status))
            || (on(On::GatewayError) && (502..=504).contains(&status))
            || (on(On::Retriable4xx) && status == 409)
            || (on(On::RetriableStatusCodes) && self.statuses.contains(&status))
            || (on(On::RetriableHeaders) && has_header())
    }

    /// Whether an attempt that ended so is one to try again.
    pub(crate) fn want_for_reset(&self, reset: Reset) -> bool {
        let on = |condition| self.conditions.has(condition);
        on(On::ServerError)
            || on(On::GatewayError)
            || on(On::Reset)
            || match reset {
                Reset::Unconnected => on(On::ConnectFailure) || on(On::ResetBeforeRequest),
                Reset::Refused => on(On::RefusedStream),
                Reset::Broken => false,
            }
    }

    /// Decides about an attempt that is wanted again. `has_room`: the cluster lets one more retry be under way.
    pub(crate) fn decide(
        &mut self,
        response: Option<&HeaderMap>,
        has_room: bool,
        random: &mut fastrand::Rng,
    ) -> Verdict {
        if self.left == 0 {
            return Verdict::Spent;
        }
        self.left -= 1;
        if !has_room {
            return Verdict::Overflow;
        }
        let asked = response.and_then(|response| self.asked_wait(response));
        Verdict::Again(match asked {
            Some(wait) => wait + part_of(wait / 2, random),
            None => self.next_wait(random),
        })
    }

    /// Full jitter below an interval that doubles up to the longest one.
    fn next_wait(&mut self, random: &mut fastrand::Rng) -> Duration {
        let wait = part_of(self.interval, random);
        self.interval = (self.interval * 2).min(self.longest_interval);
        wait
    }

    /// How long the response asks to wait, in the headers that the policy names.
    fn asked_wait(&self, response: &HeaderMap) -> Option<Duration> {
        let wait = |name: &String| {
            let text = std::str::from_utf8(response.first(name.as_bytes())?).ok()?;
            let wait = Duration::from_secs(text.parse().ok()?);
            (wait <= LONGEST_RESET).then_some(wait)
        };
        self.reset_headers.iter().find_map(wait)
    }
}

/// Some whole milliseconds less than this.
fn part_of(interval: Duration, random: &mut fastrand::Rng) -> Duration {
    let most = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
    Duration::from_millis(random.u64(0..most))
}
