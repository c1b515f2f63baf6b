//! What came of it.

use std::error::Error;
use std::path::Path;

/// What was tried of one target.
pub(crate) struct Tried {
    target: &'static str,
    runs: u64,
    new: u64,
    reached: u64,
    pub(crate) failed: bool,
}

impl Tried {
    pub(crate) fn of(target: &'static str) -> Self {
        Self {
            target,
            runs: 0,
            new: 0,
            reached: 0,
            failed: false,
        }
    }

    /// Takes what it can of a line that libFuzzer has written.
    pub(crate) fn take(&mut self, line: &str) {
        let last = |line: &str| line.rsplit(' ').next().and_then(|number| number.parse().ok());
        if line.starts_with("stat::number_of_executed_units:") {
            self.runs = last(line).unwrap_or(self.runs);
        } else if line.starts_with("stat::new_units_added:") {
            self.new = last(line).unwrap_or(self.new);
        } else if line.starts_with('#') {
            let mut words = line.split_ascii_whitespace().skip_while(|word| *word != "ft:");
            let reached = words.nth(1).and_then(|number| number.parse().ok());
            self.reached = reached.unwrap_or(self.reached);
        }
    }
}

/// What was tried of all.
#[derive(Default)]
pub(crate) struct Report(Vec<Tried>);

impl Report {
    pub(crate) fn add(&mut self, tried: Tried) {
        self.0.push(tried);
    }

    pub(crate) fn found_nothing(&self) -> bool {
        self.0.iter().all(|tried| !tried.failed)
    }

    pub(crate) fn show(&self) {
        println!(
            "\n{:<14} {:>12} {:>10} {:>8}",
            "target", "inputs", "reached", "new"
        );
        for tried in &self.0 {
            let found = if tried.failed { "  FOUND SOMETHING" } else { "" };
            println!(
                "{:<14} {:>12} {:>10} {:>8}{found}",
                tried.target, tried.runs, tried.reached, tried.new
            );
        }
    }

    /// Writes the row of the page on reliability.
    pub(crate) fn publish(&self, work: bool) -> Result<(), Box<dyn Error>> {
        if !self.found_nothing() {
            return Err("what has found something is not published: mend it first".into());
        }
        let all: u64 = self.0.iter().map(|tried| tried.runs).sum();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let (part, tried) = match work {
            true => (
                "Endless work",
                "inputs that cost the modules ever more, and monsters made by hand",
            ),
            false => (
                "Fuzzing",
                "configurations, header parsers, error bodies, records, whole exchanges and callbacks in any order, with any bytes",
            ),
        };
        let how_often = format!("{} inputs in {} targets", in_thousands(all), self.0.len());
        Ok(ledger::publish(&root, part, tried, &how_often)?)
    }
}

/// As people read it: `3,102,348`.
fn in_thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev();
    let groups: Vec<&str> = groups.filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}
