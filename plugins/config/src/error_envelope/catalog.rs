//! What errors are called and how they are answered, where that is not as built in.

use std::ops::Deref;

use super::{Details, ErrorCode, ErrorStatus, Message, Origin};
#[cfg(feature = "describe")]
use crate::describe::{Member, Shape};
use crate::node::Node;
use crate::setting::{Place, Reading, Setting, extra_members, settings};
use crate::value::Int;
#[cfg(feature = "describe")]
use crate::value::MOST_ENTRIES;

/// Entries, of which the first that matches an error is used. At most 1000, for each error is compared with one after the other, and none that an earlier one
/// hides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog(Vec<CatalogEntry>);

impl Catalog {
    /// The first entry that is for this error: its status, its response code details as Envoy gives them, and who made
    /// it.
    pub fn find(&self, status: u16, details: &[u8], origin: Origin) -> Option<&CatalogEntry> {
        self.iter()
            .find(|entry| entry.when.matches(status, details, origin))
    }
}

impl Deref for Catalog {
    type Target = [CatalogEntry];

    fn deref(&self) -> &[CatalogEntry] {
        &self.0
    }
}

impl Setting for Catalog {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let entries = Vec::<CatalogEntry>::read(node, at, reading)?;
        let mut before: &[CatalogEntry] = &[];
        let mut sound = true;
        for (index, entry) in entries.iter().enumerate() {
            if let Some(hiding) = before
                .iter()
                .position(|earlier| earlier.when.includes(&entry.when))
            {
                let earlier = at.index(hiding).path();
                reading.refuse_hidden(&at.index(index).key("when"), &earlier);
                sound = false;
            }
            before = entries.get(..=index).unwrap_or_default();
        }
        sound.then_some(Self(entries))
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::List {
            of: Box::new(CatalogEntry::shape()),
            min: 0,
            max: Some(MOST_ENTRIES),
        }
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        self.0.written()
    }
}

/// One entry: which errors, what they are called, and how they are answered.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogEntry {
    /// Which errors. At least one of its members is given.
    pub when: When,
    /// What they are called.
    pub error_code: ErrorCode,
    /// How they are answered; it stands beside the others in the configuration.
    pub answer: Answer,
}

settings! {
    /// Which errors an entry is for. All that is given must hold; at least one must be given.
    pub struct When {
        /// The status that the answer came with: `503`, `"5xx"` or `"500-504"`. `null`: any.
        status: Option<ErrorStatus> = None,
        /// Envoy's response code details, as `%RESPONSE_CODE_DETAILS%` in its access log shows them: the whole, or the
        /// beginning and a `*`. What Envoy adds in braces or brackets need not be given:
        /// `"upstream_reset_before_response_started"` is also `upstream_reset_before_response_started{overflow}`.
        /// `null`: any.
        details: Option<Details> = None,
        /// Who made the answer. `null`: anybody.
        origin: Option<Origin> = None,
    }
}

settings! {
    /// How an error is answered, where that is not as it would be without the entry.
    pub struct Answer {
        /// What people read about it. `null`: the message that it would have otherwise.
        message: Option<Message> = None,
        /// The status of the answer. `null`: the one that it came with.
        status: Option<Int<400, 599>> = None,
        /// Whether the body says that the request may be sent again, as `retryable`. `null`: as is built in.
        retryable: Option<bool> = None,
    }
}

impl When {
    /// Whether an error is among them.
    pub fn matches(&self, status: u16, details: &[u8], origin: Origin) -> bool {
        self.status.is_none_or(|statuses| statuses.matches(status))
            && self.origin.is_none_or(|only| only == origin)
            && self.details.as_ref().is_none_or(|meant| meant.matches(details))
    }

    /// Whether all that the other matches is matched by this one, too, as far as can be told from member by member.
    fn includes(&self, other: &Self) -> bool {
        includes(self.status, other.status, ErrorStatus::includes)
            && includes(self.origin, other.origin, |mine, others| mine == others)
            && includes(self.details.as_ref(), other.details.as_ref(), Details::includes)
    }
}

fn includes<T>(mine: Option<T>, others: Option<T>, includes: fn(T, T) -> bool) -> bool {
    match (mine, others) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(mine), Some(others)) => includes(mine, others),
    }
}

/// The members of an entry that must be given.
const NEEDED: [&str; 2] = ["when", "error_code"];

impl Setting for CatalogEntry {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        let mut answer = Answer::default();
        let needed = extra_members(node, &mut answer, at, reading, &NEEDED)?;
        let given = |name: &str| needed.iter().find(|(key, _)| *key == name).map(|(_, node)| *node);
        for key in NEEDED {
            if given(key).is_none() {
                reading.refuse::<()>(at, &["must have the member ", key]);
            }
        }
        let faults = reading.faults.len();
        let when_at = at.key("when");
        let when = given("when").and_then(|node| When::read(node, &when_at, reading));
        if when == Some(When::default()) && reading.faults.len() == faults {
            reading.refuse::<()>(
                &when_at,
                &["must have one of status, details and origin, or it hides all that is built in"],
            );
        }
        let error_code =
            given("error_code").and_then(|node| ErrorCode::read(node, &at.key("error_code"), reading));
        Some(Self {
            when: when?,
            error_code: error_code?,
            answer,
        })
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        use crate::setting::Part;
        let needed = |key, doc, shape| Member {
            key,
            doc,
            shape,
            default: None,
        };
        let mut members = vec![
            needed(
                "when",
                "Which errors the entry is for. All that is given must hold; at least one must be given.",
                When::shape(),
            ),
            needed(
                "error_code",
                "What they are called: programs compare it, so that it should never change.",
                ErrorCode::shape(),
            ),
        ];
        members.extend(Answer::members());
        Shape::Object(members)
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        let mut entries = vec![
            ("when".to_owned(), self.when.written()),
            ("error_code".to_owned(), self.error_code.written()),
        ];
        if let Node::Object(answer) = self.answer.written() {
            entries.extend(answer);
        }
        Node::Object(entries)
    }
}

#[cfg(test)]
mod tests;
