//! Targets on the built modules: no input makes one die, burn more than its bound, or answer what it must not.

pub(crate) mod callbacks;
mod configurations;
pub(crate) mod exchanges;
pub(crate) mod vm;

use crate::bound::Work;
use crate::coverage;
use std::sync::OnceLock;
use vm::Code;

/// The modules by name. The order is part of what an input of the corpus means.
pub const NAMES: [&str; 6] = [
    "policies",
    "request-id",
    "circuit-breaker",
    "retry",
    "error-envelope",
    "admin",
];

/// The modules that are tried: given by whoever tries.
pub struct Modules {
    all: [Module; NAMES.len()],
    slack: u64,
}

struct Module {
    name: &'static str,
    bytes: Vec<u8>,
    in_host: OnceLock<host::Module>,
    code: OnceLock<Code>,
}

impl Modules {
    /// Asks for the bytes of each by the name of its crate.
    pub fn new(bytes: impl Fn(&str) -> Vec<u8>) -> Self {
        let module = |name| Module {
            name,
            bytes: bytes(name),
            in_host: OnceLock::new(),
            code: OnceLock::new(),
        };
        Self {
            all: NAMES.map(module),
            slack: 1,
        }
    }

    /// They count their branches, which is work beside their own: so many times as much is allowed.
    pub fn with_slack(self, slack: u64) -> Self {
        Self { slack, ..self }
    }

    fn numbered(&self, number: u8) -> &Module {
        &self.all[usize::from(number) % NAMES.len()]
    }

    /// What is done when an input is through: its work is bounded.
    fn judge(&self, mut works: Vec<Work>) -> Vec<Work> {
        for work in &mut works {
            work.fuel /= self.slack;
            work.assert_is_bounded();
        }
        works
    }
}

impl Module {
    fn in_host(&self) -> &host::Module {
        self.in_host.get_or_init(|| host::Module::new(&self.bytes))
    }

    fn code(&self) -> &Code {
        self.code.get_or_init(|| Code::new(&self.bytes))
    }
}

/// What a VM was given and has burnt, callback by callback.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) works: Vec<Work>,
    pub(crate) bytes: u64,
    pub(crate) configuration: u64,
    pub(crate) headers: u64,
}

impl Ledger {
    pub(crate) fn enter(&mut self, callback: &'static str, fuel: u64, bytes: u64) {
        self.bytes += bytes;
        self.works.push(Work {
            callback,
            fuel,
            bytes: self.bytes,
            headers: self.headers,
            configuration: self.configuration,
        });
    }
}

/// Tells of the branches that a module has counted in this memory.
fn tell_of_branches(memory: &[Vec<u8>]) {
    memory.iter().for_each(|counted| coverage::branches(counted));
}
