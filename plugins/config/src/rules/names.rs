//! What a rule names exactly, and a request's facts in the same places.

use crate::hash::hash;

/// A route, a host and a path, as far as a rule names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names<T> {
    pub(super) route: Option<T>,
    pub(super) host: Option<T>,
    pub(super) path: Option<T>,
}

impl<T> Names<T> {
    pub(super) fn as_ref(&self) -> Names<&T> {
        Names {
            route: self.route.as_ref(),
            host: self.host.as_ref(),
            path: self.path.as_ref(),
        }
    }

    pub(super) fn map<U>(self, to: impl Fn(T) -> U) -> Names<U> {
        Names {
            route: self.route.map(&to),
            host: self.host.map(&to),
            path: self.path.map(&to),
        }
    }
}

impl Names<&[u8]> {
    pub(super) fn hash(&self) -> u64 {
        // Which of the three are there, and where each ends, is compared afterwards.
        let [route, host, path] = [self.route, self.host, self.path].map(Option::unwrap_or_default);
        hash(route.iter().chain(host).chain(path).copied())
    }
}
