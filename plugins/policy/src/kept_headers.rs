//! Which headers of an error still hold once its body is another.

/// Headers that say something of the body that is gone: its length, coding, language, name, place, parts, and what
/// tells one version of it from another.
const OF_THE_BODY: [&str; 14] = [
    "accept-ranges",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "etag",
    "last-modified",
    "repr-digest",
];

/// Headers of the connection by which the old body came (RFC 9110, section 7.6.1).
const OF_THE_CONNECTION: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// Headers (in lower case) that go when the body is replaced in place.
pub fn of_the_body() -> impl Iterator<Item = &'static str> {
    OF_THE_BODY.into_iter()
}

/// Whether a header (its name in lower case) is carried over to a reply that is made anew. Pseudo headers are not.
pub fn is_kept(name: &str) -> bool {
    !name.starts_with(':') && !OF_THE_BODY.contains(&name) && !OF_THE_CONNECTION.contains(&name)
}

/// The `Vary` that says that the body depends on `Accept`, from the values that are there. `None`: as it is, it says
/// so.
pub fn vary_by_accept(values: &[&[u8]]) -> Option<Vec<u8>> {
    let mut members = values
        .iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii);
    if members.any(|member| member == b"*" || member.eq_ignore_ascii_case(b"accept")) {
        return None;
    }
    let mut vary = values
        .iter()
        .copied()
        .filter(|value| !value.is_empty())
        .collect::<Vec<_>>();
    vary.push(b"Accept");
    Some(vary.join(&b", "[..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn what_still_holds_is_kept() {
        for name in [
            "www-authenticate",
            "retry-after",
            "allow",
            "ratelimit-remaining",
            "x-ratelimit-limit",
            "set-cookie",
            "access-control-allow-origin",
            "x-request-id",
            "traceparent",
            "cache-control",
            "vary",
            "location",
            "date",
        ] {
            assert!(is_kept(name), "{name}");
        }
    }

    #[test]
    fn what_was_said_of_the_old_body_goes() {
        for name in [
            ":status",
            "content-length",
            "content-encoding",
            "etag",
            "content-md5",
            "digest",
            "last-modified",
            "accept-ranges",
            "transfer-encoding",
            "connection",
            "content-type",
        ] {
            assert!(!is_kept(name), "{name}");
        }
    }

    #[test]
    fn vary_is_added_to_and_never_repeated() {
        let vary = |values: &[&str]| {
            let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            vary_by_accept(&values).map(|value| String::from_utf8_lossy(&value).into_owned())
        };
        assert_eq!(vary(&[]).as_deref(), Some("Accept"));
        assert_eq!(vary(&["Origin"]).as_deref(), Some("Origin, Accept"));
        assert_eq!(
            vary(&["Origin", "accept-encoding"]).as_deref(),
            Some("Origin, accept-encoding, Accept")
        );
        assert_eq!(vary(&["Origin, ACCEPT"]), None);
        assert_eq!(vary(&["Origin", " * "]), None);
        assert_eq!(vary(&[""]).as_deref(), Some("Accept"));
    }
}
