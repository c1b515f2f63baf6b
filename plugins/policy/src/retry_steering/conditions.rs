//! On what the router tries a request again, in its own words.

/// Conditions of the router, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(u32);

/// The words of `x-envoy-retry-on`, and then those of `x-envoy-retry-grpc-on`, each at the place of its bit.
const WORDS: [&str; 15] = [
    "connect-failure",
    "refused-stream",
    "reset-before-request",
    "gateway-error",
    "5xx",
    "reset",
    "retriable-4xx",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "retriable-status-codes",
    "cancelled",
    "deadline-exceeded",
    "resource-exhausted",
    "internal",
    "unavailable",
];

/// So many of them are of the first kind.
const OF_HTTP: usize = 10;

impl Conditions {
    pub(super) const CONNECT_FAILURE: Self = Self(1);
    pub(super) const REFUSED_STREAM: Self = Self(1 << 1);
    pub(super) const RESET_BEFORE_REQUEST: Self = Self(1 << 2);
    pub(super) const GATEWAY_ERROR: Self = Self(1 << 3);
    pub(super) const FIVE_XX: Self = Self(1 << 4);
    pub(super) const RESET: Self = Self(1 << 5);
    pub(super) const RETRIABLE_4XX: Self = Self(1 << 6);
    pub(super) const RATELIMITED: Self = Self(1 << 7);
    pub(super) const STATUSES: Self = Self(1 << 9);
    pub(super) const CANCELLED: Self = Self(1 << 10);
    pub(super) const DEADLINE_EXCEEDED: Self = Self(1 << 11);
    pub(super) const RESOURCE_EXHAUSTED: Self = Self(1 << 12);
    pub(super) const INTERNAL: Self = Self(1 << 13);
    pub(super) const UNAVAILABLE: Self = Self(1 << 14);
    /// On these the router tries again whatever reset an attempt.
    pub(super) const ANY_RESET: Self = Self::GATEWAY_ERROR.and(Self::FIVE_XX).and(Self::RESET);

    /// The conditions of these words, of which those that the router does not know say nothing.
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        words.into_iter().fold(Self::default(), |all, word| {
            let place = WORDS.iter().position(|known| *known == word);
            all.and(place.map_or(Self(0), |place| Self(1 << place)))
        })
    }

    /// Whether it is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the others is among them.
    pub(super) const fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// As `x-envoy-retry-on` lists them. `None`: there is nothing to list.
    pub(super) fn of_http(self) -> Option<String> {
        self.listed(0, OF_HTTP)
    }

    /// As `x-envoy-retry-grpc-on` lists them. `None`: there is nothing to list.
    pub(super) fn of_grpc(self) -> Option<String> {
        self.listed(OF_HTTP, WORDS.len())
    }

    fn listed(self, from: usize, to: usize) -> Option<String> {
        let mut list = String::new();
        for (place, word) in WORDS.iter().enumerate().take(to).skip(from) {
            if self.has_any(Self(1 << place)) {
                list.push_str(if list.is_empty() { "" } else { "," });
                list.push_str(word);
            }
        }
        Some(list).filter(|list| !list.is_empty())
    }
}
