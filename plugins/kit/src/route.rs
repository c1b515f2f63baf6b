//! What the proxy has decided about a request, beside its headers: its route, and which way its traffic goes.

use crate::host;
use crate::worker::Worker;
use config::Direction;
use std::borrow::Cow;
use std::cell::OnceCell;

/// The route of a request. Each fact costs a host call, and is asked for at most once, when it is first needed.
pub(crate) struct Route<'w> {
    worker: &'w Worker,
    name: OnceCell<Vec<u8>>,
    direction: OnceCell<Option<Direction>>,
}

impl<'w> Route<'w> {
    pub(crate) fn new(worker: &'w Worker) -> Self {
        Self {
            worker,
            name: OnceCell::new(),
            direction: OnceCell::new(),
        }
    }

    /// The route's name; empty if it has none.
    pub(crate) fn name(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.name.get_or_init(|| {
            let name = host::property("xds\0route_name");
            self.worker
                .tolerate_absence("route_name", name)
                .unwrap_or_default()
        }))
    }

    /// Which way the listener's traffic goes; `None` where that is not said.
    pub(crate) fn direction(&self) -> Option<Direction> {
        *self.direction.get_or_init(|| {
            let number = host::property("xds\0listener_direction");
            let number = self.worker.tolerate_absence("listener_direction", number)?;
            // An integer of eight bytes, little-endian.
            match number.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)) {
                Some(1) => Some(Direction::Inbound),
                Some(2) => Some(Direction::Outbound),
                _ => None,
            }
        })
    }
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
