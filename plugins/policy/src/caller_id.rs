//! Reading a request's id out of the headers in which a caller may have sent one.
//!
//! A caller's id ends in log lines, error bodies and dashboards. So a plain id is taken only if it is a single token
//! that means nothing to any of them: visible ASCII without quotes, backslashes, commas or semicolons. Trace headers
//! have a grammar of their own, and only the trace id in them is taken. What is refused is described by its length and
//! a [`Reason`], never by its bytes.

use crate::{hex, trace_context::TraceParent};

/// How a header carries an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// The value is the id.
    Plain,
    /// W3C `traceparent`: the id is the trace-id.
    TraceParent,
    /// B3 in one header, `{trace}-{span}-{sampled}-{parent}`: the id is the trace's.
    B3,
    /// B3 in several headers: `x-b3-traceid` is the id, 16 or 32 hex digits.
    B3TraceId,
    /// `x-amzn-trace-id`: the id is the Root's 32 hex digits.
    AmznTraceId,
}

impl Carrier {
    /// The carrier that a header of this name (in lower case) is.
    pub fn of(header: &str) -> Self {
        match header {
            "traceparent" => Self::TraceParent,
            "b3" => Self::B3,
            "x-b3-traceid" => Self::B3TraceId,
            "x-amzn-trace-id" => Self::AmznTraceId,
            _ => Self::Plain,
        }
    }

    /// Whether the header is part of a trace context, so that trust in the caller's trace decides about it too.
    pub fn is_trace(self) -> bool {
        self != Self::Plain
    }

    /// Reads the id out of the header's values, one for each time that the header was sent.
    ///
    /// `Ok(None)`: the header is absent, or rightly holds no id (B3's `0`, X-Ray's `Self=…`). `max_length` bounds a
    /// plain id, in bytes.
    ///
    /// # Errors
    /// A [`Refusal`] where the header must not be taken.
    pub fn read(self, values: &[&[u8]], max_length: usize) -> Result<Option<String>, Refusal> {
        let value = match values {
            [] => return Ok(None),
            [value] => *value,
            // Two values cannot both be the id, and which of them the upstream would take is its own affair.
            _ => {
                let length = values.iter().map(|value| value.len()).sum();
                return Err(Refusal {
                    reason: Reason::Repeated,
                    length,
                });
            }
        };
        let read = match self {
            Self::Plain => plain(value, max_length).map(Some),
            Self::TraceParent => TraceParent::parse(value)
                .map(|parent| Some(parent.trace_id()))
                .ok_or(Reason::Malformed),
            Self::B3 => b3(value),
            Self::B3TraceId => b3_trace_id(value).map(Some),
            Self::AmznTraceId => amzn_root(value),
        };
        read.map_err(|reason| Refusal {
            reason,
            length: value.len(),
        })
    }
}

/// A header that was not taken: why, and how long it was in bytes. Its bytes are not kept: they may be an attack on
/// whatever reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule the value broke.
    pub reason: Reason,
    /// Length of the value in bytes; of all values together where the header was repeated.
    pub length: usize,
}

/// The rule that a refused value broke; its word is a member of the log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The value is empty.
    Empty,
    /// The header was sent more than once.
    Repeated,
    /// The value is longer than `max_length`.
    TooLong,
    /// The value has a byte that no id may have.
    Character,
    /// The value is not what the header's own grammar says.
    Malformed,
}

impl Reason {
    /// The word for log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Repeated => "repeated",
            Self::TooLong => "too_long",
            Self::Character => "character",
            Self::Malformed => "malformed",
        }
    }
}

fn plain(value: &[u8], max_length: usize) -> Result<String, Reason> {
    if value.is_empty() {
        return Err(Reason::Empty);
    }
    if value.len() > max_length {
        return Err(Reason::TooLong);
    }
    let allowed =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'\\' | b',' | b';');
    if !value.iter().all(allowed) {
        return Err(Reason::Character);
    }
    String::from_utf8(value.to_vec()).map_err(|_| Reason::Character)
}

/// 16 or 32 hex digits, not all of them zero; in lower case, so that one trace has one id.
fn b3_trace_id(value: &[u8]) -> Result<String, Reason> {
    match (value.len(), hex::either(value)) {
        (16 | 32, Some(1..)) => String::from_utf8(value.to_ascii_lowercase()).map_err(|_| Reason::Malformed),
        _ => Err(Reason::Malformed),
    }
}

