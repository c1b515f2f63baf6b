//! The figures as tables: rows of text, drawn for a terminal or written as Markdown.

use crate::cell::{Variant, Workload};
use crate::figures::{Cost, Figures};
use crate::floor;
use comfy_table::{CellAlignment, Table as Drawn, presets};

/// Heads and rows. The first column is text, the others are numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// As a terminal shows it.
    pub(crate) fn drawn(&self) -> String {
        let mut table = Drawn::new();
        table.load_style(presets::NOTHING).set_header(&self.heads);
        for row in &self.rows {
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.trim_fmt()
    }

    /// As Markdown.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = (0..self.heads.len()).map(|column| if column == 0 { "---" } else { "--:" });
        let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        format!("{}{rule}{rows}", line(&self.heads))
    }
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

/// What each variant costs under this workload.
pub(crate) fn costs(figures: &Figures, workload: Workload) -> Table {
    let row = |cost: &Cost| {
        let optional =
            |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.2}"));
        let ratio = cost
            .to_no_op
            .map_or_else(|| "–".to_owned(), |ratio| pair(ratio.minimum, ratio.median));
        vec![
            cost.variant.title().to_owned(),
            pair(cost.cpu_us.minimum, cost.cpu_us.median),
            pair(cost.added_us.minimum, cost.added_us.median),
            ratio,
            format!("{:.0}", cost.per_second),
            optional(cost.p50_ms),
            optional(cost.p99_ms),
        ]
    };
    let costs = figures.costs.iter().filter(|cost| cost.workload == workload);
    Table {
        heads: texts(&[
            workload.title(),
            "CPU, µs: min, median",
            "added",
            "to no-op wasm",
            "requests/s",
            "p50, ms",
            "p99, ms",
        ]),
        rows: costs.map(row).collect(),
    }
}

/// What each call to the host costs, over the same module without one.
pub(crate) fn calls(figures: &Figures) -> Table {
    let costs = figures.costs.iter();
    let calls = costs.filter(|cost| cost.workload == Workload::Calls && cost.variant != Variant::NoCall);
    Table {
        heads: texts(&["a request with one host call, over one with none", "µs"]),
        rows: calls
            .map(|cost| {
                // The minima are of whole requests, and differ by more than what a call costs.
                vec![
                    cost.variant.title().to_owned(),
                    format!("{:.1}", cost.added_us.median),
                ]
            })
            .collect(),
    }
}

/// The goals, and what came of them.
pub(crate) fn goals(figures: &Figures) -> Table {
    let rows = figures.goals.iter().map(|goal| {
        vec![
            goal.claim.clone(),
            format!("{:.1}", goal.at_most),
            pair(goal.found.minimum, goal.found.median),
            if goal.met { "yes" } else { "no" }.to_owned(),
        ]
    });
    Table {
        heads: texts(&["goal", "at most", "of minima, of medians", "met"]),
        rows: rows.collect(),
    }
}

/// The goals that are not met, and how near the host calls let anyone come.
pub(crate) fn floors(figures: &Figures) -> Table {
    let rows = floor::floors(figures).into_iter().map(|floor| {
        vec![
            floor.goal.claim,
            floor.calls.to_string(),
            format!("{:.2}", floor.module_us),
            format!("{:.2}", floor.calls_us),
            format!("{:.2}", floor.over_us),
            format!("{:.2}", floor.ratio),
            format!("{:.2}", floor.goal.found.median),
            format!("{:.1}", floor.goal.at_most),
        ]
    });
    Table {
        heads: texts(&[
            "goal that is not met",
            "host calls",
            "a module without any, µs",
            "the calls, µs",
            "what it is compared with, µs",
            "floor",
            "found",
            "at most",
        ]),
        rows: rows.collect(),
    }
}

fn pair(minimum: f64, median: f64) -> String {
    format!("{minimum:.2}, {median:.2}")
}

/// What each variant needs of memory, and whether that grows.
pub(crate) fn memory(figures: &Figures) -> Table {
    let mb = |kb: u64| format!("{:.1}", kb as f64 / 1024.0);
    let rows = figures.memory.iter().map(|memory| {
        vec![
            memory.variant.title().to_owned(),
            mb(memory.ready.rss_kb),
            mb(memory.warm.rss_kb),
            mb(memory.after.rss_kb),
            mb(memory.ready.anonymous_kb),
            mb(memory.after.anonymous_kb),
            format!("{}, {}", memory.metric_names_at_half, memory.metric_names),
        ]
    });
    let first = figures.memory.first();
    let requests = first.map_or(0, |memory| memory.requests);
    let date = first.map_or("", |memory| &memory.date);
    Table {
        heads: texts(&[
            &format!("memory in MB, {date}"),
            "resident, at ready",
            &format!("after {} requests", requests / 10),
            &format!("after {requests}"),
            "of it anonymous, at ready",
            "after all",
            "metrics after half, after all",
        ]),
        rows: rows.collect(),
    }
}

/// How large each module is.
pub(crate) fn modules(figures: &Figures) -> Table {
    let rows = figures.module_bytes.iter();
    Table {
        heads: texts(&["module", "bytes"]),
        rows: rows
            .map(|(name, bytes)| vec![name.clone(), bytes.to_string()])
            .collect(),
    }
}

/// In short: what each variant adds under the usual workloads, as multiples of what a wasm filter adds that does nothing.
pub(crate) fn short(figures: &Figures) -> Table {
    let workloads = [
        Workload::DirectResponse,
        Workload::Upstream,
        Workload::ReplacedError,
    ];
    let rows = Variant::ALL.iter().filter_map(|&variant| {
        let ratio = |workload| figures.cost(workload, variant)?.to_no_op;
        let ratios = workloads.map(ratio);
        let is_told = variant != Variant::NoFilter && ratios.iter().any(Option::is_some);
        let ratios =
            ratios.map(|ratio| ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{:.1}", ratio.median)));
        is_told.then(|| [&[variant.title().to_owned()], &ratios[..]].concat())
    });
    let titles = workloads.map(Workload::title);
    Table {
        heads: texts(&["CPU added to a request", titles[0], titles[1], titles[2]]),
        rows: rows.collect(),
    }
}

/// When and where.
pub(crate) fn place(figures: &Figures) -> String {
    let machine = &figures.machine;
    format!(
        "{}, Envoy {} with one worker, {}, {} cores, {}",
        figures.date, figures.envoy, machine.cpu, machine.cores, machine.kernel
    )
}

/// When, where and how; where only memory was measured, its table says how.
pub(crate) fn head(figures: &Figures) -> String {
    let method = &figures.method;
    if method.rounds == 0 {
        return place(figures);
    }
    format!(
        "{}; {} rounds, {} requests at a time; p50 and p99 at {} requests/s",
        place(figures),
        method.rounds,
        method.requests,
        method.per_second
    )
}

/// All of it, for a terminal.
pub(crate) fn screen(figures: &Figures) -> String {
    let mut parts = vec![head(figures)];
    let measured = |workload: &&Workload| figures.costs.iter().any(|cost| cost.workload == **workload);
    for workload in Workload::ALL.iter().filter(measured) {
        parts.push(match workload {
            Workload::Calls => calls(figures).drawn(),
            _ => costs(figures, *workload).drawn(),
        });
    }
    if !figures.memory.is_empty() {
        parts.push(memory(figures).drawn());
    }
    if !figures.goals.is_empty() {
        parts.push(goals(figures).drawn());
    }
    format!("{}\n", parts.join("\n\n"))
}

#[cfg(test)]
mod tests;
