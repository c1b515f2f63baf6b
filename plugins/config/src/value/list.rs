//! Lists. A list replaces as a whole: what it held before is gone.

use std::ops::Deref;

#[cfg(feature = "describe")]
use super::MOST_ENTRIES;
use super::are_too_many;
#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// A list, which may be empty. It has at most 1000 items.
impl<T: Setting> Setting for Vec<T> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let mut values = Vec::new();
        let mut sound = true;
        // Every item is read, so that each one's faults are found.
        each_item(
            node,
            at,
            reading,
            &mut |item, at, reading| match T::read(item, at, reading) {
                Some(value) => values.push(value),
                None => sound = false,
            },
        )?;
        sound.then_some(values)
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::List {
            of: Box::new(T::shape()),
            min: 0,
            max: Some(MOST_ENTRIES),
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::List(self.iter().map(T::written).collect())
    }
}

type ReadItem<'a> = dyn FnMut(&Node, &Place<'_>, &mut Reading) + 'a;

// Apart from the reader, so that it is compiled once and not for each type of item.
fn each_item(node: &Node, at: &Place<'_>, reading: &mut Reading, read: &mut ReadItem<'_>) -> Option<()> {
    let Node::List(items) = node else {
        return reading.refuse_type(at, "a list", node);
    };
    if are_too_many(items.len(), at, reading) {
        return None;
    }
    for (index, item) in items.iter().enumerate() {
        read(item, &at.index(index), reading);
    }
    Some(())
}

/// A list of at least one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtLeastOne<T>(Vec<T>);

impl<T> AtLeastOne<T> {
    /// A list of one item.
    pub fn only(item: T) -> Self {
        Self(vec![item])
    }

    /// A list of so many items; of none it does not compile.
    pub fn of<const N: usize>(items: [T; N]) -> Self {
        const { assert!(N > 0) };
        Self(items.into())
    }
}

impl<T> Deref for AtLeastOne<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Setting> Setting for AtLeastOne<T> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let items = Vec::read(node, at, reading)?;
        if items.is_empty() {
            return reading.refuse(at, &["must have at least one item"]);
        }
        Some(Self(items))
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::List {
            of: Box::new(T::shape()),
            min: 1,
            max: Some(MOST_ENTRIES),
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        self.0.written()
    }
}
