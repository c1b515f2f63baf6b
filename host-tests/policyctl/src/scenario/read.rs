//! Reading a scenario file, and the files that it names.

use super::{Scenario, sense};
use crate::document::{Document, escaped, read_text};
use crate::problem::Problem;
use crate::shipped_scenarios;
use serde_json::Value;
use serde_path_to_error::{Path as KeyPath, Segment};
use std::path::Path;
use std::sync::Arc;

/// What helps where a file is no scenario.
const CURE: &str =
    "docs/scenarios.md tells what a scenario is, and `policyctl schema scenario` has its schema";

/// The scenario in a file, or one that the program brings along.
pub(crate) fn read(path: &Path) -> Result<Scenario, Problem> {
    let (name, text) = source(path)?;
    let mut documents = Document::parse_all(&name, &text)?;
    let document = match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => document,
        (None, _) => return Err(Problem::new(format!("{name}: is empty")).cure(CURE)),
        (Some(_), false) => {
            return Err(
                Problem::new(format!("{name}: holds several documents")).cure("one file is one scenario")
            );
        }
    };
    let mut scenario: Scenario = serde_path_to_error::deserialize(&*document.tree).map_err(|error| {
        let place = document.told_place(&pointer(error.path()));
        let problem = Problem::new(format!("{place}: {}", error.inner()));
        problem.cure(CURE)
    })?;
    scenario.tell_places(&document);
    let faults = sense::faults(&scenario);
    if faults.is_empty() {
        return Ok(scenario);
    }
    let told = |(place, fault): &sense::Fault| match place.line {
        0 => format!("{name}: {fault}"),
        line => format!("{name}:{line}:{}: {fault}", place.column),
    };
    Err(Problem::new(faults.iter().map(told).collect::<Vec<_>>().join("\n")).cure(CURE))
}

/// The name and the text of a scenario: of a file, or of one that the program brings along.
pub(crate) fn source(path: &Path) -> Result<(Arc<str>, Arc<str>), Problem> {
    let shipped = path.to_str().and_then(shipped_scenarios::named);
    match shipped {
        Some(shipped) if !path.exists() => Ok((path.display().to_string().into(), shipped.into())),
        _ => read_text(path),
    }
}

/// What to call a scenario's file.
pub(crate) fn called(path: &Path) -> String {
    match path == Path::new("-") {
        true => "<standard input>".to_owned(),
        false => path.display().to_string(),
    }
}

/// The value, JSON or YAML, in a file that a scenario names.
pub(crate) fn value_in_file(path: &Path) -> Result<Value, Problem> {
    Ok(Value::clone(&Document::read(path)?.tree))
}

/// Where the reading stopped, as a JSON pointer.
fn pointer(path: &KeyPath) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer += &format!("/{index}"),
            Segment::Map { key } => pointer += &format!("/{}", escaped(key)),
            // The key of the one member says which kind it is.
            Segment::Enum { variant } => pointer += &format!("/{}", escaped(variant)),
            Segment::Unknown => {}
        }
    }
    pointer
}
