//! What each variant needs of memory: in an Envoy of its own, because what a process has cannot be told apart by listener.

use crate::Result;
use crate::cell::{Cell, Variant, Workload};
use crate::figures::Memory;
use crate::progress::Progress;
use crate::stage::Stage;
use std::path::Path;

/// So many requests at once on each connection: what is looked for is growth, and this comes sooner to it.
const AT_ONCE: u32 = 16;
/// The requests come in so many parts, so that it can be told how far it is.
const PARTS: u64 = 20;

/// Of each variant among the cells, after so many requests to the upstream.
pub(crate) fn of(cells: &[Cell], requests: u64, root: &Path) -> Result<Vec<Memory>> {
    if requests == 0 {
        return Ok(Vec::new());
    }
    let is_used = |variant: &&Variant| cells.iter().any(|cell| cell.variant == **variant);
    let variants: Vec<Variant> = Variant::FILTERS.iter().filter(is_used).copied().collect();
    let mut progress = Progress::of("memory", variants.len() * PARTS as usize);
    let mut memory = Vec::new();
    for variant in variants {
        let cell = Cell {
            workload: Workload::Upstream,
            variant,
        };
        let mut stage = Stage::start(&[cell], root)?;
        let part = requests.div_ceil(PARTS);
        for _ in 0..PARTS {
            stage.batch(cell, part, AT_ONCE)?;
            progress.step();
        }
        memory.push(Memory {
            variant,
            ready: stage.ready(),
            requests: part * PARTS,
            after: stage.resident()?,
        });
    }
    Ok(memory)
}
