//! What may be configured, as data: from it come the JSON Schema that editors use and the keys on a plugin's page.

mod keys;
pub mod metrics;
mod module;
mod schema;

pub use keys::{with_admin_keys, with_keys};
pub use module::policies_schema;
pub use schema::{admin_schema, schema};

use serde::ser::{Serialize, Serializer};

use crate::node::Node;

/// One member of a part.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its key.
    pub key: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// What holds where it is left out; `None`: it must be given.
    pub default: Option<Node>,
}

/// One word of an enumeration.
#[derive(Clone, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// What may stand somewhere.
#[derive(Clone, Debug)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number within bounds, both included.
    Integer {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// A number within bounds, both included, fractions allowed.
    Number {
        /// The least.
        min: u32,
        /// The greatest.
        max: u32,
    },
    /// 0 to 100, fractions allowed.
    Percent,
    /// A text of a form.
    Text {
        /// What it is, in words.
        what: String,
        /// The regular expression that it matches, as JSON Schema understands it.
        pattern: String,
        /// One that it must not match.
        not: Option<String>,
    },
    /// One of these words. `false` is read as `disabled` where that is one of them.
    Words(Vec<Word>),
    /// A list.
    List {
        /// Of what.
        of: Box<Shape>,
        /// The least number of items.
        min: usize,
        /// The greatest; `None`: any.
        max: Option<usize>,
    },
    /// An object with keys of the author's choice.
    Map {
        /// The form of the keys, a text's.
        keys: Box<Shape>,
        /// Of what.
        of: Box<Shape>,
    },
    /// An object with these members.
    Object(Vec<Member>),
    /// This, or `null`.
    Nullable(Box<Shape>),
    /// This, where anything is given.
    Optional(Box<Shape>),
    /// One of these.
    Choice(Vec<Shape>),
}

/// As JSON, whole numbers without a fraction.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Null => serializer.serialize_unit(),
            Node::Bool(value) => serializer.serialize_bool(*value),
            Node::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Node::Number(number) => serializer.serialize_f64(*number),
            Node::Text(text) => serializer.serialize_str(text),
            Node::List(items) => serializer.collect_seq(items),
            Node::Object(entries) => serializer.collect_map(entries.iter().map(|(key, node)| (key, node))),
        }
    }
}

#[cfg(test)]
mod tests;
