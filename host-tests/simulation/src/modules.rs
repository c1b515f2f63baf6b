//! The modules that are put to the test: given by whoever does it, so that it can be those of mutants.

use host::Module;
use std::collections::BTreeMap;

/// The modules of the four plugins, and the one of all of them, compiled once for all stories.
#[derive(Clone)]
pub struct Modules(BTreeMap<&'static str, Module>);

/// What they are called.
pub const NAMES: [&str; 5] = [
    "error-envelope",
    "request-id",
    "circuit-breaker",
    "retry",
    "policies",
];

impl Modules {
    /// Asks for each by its name.
    ///
    /// # Errors
    /// Why the first of them could not be had.
    pub fn try_new<E>(module: impl Fn(&str) -> Result<Module, E>) -> Result<Modules, E> {
        let all: Result<_, E> = NAMES.into_iter().map(|name| Ok((name, module(name)?))).collect();
        all.map(Modules)
    }

    pub(crate) fn get(&self, name: &str) -> &Module {
        &self.0[name]
    }
}
