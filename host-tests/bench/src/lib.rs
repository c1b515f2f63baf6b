//! What the plugins cost: measured on the real Envoy against no filter, against Envoy's own filters, against Lua and
//! against a wasm filter that does nothing.
//!
//! What is counted is CPU, as the kernel accounts for it: it hardly depends on what else the machine does, while rates and
//! times do. What is told are ratios: they hardly depend on the machine.

#![forbid(unsafe_code)]

mod answer;
pub mod cell;
mod chart;
mod configuration;
mod error;
pub mod figures;
mod floor;
mod goals;
mod kernel;
mod load;
mod memory;
mod order;
mod progress;
mod proof;
pub mod publish;
mod requests;
mod rounds;
#[cfg(test)]
mod sample;
mod stage;
mod statistics;
mod table;

pub use error::{Error, Result};
pub use goals::Verdict;
pub use kernel::{Machine, Resident};

use cell::{Cell, Variant, Workload};
use figures::Figures;
use stage::Stage;
use std::collections::BTreeMap;
use std::path::Path;

/// What to measure, and how much.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many rounds; 0: neither CPU nor latencies are measured.
    pub rounds: u32,
    /// So many requests of each cell in each round.
    pub requests: u64,
    /// So many requests of each cell at the fixed rate, in all; 0: latencies are not measured.
    pub timed_requests: u64,
    /// The fixed rate.
    pub per_second: u32,
    /// So many requests of each variant in an Envoy of its own, to find out what it needs of memory; 0: that is not measured.
    pub memory_requests: u64,
    /// The names of workloads and variants; none: all.
    pub only: Vec<String>,
    /// What the orders are drawn from.
    pub seed: u64,
}

/// Measures, and tells on the standard error how far it is.
///
/// # Errors
/// Where a module is missing, Envoy does not start, or a variant does not do what is to be measured.
pub fn measure(options: &Options) -> Result<Figures> {
    let root = live::repository();
    let mut cells = cell::chosen(&options.only)?;
    // Where only memory is measured, a call is nothing to start for.
    cells.retain(|cell| options.rounds > 0 || cell.workload != Workload::Calls);
    eprintln!("seed {}", options.seed);
    let (calls, others): (Vec<Cell>, Vec<Cell>) =
        cells.iter().partition(|cell| cell.workload == Workload::Calls);
    let (mut envoy, mut seen) = (String::new(), BTreeMap::new());
    // Calls are small beside what runs at the side, so they have an Envoy of their own.
    for cells in [others, calls].iter().filter(|cells| !cells.is_empty()) {
        let mut stage = Stage::start(cells, &root)?;
        envoy = stage.envoy_version()?;
        if options.rounds > 0 {
            seen.extend(rounds::seen(&mut stage, cells, options)?);
        }
    }
    let figures = Figures {
        date: today(),
        machine: kernel::machine(),
        envoy,
        method: rounds::method(options),
        module_bytes: module_bytes(&root)?,
        costs: figures::costs(&cells, &seen),
        memory: memory::of(&cells, options.memory_requests, &root)?,
        goals: Vec::new(),
    };
    Ok(figures.judged())
}

/// The day, in UTC.
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// What grows with the requests, as the figures tell; nothing should.
///
/// # Errors
/// [`Error::Grows`] with all that does.
pub fn look_for_growth(figures: &Figures) -> Result<()> {
    match memory::growing(&figures.memory) {
        growing if growing.is_empty() => Ok(()),
        growing => Err(Error::Grows(growing.join("\n"))),
    }
}

/// The figures as tables for a terminal.
pub fn screen(figures: &Figures) -> String {
    table::screen(figures)
}

/// The figures as a picture: the text of an SVG.
pub fn chart(figures: &Figures) -> String {
    chart::chart(figures)
}

/// The size of each module that is measured.
fn module_bytes(root: &Path) -> Result<BTreeMap<String, u64>> {
    let plugins = [
        Variant::RequestId,
        Variant::ErrorEnvelope,
        Variant::CircuitBreaker,
        Variant::Retry,
    ];
    let mut files: Vec<(&str, std::path::PathBuf)> = plugins
        .iter()
        .map(|plugin| (plugin.name(), configuration::shipped(root, plugin.name())))
        .collect();
    files.push(("policies", configuration::shipped(root, "policies")));
    files.push((Variant::NoOp.name(), configuration::no_op(root)));
    let size = |(name, path): (&str, std::path::PathBuf)| {
        let found = std::fs::metadata(&path).map_err(Error::file(&path))?;
        Ok((name.to_owned(), found.len()))
    };
    files.into_iter().map(size).collect()
}
