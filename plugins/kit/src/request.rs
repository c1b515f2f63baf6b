//! The phase in which the request's headers can be read and changed.

use crate::headers::Headers;
use crate::host::{self, Map};
use crate::proxy_facts::{ProxyFacts, decide};
use crate::request_head::RequestHead;
use crate::worker::Worker;
use policy::json::Object;
use policy::media_type::MediaType;
use std::net::IpAddr;
use std::rc::Rc;

/// The request phase of one callback, which the filters share.
pub(crate) struct RequestPhase {
    headers: Headers,
    facts: ProxyFacts,
    is_whole: bool,
    /// What filters of one module know of each other; of no use to one that is alone.
    told: Option<Told>,
}

impl RequestPhase {
    pub(crate) fn new(is_whole: bool, is_shared: bool) -> Self {
        Self {
            headers: Headers::new(Map::RequestHeaders),
            facts: ProxyFacts::default(),
            is_whole,
            told: is_shared.then(Told::default),
        }
    }

    /// The request goes on, past this plugin's filter.
    pub(crate) fn passed(&mut self, plugin: &'static str) {
        if let Some(told) = &mut self.told {
            told.passed.push(plugin);
        }
    }

    pub(crate) fn write_back(&mut self) {
        self.headers.write_back();
    }
}

/// What the filters that a request has come by have told those after them.
#[derive(Default)]
struct Told {
    passed: Vec<&'static str>,
    state: Vec<(&'static str, Vec<u8>)>,
}

/// A request on its way to the upstream, as one filter sees it: with the changes of those before it.
pub struct Request<'p> {
    worker: &'p Rc<Worker>,
    phase: &'p mut RequestPhase,
}

impl<'p> Request<'p> {
    pub(crate) fn new(worker: &'p Rc<Worker>, phase: &'p mut RequestPhase) -> Self {
        Self { worker, phase }
    }

    /// Whether nothing follows the headers, neither body nor trailers.
    pub fn is_whole(&self) -> bool {
        self.phase.is_whole
    }

    /// The values of a header (its name in lower case), one for each time it was sent.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.phase.headers.values(name, self.worker)
    }

    /// The first value of a header; empty if there is none.
    pub fn first(&self, name: &str) -> &[u8] {
        self.phase.headers.first(name, self.worker)
    }

    /// Makes `value` the header's only value.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.phase.headers.set(name, value, self.worker);
    }

    /// Removes every value of the header.
    pub fn remove(&mut self, name: &str) {
        self.phase.headers.remove(name, self.worker);
    }

    /// The address of the peer, as the listener trusts it; `None` if the proxy does not know one.
    pub fn source_address(&self) -> Option<IpAddr> {
        let text = self
            .worker
            .tolerate("source_address", host::property("source\0address"))?;
        // `10.0.0.7:40000` or `[2001:db8::7]:40000`.
        let colon = text.iter().rposition(|byte| *byte == b':')?;
        let address = text.get(..colon)?;
        let bare = address
            .strip_prefix(b"[")
            .and_then(|address| address.strip_suffix(b"]"));
        str::from_utf8(bare.unwrap_or(address)).ok()?.parse().ok()
    }

    /// Which policy the configuration has for this request.
    pub fn decide<'c, P: config::Policy>(
        &self,
        configuration: &'c config::Plugin<P>,
    ) -> config::Decision<'c, P> {
        decide(self.worker, self, configuration)
    }

    /// Its headers as they are now, for the later phases.
    pub fn head(&self) -> RequestHead {
        RequestHead::new(self.phase.headers.keep(self.worker))
    }

    /// The name of the cluster that it is routed to; empty if it is routed to none.
    pub fn cluster(&self) -> &[u8] {
        self.phase.facts.cluster(self.worker)
    }

    /// The name of the virtual host of its route; empty if it has none.
    pub fn virtual_host(&self) -> &[u8] {
        self.phase.facts.virtual_host(self.worker)
    }

    /// Which attempt of a request it is, from 1, where the plugin stands in a cluster; 0 where it stands before the
    /// router, which makes the attempts.
    pub fn attempt(&self) -> u64 {
        self.phase.facts.attempts(self.worker)
    }

    /// Writes the changes that were made so far, and makes the proxy choose the route anew. False if the host refused,
    /// which was counted.
    pub fn reroute(&mut self) -> bool {
        self.phase.headers.write_back();
        self.phase.facts = ProxyFacts::default();
        self.worker
            .tolerate("clear_route_cache", host::clear_route_cache())
            .is_some()
    }

    /// Whether the caller speaks gRPC.
    pub fn is_grpc(&self) -> bool {
        MediaType::of(self.first("content-type")) == MediaType::Grpc
    }

    /// Filter state that another filter of ours has set.
    pub fn filter_state(&self, name: &str) -> Option<Vec<u8>> {
        self.worker.filter_state(name)
    }

    /// Filter state that a plugin of ours sets, and nobody else. Where that plugin's filter stands before this one in the
    /// module, it is known what it has set, and the host is not asked.
    pub fn filter_state_of(&self, plugin: &str, name: &str) -> Option<Vec<u8>> {
        match &self.phase.told {
            Some(told) if told.passed.contains(&plugin) => {
                let (_, value) = told.state.iter().rfind(|(set, _)| *set == name)?;
                Some(value.clone())
            }
            _ => self.filter_state(name),
        }
    }

    /// Sets filter state that other filters and the access log read.
    pub fn set_filter_state(&mut self, name: &'static str, value: &[u8]) {
        self.worker.set_filter_state(name, value);
        if let Some(told) = &mut self.phase.told {
            told.state.push((name, value.to_vec()));
        }
    }

    /// Adds to the filter state that tells why each plugin decided as it did.
    pub fn explain(&self, plugin: &str, explanation: &Object) {
        self.worker.explain(plugin, explanation);
    }
}

impl config::Facts for Request<'_> {
    fn method(&self) -> &[u8] {
        self.first(":method")
    }

    fn path(&self) -> &[u8] {
        self.first(":path")
    }

    fn authority(&self) -> &[u8] {
        self.first(":authority")
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.values(name).into_iter()
    }

    fn route(&self) -> &[u8] {
        self.phase.facts.route(self.worker)
    }

    fn direction(&self) -> Option<config::Direction> {
        self.phase.facts.direction(self.worker)
    }
}
