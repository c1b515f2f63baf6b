//! What is measured, up and running: an Envoy with a listener for each variant, an Envoy behind it, and clients.

use crate::cell::{Cell, Variant, Workload};
use crate::kernel::Resident;
use crate::load::Load;
use crate::{Error, Result, configuration, kernel, proof};
use live::Envoy;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Plugins tick each second; a machine that is busy may take its time.
const TICKS: Duration = Duration::from_secs(20);

/// Two Envoys, until it is dropped.
pub(crate) struct Stage {
    runtime: Runtime,
    loads: BTreeMap<Cell, Load>,
    ready: Resident,
    envoy: Envoy,
    _upstream: Envoy,
}

/// What so many requests took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// How long the Envoy that is measured was on a CPU, in all its threads.
    pub(crate) cpu: Duration,
    /// How long the client was at it.
    pub(crate) elapsed: Duration,
}

impl Stage {
    /// Starts both, opens the breakers that are to be open, and proves that each variant does what it is there for.
    ///
    /// # Errors
    /// [`Error::Wrong`] with the cell that is not what it should be.
    pub(crate) fn start(cells: &[Cell], root: &Path) -> Result<Self> {
        let quiet = |configuration: &str| {
            Envoy::with(configuration)
                .log_level("error")
                .wasm_log_level("error")
        };
        let upstream = quiet(&configuration::upstream()).start()?;
        let configuration = configuration::measured(cells, upstream.address()?, root)?;
        let envoy = quiet(&configuration).start()?;
        let ready = kernel::resident(envoy.process_id())?;
        for cell in cells.iter().filter(|cell| cell.workload == Workload::OpenBreaker) {
            proof::open(&envoy, *cell)?;
        }
        let mut proven: Vec<Variant> = Vec::new();
        for cell in cells {
            proof::of_answer(&envoy, *cell)?;
            if cell.workload != Workload::OpenBreaker && !proven.contains(&cell.variant) {
                proof::of_filters(&envoy, *cell)?;
                proven.push(cell.variant);
            }
        }
        proof::of_machines(&envoy, cells)?;
        let runtime = Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(Error::io("starting the clients"))?;
        let mut loads = BTreeMap::new();
        for cell in cells {
            let address = envoy.listener(&cell.listener())?;
            loads.insert(*cell, Load::open(&runtime, address, cell.workload)?);
        }
        Ok(Self {
            runtime,
            loads,
            ready,
            envoy,
            _upstream: upstream,
        })
    }

    /// The version of Envoy, such as `1.40.0`.
    ///
    /// # Errors
    /// [`Error::Malformed`] where it tells none.
    pub(crate) fn envoy_version(&self) -> Result<String> {
        let text = self.envoy.admin_get("/server_info")?;
        let told: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        // <commit>/<version>/<state of the sources>/<build>/<TLS library>
        let version = told
            .get("version")
            .and_then(|version| version.as_str()?.split('/').nth(1));
        let malformed = || Error::Malformed {
            what: "what Envoy says of itself".into(),
            rule: "no version".into(),
        };
        version.map(str::to_owned).ok_or_else(malformed)
    }

    /// What the Envoy that is measured had in memory as soon as it served.
    pub(crate) fn ready(&self) -> Resident {
        self.ready
    }

    /// What it has in memory now.
    pub(crate) fn resident(&self) -> Result<Resident> {
        kernel::resident(self.envoy.process_id())
    }

    /// So many metrics it has that are the plugins', after so many requests of this cell.
    ///
    /// # Errors
    /// [`live::Error::Late`] where the ids of these requests are not counted within a few seconds.
    pub(crate) fn metric_names(&self, cell: Cell, requests: u64) -> Result<u64> {
        // Ids are counted with the next tick: until then a metric may be missing that every such request leads to.
        let told = if cell.variant.counts_ids() { requests } else { 0 };
        let what = format!("{cell}: {told} ids counted");
        Ok(live::wait::until(TICKS, &what, || {
            let text = self.envoy.admin_get("/stats?filter=^wasmcustom")?;
            let ids: u64 = text.lines().filter_map(counted_ids).sum();
            Ok((ids >= told).then_some(text.lines().count() as u64))
        })?)
    }

    /// From now on each request of this cell differs from all others.
    pub(crate) fn vary(&mut self, cell: Cell) -> Result<()> {
        self.loads.get_mut(&cell).ok_or_else(|| not_there(cell))?.vary();
        Ok(())
    }

    /// So many requests, so many at once on each connection.
    pub(crate) fn batch(&mut self, cell: Cell, requests: u64, at_once: u32) -> Result<Batch> {
        let process = self.envoy.process_id();
        let load = self.loads.get_mut(&cell).ok_or_else(|| not_there(cell))?;
        let before = kernel::cpu_time(process)?;
        let elapsed = load
            .closed(&self.runtime, requests, at_once)
            .map_err(|error| of(cell, error))?;
        let cpu = kernel::cpu_time(process)?.saturating_sub(before);
        Ok(Batch { cpu, elapsed })
    }

    /// How long each of so many requests took, at so many a second.
    pub(crate) fn latencies(&self, cell: Cell, per_second: u32, requests: u64) -> Result<Vec<Duration>> {
        let load = self.loads.get(&cell).ok_or_else(|| not_there(cell))?;
        load.open_loop(per_second, requests)
            .map_err(|error| of(cell, error))
    }
}

/// The ids that this line of Envoy's metrics counts, if it does.
fn counted_ids(line: &str) -> Option<u64> {
    let (name, count) = line.rsplit_once(": ")?;
    name.contains("request_ids_total").then(|| count.parse().ok())?
}

fn not_there(cell: Cell) -> Error {
    Error::Wrong(format!("{cell}: it was not started"))
}

/// Says where it happened.
fn of(cell: Cell, error: Error) -> Error {
    match error {
        Error::Wrong(rule) => Error::Wrong(format!("{cell}: {rule}")),
        other => other,
    }
}
