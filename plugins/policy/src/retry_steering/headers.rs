//! The request headers that the router reads.

use super::Steering;
use std::borrow::Cow;

/// All request headers by which the router is told about retries and time-outs. Whatever came in under one of these names is
/// removed or written anew.
///
/// Written more than once, most of them say nothing (two numbers of retries are none, and the route's own number holds): the
/// one that is written has to take the place of all that came in.
pub const HEADERS: [&str; 11] = [
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-retriable-status-codes",
    "x-envoy-retriable-header-names",
    "x-envoy-max-retries",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-stream-duration-ms",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
];

impl<'p> Steering<'p> {
    /// What each of [`HEADERS`] is to say, in their order. `None`: it is to be removed.
    pub fn headers(&self) -> [(&'static str, Option<Cow<'p, str>>); HEADERS.len()] {
        let [
            on,
            grpc_on,
            codes,
            names,
            retries,
            whole,
            each,
            alt_response,
            duration,
            expected,
            hedge,
        ] = HEADERS;
        let plan = self.plan;
        let is_tried_again = self.max_retries > 0;
        let (of_http, of_grpc) = match is_tried_again {
            true => plan.words(self.allowed),
            false => (None, None),
        };
        let listed = is_tried_again && self.allowed.has_any(super::Conditions::STATUSES);
        let number = match self.max_retries == plan.retries {
            true => Cow::Borrowed(&*plan.number),
            false => Cow::Owned(self.max_retries.to_string()),
        };
        // Hedging sends a request again that the upstream has seen and is at work on, whatever the conditions are, and a
        // route can ask for it, too.
        let no_hedging = is_tried_again && !self.may_hedge;
        let millis = |millis: Option<u64>| millis.map(|millis| Cow::Owned(millis.to_string()));
        [
            (on, of_http.map(Cow::Borrowed)),
            (grpc_on, of_grpc.map(Cow::Borrowed)),
            (codes, listed.then_some(Cow::Borrowed(&*plan.codes))),
            (names, None),
            (retries, Some(number)),
            (whole, millis(self.time_outs.whole_millis)),
            (each, millis(self.time_outs.try_millis)),
            (alt_response, None),
            (duration, None),
            (expected, None),
            (hedge, no_hedging.then_some(Cow::Borrowed("false"))),
        ]
    }
}
