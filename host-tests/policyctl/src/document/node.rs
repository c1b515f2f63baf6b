//! A node of a document, to walk down from: what stands below it, and where it stands in the file.

use super::{Document, escaped};
use serde_json::Value;

/// A node of a document. Keys are those of the field's own configuration, `route_config`; files that say `routeConfig` mean
/// the same to a proxy, and so they do here.
#[derive(Clone, Debug)]
pub(crate) struct Node<'d> {
    document: &'d Document,
    pointer: String,
    value: &'d Value,
}

impl Document {
    /// The document's first node.
    pub(crate) fn root(&self) -> Node<'_> {
        Node {
            document: self,
            pointer: String::new(),
            value: &self.tree,
        }
    }

    /// The node at this JSON pointer.
    pub(crate) fn node(&self, pointer: &str) -> Option<Node<'_>> {
        Some(Node {
            document: self,
            pointer: pointer.to_owned(),
            value: self.at(pointer)?,
        })
    }
}

impl<'d> Node<'d> {
    /// What stands below this key.
    pub(crate) fn get(&self, key: &str) -> Option<Node<'d>> {
        let members = self.value.as_object()?;
        if let Some(value) = members.get(key) {
            return Some(self.below(key, value));
        }
        let key = in_camels(key);
        Some(self.below(&key, members.get(&key)?))
    }

    /// What stands below these keys, one below the other, with a dot between: `route_config.virtual_hosts`.
    pub(crate) fn at(&self, path: &str) -> Option<Node<'d>> {
        path.split('.').try_fold(self.clone(), |node, key| node.get(key))
    }

    /// The items of the list at these keys; none, if there is no list.
    pub(crate) fn all(&self, path: &str) -> Vec<Node<'d>> {
        self.at(path).map(|node| node.items()).unwrap_or_default()
    }

    /// The items, if it is a list.
    pub(crate) fn items(&self) -> Vec<Node<'d>> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(index, value)| self.below(&index.to_string(), value))
            .collect()
    }

    /// The members with their keys, if it has any.
    pub(crate) fn members(&self) -> Vec<(&'d str, Node<'d>)> {
        let members = self.value.as_object().into_iter().flatten();
        members
            .map(|(key, value)| (key.as_str(), self.below(key, value)))
            .collect()
    }

    /// The text at these keys; empty, if there is none.
    pub(crate) fn text(&self, path: &str) -> &'d str {
        let text = self.at(path).and_then(|node| node.value.as_str());
        text.unwrap_or_default()
    }

    /// The boolean at these keys.
    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        self.at(path)?.value.as_bool()
    }

    /// The number at these keys.
    pub(crate) fn number(&self, path: &str) -> Option<f64> {
        self.at(path)?.value.as_f64()
    }

    /// Whether it says that it is of this type: `…v3.Router`.
    pub(crate) fn is_type(&self, kind: &str) -> bool {
        self.value
            .get("@type")
            .and_then(Value::as_str)
            .is_some_and(|given| given.ends_with(kind))
    }

    pub(crate) fn value(&self) -> &'d Value {
        self.value
    }

    pub(crate) fn document(&self) -> &'d Document {
        self.document
    }

    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// `file:line:column`.
    pub(crate) fn told_place(&self) -> String {
        self.document.told_place(&self.pointer)
    }

    fn below(&self, key: &str, value: &'d Value) -> Node<'d> {
        Node {
            document: self.document,
            pointer: format!("{}/{}", self.pointer, escaped(key)),
            value,
        }
    }
}

/// `route_config` as `routeConfig`.
fn in_camels(key: &str) -> String {
    let mut words = key.split('_');
    let mut camels = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camels.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camels.push_str(letters.as_str());
    }
    camels
}
