//! Objects whose keys the configuration's author chooses.

use super::Form;
#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::node::Node;
use crate::setting::{Place, Reading, Setting};

/// The most entries of what is searched one after the other, or put in order one by one.
pub(crate) const MOST_ENTRIES: usize = 1_000;

/// Whether so many entries are too many, which is reported then.
pub(crate) fn are_too_many(count: usize, at: &Place<'_>, reading: &mut Reading) -> bool {
    let are_too_many = count > MOST_ENTRIES;
    if are_too_many {
        reading.refuse::<()>(at, &["must have at most 1000 entries"]);
    }
    are_too_many
}

/// Values by keys of the author's choice, sorted by key: a protobuf Struct keeps no order, and what a plugin does must
/// not depend on which of the two forms it was given.
///
/// As with every object, members are laid over those that were there, one by one. With values of type `Option`, `null`
/// takes out what an outer layer put in: the key stays, with the value `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    /// The members, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn position(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(key))
    }
}

impl<K: Form + Ord + Clone, V: Setting + Clone> Setting for Map<K, V> {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let mut map = Self::default();
        map.lay_entries(node, at, reading).then_some(map)
    }

    fn lay(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading) {
        self.lay_entries(node, at, reading);
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Map {
            keys: Box::new(K::shape()),
            of: Box::new(V::shape()),
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        Node::Object(
            self.iter()
                .map(|(key, value)| (key.as_str().to_owned(), value.written()))
                .collect(),
        )
    }
}

impl<K: Form + Ord + Clone, V: Setting> Map<K, V> {
    /// Lays each member over what it was. Whether they stand in an object.
    fn lay_entries(&mut self, node: &Node, at: &Place<'_>, reading: &mut Reading) -> bool {
        let Node::Object(entries) = node else {
            reading.refuse_type::<()>(at, "an object", node);
            return false;
        };
        if are_too_many(entries.len(), at, reading) {
            return false;
        }
        let mut given = Map::<K, ()>::default();
        for (text, node) in entries {
            let at = at.key(text);
            if let Some(wanted) = K::broken(text) {
                reading.refuse_key(&at, wanted);
                continue;
            }
            let key = K::of(text);
            match given.position(&key) {
                Ok(_) => {
                    reading.refuse_twice(&at);
                    continue;
                }
                Err(place) => given.0.insert(place, (key.clone(), ())),
            }
            match self.position(&key) {
                Ok(place) => {
                    if let Some((_, value)) = self.0.get_mut(place) {
                        value.lay(node, &at, reading);
                    }
                }
                Err(place) => {
                    if let Some(value) = V::read(node, &at, reading) {
                        self.0.insert(place, (key, value));
                    }
                }
            }
        }
        true
    }
}
