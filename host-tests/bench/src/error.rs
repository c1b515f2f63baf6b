//! What can go wrong, said so that the reader knows what to do next.

use std::path::Path;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Envoy, or a connection to it.
    #[error(transparent)]
    Live(#[from] live::Error),
    /// The operating system refused; `what` says what was tried.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the file or address.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A variant does not do what is to be measured.
    #[error("{0}")]
    Wrong(String),
    /// A file or an answer that is not what it should be.
    #[error("{what}: not understood: {rule}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        rule: String,
    },
    /// There is nothing of that name to measure.
    #[error("{name} is no variant and no workload; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// What is to stay as it is once it is warm.
    #[error("{0}")]
    Grows(String),
    /// Figures of a part are not published.
    #[error("only whole figures are published: leave ONLY out")]
    Partial,
    /// Published files that are not what the published figures give.
    #[error("{0}: differs from what docs/figures.json gives; `bench --from-published` writes it")]
    Differs(String),
}

impl Error {
    /// Turns an I/O error into one that says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    /// As [`Error::io`], of a file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        Error::io(path.display().to_string())
    }
}
