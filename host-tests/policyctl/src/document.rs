//! The files that people give: YAML or JSON, one document or several, and where in them what stands.
//!
//! What is found is told with its file, line and column, down into a plugin's configuration that is a text within a YAML
//! file. So a document is read with the place of each of its nodes. YAML is read event by event with the field's parser for
//! it; what is built of the events is bounded, because a short text of aliases can mean more nodes than any memory holds.

mod embedded;
mod loader;
mod node;
mod place;

pub(crate) use node::Node;
pub(crate) use place::{Place, Places, escaped};

use crate::problem::Problem;
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
        Problem::new(format!(
            "{name}:{line}: is no text: there are bytes that are not UTF-8"
        ))
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
        let documents = Self::parse_all(&name, &text)?;
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
        let loaded = loader::load(text);
        // JSON may have what YAML does not allow: tabs, for example.
        if text.trim_start().starts_with(['{', '['])
            && let Ok(tree) = serde_json::from_str::<Value>(text)
        {
            let places = loaded.ok().and_then(|mut documents| documents.pop());
            let places = places.map(|(_, places)| places).unwrap_or_default();
            return Ok(vec![document((tree, places))]);
        }
        let loaded = loaded.map_err(|fault| {
            let problem = Problem::new(format!("{name}:{}:{}: {}", fault.line, fault.column, fault.what));
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

#[cfg(test)]
mod tests;
