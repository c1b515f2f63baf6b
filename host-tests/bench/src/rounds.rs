//! The measuring itself. In each round each cell gets its requests, so that what is compared was seen within seconds.

use crate::cell::Cell;
use crate::figures::{Method, Seen};
use crate::order::Orders;
use crate::progress::Progress;
use crate::stage::{Batch, Stage};
use crate::{Options, Result};
use std::collections::BTreeMap;

/// So many requests of each cell before anything is measured: V8 compiles what is used much a second time, and better.
const TO_WARM_UP: u64 = 5_000;
/// The requests that are timed come in so many turns, each in an order of its own.
const TURNS: u64 = 4;

/// What all rounds have seen.
pub(crate) fn seen(stage: &mut Stage, cells: &[Cell], options: &Options) -> Result<BTreeMap<Cell, Seen>> {
    let mut seen: BTreeMap<Cell, Seen> = BTreeMap::new();
    let mut orders = Orders::of(cells, options.seed);
    let mut progress = Progress::of("warming up", cells.len());
    for &cell in cells {
        stage.batch(cell, TO_WARM_UP.min(options.requests * 10), 1)?;
        progress.step();
    }
    drop(progress);

    let turns: usize = cells.iter().map(|cell| cell.turns()).sum();
    let mut progress = Progress::of("CPU a request", turns * options.rounds as usize);
    for _ in 0..options.rounds {
        let mut round: BTreeMap<Cell, Vec<Batch>> = BTreeMap::new();
        for cell in orders.next() {
            let batch = stage.batch(cell, options.requests, 1)?;
            round.entry(cell).or_default().push(batch);
            progress.step();
        }
        for (cell, batches) in round {
            seen.entry(cell).or_default().round(&batches, options.requests);
        }
    }
    drop(progress);

    let turn = options.timed_requests / TURNS;
    let timed = cells.iter().filter(|cell| cell.is_timed()).count();
    if turn > 0 && timed > 0 {
        let mut progress = Progress::of("how long requests take", timed * TURNS as usize);
        for _ in 0..TURNS {
            for cell in orders.next_once().into_iter().filter(|cell| cell.is_timed()) {
                let latencies = stage.latencies(cell, options.per_second, turn)?;
                seen.entry(cell).or_default().latencies.extend(latencies);
                progress.step();
            }
        }
    }
    Ok(seen)
}

/// How that was measured.
pub(crate) fn method(options: &Options) -> Method {
    Method {
        seed: options.seed,
        rounds: options.rounds,
        requests: options.requests,
        per_second: options.per_second,
        timed_requests: options.timed_requests / TURNS * TURNS,
    }
}
