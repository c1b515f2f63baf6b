//! The figures as tables: rows of text, drawn for a terminal or written as Markdown.

use crate::cell::Workload;
use crate::figures::{Cost, Figures};
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
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(ToString::to_string).collect()
}

/// What each variant costs under this workload.
pub(crate) fn costs(figures: &Figures, workload: Workload) -> Table {
    let rate = format!("at {} a second, ms: half within", figures.method.per_second);
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
            "to wasm that does nothing",
            "requests a second",
            &rate,
            "99 %",
        ]),
        rows: costs.map(row).collect(),
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

fn pair(minimum: f64, median: f64) -> String {
    format!("{minimum:.2}, {median:.2}")
}

/// When, where and how.
pub(crate) fn head(figures: &Figures) -> String {
    let (machine, method) = (&figures.machine, &figures.method);
    format!(
        "{}, Envoy {} with one worker, {}, {} cores, {}; {} rounds of {} requests",
        figures.date,
        figures.envoy,
        machine.cpu,
        machine.cores,
        machine.kernel,
        method.rounds,
        method.requests
    )
}

/// All of it, for a terminal.
pub(crate) fn screen(figures: &Figures) -> String {
    let mut parts = vec![head(figures)];
    let measured = |workload: &&Workload| figures.costs.iter().any(|cost| cost.workload == **workload);
    for workload in Workload::ALL.iter().filter(measured) {
        parts.push(costs(figures, *workload).drawn());
    }
    if !figures.goals.is_empty() {
        parts.push(goals(figures).drawn());
    }
    format!("{}\n", parts.join("\n\n"))
}
