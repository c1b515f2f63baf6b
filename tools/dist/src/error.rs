//! Why there are no packages.

use std::io;
use std::path::{Path, PathBuf};

/// Why nothing was packaged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{} is missing: `make wasm` builds it", .0.display())]
    NoModule(PathBuf),
    #[error("{} is no WebAssembly module: delete it, and `make wasm` builds it anew", .0.display())]
    NotAModule(PathBuf),
    #[error("{} is missing: `make bless` generates it", .0.display())]
    NoSchema(PathBuf),
    #[error("{0} is no package of this workspace")]
    NoPlugin(String),
    #[error("`{command}`: {what}")]
    Command { command: String, what: String },
    #[error("{package} is built in and not in {}", lock.display())]
    NotLocked { package: String, lock: PathBuf },
    #[error("{}: {source}", path.display())]
    Lock {
        path: PathBuf,
        source: cargo_lock::Error,
    },
    #[error("the SBOM of {plugin}: {what}")]
    Sbom { plugin: String, what: String },
    #[error("the image of {plugin}: {source}")]
    Image {
        plugin: String,
        source: oci_spec::OciSpecError,
    },
    #[error("as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Says at which file or folder it failed.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    |source| Error::File {
        path: path.to_owned(),
        source,
    }
}
