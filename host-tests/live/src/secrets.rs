//! What clients here send in headers that nobody but the upstream may see, and the search for it.
//!
//! Each request has it, unless it has a header of that name or is sent as bytes, which are the test's own. The upstream
//! does not tell of it. An Envoy that ends must have it nowhere: not in its log with the lines of the plugins, not in its access log,
//! not in the names of its statistics; and no error's body may have it.

use crate::Headers;

/// Headers, with what of their value is searched for. No idempotency key: it changes what may be tried again.
const PLANTED: [(&str, &[u8], &[u8]); 5] = [
    (
        "authorization",
        b"Bearer eyJzdWIiOiJwbGFudGVkIn0.Lk7Qw2ZpXv9cRt4B",
        b"Lk7Qw2ZpXv9cRt4B",
    ),
    (
        "proxy-authorization",
        b"Basic cGxhbnRlZDpNOHlUM3ZKNQ==",
        b"cGxhbnRlZDpNOHlUM3ZKNQ",
    ),
    ("cookie", b"session=Hs61PfWdkA85uC; theme=dark", b"Hs61PfWdkA85uC"),
    ("x-api-key", b"\"pk_live_Vn42xGr7Qe\"", b"pk_live_Vn42xGr7Qe"),
    ("x-auth-token", b"\xff\xfetok_B9wY6mJc1D\x80", b"tok_B9wY6mJc1D"),
];

/// What these headers are sent with besides.
pub(crate) fn missing_in(headers: &Headers) -> Headers {
    let missing = PLANTED
        .iter()
        .filter(|(name, ..)| crate::values(headers, name).is_empty());
    missing
        .map(|(name, value, _)| (name.as_bytes().to_vec(), value.to_vec()))
        .collect()
}

/// Whether it was planted, and is not the test's own.
pub(crate) fn is_planted(name: &str, value: &[u8]) -> bool {
    PLANTED
        .iter()
        .any(|(planted, theirs, _)| *planted == name && *theirs == value)
}

/// The header whose secret is in these bytes.
pub(crate) fn told_in(bytes: &[u8]) -> Option<&'static str> {
    let found = PLANTED
        .iter()
        .find(|(_, _, secret)| bytes.windows(secret.len()).any(|part| part == *secret));
    found.map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::{is_planted, missing_in, told_in};

    #[test]
    fn each_is_searched_for_by_what_is_in_its_value() {
        let all = missing_in(&Vec::new());
        assert_eq!(all.len(), 5);
        for (name, value) in all {
            let name = std::str::from_utf8(&name).expect("a name is text");
            let line = [b"a line: ", value.as_slice(), b" and more"].concat();
            assert_eq!(told_in(&line), Some(name));
            assert!(is_planted(name, &value), "{name}");
        }
        assert_eq!(told_in(b"authorization: Bearer, cookie: theme=dark"), None);
    }

    #[test]
    fn a_test_may_send_its_own() {
        let own = vec![(b"Cookie".to_vec(), b"a=b".to_vec())];
        assert!(missing_in(&own).iter().all(|(name, _)| name != b"cookie"));
        assert!(!is_planted("cookie", b"a=b"));
    }
}
