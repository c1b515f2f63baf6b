//! The modules under test: those that `make wasm` has just left in `dist`.

use host::Module;
use std::path::Path;
use std::sync::OnceLock;

/// A plugin as it ships.
pub struct Plugin {
    /// Its name, as its crate, configuration and metrics have it.
    pub name: &'static str,
    path: &'static str,
    module: OnceLock<Module>,
}

impl Plugin {
    const fn new(name: &'static str, path: &'static str) -> Self {
        Self {
            name,
            path,
            module: OnceLock::new(),
        }
    }

    /// Where its file is.
    pub fn path(&self) -> &Path {
        Path::new(self.path)
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path).unwrap_or_else(|error| panic!("{}: {error}; run `make wasm`", self.path))
    }

    /// The module, compiled once for all tests of a binary.
    pub fn module(&self) -> &Module {
        self.module.get_or_init(|| Module::new(&self.bytes()))
    }
}

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
