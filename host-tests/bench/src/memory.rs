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
/// After so many of them, it is warm.
const WARM: u64 = PARTS / 10;
const HALF: u64 = PARTS / 2;
/// What is resident may be so much more in the end than when it was warm, whichever is more: the allocators of Envoy and
/// V8 keep now more and now less. What is kept of each of a million requests is far more.
const MORE_PERCENT: u64 = 2;
const MORE_KB: u64 = 2 * 1024;

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
        stage.vary(cell)?;
        let (mut warm, mut metric_names_at_half) = (stage.ready(), 0);
        for done in 1..=PARTS {
            stage.batch(cell, part, AT_ONCE)?;
            match done {
                WARM => warm = stage.resident()?,
                HALF => metric_names_at_half = stage.metric_names(cell, part * done)?,
                _ => {}
            }
            progress.step();
        }
        memory.push(Memory {
            variant,
            date: crate::today(),
            ready: stage.ready(),
            requests: part * PARTS,
            warm,
            after: stage.resident()?,
            metric_names_at_half,
            metric_names: stage.metric_names(cell, part * PARTS)?,
        });
    }
    Ok(memory)
}

/// What of these grows with the requests, each in words.
pub(crate) fn growing(memory: &[Memory]) -> Vec<String> {
    let of = |memory: &Memory| {
        let title = memory.variant.title();
        let (warm, after) = (memory.warm.rss_kb, memory.after.rss_kb);
        let resident = after > warm + MORE_KB.max(warm * MORE_PERCENT / 100);
        let resident = resident.then(|| {
            format!(
                "{title}: {after} kB are resident after {} requests, {warm} kB after a tenth",
                memory.requests
            )
        });
        let (half, all) = (memory.metric_names_at_half, memory.metric_names);
        let names = all != half;
        let names = names.then(|| {
            format!(
                "{title}: {all} metrics after {} requests, {half} after half",
                memory.requests
            )
        });
        [resident, names]
    };
    memory.iter().flat_map(of).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::growing;
    use crate::sample;

    #[track_caller]
    fn assert_growing(rss_kb: u64, metric_names: u64, expected: &[&str]) {
        let mut memory = sample::figures().memory;
        memory[0].after.rss_kb = rss_kb;
        memory[0].metric_names = metric_names;
        assert_eq!(growing(&memory), expected);
    }

    #[test]
    fn what_stays_within_two_megabytes_or_two_percent_does_not_grow() {
        assert_growing(66_048 + 2_048, 12, &[]);
        assert_growing(60_000, 12, &[]);
        let mut memory = sample::figures().memory;
        (memory[0].warm.rss_kb, memory[0].after.rss_kb) = (200_000, 204_000);
        assert!(growing(&memory).is_empty());
        memory[0].after.rss_kb = 204_001;
        assert_eq!(growing(&memory).len(), 1);
    }

    #[test]
    fn what_is_kept_of_each_request_is_told() {
        assert_growing(
            66_048 + 2_049,
            12,
            &["no filter: 68097 kB are resident after 50000 requests, 66048 kB after a tenth"],
        );
        assert_growing(
            66_560,
            13,
            &["no filter: 13 metrics after 50000 requests, 12 after half"],
        );
    }
}
