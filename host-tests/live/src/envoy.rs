//! A real Envoy, on ports of its own.
//!
//! Ports are never chosen here: the configuration says 0, the system chooses, and Envoy is asked what it got. A port
//! that is looked up free and then used is a race which parallel tests lose now and then.

mod admin;
mod binary;
mod logs;
mod validation;

pub use admin::Serving;
pub use binary::binary;
pub use validation::{Validation, validate};

use crate::client::{self, Request, Response};
use crate::{Error, Process, Result, secrets, wait};
use logs::{late_with_log, read, tail};
use serde_json::Value;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How long Envoy may take to be ready: far beyond what it needs on an idle machine, for one that is not.
const START: Duration = Duration::from_secs(60);
/// How long a line may take to reach a log, or a number the statistics.
const SETTLE: Duration = Duration::from_secs(10);

/// A running Envoy, until it is dropped.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    folder: TempDir,
    serving: Serving,
    shows_headers: bool,
}

impl Drop for Envoy {
    /// Nothing that it has written may tell what clients sent in secret.
    fn drop(&mut self) {
        // A test that fails says already what is wrong; and an Envoy that says a lot shows the headers of requests.
        if std::thread::panicking() || self.shows_headers {
            return;
        }
        let running = matches!(self.process.ended(), Ok(None));
        let statistics = running.then(|| self.statistics()).flatten();
        // Its last lines come as it ends.
        let _ = self.process.stop();
        let written = ["stderr", "stdout"].map(|name| std::fs::read(self.folder.path().join(name)));
        for output in written.into_iter().flatten().chain(statistics) {
            let lines = || output.split(|byte| *byte == b'\n');
            let told = lines().find_map(|line| Some((secrets::told_in(line)?, line)));
            if let Some((name, line)) = told {
                let line = String::from_utf8_lossy(line);
                std::panic::panic_any(format!("Envoy tells what header {name} says: {line}"));
            }
        }
    }
}

/// How an Envoy is to be started.
#[derive(Clone, Debug)]
pub struct Builder {
    configuration: String,
    concurrency: u32,
    log_level: String,
    wasm_log_level: String,
    drain_seconds: u32,
}

/// What an Envoy left behind.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// How it ended.
    pub status: ExitStatus,
    /// Its log, whole.
    pub log: String,
    /// Its access log, whole: one JSON object an entry.
    pub access_log: Vec<Value>,
}

impl Builder {
    /// So many workers; 1 unless set.
    pub fn concurrency(self, workers: u32) -> Self {
        Builder {
            concurrency: workers,
            ..self
        }
    }

    /// Envoy's log level, such as `debug`; `warning` unless set.
    pub fn log_level(self, level: &str) -> Self {
        Builder {
            log_level: level.to_owned(),
            ..self
        }
    }

    /// The log level of plugins, such as `trace`; `info` unless set.
    pub fn wasm_log_level(self, level: &str) -> Self {
        Builder {
            wasm_log_level: level.to_owned(),
            ..self
        }
    }

    /// What an update has replaced is gone after so many seconds; 600 unless set, as Envoy has it.
    pub fn drain_seconds(self, seconds: u32) -> Self {
        Builder {
            drain_seconds: seconds,
            ..self
        }
    }

    /// Starts it, and returns when it serves.
    ///
    /// # Errors
    /// [`Error::NoEnvoy`] without a binary, [`Error::EnvoyEnded`] with the end of its log if it refuses the
    /// configuration, [`Error::Late`] if it is not ready within a minute.
    pub fn start(self) -> Result<Envoy> {
        let folder = tempfile::tempdir().map_err(Error::io("making a folder for Envoy"))?;
        let at = |name: &str| folder.path().join(name);
        write(&at("envoy.yaml"), &self.configuration)?;
        let mut command = Command::new(binary()?);
        command
            .args(["--disable-hot-restart", "--file-flush-interval-msec", "50"])
            .args(["--concurrency", &self.concurrency.to_string()])
            .args(["--drain-time-s", &self.drain_seconds.to_string()])
            .args(["--log-level", &self.log_level])
            .args(["--component-log-level", &format!("wasm:{}", self.wasm_log_level)])
            .arg("--config-path")
            .arg(at("envoy.yaml"))
            // Laid over the configuration: whatever it says of the administration interface, ours is on a free port.
            .args(["--config-yaml", admin::ON_A_FREE_PORT])
            .arg("--admin-address-path")
            .arg(at("admin"))
            .stdin(Stdio::null())
            .stdout(create(&at("stdout"))?)
            .stderr(create(&at("stderr"))?);
        let mut process = Process::start("Envoy", &mut command)?;
        let serving = wait::until(START, "Envoy being ready", || {
            if let Some(status) = process.ended()? {
                return Err(Error::EnvoyEnded {
                    status,
                    log: tail(&read(&at("stderr"))?),
                });
            }
            Serving::at(&at("admin"))
        });
        let serving = serving.map_err(|error| late_with_log(error, &at("stderr")))?;
        Ok(Envoy {
            process,
            folder,
            serving,
            shows_headers: ["trace", "debug"].contains(&&*self.log_level),
        })
    }
}

impl Envoy {
    /// An Envoy with this configuration, as YAML text, to be started with [`Builder::start`]. Its listeners should be
    /// on port 0.
    pub fn with(configuration: &str) -> Builder {
        Builder {
            configuration: configuration.to_owned(),
            concurrency: 1,
            log_level: "warning".to_owned(),
            wasm_log_level: "info".to_owned(),
            drain_seconds: 600,
        }
    }

    /// Where its first listener listens.
    ///
    /// # Errors
    /// [`Error::Sample`] if the configuration has no listener.
    pub fn address(&self) -> Result<SocketAddr> {
        let first = self.serving.listeners.first().map(|(_, address)| *address);
        first.ok_or_else(|| no_listener("any name"))
    }

    /// Where the listener called `name` listens.
    ///
    /// # Errors
    /// [`Error::Sample`] if there is none of that name.
    pub fn listener(&self, name: &str) -> Result<SocketAddr> {
        let named = self.serving.listeners.iter().find(|(other, _)| other == name);
        named
            .map(|(_, address)| *address)
            .ok_or_else(|| no_listener(name))
    }

    /// Where its administration interface listens.
    pub fn admin(&self) -> SocketAddr {
        self.serving.admin
    }

    /// Its process id.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still runs: a plugin can bring it down.
    ///
    /// # Errors
    /// [`Error::Io`] when the system does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.process.ended()?.is_none())
    }

    /// Sends a request to its first listener, over a connection of its own.
    ///
    /// # Errors
    /// Those of [`client::send`].
    pub fn send(&self, request: &Request) -> Result<Response> {
        client::send(self.address()?, request)
    }

    /// Ends it and returns what it left behind; logs are complete then.
    ///
    /// # Errors
    /// [`Error::Io`] if the system refuses, [`Error::Malformed`] if a line of the access log is no JSON.
    pub fn stop(mut self) -> Result<Stopped> {
        let status = self.process.stop()?;
        Ok(Stopped {
            status,
            log: self.log()?,
            access_log: self.access_log()?,
        })
    }
}

fn no_listener(name: &str) -> Error {
    Error::Sample {
        sample: "the running configuration".into(),
        rule: format!("has no listener of {name}"),
    }
}

fn create(path: &PathBuf) -> Result<File> {
    File::create(path).map_err(Error::io(format!("creating {}", path.display())))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(Error::io(format!("writing {}", path.display())))
}
