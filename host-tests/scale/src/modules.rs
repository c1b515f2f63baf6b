//! The modules that are measured: given by whoever measures.

use host::{Host, Module, Plugin};
use serde_json::Value;
use std::collections::BTreeMap;

const NAMES: [&str; 5] = [
    "circuit-breaker",
    "error-envelope",
    "policies",
    "request-id",
    "retry",
];

/// The modules of the plugins, and the one of all of them.
pub struct Modules(BTreeMap<&'static str, Module>);

impl Modules {
    /// Asks for each by the name of its crate.
    pub fn new(module: impl Fn(&str) -> Module) -> Self {
        Self(NAMES.map(|name| (name, module(name))).into())
    }

    /// The same, where not every module is to be had.
    ///
    /// # Errors
    /// What the first of them could not be had for.
    pub fn try_new<E>(module: impl Fn(&str) -> Result<Module, E>) -> Result<Self, E> {
        let all: Result<_, E> = NAMES.into_iter().map(|name| Ok((name, module(name)?))).collect();
        all.map(Self)
    }

    /// A host with one of them. Reading thousands of rules is no matter of a request, and may take its time.
    pub(crate) fn host(&self, name: &str, configuration: Value) -> Host {
        let plugin = Plugin::new(&self.0[name])
            .name(name)
            .root_id(name)
            .config(configuration);
        Host::chain([plugin]).seed(1).fuel_per_callback(1_000_000_000_000)
    }
}
