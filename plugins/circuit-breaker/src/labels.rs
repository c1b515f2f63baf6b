//! How metrics are labelled with a breaker. Two breakers of one name that never share, because their traffic goes another
//! way or their plugins stand elsewhere, are told apart where there can be two.

use policy::breaker_key::{Direction, Family, Position};

/// The labels of a breaker.
pub(crate) struct Labels {
    /// The value of the key, or `other`.
    pub(crate) breaker: String,
    direction: Option<&'static str>,
    position: Option<&'static str>,
}

impl Labels {
    pub(crate) fn new(family: Family<'_>, breaker: &str) -> Self {
        Self {
            breaker: breaker.to_owned(),
            direction: match family.direction {
                Direction::Inbound => Some("inbound"),
                Direction::Outbound => Some("outbound"),
                Direction::Unspecified => None,
            },
            position: match family.position {
                Position::Downstream => None,
                Position::Upstream => Some("upstream"),
            },
        }
    }

    /// These labels, and more of them.
    pub(crate) fn with<'l>(&'l self, more: &[(&'l str, &'l str)]) -> Vec<(&'l str, &'l str)> {
        let mut labels = vec![("breaker", self.breaker.as_str())];
        labels.extend(self.direction.map(|direction| ("direction", direction)));
        labels.extend(self.position.map(|position| ("position", position)));
        labels.extend_from_slice(more);
        labels
    }
}