/// The grammar of the single `b3` header: `{trace}-{span}[-{sampled}[-{parent}]]`, or a sampling decision alone.
fn b3(value: &[u8]) -> Result<Option<String>, Reason> {
    let is_decision = |part: &[u8]| matches!(part, b"0" | b"1" | b"d");
    let is_span = |part: &[u8]| part.len() == 16 && hex::either(part).is_some_and(|id| id != 0);
    let mut parts = value.split(|byte| *byte == b'-');
    let first = parts.next().unwrap_or_default();
    let Some(span) = parts.next() else {
        return if is_decision(first) {
            Ok(None)
        } else {
            Err(Reason::Malformed)
        };
    };
    let id = b3_trace_id(first)?;
    let well_formed = is_span(span)
        && parts.next().is_none_or(is_decision)
        && parts.next().is_none_or(is_span)
        && parts.next().is_none();
    if well_formed {
        Ok(Some(id))
    } else {
        Err(Reason::Malformed)
    }
}

/// The Root of an X-Ray header, `1-{8 hex: seconds}-{24 hex}`, without its version and dashes.
fn amzn_root(value: &[u8]) -> Result<Option<String>, Reason> {
    let mut root = None;
    for field in value.split(|byte| *byte == b';') {
        let Some(text) = field.trim_ascii().strip_prefix(b"Root=") else {
            continue;
        };
        if root.replace(text).is_some() {
            return Err(Reason::Malformed);
        }
    }
    let Some(root) = root else {
        // Self, Parent and Sampled may stand alone, but must be fields.
        let is_field =
            |field: &[u8]| field.contains(&b'=') && field.iter().all(|byte| matches!(byte, b' '..=b'~'));
        return if value.split(|byte| *byte == b';').all(is_field) {
            Ok(None)
        } else {
            Err(Reason::Malformed)
        };
    };
    let mut parts = root.split(|byte| *byte == b'-');
    let (version, seconds, unique) = (parts.next(), parts.next(), parts.next());
    let (Some(b"1"), Some(seconds), Some(unique), None) = (version, seconds, unique, parts.next()) else {
        return Err(Reason::Malformed);
    };
    if seconds.len() != 8 || unique.len() != 24 {
        return Err(Reason::Malformed);
    }
    b3_trace_id(&[seconds, unique].concat()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[track_caller]
    fn check(header: &str, values: &[&[u8]], expect: Result<Option<&str>, Reason>) {
        let read = Carrier::of(header).read(values, 128);
        assert_eq!(
            read.map_err(|refusal| refusal.reason),
            expect.map(|id| id.map(str::to_owned))
        );
    }

    #[test]
    fn an_absent_header_offers_nothing() {
        for header in [
            "x-request-id",
            "traceparent",
            "b3",
            "x-b3-traceid",
            "x-amzn-trace-id",
        ] {
            check(header, &[], Ok(None));
        }
    }

    #[test]
    fn a_plain_id_is_taken_as_it_is() {
        for id in ["a", "01890F5E-7c1a", "order:42/~!#$%&()*+<>?@[]^_{|}="] {
            check("x-request-id", &[id.as_bytes()], Ok(Some(id)));
        }
    }

    #[test]
    fn every_byte_is_either_part_of_an_id_or_refused() {
        for byte in 0..=u8::MAX {
            let forbidden = !(0x21..=0x7e).contains(&byte) || b"\"'`\\,;".contains(&byte);
            let read = Carrier::Plain.read(&[&[b'a', byte, b'z'][..]], 128);
            assert_eq!(read.is_err(), forbidden, "byte {byte:#04x}");
        }
    }

    #[test]
    fn a_plain_id_is_bounded_at_its_length_and_not_before() {
        check("x-request-id", &[&[b'a'; 128]], Ok(Some(&"a".repeat(128))));
        check("x-request-id", &[&[b'a'; 129]], Err(Reason::TooLong));
        check("x-request-id", &[b""], Err(Reason::Empty));
    }

    #[test]
    fn a_repeated_header_is_refused_even_if_its_values_agree() {
        check("x-correlation-id", &[b"a", b"a"], Err(Reason::Repeated));
        let refusal = Carrier::Plain.read(&[b"ab", b"c", b"def"], 128);
        assert_eq!(
            refusal,
            Err(Refusal {
                reason: Reason::Repeated,
                length: 6
            })
        );
    }

    #[test]
    fn of_a_traceparent_the_trace_id_is_the_id() {
        check(
            "traceparent",
            &[format!("00-{TRACE}-b7ad6b7169203331-01").as_bytes()],
            Ok(Some(TRACE)),
        );
        check("traceparent", &[b"00-0-0-0"], Err(Reason::Malformed));
    }

    #[test]
    fn b3_in_one_header() {
        let trace_64 = "463ac35c9f6413ad";
        for (value, expect) in [
            (format!("{TRACE}-00f067aa0ba902b7-1"), Ok(Some(TRACE))),
            (format!("{TRACE}-00f067aa0ba902b7"), Ok(Some(TRACE))),
            (
                format!("{TRACE}-00f067aa0ba902b7-d-05e3ac9a4f6e3b90"),
                Ok(Some(TRACE)),
            ),
            (
                format!("{}-00f067aa0ba902b7", TRACE.to_uppercase()),
                Ok(Some(TRACE)),
            ),
            (format!("{trace_64}-00f067aa0ba902b7-0"), Ok(Some(trace_64))),
            ("0".into(), Ok(None)),
            ("1".into(), Ok(None)),
            ("d".into(), Ok(None)),
            ("".into(), Err(Reason::Malformed)),
            ("2".into(), Err(Reason::Malformed)),
            (TRACE.into(), Err(Reason::Malformed)),
            (format!("{TRACE}-0000000000000000-1"), Err(Reason::Malformed)),
            (format!("{TRACE}-00f067aa0ba902b7-2"), Err(Reason::Malformed)),
            (format!("{TRACE}-00f067aa0ba902b7-1-"), Err(Reason::Malformed)),
            (
                format!("{TRACE}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90-"),
                Err(Reason::Malformed),
            ),
            (
                format!("{}-00f067aa0ba902b7-1", "0".repeat(32)),
                Err(Reason::Malformed),
            ),
        ] {
            check("b3", &[value.as_bytes()], expect);
        }
    }

    #[test]
    fn b3_in_several_headers() {
        check("x-b3-traceid", &[TRACE.as_bytes()], Ok(Some(TRACE)));
        check(
            "x-b3-traceid",
            &[b"463AC35C9F6413AD"],
            Ok(Some("463ac35c9f6413ad")),
        );
        for bad in [
            "",
            "463ac35c9f6413a",
            "463ac35c9f6413ag",
            "+63ac35c9f6413ad",
            "0000000000000000",
        ] {
            check("x-b3-traceid", &[bad.as_bytes()], Err(Reason::Malformed));
        }
    }

    #[test]
    fn of_an_x_ray_header_the_root_is_the_id() {
        let id = "67891233abcdef012345678912345678";
        let root = "Root=1-67891233-abcdef012345678912345678";
        for (value, expect) in [
            (root.to_owned(), Ok(Some(id))),
            (format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"), Ok(Some(id))),
            (
                format!("Self=1-67891234-12456789abcdef012345678; {root}"),
                Ok(Some(id)),
            ),
            ("Self=1-67891234-12456789abcdef012345678".into(), Ok(None)),
            (format!("{root};{root}"), Err(Reason::Malformed)),
            ("".into(), Err(Reason::Malformed)),
            ("nonsense".into(), Err(Reason::Malformed)),
            ("Root=".into(), Err(Reason::Malformed)),
            (
                "Root=2-67891233-abcdef012345678912345678".into(),
                Err(Reason::Malformed),
            ),
            (
                "Root=1-6789123-abcdef0123456789123456789".into(),
                Err(Reason::Malformed),
            ),
            (
                "Root=1-00000000-000000000000000000000000".into(),
                Err(Reason::Malformed),
            ),
            (
                "Root=1-67891233-abcdef01234567891234567x".into(),
                Err(Reason::Malformed),
            ),
            (
                "Root=1-67891233-abcdef012345678912345678-0".into(),
                Err(Reason::Malformed),
            ),
        ] {
            check("x-amzn-trace-id", &[value.as_bytes()], expect);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_safe_in_a_log_line_and_within_bounds(
            value in prop::collection::vec(any::<u8>(), 0..200),
            max_length in 1usize..160,
        ) {
            for carrier in [
                Carrier::Plain, Carrier::TraceParent, Carrier::B3, Carrier::B3TraceId, Carrier::AmznTraceId,
            ] {
                if let Ok(Some(id)) = carrier.read(&[&value], max_length) {
                    prop_assert!(!id.is_empty());
                    prop_assert!(id.len() <= max_length.max(32));
                    prop_assert!(id.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'`\\,;".contains(&byte)));
                }
            }
        }
    }
}
