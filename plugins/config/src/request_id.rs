//! The policy of the request-id plugin: which ids are accepted from whom, how one is made, and where it goes.

mod header;
mod trust;

pub use header::{AcceptHeader, FieldName, IdHeader, RESERVED_FIELDS};
pub use trust::{Peers, Trust};

#[cfg(feature = "describe")]
use crate::describe::{Member, Shape};
use crate::node::Node;
use crate::setting::{Merged, Place, Reading, Setting, members, settings, words};
use crate::value::{AtLeastOne, Int, Map, Percent, SafeHeaderName};

settings! {
    /// Which ids are accepted from whom, how one is made, and where it goes.
    pub struct Policy {
        /// The request headers that may bring an id, in the order in which they are tried. One whose value is refused
        /// is removed and passed over for the next. Of `traceparent`, `b3` and `x-amzn-trace-id` the trace id counts.
        /// Empty: an id is always generated.
        accept: Vec<AcceptHeader> = header::accepted(),
        /// The peers, by source address, whose ids and trace context are believed: `"always"`, `"never"`,
        /// `{"cidrs": ["10.0.0.0/8"]}`, or one of these each for `{"ids": …, "trace": …}`. Of all others both are
        /// ignored, and the trace starts anew. Replaced as a whole.
        trust: Trust = Trust::ALWAYS,
        /// The longest id that is accepted, in bytes. A generated one always has 36.
        max_length: Int<1, 1024> = Int::of::<128>(),
        /// How an id is made where none was accepted.
        generate: Generate = Generate::Uuid7,
        /// The request headers that carry the id to the upstream.
        request_headers: AtLeastOne<IdHeader> = AtLeastOne::only(header::x_request_id()),
        /// The response headers that carry the id to the client, on Envoy's own replies too. Empty: none.
        response_headers: Vec<IdHeader> = vec![header::x_request_id()],
        /// What happens to W3C Trace Context. B3 and X-Amzn-Trace-Id only bring ids: they go on as they are, unless the
        /// caller's trace is not trusted.
        trace_context: TraceContext = TraceContext::Propagate,
        /// Whether a trace that is created is sampled: `true`, `false`, or `{"percent": 5}` of them. `null`: not said,
        /// which `"trace_context": "create"` does not allow. Replaced as a whole.
        sampled: Option<Sampled> = None,
        /// Whether a new trace takes its id from the request id, without the dashes and in lower case, where that is
        /// a UUID of version 4 or 7. Otherwise it is random, which is what some samplers rely on: the first bytes of a
        /// UUID of version 7 are the time.
        trace_id_from_request_id: bool = false,
        /// Fields that the log line takes from request headers, as `{"user_id": "x-user-id"}`. `null` leaves out a
        /// field that an outer layer gave.
        log_headers: Map<FieldName, Option<SafeHeaderName>> = Map::default(),
    }
}

impl crate::Policy for Policy {
    const NAME: &'static str = "request-id";

    fn check(&self, merged: &mut Merged<'_>) {
        if self.trace_context == TraceContext::Create && self.sampled.is_none() {
            merged.refuse(
                &["trace_context", "sampled"],
                "\"create\" needs sampled to be true, false or {\"percent\": …}",
            );
        }
    }
}

words! {
    /// How an id is made.
    pub enum Generate {
        /// a UUID of version 7 (RFC 9562): ids sort by time.
        Uuid7 = "uuid7",
        /// a UUID of version 4 (RFC 9562): nothing but randomness.
        Uuid4 = "uuid4",
    }
}

words! {
    /// What happens to a request's trace context.
    pub enum TraceContext {
        /// what is valid goes on, what is invalid is removed, what is absent stays absent.
        Propagate = "propagate",
        /// a request without valid trace context gets one; needs `sampled`. Not for use where Envoy's own tracer is on.
        Create = "create",
        /// trace context goes on as it is, whatever it is. (A header of it may still bring the id, and be refused: see `accept`.)
        Disabled = "disabled",
    }
}

/// Whether a created trace is sampled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampled {
    /// Every one is.
    Always,
    /// None is.
    Never,
    /// So many of them are.
    Percent(Percent),
}

const SAMPLED: &str = "true, false, null or {\"percent\": …}";

impl Setting for Sampled {
    fn read(node: &Node, at: &Place<'_>, reading: &mut Reading) -> Option<Self> {
        match node {
            Node::Bool(true) => Some(Self::Always),
            Node::Bool(false) => Some(Self::Never),
            Node::Object(_) => match members(node, at, reading, &["percent"])?.first() {
                Some((key, node)) => Percent::read(node, &at.key(key), reading).map(Self::Percent),
                None => reading.refuse_type(at, SAMPLED, node),
            },
            _ => reading.refuse_type(at, SAMPLED, node),
        }
    }

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        let doc = "How many of the created traces are sampled.";
        let percent = Member {
            key: "percent",
            doc,
            shape: Percent::shape(),
            default: None,
        };
        Shape::Choice(vec![Shape::Boolean, Shape::Object(vec![percent])])
    }

    #[cfg(feature = "describe")]
    fn written(&self) -> Node {
        match self {
            Self::Always => Node::Bool(true),
            Self::Never => Node::Bool(false),
            Self::Percent(percent) => Node::Object(vec![("percent".to_owned(), percent.written())]),
        }
    }
}

#[cfg(test)]
mod tests;
