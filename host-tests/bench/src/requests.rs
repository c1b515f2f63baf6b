//! The bytes that clients send: the same request each time, or another one each time.
//!
//! What stays the same costs a client nothing, and is what is measured. What differs each time finds out whether anything
//! is kept of each request, and grows.

use crate::cell::Workload;
use live::client::Request;

/// What every request has: those of a browser, behind a load balancer.
const FIELDS: [(&str, &str); 8] = [
    ("host", "shop.example.com"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    ),
    (
        "accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    ),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    (
        "cookie",
        "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=necessary",
    ),
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-proto", "https"),
];

/// In whose place there is another number each time.
const PLACE: &[u8; 16] = b"________________";
/// Odd, so that no number comes twice; and large, so that they do not look alike.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The request of a workload.
pub(crate) fn request(workload: Workload) -> Request {
    let bare = Request::get(workload.path());
    FIELDS
        .iter()
        .fold(bare, |request, (name, value)| request.header(name, value))
}

/// One request after the other.
#[derive(Clone)]
pub(crate) struct Requests {
    one: Vec<u8>,
    /// Where it differs each time.
    places: Vec<usize>,
}

impl Requests {
    /// The same each time.
    pub(crate) fn same(workload: Workload) -> Self {
        Self {
            one: request(workload).to_bytes(),
            places: Vec::new(),
        }
    }

    /// Each with a path, a host, ids, a session and a key of its own: whatever a plugin might keep something by.
    pub(crate) fn varied(workload: Workload) -> Self {
        let path = format!("{}/________________", workload.path());
        let varied = [
            ("host", "shop-________________.example.com"),
            ("x-request-id", "request-________________"),
            (
                "traceparent",
                "00-________________________________-________________-01",
            ),
            ("cookie", "session=________________; theme=dark"),
            ("idempotency-key", "________________"),
        ];
        let kept = FIELDS
            .iter()
            .filter(|(name, _)| !varied.iter().any(|(own, _)| own == name));
        let one = varied
            .iter()
            .chain(kept)
            .fold(Request::get(path), |request, (name, value)| {
                request.header(name, value)
            })
            .to_bytes();
        let mut places = Vec::new();
        let mut at = 0;
        while let Some(found) = one[at..].windows(PLACE.len()).position(|bytes| bytes == PLACE) {
            places.push(at + found);
            at += found + PLACE.len();
        }
        Self { one, places }
    }

    /// So many of them, from the one of this number on; `buffer` is what was filled before.
    pub(crate) fn fill<'b>(&self, buffer: &'b mut Vec<u8>, first: u64, count: usize) -> &'b [u8] {
        let length = self.one.len() * count;
        if self.places.is_empty() {
            while buffer.len() < length {
                buffer.extend(&self.one);
            }
            return &buffer[..length];
        }
        buffer.clear();
        for number in (first..).take(count) {
            let begin = buffer.len();
            buffer.extend(&self.one);
            for (place, at) in (0u64..).zip(&self.places) {
                let text = format!(
                    "{:016x}",
                    (number * self.places.len() as u64 + place).wrapping_mul(SPREAD)
                );
                buffer[begin + at..][..PLACE.len()].copy_from_slice(text.as_bytes());
            }
        }
        buffer
    }
}

#[cfg(test)]
mod tests {
    use super::Requests;
    use crate::cell::Workload;
    use std::collections::BTreeSet;

    #[test]
    fn what_stays_the_same_is_there_as_often_as_asked_for() {
        let requests = Requests::same(Workload::Upstream);
        let mut buffer = Vec::new();
        let two = requests.fill(&mut buffer, 0, 2).to_vec();
        let (one, other) = two.split_at(two.len() / 2);
        assert_eq!(one, other);
        assert_eq!(requests.fill(&mut buffer, 7, 1), one);
    }

    #[test]
    fn what_varies_is_never_there_twice() {
        let requests = Requests::varied(Workload::Upstream);
        let mut buffer = Vec::new();
        let (mut seen, mut values) = (0, BTreeSet::new());
        for first in [0, 100] {
            let text = String::from_utf8(requests.fill(&mut buffer, first, 100).to_vec()).expect("text");
            assert!(!text.contains("________________"), "{text}");
            for line in text.lines() {
                let varies = [
                    "GET ",
                    "host:",
                    "x-request-id:",
                    "traceparent:",
                    "cookie:",
                    "idempotency-key:",
                ];
                if varies.iter().any(|field| line.starts_with(field)) {
                    seen += 1;
                    values.insert(line.to_owned());
                }
            }
        }
        assert_eq!((seen, values.len()), (6 * 200, 6 * 200));
    }
}
