//! The targets, by name.

use crate::bound::Work;
use crate::module::{self, Modules};
use crate::pure;

/// Something that takes any bytes.
pub struct Target {
    /// Its name: that of its file, and of its folder in the corpus.
    pub name: &'static str,
    /// What the bytes are made into.
    pub what: &'static str,
    run: Run,
}

enum Run {
    Pure(fn(&[u8])),
    Module(fn(&Modules, &[u8]) -> Vec<Work>),
}

impl Target {
    /// Whether it runs built modules, or the pure crates.
    pub fn is_of_modules(&self) -> bool {
        matches!(self.run, Run::Module(_))
    }

    /// Tries these bytes, and says what work callbacks of modules had with them.
    ///
    /// # Panics
    /// When something does not hold that must.
    pub fn run(&self, modules: &Modules, bytes: &[u8]) -> Vec<Work> {
        match self.run {
            Run::Pure(run) => {
                run(bytes);
                Vec::new()
            }
            Run::Module(run) => run(modules, bytes),
        }
    }
}

const fn pure(name: &'static str, what: &'static str, run: fn(&[u8])) -> Target {
    Target {
        name,
        what,
        run: Run::Pure(run),
    }
}

const fn module(name: &'static str, what: &'static str, run: fn(&Modules, &[u8]) -> Vec<Work>) -> Target {
    Target {
        name,
        what,
        run: Run::Module(run),
    }
}

/// All of them.
pub static TARGETS: [Target; 9] = [
    pure(
        "configuration",
        "configurations, as text and as Struct",
        pure::configuration::run,
    ),
    pure("ids", "trace context, B3, X-Ray and plain ids", pure::ids::run),
    pure(
        "negotiation",
        "Accept, Content-Type and Vary",
        pure::negotiation::run,
    ),
    pure("times", "Retry-After and deadlines", pure::times::run),
    pure(
        "keys",
        "idempotency keys, breakers' keys, and what an operator asks",
        pure::keys::run,
    ),
    pure("error_body", "error bodies", pure::error_body::run),
    pure(
        "records",
        "records of shared data, and what is decided on them",
        pure::records::run,
    ),
    module(
        "exchanges",
        "whole exchanges in the host, with planted records",
        module::exchanges::run,
    ),
    module(
        "callbacks",
        "callbacks in any order, with any answers of the host",
        module::callbacks::run,
    ),
];

/// The target of this name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
