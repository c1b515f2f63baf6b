//! A header map that behaves as Envoy's: what a filter reads back depends on it.
//!
//! Three habits of Envoy's map are visible to filters, and all three were seen on a real one. Names are lower
//! case. Pseudo headers stand before all others. And a name that Envoy keeps in a fixed slot (an *inline* header)
//! has one value: adding to it appends with a comma, so a duplicated `x-request-id` reads `a,b`, while a
//! duplicated `x-correlation-id` stays two entries.

use std::borrow::Cow;

/// One name and one value, both bytes; the name is lower case.
pub type HeaderPair = (Vec<u8>, Vec<u8>);

/// The headers of one request or response, in Envoy's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderMap {
    kind: Kind,
    entries: Vec<HeaderPair>,
}

/// Requests, responses and trailers have different inline headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Response,
    Trailers,
}

impl Kind {
    /// The name under which the map knows a header: in lower case, and a request's `host` is its authority.
    fn known(self, name: &[u8]) -> Cow<'_, [u8]> {
        if self == Kind::Request && name.eq_ignore_ascii_case(b"host") {
            return Cow::Borrowed(b":authority");
        }
        match name.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        }
    }
}

impl HeaderMap {
    /// An empty map of a request's headers.
    pub(crate) fn request() -> HeaderMap {
        HeaderMap {
            kind: Kind::Request,
            entries: Vec::new(),
        }
    }

    /// An empty map of a response's headers.
    pub(crate) fn response() -> HeaderMap {
        HeaderMap {
            kind: Kind::Response,
            entries: Vec::new(),
        }
    }

    /// An empty map of trailers.
    pub(crate) fn trailers() -> HeaderMap {
        HeaderMap {
            kind: Kind::Trailers,
            entries: Vec::new(),
        }
    }

    /// All entries, in order.
    pub(crate) fn pairs(&self) -> &[HeaderPair] {
        &self.entries
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Bytes of all names and values, as Envoy counts them.
    pub(crate) fn byte_size(&self) -> usize {
        self.entries
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum()
    }

    /// The first value of this name.
    pub(crate) fn first(&self, name: &[u8]) -> Option<&[u8]> {
        let name = self.kind.known(name);
        self.entries
            .iter()
            .find(|(n, _)| **n == *name)
            .map(|(_, value)| value.as_slice())
    }

    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.first(name).is_some()
    }

    /// Every value of this name, in order.
    pub(crate) fn all(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let name = self.kind.known(name);
        self.entries
            .iter()
            .filter(|(n, _)| **n == *name)
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// Removes the entries with this name, in lower case, and this value.
    pub(crate) fn remove_pair(&mut self, name: &[u8], value: &[u8]) {
        self.entries
            .retain(|(n, v)| (n.as_slice(), v.as_slice()) != (name, value));
    }

    /// Adds a value: to an inline header that is there already with a comma, else as an entry of its own.
    pub(crate) fn add(&mut self, name: &[u8], value: &[u8]) {
        let name = self.kind.known(name);
        if is_inline(self.kind, &name)
            && let Some((_, present)) = self.entries.iter_mut().find(|(n, _)| **n == *name)
        {
            if !present.is_empty() {
                present.push(b',');
            }
            present.extend_from_slice(value);
            return;
        }
        let at = if name.starts_with(b":") {
            self.entries
                .iter()
                .take_while(|(n, _)| n.starts_with(b":"))
                .count()
        } else {
            self.entries.len()
        };
        self.entries.insert(at, (name.into_owned(), value.to_vec()));
    }

    /// Sets the one value; whatever was there is removed, and the header moves to the end, as in Envoy.
    pub(crate) fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Sets the one value where the header stands, as Envoy's own code does for its inline headers.
    pub(crate) fn set_in_place(&mut self, name: &[u8], value: &[u8]) {
        match self.entries.iter_mut().find(|(n, _)| n == name) {
            Some((_, present)) => *present = value.to_vec(),
            None => self.add(name, value),
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        let name = self.kind.known(name);
        self.entries.retain(|(n, _)| **n != *name);
    }

    /// Replaces the whole map.
    pub(crate) fn replace_all(&mut self, pairs: &[HeaderPair]) {
        self.entries.clear();
        for (name, value) in pairs {
            self.add(name, value);
        }
    }
}

/// Pairs as tests read them: names as text.
pub(crate) fn named(pairs: &[HeaderPair]) -> Vec<(String, Vec<u8>)> {
    pairs
        .iter()
        .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.clone()))
        .collect()
}

