//! The figures that the documents show: `docs/figures.json`, and what is made of it.

use crate::cell::{Variant, Workload};
use crate::figures::Figures;
use crate::{Error, Result, chart, table};
use std::fs;
use std::path::Path;

/// What everything else is made of.
const FIGURES: &str = "docs/figures.json";
const CHART: &str = "docs/figures.svg";
/// Between these two lines a document has what is made of it.
const BEGIN: &str = "<!-- figures: `make bench PUBLISH=yes` writes what is between these two lines -->\n";
const END: &str = "<!-- end of figures -->\n";

/// Above the floors.
const ABOUT_FLOORS: &str = "\
The host's part alone: a module that does nothing, and the calls that the plugin makes, each at what it costs [by itself](#host-calls). With no code
of its own at all, the ratio would be *floor*: module and calls together, by what they are compared with; where that is a whole request, it is in
both. A floor above *at most* means that the goal cannot be met by whoever makes these calls; one below it, that what is left is the plugin's own
code, and the caches that it does without beside other modules. [Which calls these are](#which-calls-and-why), and why there are not fewer, is below.
";
/// Above the calls.
const ABOUT_CALLS: &str = "\
A module that makes one call in each request, over the same module without any, in rounds as above. No filter is less than that by what the
callbacks of a module cost; the no-op, which is on the SDK, is more. The figures are medians; runs differ by half a microsecond, and what is less than that may be less than nothing.
";

/// A file and what is to be in it.
struct Made {
    file: &'static str,
    text: String,
}

/// Writes these figures and what is made of them below `root`.
///
/// # Errors
/// [`Error::Io`], and [`Error::Malformed`] where a document has no place for them.
pub fn publish(figures: &Figures, root: &Path) -> Result<()> {
    for made in all(figures, root)? {
        let path = root.join(made.file);
        fs::write(&path, made.text).map_err(Error::file(&path))?;
    }
    Ok(())
}

/// The figures that were published.
///
/// # Errors
/// [`Error::Io`] without any, [`Error::Malformed`] where they are none.
pub fn published(root: &Path) -> Result<Figures> {
    let text = read(root, FIGURES)?;
    let figures: Figures =
        serde_json::from_str(&text).map_err(|error| malformed(FIGURES, &error.to_string()))?;
    Ok(figures.judged())
}

/// Looks whether what is published is what these figures give.
///
/// # Errors
/// [`Error::Differs`] with the first file that is something else.
pub fn check(figures: &Figures, root: &Path) -> Result<()> {
    for made in all(figures, root)? {
        if read(root, made.file)? != made.text {
            return Err(Error::Differs(made.file.to_owned()));
        }
    }
    Ok(())
}

/// The figures as JSON.
///
/// # Errors
/// [`Error::Malformed`] for a figure that is no number.
pub fn json(figures: &Figures) -> Result<String> {
    let text =
        serde_json::to_string_pretty(figures).map_err(|error| malformed(FIGURES, &error.to_string()))?;
    Ok(text + "\n")
}

fn all(figures: &Figures, root: &Path) -> Result<Vec<Made>> {
    let documents = [
        ("README.md", in_short(figures)),
        ("docs/cost.md", at_length(figures)),
    ];
    let mut all = vec![
        Made {
            file: FIGURES,
            text: json(figures)?,
        },
        Made {
            file: CHART,
            text: chart::chart(figures),
        },
    ];
    for (file, part) in documents {
        let text =
            filled(&read(root, file)?, &part).ok_or_else(|| malformed(file, "no place for the figures"))?;
        all.push(Made { file, text });
    }
    Ok(all)
}

/// The document with this part between the two lines.
fn filled(document: &str, part: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{part}{END}{after}"))
}

/// For the README.
fn in_short(figures: &Figures) -> String {
    let met = figures.goals.iter().filter(|goal| goal.met).count();
    let figure = |number: Option<f64>| number.map_or_else(|| "–".to_owned(), |number| format!("{number:.2}"));
    let whole = |workload, variant| {
        let base = figures.cost(Workload::Upstream, Variant::NoFilter)?;
        Some(figures.cost(workload, variant)?.cpu_us.over(base.cpu_us)?.median)
    };
    format!(
        "{}\nWith all four in one pass, a request to an upstream costs Envoy {} times the CPU of one without a filter; one that an \
         open breaker rejects, {} times.\n{met} of {} [goals](docs/cost.md#goals) are met. ({}.)\n",
        table::short(figures).markdown(),
        figure(whole(Workload::Upstream, Variant::OnePass)),
        figure(whole(Workload::OpenBreaker, Variant::CircuitBreaker)),
        figures.goals.len(),
        table::place(figures),
    )
}

/// For the page.
fn at_length(figures: &Figures) -> String {
    let costs = Workload::ALL
        .iter()
        .filter(|workload| **workload != Workload::Calls)
        .map(|&workload| table::costs(figures, workload).markdown());
    let mut parts = vec![
        format!("{}.\n", table::head(figures)),
        "![What is added to a request, and what a whole request costs](figures.svg)\n".to_owned(),
        "### Goals\n".to_owned(),
        table::goals(figures).markdown(),
    ];
    let floors = table::floors(figures);
    if !floors.rows.is_empty() {
        parts.push("### Why a goal is not met\n".to_owned());
        parts.push(ABOUT_FLOORS.to_owned());
        parts.push(floors.markdown());
    }
    parts.push("### CPU and times\n".to_owned());
    parts.extend(costs);
    let calls = table::calls(figures);
    if !calls.rows.is_empty() {
        parts.push("### Host calls\n".to_owned());
        parts.push(ABOUT_CALLS.to_owned());
        parts.push(calls.markdown());
    }
    if !figures.memory.is_empty() {
        parts.push("### Memory\n".to_owned());
        parts.push(table::memory(figures).markdown());
    }
    parts.push("### Modules\n".to_owned());
    parts.push(table::modules(figures).markdown());
    parts.join("\n")
}

fn read(root: &Path, file: &str) -> Result<String> {
    let path = root.join(file);
    fs::read_to_string(&path).map_err(Error::file(&path))
}

fn malformed(what: &str, rule: &str) -> Error {
    Error::Malformed {
        what: what.into(),
        rule: rule.into(),
    }
}

#[cfg(test)]
mod tests;
