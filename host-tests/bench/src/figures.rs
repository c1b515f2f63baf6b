//! What was found out, as it is written to and read from JSON.

use crate::cell::{Cell, Variant, Workload};
use crate::goals::{self, Verdict};
use crate::kernel::{Machine, Resident};
use crate::stage::Batch;
use crate::statistics::{median, minimum, quantile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Everything that one run has found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The day, in UTC.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// The version of Envoy.
    pub envoy: String,
    /// How it was measured.
    pub method: Method,
    /// The size of each module in bytes, by its name.
    pub module_bytes: BTreeMap<String, u64>,
    /// What each cell costs.
    pub costs: Vec<Cost>,
    /// What each variant needs of memory; empty where it was not measured.
    pub memory: Vec<Memory>,
    /// The goals, and what came of them.
    pub goals: Vec<Verdict>,
}

/// How it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// What the orders were drawn from.
    pub seed: u64,
    /// So many rounds.
    pub rounds: u32,
    /// So many requests at a time, of each cell in each round; of those that others are compared with, five times as many.
    pub requests: u64,
    /// So many a second were sent to find out how long they take.
    pub per_second: u32,
    /// So many of them, in all.
    pub timed_requests: u64,
}

/// A figure of all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverRounds {
    /// The least.
    pub minimum: f64,
    /// The middle one.
    pub median: f64,
}

/// What a cell costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// What was asked.
    pub workload: Workload,
    /// What stood in the way.
    pub variant: Variant,
    /// CPU a request, in microseconds.
    pub cpu_us: OverRounds,
    /// What of that is over *no filter*; of a call, over the module without one. Its median is that of the differences within each round, its minimum the difference
    /// of the two minima: the least of all differences would be one between a good moment and a bad one.
    pub added_us: OverRounds,
    /// What is added, as a multiple of what a wasm filter adds that does nothing; none where there was none, and of calls.
    pub to_no_op: Option<OverRounds>,
    /// Requests a second that one worker answered, in the middle round.
    pub per_second: f64,
    /// What half of the requests took at most at the fixed rate, in milliseconds; none where it was not measured.
    pub p50_ms: Option<f64>,
    /// What 99 of 100 took at most.
    pub p99_ms: Option<f64>,
}

/// What a variant needs of memory, in an Envoy of its own, and whether that grows: each request differs from all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// What stands before the router.
    pub variant: Variant,
    /// The day, in UTC.
    pub date: String,
    /// As soon as it serves.
    pub ready: Resident,
    /// So many requests, in all.
    pub requests: u64,
    /// After a tenth of them.
    pub warm: Resident,
    /// After all.
    pub after: Resident,
    /// So many metrics of plugins there are after half of them.
    pub metric_names_at_half: u64,
    /// So many after all.
    pub metric_names: u64,
}

/// What the rounds have seen of a cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// CPU a request of each round, in microseconds: the middle one of its turns. Their mean would be higher where there
    /// are more of them, because what disturbs a turn only ever makes it dearer.
    pub(crate) cpu_us: Vec<f64>,
    /// The same of its first turn alone. Of these is the minimum, which is lower of more turns.
    pub(crate) first_us: Vec<f64>,
    /// Requests a second of each round.
    pub(crate) per_second: Vec<f64>,
    /// How long each request took at the fixed rate.
    pub(crate) latencies: Vec<Duration>,
}

impl Seen {
    /// One round: its turns, each of so many requests.
    pub(crate) fn round(&mut self, batches: &[Batch], requests: u64) {
        let requests = requests as f64;
        let of = |figure: fn(&Batch) -> Duration| {
            let turns = batches.iter().map(|batch| figure(batch).as_secs_f64());
            turns.collect::<Vec<f64>>()
        };
        let cpu = of(|batch| batch.cpu);
        self.cpu_us.extend(median(&cpu).map(|cpu| cpu * 1e6 / requests));
        self.first_us.extend(cpu.first().map(|cpu| cpu * 1e6 / requests));
        let elapsed = median(&of(|batch| batch.elapsed));
        self.per_second.extend(elapsed.map(|elapsed| requests / elapsed));
    }
}

/// What the rounds have seen comes to.
pub(crate) fn costs(cells: &[Cell], seen: &BTreeMap<Cell, Seen>) -> Vec<Cost> {
    let of = |cell: Cell| Some((cell, seen.get(&cell)?));
    let mut costs: Vec<Cost> = cells
        .iter()
        .filter_map(|&cell| cost(of(cell)?.1, of(cell.base())?.1, cell))
        .collect();
    let no_ops: Vec<(Workload, OverRounds)> = costs
        .iter()
        .filter(|cost| cost.variant == Variant::NoOp && cost.workload != Workload::Calls)
        .map(|cost| (cost.workload, cost.added_us))
        .collect();
    for cost in &mut costs {
        let no_op = no_ops.iter().find(|(workload, _)| *workload == cost.workload);
        cost.to_no_op = no_op.and_then(|(_, no_op)| cost.added_us.over(*no_op));
    }
    costs
}

fn cost(seen: &Seen, base: &Seen, cell: Cell) -> Option<Cost> {
    let cpu_us = OverRounds {
        minimum: rounded(minimum(&seen.first_us)?),
        median: rounded(median(&seen.cpu_us)?),
    };
    let differences: Vec<f64> = seen
        .cpu_us
        .iter()
        .zip(&base.cpu_us)
        .map(|(own, base)| own - base)
        .collect();
    let latencies: Vec<f64> = seen
        .latencies
        .iter()
        .map(|latency| latency.as_secs_f64() * 1e3)
        .collect();
    Some(Cost {
        workload: cell.workload,
        variant: cell.variant,
        cpu_us,
        added_us: OverRounds {
            minimum: rounded(cpu_us.minimum - minimum(&base.first_us)?),
            median: rounded(median(&differences)?),
        },
        to_no_op: None,
        per_second: median(&seen.per_second)?.round(),
        p50_ms: quantile(&latencies, 0.5).map(rounded),
        p99_ms: quantile(&latencies, 0.99).map(rounded),
    })
}

impl OverRounds {
    /// Each as a multiple of the other's; none of nothing.
    pub(crate) fn over(self, other: Self) -> Option<Self> {
        let ratio = Self {
            minimum: rounded(self.minimum / other.minimum),
            median: rounded(self.median / other.median),
        };
        (ratio.minimum.is_finite() && ratio.median.is_finite()).then_some(ratio)
    }
}

/// To a thousandth: more was not measured. Nothing is nothing, and not the less than nothing that rounding leaves.
fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3 + 0.0
}

impl Figures {
    /// What this cell costs, if it was measured.
    pub fn cost(&self, workload: Workload, variant: Variant) -> Option<&Cost> {
        self.costs
            .iter()
            .find(|cost| cost.workload == workload && cost.variant == variant)
    }

    /// The same with what another run has found out of memory.
    pub fn with_memory_of(self, other: Self) -> Self {
        Self {
            memory: other.memory,
            ..self
        }
    }

    /// The same with the goals told anew.
    pub(crate) fn judged(mut self) -> Self {
        self.goals = goals::verdicts(&self);
        self
    }
}

#[cfg(test)]
mod tests;
