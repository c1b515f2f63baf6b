//! What the proxy says of an exchange beside its headers: its route, its cluster, its attempts.

use crate::host;
use crate::worker::Worker;
use config::Direction;
use std::cell::OnceCell;

/// What the proxy says within one callback. Each fact costs a host call, and is asked for at most once, when a filter
/// first needs it.
#[derive(Default)]
pub(crate) struct ProxyFacts {
    route: OnceCell<Vec<u8>>,
    cluster: OnceCell<Vec<u8>>,
    virtual_host: OnceCell<Vec<u8>>,
    direction: OnceCell<Option<Direction>>,
    attempts: OnceCell<u64>,
    details: OnceCell<Vec<u8>>,
}

impl ProxyFacts {
    /// The route's name; empty if it has none.
    pub(crate) fn route(&self, worker: &Worker) -> &[u8] {
        text(&self.route, worker, "route_name", "xds\0route_name")
    }

    /// The name of the cluster that it is routed to; empty if it is routed to none.
    pub(crate) fn cluster(&self, worker: &Worker) -> &[u8] {
        text(&self.cluster, worker, "cluster_name", "xds\0cluster_name")
    }

    /// The name of the virtual host of its route; empty if it has none.
    pub(crate) fn virtual_host(&self, worker: &Worker) -> &[u8] {
        let path = "xds\0virtual_host_name";
        text(&self.virtual_host, worker, "virtual_host_name", path)
    }

    /// Where a response comes from; empty if the proxy does not say.
    pub(crate) fn details(&self, worker: &Worker) -> &[u8] {
        text(
            &self.details,
            worker,
            "response_details",
            "response\0code_details",
        )
    }

    /// How often the request has been tried.
    pub(crate) fn attempts(&self, worker: &Worker) -> u64 {
        *self.attempts.get_or_init(|| worker.attempts())
    }

    /// Which way the listener's traffic goes; `None` where that is not said.
    pub(crate) fn direction(&self, worker: &Worker) -> Option<Direction> {
        *self.direction.get_or_init(|| {
            let number = host::property("xds\0listener_direction");
            let number = worker.tolerate_absence("listener_direction", number)?;
            // An integer of eight bytes, little-endian.
            match number.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) {
                Some(1) => Some(Direction::Inbound),
                Some(2) => Some(Direction::Outbound),
                _ => None,
            }
        })
    }
}

fn text<'f>(fact: &'f OnceCell<Vec<u8>>, worker: &Worker, what: &'static str, path: &str) -> &'f [u8] {
    fact.get_or_init(|| {
        worker
            .tolerate_absence(what, host::property(path))
            .unwrap_or_default()
    })
}

/// Which policy the configuration has for a request with these facts.
pub(crate) fn decide<'c, P: config::Policy>(
    worker: &Worker,
    facts: &impl config::Facts,
    configuration: &'c config::Plugin<P>,
) -> config::Decision<'c, P> {
    let metadata = configuration
        .common
        .route_metadata
        .then(|| {
            let path = ["xds\0route_metadata\0filter_metadata\0policy\0", P::NAME].concat();
            worker.tolerate_absence("route_metadata", host::property(&path))
        })
        .flatten();
    let metadata = metadata.as_deref().map(|value| match value {
        // A boolean is one byte, which no profile's name can be.
        [flag @ (0 | 1)] => config::Metadata::Flag(*flag == 1),
        name => config::Metadata::Name(name),
    });
    let decision = configuration.decide(facts, metadata);
    if decision.unknown_profile {
        worker.degrade(
            "unknown_profile",
            "the route's metadata names no profile of the configuration",
        );
    }
    decision
}
