//! What can go wrong with processes, sockets and files, said so that the reader knows what to do next.

use crate::client::Response;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something here failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused; `what` says what was tried.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the file or address.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something did not come about in time.
    #[error("{what}: not within {bound:?}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        bound: Duration,
    },
    /// There is no Envoy to start.
    #[error(
        "no Envoy at {}: run `make tools`, or name one with the environment variable ENVOY=/path/to/envoy",
        .path.display()
    )]
    NoEnvoy {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// There is no Prometheus to start.
    #[error(
        "no Prometheus at {}: run `make tools`, or name one with the environment variable PROMETHEUS=/path/to/prometheus",
        .path.display()
    )]
    NoPrometheus {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// Envoy ended by itself.
    #[error("Envoy ended ({status}); the end of its log:\n{log}")]
    EnvoyEnded {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },
    /// A configuration has no such part, or is no YAML.
    #[error("{sample}: {rule}")]
    Sample {
        /// The file or, of a text, what it is called.
        sample: String,
        /// What is wrong with it.
        rule: String,
    },
    /// An answer that cannot be given: a status or a header field that is none.
    #[error("answer: {0}")]
    Answer(String),
    /// The peer closed or reset the connection before the headers of a response were complete.
    #[error("no response: {0}")]
    NoResponse(String),
    /// The response began, and the connection ended within its body.
    #[error("the response was cut short after {} bytes of its body", .0.body.len())]
    CutShort(Box<Response>),
    /// What was received is no HTTP/1.1 response, or no answer of Envoy's administration interface.
    #[error("{what}: not understood: {rule}")]
    Malformed {
        /// What was read.
        what: String,
        /// What is wrong with it.
        rule: String,
    },
}

impl Error {
    /// Turns an I/O error into one that says what was tried.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }
}
