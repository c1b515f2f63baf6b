//! What an Envoy is configured to, as its own parts: listeners, the filters of each in order, routes, clusters.
//!
//! It is read from a bootstrap or from `/config_dump`, which say the same in other places; what a file only refers to (a
//! filter that comes by ECDS, routes by RDS) is looked for where the file holds it, and named where it does not.

mod filter;
mod manifest;
mod read;
mod route;
mod sources;

pub(crate) use filter::{Filter, Plugin};
pub(crate) use route::{Route, Routes};
pub(crate) use sources::Sources;

use crate::document::Node;
use crate::modules::Modules;

/// An Envoy, as far as a file tells of it.
pub(crate) struct Proxy<'d> {
    /// The bootstrap.
    pub(crate) bootstrap: Option<Node<'d>>,
    /// What has `stats_config`: the bootstrap, or what a manifest adds to one.
    pub(crate) labels: Option<Node<'d>>,
    /// Manifests from which all this is read, if from any.
    pub(crate) manifests: Vec<Node<'d>>,
    pub(crate) listeners: Vec<Listener<'d>>,
    pub(crate) clusters: Vec<Cluster<'d>>,
    /// What the file refers to and does not hold.
    pub(crate) unseen: Vec<Unseen<'d>>,
    /// What Envoy was given and refused, with its reason.
    pub(crate) refused: Vec<(Node<'d>, &'d str)>,
}

/// A listener.
pub(crate) struct Listener<'d> {
    pub(crate) node: Node<'d>,
    /// Its HTTP connection managers.
    pub(crate) managers: Vec<Manager<'d>>,
}

/// An HTTP connection manager: what a request meets.
pub(crate) struct Manager<'d> {
    pub(crate) node: Node<'d>,
    /// Whether the node is all of it: a manifest only adds filters to what a control plane makes.
    pub(crate) is_whole: bool,
    pub(crate) filters: Vec<Filter<'d>>,
    pub(crate) routes: Routes<'d>,
}

/// A cluster.
pub(crate) struct Cluster<'d> {
    pub(crate) node: Node<'d>,
    /// Those of its own, which see each attempt.
    pub(crate) filters: Vec<Filter<'d>>,
}

/// Something that the file refers to and does not hold.
pub(crate) struct Unseen<'d> {
    pub(crate) node: Node<'d>,
    /// `the filter orders`, for example.
    pub(crate) what: String,
}

impl<'d> Proxy<'d> {
    /// What these sources tell of an Envoy.
    pub(crate) fn of(sources: &'d Sources, modules: &Modules) -> Self {
        read::proxy(sources, modules)
    }

    /// Each manager that has any of our plugins, with its listener.
    pub(crate) fn managers(&self) -> impl Iterator<Item = (&Listener<'d>, &Manager<'d>)> {
        let all = self.listeners.iter();
        all.flat_map(|listener| listener.managers.iter().map(move |manager| (listener, manager)))
            .filter(|(_, manager)| manager.plugins().next().is_some())
    }

    /// The cluster of this name.
    pub(crate) fn cluster(&self, name: &str) -> Option<&Cluster<'d>> {
        self.clusters.iter().find(|cluster| cluster.name() == name)
    }

    /// Every plugin of ours, wherever it stands, with its filter.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = (&Filter<'d>, &Plugin)> {
        let before = self.listeners.iter().flat_map(|listener| &listener.managers);
        let filters = before
            .flat_map(|manager| &manager.filters)
            .chain(self.clusters.iter().flat_map(|cluster| &cluster.filters));
        filters.flat_map(|filter| filter.plugins.iter().map(move |plugin| (filter, plugin)))
    }
}

impl<'d> Listener<'d> {
    pub(crate) fn name(&self) -> &'d str {
        self.node.text("name")
    }

    /// How it is called in a finding: `listener edge`; of a manifest, `WasmPlugin policies`.
    pub(crate) fn told(&self) -> String {
        match self.node.text("kind") {
            "" => format!("listener {}", self.name()),
            kind => format!("{kind} {}", self.node.text("metadata.name")),
        }
    }

    /// `INBOUND`, `OUTBOUND`, or empty.
    pub(crate) fn direction(&self) -> &'d str {
        match self.node.text("traffic_direction") {
            "UNSPECIFIED" => "",
            direction => direction,
        }
    }
}

impl<'d> Manager<'d> {
    /// The plugins in its filters, in order.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = (&Filter<'d>, &Plugin)> {
        let filters = self.filters.iter();
        filters.flat_map(|filter| filter.plugins.iter().map(move |plugin| (filter, plugin)))
    }

    /// The first plugin of this name.
    pub(crate) fn plugin(&self, name: &str) -> Option<(&Filter<'d>, &Plugin)> {
        self.plugins().find(|(_, plugin)| plugin.name == name)
    }
}

impl<'d> Cluster<'d> {
    pub(crate) fn name(&self) -> &'d str {
        self.node.text("name")
    }

    /// The first plugin of this name in its own filters.
    pub(crate) fn plugin(&self, name: &str) -> Option<(&Filter<'d>, &Plugin)> {
        let filters = self.filters.iter();
        let mut plugins =
            filters.flat_map(|filter| filter.plugins.iter().map(move |plugin| (filter, plugin)));
        plugins.find(|(_, plugin)| plugin.name == name)
    }
}

#[cfg(test)]
mod tests;
