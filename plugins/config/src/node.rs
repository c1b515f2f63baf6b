//! What a configuration says, before anything is made of it.
//!
//! A tree of our own, and not `serde_json::Value`: it keeps the order of keys, so that faults come in the order of the
//! text, and keys given twice, so that they can be refused instead of one of them silently winning.

mod hash;
mod json;
mod protobuf;

use crate::fault::{Fault, joined};

/// How deep lists and objects may nest, the outermost included.
///
/// The reading of every form recurses, and a plugin's stack is small. It is what `serde_json` allows.
pub const MAX_DEPTH: usize = 127;

/// One value of a configuration.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing, said out loud: it switches off what can be switched off.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Every number: a protobuf Struct has no other, and JSON makes no difference between `1` and `1.0` either.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, its members in the order in which they came, keys given twice included.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads what a host hands over: JSON text or a `google.protobuf.Struct` on the wire.
    ///
    /// Nothing, or nothing but white space, is an empty object. JSON is tried first: no Struct that holds anything is
    /// also JSON, for its second byte, a length, would have to begin a JSON value and what follows to complete it.
    ///
    /// # Errors
    /// One fault that says for both forms why it is none of them.
    pub fn read(bytes: &[u8]) -> Result<Node, Fault> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Node::Object(Vec::new()));
        }
        json::read(bytes).or_else(|text| {
            protobuf::read(bytes).map_err(|wire| {
                let rule = [
                    "is neither JSON (",
                    &text,
                    ") nor a protobuf Struct (",
                    &wire,
                    ")",
                ];
                Fault::new(String::new(), joined(&rule))
            })
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
