//! What a body is, by its `content-type` (RFC 9110, section 8.3).

/// A kind of body, as far as it matters for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/problem+json` (RFC 9457) or `application/problem+xml`: an error in a standard form already.
    Problem,
    /// JSON in any of its types: `application/json`, `text/json`, `…+json`.
    Json,
    /// XML in any of its types: `application/xml`, `text/xml`, `…+xml`; not XHTML.
    Xml,
    /// A page for a person: `text/html`, `application/xhtml+xml`.
    Html,
    /// `text/plain`.
    PlainText,
    /// gRPC and gRPC-web, whose errors are in their trailers.
    Grpc,
    /// `text/event-stream`, which is never over.
    EventStream,
    /// Anything else, or nothing that can be read.
    Other,
}

const KNOWN: [(&str, MediaType); 10] = [
    ("application/problem+json", MediaType::Problem),
    ("application/problem+xml", MediaType::Problem),
    ("application/json", MediaType::Json),
    ("text/json", MediaType::Json),
    ("application/xml", MediaType::Xml),
    ("text/xml", MediaType::Xml),
    ("text/html", MediaType::Html),
    ("application/xhtml+xml", MediaType::Html),
    ("text/plain", MediaType::PlainText),
    ("text/event-stream", MediaType::EventStream),
];

impl MediaType {
    /// Reads the header's value; parameters such as `charset` do not matter.
    pub fn of(content_type: &[u8]) -> Self {
        let essence = content_type
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default();
        let essence = essence.trim_ascii().to_ascii_lowercase();
        let known = KNOWN.iter().find(|(name, _)| name.as_bytes() == essence);
        match known {
            Some((_, kind)) => *kind,
            None if is_grpc(&essence) => Self::Grpc,
            None if essence.ends_with(b"+json") => Self::Json,
            None if essence.ends_with(b"+xml") => Self::Xml,
            None => Self::Other,
        }
    }
}

/// `application/grpc`, `application/grpc+proto`, `application/grpc-web`, `application/grpc-web-text+proto`, …
fn is_grpc(essence: &[u8]) -> bool {
    essence
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b'-')))
}

#[cfg(test)]
mod tests {
    use super::MediaType::{self, *};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_types_that_matter_are_told_apart() {
        let types: [(&[u8], MediaType); 20] = [
            (b"application/json", Json),
            (b"Application/JSON; charset=utf-8", Json),
            (b"application/vnd.api+json", Json),
            (b"application/scim+json", Json),
            (b"application/problem+json", Problem),
            (b"application/problem+json;charset=utf-8", Problem),
            (b"application/xml", Xml),
            (b"text/xml ; charset=utf-8", Xml),
            (b"application/soap+xml", Xml),
            (b"application/xhtml+xml", Html),
            (b"text/html", Html),
            (b"text/plain", PlainText),
            (b"text/event-stream", EventStream),
            (b"application/grpc", Grpc),
            (b"application/grpc+json", Grpc),
            (b"application/grpc-web-text+proto", Grpc),
            (b"application/grpcx", Other),
            (b"application/octet-stream", Other),
            (b"", Other),
            (b"\xff/json", Other),
        ];
        for (value, expected) in types {
            assert_eq!(MediaType::of(value), expected, "{}", value.escape_ascii());
        }
    }
}
