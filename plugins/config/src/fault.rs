//! What is wrong with a configuration: all of it at once, each with its place and what would be right.
//!
//! A configuration is refused as a whole, on every proxy that it was rolled out to. Whoever wrote it should need one
//! round to mend it, so reading goes on after a fault.

use std::fmt;

use crate::node::Node;
use crate::setting::Place;

/// One fault: where, and which rule is broken there.
///
/// Shown as `routes[1].policy.max_length: must be a whole number from 1 to 1024, got 0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    path: String,
    rule: String,
}

impl Fault {
    pub(crate) fn new(path: String, rule: String) -> Self {
        Self { path, rule }
    }

    /// A fault of the configuration as a whole.
    pub fn of_all(rule: &str) -> Self {
        Self::new(String::new(), rule.to_owned())
    }

    /// Where it is: keys and indexes from the top, empty for the configuration as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The broken rule and what would be right, lower case, without a full stop.
    pub fn rule(&self) -> &str {
        &self.rule
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.path.is_empty() {
            "configuration"
        } else {
            &self.path
        })?;
        formatter.write_str(": ")?;
        formatter.write_str(&self.rule)
    }
}

/// How many faults are kept; the rest is counted. Nobody reads more, and each is a line in the log of every worker.
const MOST: usize = 1000;

/// Faults, each once: first those of the settings beside the policies, then of `default`, of the profiles and of the
/// rules, within each of these in the order of the text.
///
/// Shown one a line. The faults of a combination follow those of the layer that they were found with. Past 1000 they
/// are only counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Each fault that was kept.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.list.iter()
    }

    /// How many there are, those that were only counted included.
    pub fn len(&self) -> usize {
        self.list.len() + self.more
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds those of a section, with their places as they are from the top.
    pub fn add_within(&mut self, section: &str, faults: &Faults) {
        let top = Place::top();
        let section = top.key(section).path();
        for fault in &faults.list {
            let joint = match fault.path.chars().next() {
                None | Some('[') => "",
                Some(_) => ".",
            };
            let path = joined(&[&section, joint, &fault.path]);
            self.add(Fault::new(path, fault.rule.clone()));
        }
        self.more += faults.more;
    }

    /// Adds to each fault what is known of its path.
    pub(crate) fn explain(&mut self, known: &dyn Fn(&str) -> &'static str) {
        for fault in &mut self.list {
            fault.rule.push_str(known(&fault.path));
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        if self.list.len() >= MOST {
            // Not looked for among the others: each of a million faults would be compared with a thousand.
            self.more += 1;
        } else if !self.list.contains(&fault) {
            self.list.push(fault);
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self {
            list: vec![fault],
            more: 0,
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            fault.fmt(formatter)?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(formatter, "\nand {more} more"),
        }
    }
}

impl std::error::Error for Faults {}

/// Texts, one after the other. Not `concat`, whose code is repeated at every call.
#[inline(never)]
pub(crate) fn joined(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// What stands somewhere, short enough for a line of a log.
pub(crate) fn shown(node: &Node) -> String {
    let word = match node {
        Node::Number(number) => return shown_number(*number),
        Node::Text(text) => return shown_text(text),
        Node::Null => "null",
        Node::Bool(true) => "true",
        Node::Bool(false) => "false",
        Node::List(_) => "a list",
        Node::Object(_) => "an object",
    };
    word.to_owned()
}

/// A text in quotes, cut after 64 characters, without what could break the line that it stands in.
pub(crate) fn shown_text(text: &str) -> String {
    const LONGEST: usize = 64;
    let mut shown = String::from("\"");
    for (place, character) in text.chars().enumerate() {
        if place == LONGEST {
            shown.push('…');
            break;
        }
        let harmless = !character.is_control();
        shown.push(if harmless {
            character
        } else {
            char::REPLACEMENT_CHARACTER
        });
    }
    shown.push('"');
    shown
}

/// A number in plain digits, with at most six decimals.
///
/// Not `Display` of `f64`, which finds the shortest digits that read back the same and would bring 20 KB of tables and
/// big-number arithmetic into every plugin for the sake of a message.
pub(crate) fn shown_number(number: f64) -> String {
    const LARGEST: f64 = 1e12;
    if number.is_nan() {
        return "a number that is none (NaN)".to_owned();
    }
    if number.abs() >= LARGEST {
        let huge = if number > 0.0 {
            "a huge number"
        } else {
            "a huge negative number"
        };
        return huge.to_owned();
    }
    // Millionths, rounded; below 10^18, and so exact.
    let millionths = (number.abs() * 1_000_000.0 + 0.5) as u64;
    let sign = if number < 0.0 { "-" } else { "" };
    let whole = (millionths / 1_000_000).to_string();
    match millionths % 1_000_000 {
        0 => joined(&[sign, &whole]),
        rest => {
            // A leading 1 keeps the zeros before the first digit.
            let mut decimals = (rest + 1_000_000).to_string();
            while decimals.ends_with("0") {
                decimals.pop();
            }
            joined(&[sign, &whole, ".", decimals.get(1..).unwrap_or_default()])
        }
    }
}

#[cfg(test)]
mod tests;
