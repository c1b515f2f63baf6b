//! Which headers may bring an id, which may carry one, and what a field of the log may be called.

#[cfg(feature = "describe")]
use crate::describe::Shape;
use crate::value::{
    Form, MEMBER, NAME, is_member, is_token, kept, lower_case, may_hold_secret, text_setting,
};
#[cfg(feature = "describe")]
use crate::value::{MEMBER_PATTERN, TOKEN, any_case, secret_pattern};

/// Headers by which a message is framed, routed, negotiated or controlled: an id in their place would break it, and
/// their own values are no ids.
const FRAMING: [&str; 26] = [
    "accept",
    "accept-encoding",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "location",
    "proxy-authenticate",
    "proxy-connection",
    "range",
    "retry-after",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
];
const FRAMING_STARTS: [&str; 5] = ["access-control-", "grpc-", "sec-", "x-envoy-", "x-forwarded-"];

/// Trace context: its values have a form of their own, and a setting of its own decides on it.
const TRACE: [&str; 4] = ["traceparent", "tracestate", "b3", "x-amzn-trace-id"];
const TRACE_START: &str = "x-b3-";

/// What of the trace context names a trace, and so can bring an id.
const TRACE_IDS: [&str; 4] = ["traceparent", "b3", "x-b3-traceid", "x-amzn-trace-id"];

fn frames(name: &str) -> bool {
    FRAMING.contains(&name) || FRAMING_STARTS.iter().any(|start| name.starts_with(start))
}

fn traces(name: &str) -> bool {
    TRACE.contains(&name) || name.starts_with(TRACE_START)
}

/// What is refused, as a pattern: secrets, framing, and these of the trace context.
#[cfg(feature = "describe")]
fn refused_pattern(trace: &[&str], trace_start: &str, unless: &str) -> String {
    let names = [&FRAMING, trace]
        .concat()
        .into_iter()
        .map(any_case)
        .collect::<Vec<_>>()
        .join("|");
    let starts = FRAMING_STARTS.map(any_case).join("|");
    let secret = secret_pattern();
    format!(
        "{secret}|^(?:{names})$|^(?:{starts})|^{}{unless}",
        any_case(trace_start)
    )
}

/// A request header that may bring an id: none that may hold a secret (an id is logged and passed on), none by which
/// the message is framed, routed or negotiated, and of the trace context only what names a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptHeader(Box<str>);

impl Form for AcceptHeader {
    const WANTED: &'static str = NAME;

    fn broken(text: &str) -> Option<&'static str> {
        if !is_token(text) {
            return Some(NAME);
        }
        let name = lower_case(text);
        if may_hold_secret(&name) {
            Some("the name of a header that cannot hold a secret")
        } else if frames(&name) || (traces(&name) && !TRACE_IDS.contains(&&*name)) {
            Some("the name of a header whose value can be an id")
        } else {
            None
        }
    }

    kept!(lower_case);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a header that can bring an id".to_owned(),
            pattern: TOKEN.to_owned(),
            // Of the headers that start so, the one that names the trace is let through.
            not: Some(refused_pattern(
                &["tracestate"],
                "x-b3-",
                "(?![tT][rR][aA][cC][eE][iI][dD]$)",
            )),
        }
    }
}

text_setting!(AcceptHeader);

/// A header that carries the id: none that may hold a secret, none by which the message is framed, routed or
/// negotiated, and none of the trace context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdHeader(Box<str>);

impl Form for IdHeader {
    const WANTED: &'static str = NAME;

    fn broken(text: &str) -> Option<&'static str> {
        if !is_token(text) {
            return Some(NAME);
        }
        let name = lower_case(text);
        (may_hold_secret(&name) || frames(&name) || traces(&name))
            .then_some("the name of a header that may carry an id, such as \"x-request-id\"")
    }

    kept!(lower_case);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a header that may carry an id".to_owned(),
            pattern: TOKEN.to_owned(),
            not: Some(refused_pattern(&TRACE, TRACE_START, "")),
        }
    }
}

text_setting!(IdHeader);

/// The headers that are accepted by default.
pub(super) fn accepted() -> Vec<AcceptHeader> {
    let names = [
        "x-request-id",
        "x-correlation-id",
        "traceparent",
        "b3",
        "x-b3-traceid",
        "x-amzn-trace-id",
    ];
    names.into_iter().map(AcceptHeader::of).collect()
}

/// The header that carries the id by default.
pub(super) fn x_request_id() -> IdHeader {
    IdHeader::of("x-request-id")
}

/// The members that a log line has of its own, which a field of `log_headers` cannot be called.
pub const RESERVED_FIELDS: &[&str] = &[
    "timestamp",
    "severity",
    "plugin",
    "event",
    "service_name",
    "held_back",
    "request_id",
    "trace_id",
    "refused",
    "source",
    "method",
    "path",
    "status",
    "duration_ms",
];

/// The name of a field of the log: a letter or `_`, then letters, digits and `_`, at most 64 of them, and none of
/// [`RESERVED_FIELDS`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldName(Box<str>);

impl Form for FieldName {
    const WANTED: &'static str = MEMBER;

    fn broken(text: &str) -> Option<&'static str> {
        if !is_member(text) {
            Some(Self::WANTED)
        } else if RESERVED_FIELDS.contains(&text) {
            Some("another one than those that the log line has of its own")
        } else {
            None
        }
    }

    kept!(boxed);

    #[cfg(feature = "describe")]
    fn shape() -> Shape {
        Shape::Text {
            what: "name of a field".to_owned(),
            pattern: MEMBER_PATTERN.to_owned(),
            not: Some(format!("^(?:{})$", RESERVED_FIELDS.join("|"))),
        }
    }
}

text_setting!(FieldName);
