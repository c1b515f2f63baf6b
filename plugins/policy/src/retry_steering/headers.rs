//! The request headers that the router reads.

use super::Steering;

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

impl Steering<'_> {
    /// What each of [`HEADERS`] is to say, in their order. `None`: it is to be removed.
    pub fn headers(&self) -> [(&'static str, Option<String>); HEADERS.len()] {
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
        let told = |says: Option<String>| says.filter(|_| self.max_retries > 0);
        let listed = self.allowed.has_any(super::Conditions::STATUSES);
        // Hedging sends a request again that the upstream has seen and is at work on, whatever the conditions are, and a
        // route can ask for it, too.
        let no_hedging = (!self.may_hedge).then(|| "false".to_owned());
        [
            (on, told(self.allowed.of_http())),
            (grpc_on, told(self.allowed.of_grpc())),
            (codes, told(listed.then(|| self.plan.codes.clone()))),
            (names, None),
            (retries, Some(self.max_retries.to_string())),
            (
                whole,
                self.time_outs.whole_millis.map(|millis| millis.to_string()),
            ),
            (each, self.time_outs.try_millis.map(|millis| millis.to_string())),
            (alt_response, None),
            (duration, None),
            (expected, None),
            (hedge, told(no_hedging)),
        ]
    }
}
