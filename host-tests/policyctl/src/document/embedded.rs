//! A document that is a text within another: a plugin's JSON in Envoy's YAML.

use super::Document;
use super::loader::Bytes;
use super::place::{Place, Places};
use std::sync::Arc;

impl Document {
    /// The JSON or YAML that the text at this pointer is, with its places in this document's file. `None`: there is no
    /// text, or it is neither.
    pub(crate) fn embedded(&self, pointer: &str) -> Option<Document> {
        let inner: Arc<str> = self.at(pointer)?.as_str()?.into();
        let mut documents = Document::parse_all(&self.name, &inner).ok()?;
        let document = documents.pop().filter(|_| documents.is_empty())?;
        Some(self.place_within(pointer, &document))
    }

    /// The node at this pointer as a document of its own, with its places in this document's file.
    pub(crate) fn part(&self, pointer: &str) -> Option<Document> {
        let below = |known: &String| Some(known.strip_prefix(pointer)?.to_owned());
        let known = self.places.known.iter();
        let places = Places {
            known: known
                .filter_map(|(path, place)| Some((below(path)?, *place)))
                .collect(),
        };
        Some(Document {
            tree: Arc::new(self.at(pointer)?.clone()),
            places: Arc::new(places),
            ..self.clone()
        })
    }

    /// Where this line and column (from 1) of the text at this pointer is in the file.
    pub(crate) fn place_in_text(&self, pointer: &str, line: usize, column: usize) -> Place {
        let outer = self.place(pointer);
        let bytes = Bytes::of(&self.text);
        let Some((first, indent)) = block(&bytes, outer) else {
            // Within quotes, one character may be written as several.
            return outer;
        };
        let (line, column) = (first + line.max(1) - 1, indent + column.max(1));
        bytes.point(line, column)
    }

    fn place_within(&self, pointer: &str, inner: &Document) -> Document {
        let outer = self.place(pointer);
        let bytes = Bytes::of(&self.text);
        let block = block(&bytes, outer);
        let known = inner.places.known.iter().map(|(path, place)| {
            let place = match block {
                Some((first, indent)) => {
                    let (line, column) = (first + place.line - 1, indent + place.column);
                    let start = bytes.offset(line, column - 1);
                    // Not beyond the line: what is marked is where to look.
                    let rest = bytes.line(line).map_or(0, |(at, text)| at + text.len());
                    let end = (start + (place.end - place.start)).min(rest).max(start);
                    Place {
                        line,
                        column,
                        start,
                        end,
                    }
                }
                // Within quotes, one character may be written as several.
                None => outer,
            };
            (path.clone(), place)
        });
        Document {
            name: Arc::clone(&self.name),
            text: Arc::clone(&self.text),
            tree: Arc::clone(&inner.tree),
            places: Arc::new(Places {
                known: known.collect(),
            }),
        }
    }
}

/// Where the text of a literal block (`key: |`) begins: its first line, and how far it is indented.
fn block(bytes: &Bytes<'_>, key: Place) -> Option<(usize, usize)> {
    let (_, line) = bytes.line(key.line)?;
    let header = line.rsplit_once([':', '-'])?.1.trim();
    let is_block =
        header.starts_with('|') && !header.contains(|other: char| !"|+-0123456789".contains(other));
    if !is_block {
        return None;
    }
    let first = key.line + 1;
    let lines = (first..).map_while(|number| bytes.line(number));
    let (_, text) = lines.into_iter().find(|(_, text)| !text.trim().is_empty())?;
    Some((first, text.len() - text.trim_start().len()))
}
