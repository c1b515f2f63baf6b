//! What a check of combinations reports to.
//!
//! Which values cannot stand together shows only once all layers are merged. Whoever has to mend it needs the place
//! where the last of them was set, and not the merged policy, which stands nowhere.

use super::{Place, member_of};
use crate::fault::{Fault, Faults, joined};
use crate::node::Node;

/// A policy as merged, from its outermost layer to its innermost: what a check of combinations reports to.
#[derive(Debug)]
pub struct Merged<'a> {
    pub(crate) layers: &'a [(Place<'a>, &'a Node)],
    pub(crate) faults: &'a mut Faults,
}

impl Merged<'_> {
    /// Reports a combination that cannot be, at the innermost layer that set one of the keys involved.
    ///
    /// Keys are dotted from the policy's top: `open.max`. Nothing is said where one of them has a fault of its own:
    /// the value checked is then not the one that was meant.
    pub fn refuse(&mut self, keys: &[&str], rule: &str) {
        let mut place = None;
        for (at, layer) in self.layers {
            for key in keys {
                let Some(set) = set_by(layer, key) else { continue };
                let path = joined(&[&at.path(), ".", set]);
                let inside = |fault: &Fault| {
                    let rest = fault.path().strip_prefix(path.as_str());
                    rest.is_some_and(|rest| matches!(rest.bytes().next(), None | Some(b'.' | b'[')))
                };
                if self.faults.iter().any(inside) {
                    return;
                }
                place = Some(path);
            }
        }
        let path = place.unwrap_or_else(|| self.layers.first().map(|(at, _)| at.path()).unwrap_or_default());
        self.faults.add(Fault::new(path, rule.to_owned()));
    }
}

/// How much of a dotted key a layer sets: all of it, or what it replaces as a whole (`open`, where that is `null`).
fn set_by<'k>(layer: &Node, dotted: &'k str) -> Option<&'k str> {
    let mut node = layer;
    let mut start = 0;
    loop {
        let rest = dotted.get(start..)?;
        let length = rest.bytes().position(|byte| byte == b'.').unwrap_or(rest.len());
        node = member_of(node, rest.get(..length)?)?;
        let end = start + length;
        if end == dotted.len() || !matches!(node, Node::Object(_)) {
            return dotted.get(..end);
        }
        start = end + 1;
    }
}
