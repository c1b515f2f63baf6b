//! What a rule asks of a request.

use super::facts::{Asked, Direction, Facts};
use super::names::Names;
use crate::fault::shown_text;
use crate::pattern::{ExactPath, Host, Method, PathPrefix, PathTemplate};
use crate::setting::{Given, Place, Reading, settings, words};
use crate::value::{AtLeastOne, HeaderName, HeaderValue, Map, Text};

settings! {
    /// Which requests a rule is for. All that is given must match; nothing given matches every request.
    pub struct Match {
        /// The name of the route that the proxy has chosen.
        route: Given<Text> = Given(None),
        /// The host, without port: `"shop.example"`, or `"*.shop.example"` for one or more labels before it. Upper and
        /// lower case are the same.
        host: Given<Host> = Given(None),
        /// The path, as sent: what stands before `?`, not decoded.
        path: Given<ExactPath> = Given(None),
        /// The first segments of the path: `"/orders"` matches `/orders` and `/orders/1`, not `/ordersx`; `"/orders/"`
        /// only what is below it; `"/"` every path.
        path_prefix: Given<PathPrefix> = Given(None),
        /// The path with `{name}` for one segment that is not empty: `"/orders/{id}"`.
        path_template: Given<PathTemplate> = Given(None),
        /// The methods, one of which it must be.
        methods: Given<AtLeastOne<Method>> = Given(None),
        /// Headers that must be there with this very value, as `{"x-tier": "gold"}`; of a repeated header one value
        /// must be it.
        headers: Map<HeaderName, HeaderValue> = Map::default(),
        /// Which way the listener's traffic goes.
        direction: Way = Way::Any,
    }
}

words! {
    /// Which way the listener's traffic goes, as a rule asks for it.
    pub enum Way {
        /// either way, and where it is not said.
        Any = "any",
        /// to the service behind the proxy.
        Inbound = "inbound",
        /// from the service behind the proxy.
        Outbound = "outbound",
    }
}

/// What remains of a rule once it was found by what it names exactly.
#[derive(Debug)]
pub(super) struct Conditions {
    below_host: Option<Host>,
    path_prefix: Option<PathPrefix>,
    path_template: Option<PathTemplate>,
    methods: Option<AtLeastOne<Method>>,
    headers: Map<HeaderName, HeaderValue>,
    direction: Option<Direction>,
}

impl Match {
    /// Reports conditions that exclude each other.
    pub(crate) fn check(&self, at: &Place<'_>, reading: &mut Reading) {
        let Some(path) = self.path.as_ref() else { return };
        let bytes = path.as_bytes();
        let prefix = self
            .path_prefix
            .as_ref()
            .is_none_or(|prefix| prefix.matches(bytes));
        let template = self
            .path_template
            .as_ref()
            .is_none_or(|template| template.matches(bytes));
        for (key, met) in [("path_prefix", prefix), ("path_template", template)] {
            if !met {
                let rule = [
                    "must match path, which is ",
                    &shown_text(path),
                    ", or no request does",
                ];
                reading.refuse::<()>(&at.key(key), &rule);
            }
        }
    }

    /// What is named exactly, and the rest.
    pub(super) fn split(self) -> (Names<Box<[u8]>>, Conditions) {
        let (host, below_host) = match self.host.0 {
            Some(Host::Exact(host)) => (Some(host.as_bytes().into()), None),
            below => (None, below),
        };
        let names = Names {
            route: self.route.0.map(|route| route.as_bytes().into()),
            host,
            path: self.path.0.map(|path| path.as_bytes().into()),
        };
        let direction = match self.direction {
            Way::Any => None,
            Way::Inbound => Some(Direction::Inbound),
            Way::Outbound => Some(Direction::Outbound),
        };
        let conditions = Conditions {
            below_host,
            path_prefix: self.path_prefix.0,
            path_template: self.path_template.0,
            methods: self.methods.0,
            headers: self.headers,
            direction,
        };
        (names, conditions)
    }
}

impl Conditions {
    /// Whether every request meets them.
    pub(super) fn is_empty(&self) -> bool {
        self.below_host.is_none()
            && self.path_prefix.is_none()
            && self.path_template.is_none()
            && self.methods.is_none()
            && self.headers.is_empty()
            && self.direction.is_none()
    }

    /// Whether the host is compared.
    pub(super) fn compare_host(&self) -> bool {
        self.below_host.is_some()
    }

    /// Whether the request meets them all. What costs a call to the host comes last.
    pub(super) fn hold<F: Facts>(&self, asked: &Asked<'_, F>) -> bool {
        let method = |methods: &AtLeastOne<Method>| {
            methods
                .iter()
                .any(|method| method.as_bytes() == asked.facts.method())
        };
        self.methods.as_ref().is_none_or(method)
            && self
                .below_host
                .as_ref()
                .is_none_or(|host| host.matches(&asked.host))
            && self
                .path_prefix
                .as_ref()
                .is_none_or(|prefix| prefix.matches(asked.path))
            && self
                .path_template
                .as_ref()
                .is_none_or(|template| template.matches(asked.path))
            && self
                .headers
                .iter()
                .all(|(name, value)| asked.facts.header(name).any(|sent| sent == value.as_bytes()))
            && self
                .direction
                .is_none_or(|direction| asked.direction() == Some(direction))
    }
}
