//! What clients ask, and with what in their headers.

use crate::dice::Dice;
use crate::world::{WAYS, Way};

/// A header that no output of any plugin may ever show.
pub(crate) const SECRET: &str = "s3cret-of-the-story";

/// What a client asks.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) number: u64,
    pub(crate) way: Way,
    pub(crate) method: &'static str,
    /// What it sends as `x-request-id` and as `x-correlation-id`.
    pub(crate) id: Option<String>,
    pub(crate) correlation: Option<String>,
    /// Which attempt it says that this is; 1: it says nothing.
    pub(crate) attempt: u64,
    pub(crate) key: bool,
    pub(crate) deadline: Option<u64>,
    pub(crate) accept: Option<&'static str>,
}

impl Asked {
    pub(crate) fn drawn(dice: &mut Dice, number: u64, ways: usize) -> Asked {
        let method = dice.one_of(["GET", "GET", "GET", "GET", "PUT", "POST", "POST"]);
        Asked {
            number,
            way: WAYS[dice.between(0, ways as u64 - 1) as usize],
            method,
            id: dice.maybe(60, |dice| id(dice, number)),
            correlation: dice.maybe(20, |dice| id(dice, number + 1_000_000)),
            attempt: if dice.in_100(8) { dice.between(2, 4) } else { 1 },
            key: method == "POST" && dice.in_100(50),
            deadline: dice.maybe(20, |dice| dice.one_of([0, 40, 500, 2_000, 20_000])),
            accept: dice.maybe(50, |dice| {
                dice.one_of(["application/json", "application/problem+json", "*/*"])
            }),
        }
    }

    /// A plain one, of whom nothing but an answer is expected.
    pub(crate) fn plain(number: u64, way: Way) -> Asked {
        Asked {
            number,
            way,
            method: "GET",
            id: None,
            correlation: None,
            attempt: 1,
            key: false,
            deadline: None,
            accept: None,
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("{}/{}", self.way.prefix, self.number)
    }

    pub(crate) fn body(&self) -> String {
        match self.method {
            "GET" => String::new(),
            _ => format!("order {}", self.number),
        }
    }

    /// What of its headers matters.
    pub(crate) fn in_words(&self) -> String {
        let headers = self
            .headers()
            .into_iter()
            .filter(|(name, _)| name != "authorization");
        let words = headers.map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(&value)));
        words.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers: Vec<(&str, String)> = vec![("authorization", format!("Bearer {SECRET}"))];
        headers.extend(self.id.clone().map(|id| ("x-request-id", id)));
        headers.extend(self.correlation.clone().map(|id| ("x-correlation-id", id)));
        headers.extend((self.attempt > 1).then(|| ("x-envoy-attempt-count", self.attempt.to_string())));
        headers.extend(
            self.key
                .then(|| ("idempotency-key", format!("{SECRET}-{}", self.number))),
        );
        headers.extend(self.deadline.map(|millis| ("x-deadline-ms", millis.to_string())));
        headers.extend(self.accept.map(|accept| ("accept", accept.to_owned())));
        headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_bytes()))
            .collect()
    }
}

/// An id as clients send it: most are valid.
fn id(dice: &mut Dice, number: u64) -> String {
    match dice.between(0, 9) {
        0 => format!("id;{number}"),
        1 => format!("\"{number}\""),
        2 => "x".repeat(129),
        3 => format!("{number:0>17}"),
        4 => String::new(),
        _ => format!("id-{number}"),
    }
}
