//! What keeps a run from taking place. A broken promise is no error: it is what a run finds.

use std::path::PathBuf;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a run did not take place, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Envoy, a client or a sample.
    #[error(transparent)]
    Live(#[from] live::Error),
    /// The operating system refused; `what` says what was tried.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A module is not there.
    #[error("no module {}: `make wasm` builds it", .0.display())]
    NoModule(PathBuf),
    /// A module that ships cannot be made mortal.
    #[error("{0}: {1}")]
    Module(String, wasm_encoder::reencode::Error),
    /// The sample that the run starts from is not what it was written for.
    #[error("envoy/envoy.yaml has not {0}")]
    Sample(&'static str),
    /// There is no trouble of this name.
    #[error("no trouble `{unknown}`: there are {known}")]
    Unknown {
        /// What was asked for.
        unknown: String,
        /// What can be.
        known: String,
    },
    /// The row of the document.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
}

impl Error {
    /// Turns an I/O error into one that says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}
