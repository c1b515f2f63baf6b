//! The request's headers, kept for the later phases, in which the host no longer shows them.

use crate::headers::Kept;
use crate::proxy_facts::ProxyFacts;
use crate::worker::Worker;

/// The headers of a request as they came to a filter. Keeping them copies nothing.
pub struct RequestHead(Kept);

impl RequestHead {
    pub(crate) fn new(kept: Kept) -> Self {
        Self(kept)
    }

    /// The values of a header (its name in lower case), one for each time it was sent.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.0.values(name)
    }

    /// The first value of a header, pseudo headers included; empty if there is none.
    pub fn first(&self, name: &str) -> &[u8] {
        self.0.first(name)
    }
}

/// What rules compare, in a phase after the request's.
pub(crate) struct Late<'a> {
    pub(crate) head: &'a RequestHead,
    pub(crate) facts: &'a ProxyFacts,
    pub(crate) worker: &'a Worker,
}

impl config::Facts for Late<'_> {
    fn method(&self) -> &[u8] {
        self.head.first(":method")
    }

    fn path(&self) -> &[u8] {
        self.head.first(":path")
    }

    fn authority(&self) -> &[u8] {
        self.head.first(":authority")
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.head.values(name).into_iter()
    }

    fn route(&self) -> &[u8] {
        self.facts.route(self.worker)
    }

    fn direction(&self) -> Option<config::Direction> {
        self.facts.direction(self.worker)
    }
}
