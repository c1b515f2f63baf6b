//! The phase in which the request's headers can be read and changed.

use crate::headers::Headers;
use crate::host::{self, Map};
use crate::object::Object;
use crate::worker::Worker;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::net::IpAddr;

/// A request on its way to the upstream.
pub struct Request<'w> {
    worker: &'w Worker,
    headers: Headers<'w>,
    route: OnceCell<Vec<u8>>,
    direction: OnceCell<Option<config::Direction>>,
}

impl<'w> Request<'w> {
    pub(crate) fn new(worker: &'w Worker) -> Self {
        Self {
            worker,
            headers: Headers::new(Map::RequestHeaders, worker),
            route: OnceCell::new(),
            direction: OnceCell::new(),
        }
    }

    /// The values of a header (its name in lower case), one for each time it was sent.
    pub fn values(&self, name: &str) -> Vec<&[u8]> {
        self.headers.values(name)
    }

    /// Makes `value` the header's only value.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.headers.set(name, value);
    }

    /// Removes every value of the header.
    pub fn remove(&mut self, name: &str) {
        self.headers.remove(name);
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
        plugin: &str,
    ) -> config::Decision<'c, P> {
        let metadata = configuration
            .common
            .route_metadata
            .then(|| self.route_metadata(plugin))
            .flatten();
        let metadata = metadata.as_deref().map(|value| match value {
            // A boolean is one byte, which no profile's name can be.
            [flag @ (0 | 1)] => config::Metadata::Flag(*flag == 1),
            name => config::Metadata::Name(name),
        });
        let decision = configuration.decide(self, metadata);
        if decision.unknown_profile {
            self.worker.degrade(
                "unknown_profile",
                "the route's metadata names no profile of the configuration",
            );
        }
        decision
    }

    /// Sets filter state that other filters and the access log read.
    pub fn set_filter_state(&self, name: &str, value: &[u8]) {
        self.worker
            .tolerate("set_filter_state", host::set_property(name, value));
    }

    /// Adds to the filter state that tells why each plugin decided as it did.
    pub fn explain(&self, plugin: &str, explanation: &Object) {
        self.worker.explain(plugin, explanation);
    }

    pub(crate) fn write_back(&mut self) {
        self.headers.write_back();
    }

    fn route_metadata(&self, plugin: &str) -> Option<Vec<u8>> {
        let path = ["xds\0route_metadata\0filter_metadata\0policy\0", plugin].concat();
        self.worker
            .tolerate_absence("route_metadata", host::property(&path))
    }

    fn pseudo_header(&self, name: &str) -> &[u8] {
        self.values(name).first().copied().unwrap_or_default()
    }
}

impl config::Facts for Request<'_> {
    fn method(&self) -> &[u8] {
        self.pseudo_header(":method")
    }

    fn path(&self) -> &[u8] {
        self.pseudo_header(":path")
    }

    fn authority(&self) -> &[u8] {
        self.pseudo_header(":authority")
    }

    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.values(name).into_iter()
    }

    fn route(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.route.get_or_init(|| {
            let name = host::property("xds\0route_name");
            self.worker
                .tolerate_absence("route_name", name)
                .unwrap_or_default()
        }))
    }

    fn direction(&self) -> Option<config::Direction> {
        *self.direction.get_or_init(|| {
            let number = host::property("xds\0listener_direction");
            let number = self.worker.tolerate_absence("listener_direction", number)?;
            // An integer of eight bytes, little-endian.
            match number.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) {
                Some(1) => Some(config::Direction::Inbound),
                Some(2) => Some(config::Direction::Outbound),
                _ => None,
            }
        })
    }
}
