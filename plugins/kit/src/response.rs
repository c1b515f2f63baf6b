//! The phase in which the response's headers can be read and changed. The request's are gone.

use crate::headers::Headers;
use crate::host::{self, Map};
use crate::proxy_facts::{ProxyFacts, decide};
use crate::request_head::{Late, RequestHead};
use crate::worker::Worker;
use policy::json::Object;
use std::rc::Rc;

/// The response phase of one callback, which the filters share.
pub(crate) struct ResponsePhase {
    headers: Headers,
    facts: ProxyFacts,
    is_whole: bool,
}

impl ResponsePhase {
    pub(crate) fn new(is_whole: bool) -> Self {
        Self {
            headers: Headers::new(Map::ResponseHeaders),
            facts: ProxyFacts::default(),
            is_whole,
        }
    }

    pub(crate) fn write_back(&mut self) {
        self.headers.write_back();
    }
}

/// A response on its way to the client, made by the upstream or by the proxy itself, as one filter sees it: with the
/// changes of those that it came by before.
pub struct Response<'p> {
    worker: &'p Rc<Worker>,
    phase: &'p mut ResponsePhase,
}

impl<'p> Response<'p> {
    pub(crate) fn new(worker: &'p Rc<Worker>, phase: &'p mut ResponsePhase) -> Self {
        Self { worker, phase }
    }

    /// Whether nothing follows the headers, neither body nor trailers.
    pub fn is_whole(&self) -> bool {
        self.phase.is_whole
    }

    /// The status code; `None` if there is none that can be read.
    pub fn status(&self) -> Option<u16> {
        // A single value costs less than the map.
        let digits = match self.phase.headers.first_if_known(":status") {
            Some(text) => <[u8; 3]>::try_from(text).ok(),
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
        self.phase.headers.values(name, self.worker)
    }

    /// The first value of a header; empty if there is none.
    pub fn first(&self, name: &str) -> &[u8] {
        self.phase.headers.first(name, self.worker)
    }

    /// Every header, with the changes made so far.
    pub fn headers(&self) -> Vec<(&[u8], &[u8])> {
        self.phase.headers.all(self.worker)
    }

    /// Makes `value` the header's only value.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.phase.headers.set(name, value, self.worker);
    }

    /// Removes every value of the header.
    pub fn remove(&mut self, name: &str) {
        self.phase.headers.remove(name, self.worker);
    }

    /// Where it comes from, as access logs show it in `%RESPONSE_CODE_DETAILS%`: `via_upstream` if the upstream made
    /// it, else the proxy's reason. Empty if the proxy does not say.
    pub fn details(&self) -> &[u8] {
        self.phase.facts.details(self.worker)
    }

    /// How often the request was tried, where the plugin stands before the router; 0 if it never came to an upstream.
    pub fn attempts(&self) -> u64 {
        self.phase.facts.attempts(self.worker)
    }

    /// The name of the route; empty if it has none.
    pub fn route(&self) -> &[u8] {
        self.phase.facts.route(self.worker)
    }

    /// Which policy the configuration has for the request that this answers.
    pub fn decide<'c, P: config::Policy>(
        &self,
        head: &RequestHead,
        configuration: &'c config::Plugin<P>,
    ) -> config::Decision<'c, P> {
        let (worker, facts) = (self.worker, &self.phase.facts);
        decide(worker, &Late { head, facts, worker }, configuration)
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
}
