//! The files that people give: YAML or JSON, one document or several, and where in them what stands.
//!
//! What is found is told with its file, line and column, down into a plugin's configuration that is a text within a YAML
//! file. So a document is read with the place of each of its nodes. YAML is read event by event with the field's parser for
//! it; what is built of the events is bounded, because a short text of aliases can mean more nodes than any memory holds.

mod embedded;
mod loader;
mod node;
mod path;
mod place;

pub(crate) use loader::place_in_text;
pub(crate) use node::Node;
pub(crate) use place::{Place, Places, escaped};

use crate::problem::Problem;
use loader::Twice;
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Larger files are refused: no configuration is, and a dump of a proxy's is a few MB.
const MOST_BYTES: u64 = 256 << 20;

/// A document in a file. A clone shares it.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The file, as it was given.
    pub(crate) name: Arc<str>,
    /// The whole text of the file.
    pub(crate) text: Arc<str>,
    /// What the document says.
    pub(crate) tree: Arc<Value>,
    places: Arc<Places>,
}

/// Reads a file, or the standard input where it is `-`.
pub(crate) fn read_text(path: &Path) -> Result<(Arc<str>, Arc<str>), Problem> {
    let is_input = path == Path::new("-");
    let name: Arc<str> = match is_input {
        true => "<standard input>".into(),
        false => path.display().to_string().into(),
    };
    let failed = |error| Problem::reading(&name, error);
    let mut bytes = Vec::new();
    if is_input {
        let mut input = std::io::stdin().lock().take(MOST_BYTES + 1);
        input.read_to_end(&mut bytes).map_err(failed)?;
    } else {
        let file = std::fs::File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Problem::new(format!("{name}: is a folder")).cure("give the path of a file in it"));
        }
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Problem::new(format!(
            "{name}: is larger than {} MiB",
            MOST_BYTES >> 20
        )));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let sound = error
            .as_bytes()
            .get(..error.utf8_error().valid_up_to())
            .unwrap_or_default();
        let line = 1 + sound.iter().filter(|byte| **byte == b'\n').count();
        Problem::at(&name, line, 1, "is no text: there are bytes that are not UTF-8")
            .cure("give a file of JSON or YAML")
    })?;
    // A mark that some editors leave at the start.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok((name, text.into()))
}

impl Document {
    /// The documents in a file, or in the standard input where it is `-`. Those that say nothing are left out.
    pub(crate) fn read_all(path: &Path) -> Result<Vec<Self>, Problem> {
        let (name, text) = read_text(path)?;
        Self::some(&name, &text)
    }

    /// The documents in a text, of which there must be one that says something.
    pub(crate) fn some(name: &Arc<str>, text: &Arc<str>) -> Result<Vec<Self>, Problem> {
        let documents = Self::parse_all(name, text)?;
        match documents.is_empty() {
            true => Err(Problem::new(format!("{name}: is empty")).cure("give a file of JSON or YAML")),
            false => Ok(documents),
        }
    }

    /// The one document in a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let mut documents = Self::read_all(path)?;
        match (documents.pop(), documents.len()) {
            (Some(document), 0) => Ok(document),
            (_, others) => Err(Problem::new(format!(
                "{}: holds {} documents, where one is expected",
                path.display(),
                others + 1
            ))),
        }
    }

    /// The documents in a text, which is a file's of this name.
    pub(crate) fn parse_all(name: &Arc<str>, text: &Arc<str>) -> Result<Vec<Self>, Problem> {
        let document = |(tree, places)| Self {
            name: Arc::clone(name),
            text: Arc::clone(text),
            tree: Arc::new(tree),
            places: Arc::new(places),
        };
        let told = |line: usize, column: usize, what: &str| Problem::at(name, line, column, what);
        if is_json(text) {
            // What JSON allows and YAML does not: tabs between its words, and a key twice, of which the last counts.
            let spaced = text.replace('\t', " ");
            let places = loader::load(&spaced, Twice::LastCounts)
                .ok()
                .and_then(|mut all| all.pop());
            let places = places.map(|(_, places)| places).unwrap_or_default();
            return match serde_json::from_str::<Value>(text) {
                Ok(tree) => Ok(vec![document((tree, places))]),
                Err(error) => {
                    let what = error.to_string();
                    let what = what.rsplit_once(" at line ").map_or(&*what, |(what, _)| what);
                    Err(told(error.line(), error.column(), &format!("is no JSON: {what}")))
                }
            };
        }
        let loaded = loader::load(text, Twice::Refused).map_err(|fault| {
            let problem = told(fault.line, fault.column, &fault.what);
            match fault.cure {
                Some(cure) => problem.cure(cure),
                None => problem,
            }
        })?;
        let documents = loaded.into_iter().filter(|(tree, _)| !tree.is_null());
        Ok(documents.map(document).collect())
    }

    /// What stands at this JSON pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.tree.pointer(pointer)
    }

    /// Where it stands: the place of its key, or of the nearest node around it that is there.
    pub(crate) fn place(&self, pointer: &str) -> Place {
        self.places.of(pointer)
    }

    /// `file:line:column` of what stands at this JSON pointer.
    pub(crate) fn told_place(&self, pointer: &str) -> String {
        let Place { line, column, .. } = self.place(pointer);
        match line {
            0 => self.name.to_string(),
            _ => format!("{}:{line}:{column}", self.name),
        }
    }
}

/// Whether a text is meant as JSON: YAML may begin with `{` as well, but its keys need no quotes.
fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    let within = text.strip_prefix('{').map(str::trim_start);
    within.map_or_else(
        // One document as a list is JSON if it is.
        || text.starts_with('[') && serde_json::from_str::<Value>(text).is_ok(),
        |within| within.starts_with(['"', '}']),
    )
}

#[cfg(test)]
mod tests;
