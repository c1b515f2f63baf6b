//! Plugins with bugs, made on purpose: what the simulation is worth is how many of them it finds.
//!
//! A mutant is made from the sources as they are: a place is changed in a copy of them, and the module is built from
//! that. So a mutant is never part of what ships, and a place that is no longer there is told.

#![forbid(unsafe_code)]

mod catch;
mod list;
mod page;
mod tree;

pub use catch::{Caught, acquit, catch};
pub use list::{MUTANTS, Mutant};
pub use page::{check, publish};
pub use tree::Tree;

use ledger::DOCUMENT;
use std::path::PathBuf;
use std::{io, process};
use thiserror::Error;

/// Why a mutant could not be made.
#[derive(Debug, Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The place that a mutant changes is not there, or is there more than once.
    #[error(
        "mutant {mutant}: plugins/{file} has what it changes {times} times, not once: bring it up to date"
    )]
    NoPlace {
        /// Its name.
        mutant: &'static str,
        /// The file.
        file: &'static str,
        /// So often it is there.
        times: usize,
    },
    /// It does not compile.
    #[error("{what} was not built: {status}\n{said}")]
    NotBuilt {
        /// Which.
        what: String,
        /// How the build ended.
        status: process::ExitStatus,
        /// What it said.
        said: String,
    },
    /// What was built is no module.
    #[error("{}: {why}", .path.display())]
    NoModule {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The module without a bug breaks a promise.
    #[error("without a bug, the story of seed {seed} breaks a promise, too: {promise}")]
    Original {
        /// Which.
        promise: String,
        /// In whose story.
        seed: u64,
    },
    /// There is none of that name.
    #[error("there is no mutant {0}")]
    Unknown(String),
    /// The page does not say what was found.
    #[error("{DOCUMENT}: has {0}: write it with `make mutants PUBLISH=yes`")]
    Page(&'static str),
    /// The table of all parts has no room for it.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

/// What a mutant or its making gives.
pub type Result<T> = std::result::Result<T, Error>;

impl Mutant {
    /// The text of its file with the bug in it.
    ///
    /// # Errors
    /// [`Error::NoPlace`].
    pub fn of(&self, text: &str) -> Result<String> {
        match text.matches(self.right).count() {
            1 => Ok(text.replacen(self.right, self.wrong, 1)),
            times => Err(Error::NoPlace {
                mutant: self.name,
                file: self.file,
                times,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, MUTANTS};
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn each_changes_a_place_that_is_there_once() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
        for mutant in MUTANTS {
            let text = fs::read_to_string(plugins.join(mutant.file)).expect("its file is there");
            let mutated = mutant.of(&text).unwrap_or_else(|error| panic!("{error}"));
            assert_ne!(mutated, text, "{}", mutant.name);
        }
    }

    #[test]
    fn a_place_that_is_gone_or_twofold_is_told() {
        for text in [String::new(), [MUTANTS[0].right; 2].concat()] {
            let made = MUTANTS[0].of(&text);
            assert!(matches!(made, Err(Error::NoPlace { .. })), "{made:?}");
        }
    }

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<_> = MUTANTS.iter().map(|mutant| mutant.name).collect();
        assert_eq!(names.len(), MUTANTS.len());
    }
}
