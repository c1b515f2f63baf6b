//! From the path by which a plugin names a place in its configuration to the place.
//!
//! `routes[1].policy.open`, or `headers["x-a"]` where a key is no plain word. A key is shown without what could break a line,
//! and long ones are cut. So a path is not taken apart: it is followed down the tree, by how each key there is shown.

use super::{Document, escaped};
use serde_json::Value;

/// Where a plugin cuts a key that it shows.
const LONGEST: usize = 64;

impl Document {
    /// The JSON pointer of what a plugin's path names, or of the nearest node around it that is there.
    pub(crate) fn pointer(&self, path: &str) -> String {
        let (mut node, mut rest, mut pointer) = (&*self.tree, path, String::new());
        while !rest.is_empty() {
            let Some((key, below, after)) = step(node, rest) else {
                break;
            };
            pointer.push('/');
            pointer.push_str(&escaped(&key));
            (node, rest) = (below, after);
        }
        pointer
    }
}

/// The key or index that the path begins with, what is there, and the rest of the path.
fn step<'n, 'p>(node: &'n Value, path: &'p str) -> Option<(String, &'n Value, &'p str)> {
    match node {
        Value::Array(items) => {
            let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
            let item = items.get(index.parse::<usize>().ok()?)?;
            Some((index.to_owned(), item, rest))
        }
        Value::Object(members) => {
            let word = path.strip_prefix('.').unwrap_or(path);
            let plain = members.iter().filter_map(|(key, below)| {
                let rest = word.strip_prefix(key.as_str())?;
                let is_whole = rest.is_empty() || rest.starts_with(['.', '[']);
                // Others are shown in brackets: `a.b` is the key `b` below `a`, even where there is a key `a.b`.
                let is_whole = is_whole && !key.is_empty() && !key.contains('.');
                is_whole.then(|| (key.clone(), below, rest))
            });
            let quoted = members.iter().filter_map(|(key, below)| {
                let rest = path.strip_prefix(shown(key).as_str())?;
                Some((key.clone(), below, rest))
            });
            plain.chain(quoted).max_by_key(|(key, ..)| key.len())
        }
        _ => None,
    }
}

/// A key in brackets, as plugins show it.
fn shown(key: &str) -> String {
    let shown = |character: char| match character.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => character,
    };
    let mut text: String = key.chars().take(LONGEST).map(shown).collect();
    if key.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    format!("[\"{text}\"]")
}
