//! The modules that the program brings along, and those that it is given.

use crate::problem::Problem;
use host::Module;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A module that was built with the program.
pub struct Shipped {
    /// The plugin in it; `policies` is the module of all of them.
    pub name: &'static str,
    /// Its file.
    pub bytes: &'static [u8],
    /// The JSON Schema of its configuration.
    pub schema: &'static str,
}

/// The modules that were built with the program.
pub(crate) struct Modules {
    /// Each is compiled when it is first asked for, which takes a while.
    shipped: Vec<(&'static Shipped, OnceLock<Module>)>,
    /// Those in files that were asked for.
    files: Mutex<HashMap<PathBuf, Module>>,
}

impl Modules {
    pub(crate) fn new(shipped: &'static [Shipped]) -> Self {
        let shipped = shipped.iter().map(|shipped| (shipped, OnceLock::new()));
        Self {
            shipped: shipped.collect(),
            files: Mutex::default(),
        }
    }

    /// The module of this name, `circuit-breaker` for example; `None` where none is called so.
    pub(crate) fn named(&self, name: &str) -> Option<Module> {
        let (shipped, module) = self.shipped.iter().find(|(shipped, _)| shipped.name == name)?;
        Some(module.get_or_init(|| Module::new(shipped.bytes)).clone())
    }

    /// Their names, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.shipped.iter().map(|(shipped, _)| shipped.name)
    }

    /// The JSON Schema of this one's configuration.
    pub(crate) fn schema(&self, name: &str) -> Option<&'static str> {
        let (shipped, _) = self.shipped.iter().find(|(shipped, _)| shipped.name == name)?;
        Some(shipped.schema)
    }

    /// The SHA-256 of the module of this name, in hexadecimal.
    pub(crate) fn sha256(&self, name: &str) -> Option<String> {
        let (shipped, _) = self.shipped.iter().find(|(shipped, _)| shipped.name == name)?;
        Some(sha256(shipped.bytes))
    }

    /// The module in a file, which is compiled once.
    pub(crate) fn file(&self, path: &Path) -> Result<Module, Problem> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = files.get(path) {
            return Ok(module.clone());
        }
        let module = Self::in_file(path)?;
        files.insert(path.to_owned(), module.clone());
        Ok(module)
    }

    /// The module in a file.
    pub(crate) fn in_file(path: &Path) -> Result<Module, Problem> {
        let bytes =
            std::fs::read(path).map_err(|error| Problem::reading(&path.display().to_string(), error))?;
        Module::try_new(&bytes).map_err(|why| {
            Problem::new(format!(
                "{} is no module that a proxy could load: {why}",
                path.display()
            ))
            .cure("give the .wasm file of a plugin, as `make wasm` leaves it in dist/")
        })
    }
}

/// There is no plugin of this name.
pub(crate) fn unknown(name: &str, names: &[&str]) -> Problem {
    Problem::new(format!("there is no plugin `{name}`")).cure(format!("one of: {}", names.join(", ")))
}

/// The SHA-256 of these bytes, in hexadecimal, as configurations name modules.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[test]
fn a_digest_is_what_sha256sum_prints() {
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(sha256(b""), nothing);
}

/// Modules of which tests ask nothing but their names.
#[cfg(test)]
pub(crate) fn names_alone() -> Modules {
    const fn shipped(name: &'static str) -> Shipped {
        Shipped {
            name,
            bytes: b"",
            schema: "",
        }
    }
    static SHIPPED: [Shipped; 5] = [
        shipped("circuit-breaker"),
        shipped("error-envelope"),
        shipped("policies"),
        shipped("request-id"),
        shipped("retry"),
    ];
    Modules::new(&SHIPPED)
}
