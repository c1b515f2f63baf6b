//! What Envoy itself says of a configuration, without serving.

use super::{binary, create, read, write};
use crate::{Error, Process, Result, wait};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What `envoy --mode validate` said. It loads the modules and lets the plugins judge their configurations.
#[derive(Clone, Debug)]
pub struct Validation {
    /// Whether the configuration is accepted.
    pub accepted: bool,
    /// All that it wrote, plugins' lines included.
    pub output: String,
}

/// Has Envoy judge this configuration, as YAML text.
///
/// # Errors
/// [`Error::NoEnvoy`] without a binary, [`Error::Late`] if it does not end within a minute.
pub fn validate(configuration: &str) -> Result<Validation> {
    let folder = tempfile::tempdir().map_err(Error::io("making a folder for Envoy"))?;
    let (file, output) = (folder.path().join("envoy.yaml"), folder.path().join("output"));
    write(&file, configuration)?;
    let both = create(&output)?;
    let mut command = Command::new(binary()?);
    command
        .args([
            "--mode",
            "validate",
            "--log-level",
            "warning",
            "--component-log-level",
            "wasm:info",
            "--config-path",
        ])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(both.try_clone().map_err(Error::io("writing Envoy's output"))?)
        .stderr(both);
    let mut process = Process::start("Envoy", &mut command)?;
    let status = wait::until(Duration::from_secs(60), "the end of Envoy's validation", || {
        process.ended()
    })?;
    Ok(Validation {
        accepted: status.success(),
        output: read(&output)?,
    })
}