/// Whether Envoy 1.40 keeps this header in a fixed slot. Seen by sending, or adding, each name twice.
fn is_inline(kind: Kind, name: &[u8]) -> bool {
    let own = match kind {
        Kind::Request => INLINE_IN_REQUESTS,
        Kind::Response => INLINE_IN_RESPONSES,
        Kind::Trailers => return matches!(name, b"grpc-status" | b"grpc-message"),
    };
    name.starts_with(b":") || INLINE.iter().chain(own).any(|inline| inline.as_bytes() == name)
}

/// Inline in requests and responses.
const INLINE: &[&str] = &[
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-connection",
    "proxy-status",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-request-id",
];

/// Inline in requests only.
const INLINE_IN_REQUESTS: &[&str] = &[
    "accept",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "expect",
    "grpc-accept-encoding",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "pragma",
    "referer",
    "te",
    "user-agent",
    "x-client-trace-id",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-is-timeout-retry",
    "x-envoy-max-retries",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-original-url",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
];

/// Inline in responses only.
const INLINE_IN_RESPONSES: &[&str] = &[
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "age",
    "date",
    "etag",
    "expires",
    "grpc-message",
    "grpc-status",
    "last-modified",
    "location",
    "server",
    "vary",
    "x-envoy-degraded",
    "x-envoy-immediate-health-check-fail",
    "x-envoy-ratelimited",
    "x-envoy-upstream-canary",
    "x-envoy-upstream-healthchecked-cluster",
    "x-envoy-upstream-service-time",
];

#[cfg(test)]
mod tests {
    use super::HeaderMap;

    fn text(map: &HeaderMap) -> String {
        let show = |(n, v): &(Vec<u8>, Vec<u8>)| {
            format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(v))
        };
        map.pairs().iter().map(show).collect::<Vec<_>>().join(" ")
    }

    // The expectations of this module are what a filter in Envoy 1.40.0 read back after the same operations.
    #[test]
    fn an_inline_header_is_joined_with_a_comma_and_others_repeat() {
        let mut map = HeaderMap::request();
        for (name, value) in [
            ("x-request-id", "a"),
            ("X-Request-Id", "b"),
            ("x-n", "a"),
            ("x-n", "b"),
            ("cookie", "a"),
            ("cookie", "b"),
        ] {
            map.add(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(text(&map), "x-request-id=a,b x-n=a x-n=b cookie=a cookie=b");
    }

    #[test]
    fn setting_moves_a_header_to_the_end_and_leaves_one() {
        let mut map = HeaderMap::request();
        for (name, value) in [("x-dup", "1"), ("x-mid", "m"), ("x-dup", "2")] {
            map.add(name.as_bytes(), value.as_bytes());
        }
        map.set(b"X-Dup", b"one");
        assert_eq!(text(&map), "x-mid=m x-dup=one");
    }

    #[test]
    fn pseudo_headers_stay_in_front_and_are_inline() {
        let mut map = HeaderMap::request();
        for (name, value) in [
            (":authority", "h"),
            (":path", "/"),
            (":method", "GET"),
            ("x-a", "1"),
        ] {
            map.add(name.as_bytes(), value.as_bytes());
        }
        map.set(b":path", b"/new");
        map.add(b":path", b"/more");
        assert_eq!(text(&map), ":authority=h :method=GET :path=/new,/more x-a=1");
    }

    #[test]
    fn host_is_another_name_of_a_requests_authority() {
        let mut map = HeaderMap::request();
        map.add(b":authority", b"a");
        map.add(b"x-a", b"1");
        map.set(b"Host", b"b");
        assert_eq!(map.first(b"host"), Some(&b"b"[..]));
        assert_eq!(text(&map), ":authority=b x-a=1");
        let mut map = HeaderMap::response();
        map.add(b"host", b"a");
        assert_eq!(text(&map), "host=a");
    }

    #[test]
    fn removing_what_is_not_there_changes_nothing() {
        let mut map = HeaderMap::request();
        map.add(b"x-a", b"");
        map.remove(b"x-b");
        assert_eq!(map.first(b"X-A"), Some(&b""[..]));
        assert_eq!(map.first(b"x-b"), None);
        assert_eq!((map.len(), map.byte_size()), (1, 3));
    }
}
