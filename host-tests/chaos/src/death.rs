//! Every plugin dies, in every callback, under every failure policy: what clients see.
//!
//! Each plugin stands alone in a listener of its own, one for each policy, with VMs of its own.

mod configuration;

use crate::ends::End;
use crate::mortal::{self, Place, header};
use crate::upstream::Upstream;
use crate::{
    Error, Result,
    configuration::{MODULES, Modules, shipped},
};
use live::client::{Connection, Request};
use live::{Envoy, wait};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// So soon after its last start Envoy starts a VM again.
const BACK_OFF: &str = "0.01s";
/// Far beyond what anything here takes, for a machine that has much else to do.
const BOUND: Duration = Duration::from_secs(30);

/// What becomes of requests to a worker whose VM has died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// `FAIL_CLOSED`.
    Closed,
    /// `FAIL_OPEN`.
    Open,
    /// `FAIL_RELOAD`.
    Reload,
}

impl Policy {
    /// All of them.
    pub const ALL: [Policy; 3] = [Policy::Closed, Policy::Open, Policy::Reload];

    /// As Envoy's configuration has it.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Closed => "FAIL_CLOSED",
            Policy::Open => "FAIL_OPEN",
            Policy::Reload => "FAIL_RELOAD",
        }
    }
}

/// The modules that die: every one that ships.
pub const PLUGINS: [&str; 6] = [
    "admin",
    "circuit-breaker",
    "error-envelope",
    "policies",
    "request-id",
    "retry",
];

/// What clients saw of one death.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// The plugin that died.
    pub plugin: &'static str,
    /// Under which policy.
    pub policy: Policy,
    /// What became of the request on which it died.
    pub dying: End,
    /// What became of the next one on that worker.
    pub next: End,
    /// What became of the next one on the other worker.
    pub other: End,
}

/// An Envoy with two workers and a listener for each plugin and policy, all of them alive.
pub struct Mortals {
    envoy: Envoy,
    _upstream: Upstream,
    _folder: TempDir,
}

/// Writes the mortal form of a module that ships into this folder.
fn write(plugin: &str, folder: &Path) -> Result<PathBuf> {
    let ships = shipped(plugin)?;
    let bytes = fs::read(&ships).map_err(Error::io(format!("reading {}", ships.display())))?;
    let mortal =
        mortal::module(&bytes, &header(plugin)).map_err(|error| Error::Module(plugin.to_owned(), error))?;
    let path = folder.join(plugin).with_extension("wasm");
    fs::write(&path, mortal).map_err(Error::io(format!("writing {}", path.display())))?;
    Ok(path)
}

/// The mortal forms of all modules that listeners of the traffic load.
pub(crate) fn write_all(folder: &Path) -> Result<Modules> {
    let file = |plugin| Ok((plugin, write(plugin, folder)?));
    MODULES.into_iter().map(file).collect()
}

impl Mortals {
    /// Starts it.
    ///
    /// # Errors
    /// Where a module was not built, or Envoy does not start.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir().map_err(Error::io("making a folder"))?;
        let upstream = Upstream::start(0)?;
        let mut modules = Vec::new();
        for plugin in PLUGINS {
            modules.push((plugin, write(plugin, folder.path())?));
        }
        let configuration = configuration::configuration(&modules, upstream.address())?;
        let envoy = Envoy::with(&configuration).concurrency(2).start()?;
        Ok(Mortals {
            envoy,
            _upstream: upstream,
            _folder: folder,
        })
    }

    /// Lets every plugin die there, and says what clients saw.
    ///
    /// # Errors
    /// Where a plugin does not die.
    pub fn die(&self, place: Place) -> Result<Vec<Death>> {
        let mut deaths = Vec::new();
        for policy in Policy::ALL {
            let dying = |plugin: &&str| place != Place::Tick || ticks(plugin);
            for plugin in PLUGINS.into_iter().filter(dying) {
                deaths.push(self.death(plugin, policy, place)?);
            }
        }
        Ok(deaths)
    }

    fn death(&self, plugin: &'static str, policy: Policy, place: Place) -> Result<Death> {
        let listener = listener(plugin, policy);
        let (mut dying, worker) = self.connect(&listener)?;
        let before = deaths(&self.envoy)?;
        let request = Request::get("/orders").header(header(plugin), place.name());
        let dying = End::of(&dying.send(&request));
        wait::until(BOUND, &format!("{plugin} dying of {}", place.name()), || {
            Ok((deaths(&self.envoy)? > before).then_some(()))
        })?;
        let ask = |mut connection: Connection| End::of(&connection.send(&Request::get("/orders")));
        let next = ask(self.connect_to(&listener, worker)?);
        let other = ask(self.connect_to(&listener, 1 - worker)?);
        Ok(Death {
            plugin,
            policy,
            dying,
            next,
            other,
        })
    }

    fn connect_to(&self, listener: &str, worker: usize) -> Result<Connection> {
        // The system deals connections out at random: this ends soon.
        loop {
            let (connection, found) = self.connect(listener)?;
            if found == worker {
                return Ok(connection);
            }
        }
    }

    /// A new connection, and the number of the worker that has it.
    fn connect(&self, listener: &str) -> Result<(Connection, usize)> {
        let before = self.connections(listener)?;
        let connection = Connection::open(self.envoy.listener(listener)?)?;
        let worker = wait::until(BOUND, "a connection being counted", || {
            let after = self.connections(listener)?;
            Ok((0..2).find(|worker| after[*worker] > before[*worker]))
        })?;
        Ok((connection, worker))
    }

    fn connections(&self, listener: &str) -> live::Result<[u64; 2]> {
        let statistics = self.envoy.stats()?;
        Ok([0, 1].map(|worker| {
            let name = format!("listener.{listener}.worker_{worker}.downstream_cx_total");
            statistics.get(&name).copied().unwrap_or_default()
        }))
    }
}

fn listener(plugin: &str, policy: Policy) -> String {
    format!("{plugin}-{}", policy.name())
}

/// How many VMs have died, as the log tells.
pub(crate) fn deaths(envoy: &Envoy) -> live::Result<usize> {
    Ok(envoy.log()?.matches("Uncaught RuntimeError").count())
}

/// Whether this plugin has ticks, and so can die of one.
pub fn ticks(plugin: &str) -> bool {
    !matches!(plugin, "admin" | "error-envelope")
}
