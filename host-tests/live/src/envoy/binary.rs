//! Which Envoy is started.

use crate::{Error, Result, repository};
use std::path::PathBuf;

/// The Envoy binary: the one named by the environment variable `ENVOY`, else the one that `make tools` installed.
///
/// # Errors
/// [`Error::NoEnvoy`] if it is not there.
pub fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("ENVOY")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let path = named.unwrap_or_else(|| repository().join(".tools/envoy/envoy/_bin/envoy"));
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::NoEnvoy { path })
    }
}
