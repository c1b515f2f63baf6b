//! The phase in which the response's headers can be read and changed. The request's are gone.

use crate::headers::Headers;
use crate::host::{self, Map};
use crate::request_head::{Late, RequestHead};
use crate::route::{Route, decide};
use crate::worker::Worker;
use policy::json::Object;
use std::borrow::Cow;

/// A response on its way to the client, made by the upstream or by the proxy itself.
pub struct Response<'w> {
    worker: &'w Worker,
    headers: Headers<'w>,
    route: Route<'w>,
    is_whole: bool,
}

impl<'w> Response<'w> {
    pub(crate) fn new(worker: &'w Worker, is_whole: bool) -> Self {
        Self {
            worker,
            headers: Headers::new(Map::ResponseHeaders, worker),
            route: Route::new(worker),
            is_whole,
        }
    }

    /// Whether nothing follows the headers, neither body nor trailers.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The status code; `None` if there is none that can be read.
    pub fn status(&self) -> Option<u16> {
        let digits = match self.headers.sent_if_read() {
            Some(sent) => <[u8; 3]>::try_from(sent.first(":status")).ok(),
            None => self
                .worker
                .tolerate("response_status", host::header(Map::ResponseHeaders, ":status"))
                .and_then(|text| <[u8; 3]>::try_from(text).ok()),
        };
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
        Some(
            digits
                .iter()
                .fold(0, |status, digit| status * 10 + u16::from(digit - b'0')),
        )
    }

    /// The values of a header (its name in lower case), one for each time it is there.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.values(name)
    }

    /// The first value of a header; empty if there is none.
    pub fn first(&self, name: &str) -> &[u8] {
        self.headers.first(name)
    }

    /// Every header as it came, without the changes made so far.
    pub fn headers(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.headers.sent().iter()
    }

    /// Makes `value` the header's only value.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.headers.set(name, value);
    }

    /// Removes every value of the header.
    pub fn remove(&mut self, name: &str) {
        self.headers.remove(name);
    }

    /// Where it comes from, as access logs show it in `%RESPONSE_CODE_DETAILS%`: `via_upstream` if the upstream made
    /// it, else the proxy's reason. Empty if the proxy does not say.
    pub fn details(&self) -> Vec<u8> {
        let details = host::property("response\0code_details");
        self.worker
            .tolerate_absence("response_details", details)
            .unwrap_or_default()
    }

    /// How often the request was tried, where the plugin stands before the router; 0 if it never came to an upstream.
    pub fn attempts(&self) -> u64 {
        self.worker.attempts()
    }

    /// The name of the route; empty if it has none.
    pub fn route(&self) -> Cow<'_, [u8]> {
        self.route.name()
    }

    /// Which policy the configuration has for the request that this answers.
    pub fn decide<'c, P: config::Policy>(
        &self,
        head: &RequestHead,
        configuration: &'c config::Plugin<P>,
    ) -> config::Decision<'c, P> {
        let route = &self.route;
        decide(self.worker, &Late { head, route }, configuration)
    }

    /// Filter state that another filter of ours has set.
    pub fn filter_state(&self, name: &str) -> Option<Vec<u8>> {
        self.worker.filter_state(name)
    }

    /// Sets filter state that other filters and the access log read.
    pub fn set_filter_state(&self, name: &str, value: &[u8]) {
        self.worker.set_filter_state(name, value);
    }

    /// Adds to the filter state that tells why each plugin decided as it did.
    pub fn explain(&self, plugin: &str, explanation: &Object) {
        self.worker.explain(plugin, explanation);
    }

    pub(crate) fn write_back(&mut self) {
        self.headers.write_back();
    }
}
