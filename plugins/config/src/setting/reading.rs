//! What the declared readers have in common: faults, members, texts, words.

use super::{Members, Place, Slot, nearest};
use crate::fault::{Fault, Faults, joined, shown};
use crate::node::Node;

/// What has been found while reading.
#[derive(Debug, Default)]
pub struct Reading {
    /// What makes the configuration unusable.
    pub(crate) faults: Faults,
    /// What was passed over.
    pub(crate) warnings: Faults,
    /// Whether unknown keys are passed over.
    pub(crate) pass_over_unknown: bool,
}

impl Reading {
    /// For this configuration, which says itself whether unknown keys are passed over: how the rest is read hangs on that,
    /// wherever it stands.
    pub(crate) fn of(node: &Node) -> Self {
        let unknown_keys = member_of(node, "unknown_keys");
        Self {
            pass_over_unknown: matches!(unknown_keys, Some(Node::Text(word)) if word == "warn"),
            ..Self::default()
        }
    }

    /// Reports a broken rule. Returns nothing, as what a reader then has.
    pub fn refuse<T>(&mut self, at: &Place<'_>, rule: &[&str]) -> Option<T> {
        self.add(at, rule);
        None
    }

    /// Reports that something else stands where `wanted` should, as in `must be a list, got true`.
    pub fn refuse_type<T>(&mut self, at: &Place<'_>, wanted: &str, node: &Node) -> Option<T> {
        self.add_type(at, wanted, node);
        None
    }

    /// Reports a key of the author's choice that is none.
    pub(crate) fn refuse_key(&mut self, at: &Place<'_>, wanted: &str) {
        self.refuse::<()>(at, &["the key must be ", wanted]);
    }

    /// Reports a key given twice: which of the two was meant cannot be told.
    pub(crate) fn refuse_twice(&mut self, at: &Place<'_>) {
        self.refuse::<()>(at, &["key given twice"]);
    }

    /// Reports what nothing comes to, because the earlier one at this place takes it all.
    #[inline(never)]
    pub(crate) fn refuse_hidden(&mut self, at: &Place<'_>, earlier: &str) {
        self.add(at, &["is never reached: ", earlier, " takes all that it matches"]);
    }

    // These two are called from every type's reader: one copy is enough.
    #[inline(never)]
    fn add(&mut self, at: &Place<'_>, rule: &[&str]) {
        self.faults.add(Fault::new(at.path(), joined(rule)));
    }

    #[inline(never)]
    fn add_type(&mut self, at: &Place<'_>, wanted: &str, node: &Node) {
        self.add(at, &["must be ", wanted, ", got ", &shown(node)]);
    }

    fn unknown_key(&mut self, at: &Place<'_>, key: &str, known: &[&'static str]) {
        let rule = match nearest(key, known) {
            Some(name) => joined(&["unknown key, did you mean ", name, "?"]),
            None => listed("unknown key, known are", known),
        };
        let fault = Fault::new(at.key(key).path(), rule);
        if self.pass_over_unknown {
            &mut self.warnings
        } else {
            &mut self.faults
        }
        .add(fault);
    }
}

/// A member of an object: its key, as it was declared, and its value.
pub(crate) type Entry<'n> = (&'static str, &'n Node);

/// The members of an object that are known, each once, in the order of the text. Reports the others.
pub(crate) fn members<'n>(
    node: &'n Node,
    at: &Place<'_>,
    reading: &mut Reading,
    known: &[&'static str],
) -> Option<Vec<Entry<'n>>> {
    extra_members(node, &mut NoPart, at, reading, known)
}

/// What has no members.
struct NoPart;

impl Members for NoPart {
    fn keys(&self) -> &'static [&'static str] {
        &[]
    }

    fn member(&mut self, _place: usize) -> Option<&mut dyn Slot> {
        None
    }
}

/// Reads a part over what it was. Whether it is one: an object.
pub(crate) fn lay_part(node: &Node, part: &mut dyn Members, at: &Place<'_>, reading: &mut Reading) -> bool {
    extra_members(node, part, at, reading, &[]).is_some()
}

/// Reads a part from an object that has other members beside the part's own, and returns those.
pub(crate) fn extra_members<'n>(
    node: &'n Node,
    part: &mut dyn Members,
    at: &Place<'_>,
    reading: &mut Reading,
    extra: &[&'static str],
) -> Option<Vec<Entry<'n>>> {
    let Node::Object(entries) = node else {
        return reading.refuse_type(at, "an object", node);
    };
    let mut known = part.keys().to_vec();
    known.extend_from_slice(extra);
    let mut found = Vec::new();
    let mut rest = Vec::new();
    for (key, node) in entries {
        let place = known.iter().position(|name| name == key);
        let Some((place, name)) = place.and_then(|place| Some((place, *known.get(place)?))) else {
            reading.unknown_key(at, key, &known);
            continue;
        };
        if found.contains(&place) {
            reading.refuse_twice(&at.key(key));
            continue;
        }
        found.push(place);
        match part.member(place) {
            Some(member) => member.lay(node, &at.key(key), reading),
            None => rest.push((name, node)),
        }
    }
    Some(rest)
}

/// The text that stands here, if it breaks no rule of its form.
pub(crate) fn text<'n>(
    node: &'n Node,
    wanted: &str,
    broken: fn(&str) -> Option<&'static str>,
    at: &Place<'_>,
    reading: &mut Reading,
) -> Option<&'n str> {
    let wanted = match node {
        Node::Text(text) => match broken(text) {
            None => return Some(text),
            Some(wanted) => wanted,
        },
        _ => wanted,
    };
    reading.refuse_type(at, wanted, node)
}

/// The place of the word that stands here.
pub(crate) fn word(
    node: &Node,
    words: &[&'static str],
    at: &Place<'_>,
    reading: &mut Reading,
) -> Option<usize> {
    let word = match node {
        Node::Text(text) => text.as_str(),
        Node::Bool(false) => "disabled",
        _ => "",
    };
    words.iter().position(|known| *known == word).or_else(|| {
        let wanted = listed("one of", words);
        reading.refuse_type(at, &wanted, node)
    })
}

/// As in `one of a, b, c`.
pub(crate) fn listed(lead: &str, words: &[&str]) -> String {
    let mut list = lead.to_owned();
    let mut separator = " ";
    for word in words {
        list.push_str(separator);
        list.push_str(word);
        separator = ", ";
    }
    list
}

/// The member of an object, if it is one and has it: what a choice is told by.
pub(crate) fn member_of<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    let Node::Object(entries) = node else { return None };
    entries
        .iter()
        .find(|(name, _)| name == key)
        .map(|(_, member)| member)
}
