//! Where the nodes of a document stand in its file.

use std::collections::HashMap;

/// Where something stands. Lines and columns (of characters) count from 1; a line of 0 is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// In bytes, from the start of the file.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The places of a document's nodes, by their JSON pointers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(super) known: HashMap<String, Place>,
}

impl Places {
    /// The place of a node, or of the nearest one around it.
    pub(crate) fn of(&self, pointer: &str) -> Place {
        let mut pointer = pointer;
        loop {
            if let Some(place) = self.known.get(pointer) {
                return *place;
            }
            match pointer.rsplit_once('/') {
                Some((around, _)) => pointer = around,
                None => return Place::default(),
            }
        }
    }
}

/// A key as a part of a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
