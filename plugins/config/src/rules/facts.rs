//! What can be asked about a request.

use std::borrow::Cow;
use std::cell::Cell;

use crate::pattern::{without_port, without_query};

/// The facts that rules compare, asked for as they are needed: route and direction cost a call to the host, the rest
/// a look into a header map. None of them need be UTF-8. What a request does not have is empty.
pub trait Facts {
    /// `:method`.
    fn method(&self) -> &[u8];

    /// `:path` as sent, with the query.
    fn path(&self) -> &[u8];

    /// `:authority` as sent, with a port if it has one.
    fn authority(&self) -> &[u8];

    /// Each value of a header. The name is in lower case.
    fn header(&self, name: &str) -> impl Iterator<Item = &[u8]>;

    /// The name of the route that the proxy has chosen. Asked at most once for a decision.
    fn route(&self) -> &[u8];

    /// Which way the listener's traffic goes; `None` where that is not said.
    fn direction(&self) -> Option<Direction>;
}

/// Which way a listener's traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the service behind the proxy.
    Inbound,
    /// From the service behind the proxy.
    Outbound,
}

/// A request's facts in the form in which they are compared.
pub(super) struct Asked<'a, F> {
    pub(super) facts: &'a F,
    pub(super) route: &'a [u8],
    /// In lower case and without port.
    pub(super) host: Cow<'a, [u8]>,
    /// Without the query.
    pub(super) path: &'a [u8],
    direction: Cell<Option<Option<Direction>>>,
}

impl<'a, F: Facts> Asked<'a, F> {
    /// Route and host are asked for only if some rule needs them.
    pub(super) fn new(facts: &'a F, route: bool, host: bool) -> Self {
        Self {
            facts,
            route: if route { facts.route() } else { &[] },
            host: if host {
                plain_host(facts.authority())
            } else {
                Cow::Borrowed(&[])
            },
            path: without_query(facts.path()),
            direction: Cell::new(None),
        }
    }

    /// Asked for when the first rule compares it.
    pub(super) fn direction(&self) -> Option<Direction> {
        let direction = self.direction.get().unwrap_or_else(|| self.facts.direction());
        self.direction.set(Some(direction));
        direction
    }
}

fn plain_host(authority: &[u8]) -> Cow<'_, [u8]> {
    let host = without_port(authority);
    match host.iter().any(u8::is_ascii_uppercase) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}
