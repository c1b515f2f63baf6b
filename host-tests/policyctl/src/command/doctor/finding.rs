//! What is found: a fault of a kind, with its place, and what mends it.

use crate::document::Node;
use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// Requests are answered wrongly, lost or let in, or a policy does not work.
    Error,
    /// A policy does not do what its configuration says, or nobody sees what it does.
    Warning,
    /// It may be meant so.
    Note,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A kind of fault.
pub(crate) struct Kind {
    /// By which it is told, ignored and looked up: it stays the same from version to version.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    /// What happens to requests if it stays.
    pub(crate) harm: &'static str,
}

impl Kind {
    pub(crate) const fn error(id: &'static str, harm: &'static str) -> Self {
        Self {
            id,
            severity: Severity::Error,
            harm,
        }
    }

    pub(crate) const fn warning(id: &'static str, harm: &'static str) -> Self {
        Self {
            id,
            severity: Severity::Warning,
            harm,
        }
    }

    pub(crate) const fn note(id: &'static str, harm: &'static str) -> Self {
        Self {
            id,
            severity: Severity::Note,
            harm,
        }
    }
}

/// A fault.
pub(crate) struct Finding {
    pub(crate) kind: &'static Kind,
    /// What is wrong here.
    pub(crate) what: String,
    /// `file:line:column`; an address, where it is not in a file.
    pub(crate) place: String,
    /// The listener, cluster or route.
    pub(crate) within: String,
    /// YAML to paste, or what to do.
    pub(crate) cure: String,
}

impl Finding {
    pub(crate) fn new(kind: &'static Kind, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            place: place.into(),
            within: String::new(),
            cure: String::new(),
        }
    }

    pub(crate) fn at(kind: &'static Kind, node: &Node<'_>, what: impl Into<String>) -> Self {
        Self::new(kind, node.told_place(), what)
    }

    pub(crate) fn within(mut self, within: impl Into<String>) -> Self {
        self.within = within.into();
        self
    }

    pub(crate) fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.kind.id,
            "severity": self.kind.severity.name(),
            "what": self.what,
            "place": self.place,
            "within": self.within,
            "harm": self.kind.harm,
            "cure": self.cure,
        })
    }
}
