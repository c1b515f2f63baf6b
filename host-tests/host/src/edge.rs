//! Envoy's edge: what the HTTP connection manager visibly does to requests and responses.
//!
//! Everything here was compared with Envoy 1.40.0, listening with HTTP/1.1, no access to the internet assumed and no
//! address counted as internal (its default).

mod codec;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use crate::client_request::{ClientRequest, Protocol};
use crate::header_map::HeaderMap;

pub(crate) use codec::{Refusal, frame_request, frame_response, refuse, unsendable};

/// How the listener and its HTTP connection manager are set up. The default is that of the sample configurations.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Direction, Edge, Host};
/// let edge = Edge::default().use_remote_address(true).direction(Direction::Inbound);
/// let exchange = Host::new(plugin)
///     .edge(edge)
///     .get("/")
///     .from("198.51.100.7:4000")
///     .header("x-api-key", "k")
///     .answered_with(200);
/// exchange.upstream_header("x-forwarded-for").is("198.51.100.7");
/// ```
#[derive(Clone, Debug)]
pub struct Edge {
    pub(crate) generate_request_id: bool,
    pub(crate) preserve_external_request_id: bool,
    pub(crate) use_remote_address: bool,
    pub(crate) internal_clients: bool,
    pub(crate) proxy_100_continue: bool,
    pub(crate) direction: Direction,
    pub(crate) node_address: IpAddr,
}

/// The listener's traffic direction: property `xds.listener_direction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are Envoy's")]
pub enum Direction {
    Unspecified,
    Inbound,
    Outbound,
}

impl Default for Edge {
    fn default() -> Edge {
        Edge {
            generate_request_id: false,
            preserve_external_request_id: false,
            use_remote_address: false,
            internal_clients: false,
            proxy_100_continue: false,
            direction: Direction::Unspecified,
            node_address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        }
    }
}

impl Edge {
    /// Whether Envoy makes an `x-request-id` before the filters run (default: no).
    pub fn generate_request_id(mut self, yes: bool) -> Edge {
        self.generate_request_id = yes;
        self
    }

    /// Whether an outside client's `x-request-id` stays although Envoy generates ids (default: no).
    pub fn preserve_external_request_id(mut self, yes: bool) -> Edge {
        self.preserve_external_request_id = yes;
        self
    }

    /// Whether the client's address is the connection's (an edge), or what `x-forwarded-for` says (default).
    pub fn use_remote_address(mut self, yes: bool) -> Edge {
        self.use_remote_address = yes;
        self
    }

    /// Whether every address counts as internal, as `internal_address_config` can say (default: no). A client whose own
    /// address it is then tells the router what to do, by `x-envoy-…` headers: one that sends no `x-forwarded-for` where
    /// the connection's address counts, and one that sends a single address there where it does not.
    pub fn internal_clients(mut self, yes: bool) -> Edge {
        self.internal_clients = yes;
        self
    }

    /// Whether the upstream says if a client that expects a 100 may go on, or Envoy does at once (default). Other
    /// statuses below 200 of the upstream then reach the client, too.
    pub fn proxy_100_continue(mut self, yes: bool) -> Edge {
        self.proxy_100_continue = yes;
        self
    }

    /// The listener's traffic direction (default: unspecified).
    pub fn direction(mut self, direction: Direction) -> Edge {
        self.direction = direction;
        self
    }

    /// The address of Envoy's own node, which stands in `x-forwarded-for` for a client on loopback
    /// (default: 192.0.2.1).
    pub fn node_address(mut self, address: IpAddr) -> Edge {
        self.node_address = address;
        self
    }

    /// The request as the first filter sees it, and the client's address.
    pub(crate) fn receive(
        &self,
        sent: &ClientRequest,
        random: &mut fastrand::Rng,
    ) -> (HeaderMap, SocketAddr) {
        let mut headers = HeaderMap::request();
        headers.add(b":authority", &sent.authority);
        headers.add(b":path", &sent.path);
        headers.add(b":method", sent.method.as_bytes());
        headers.add(b":scheme", b"http");
        for (name, value) in &sent.headers {
            headers.add(name, trim(value));
        }
        if sent.protocol == Protocol::Http2 {
            join_cookies(&mut headers);
        }
        if headers.first(b"te").is_some_and(|te| te != b"trailers") {
            headers.remove(b"te");
        }
        let kept: &[&str] = match sent.upgrade() {
            Some(_) => UPGRADING,
            None => &[],
        };
        for name in ALWAYS_REMOVED.iter().filter(|name| !kept.contains(name)) {
            headers.remove(name.as_bytes());
        }
        let internal = self.is_internal(&headers);
        if !internal {
            for name in OF_INTERNAL_CLIENTS {
                headers.remove(name.as_bytes());
            }
        }
        let external = self.external_request(&mut headers, sent.peer, internal);
        let from_forwarded_for = last_forwarded_for(&headers);
        let source = match from_forwarded_for {
            Some(ip) if !self.use_remote_address => SocketAddr::new(ip, 0),
            _ => sent.peer,
        };
        match headers.first(b"x-forwarded-proto") {
            None => headers.add(b"x-forwarded-proto", b"http"),
            Some(scheme) if scheme.eq_ignore_ascii_case(b"https") => {
                headers.set_in_place(b":scheme", b"https")
            }
            Some(_) => {}
        }
        if internal {
            headers.set_in_place(b"x-envoy-internal", b"true");
        }
        if external {
            headers.set_in_place(b"x-envoy-external-address", sent.peer.ip().to_string().as_bytes());
        }
        let keeps_id = headers.has(b"x-request-id") && (!external || self.preserve_external_request_id);
        if self.generate_request_id && !keeps_id {
            headers.set_in_place(b"x-request-id", uuid4(random).as_bytes());
        }
        (headers, source)
    }

    /// Whether the client is trusted with headers by which the router is told.
    fn is_internal(&self, headers: &HeaderMap) -> bool {
        let addresses: usize = headers
            .all(b"x-forwarded-for")
            .iter()
            .map(|value| value.split(|byte| *byte == b',').count())
            .sum();
        self.internal_clients && addresses == usize::from(!self.use_remote_address)
    }

    /// What Envoy adds for, and takes from, a client by whose connection it goes. Says whether the request is one from
    /// outside.
    fn external_request(&self, headers: &mut HeaderMap, peer: SocketAddr, internal: bool) -> bool {
        if !self.use_remote_address {
            return false;
        }
        if !internal {
            for name in REMOVED_AT_THE_EDGE {
                headers.remove(name.as_bytes());
            }
        }
        if headers.has(b"x-forwarded-proto") {
            headers.set_in_place(b"x-forwarded-proto", b"http");
        }
        let address = if peer.ip().is_loopback() {
            self.node_address
        } else {
            peer.ip()
        };
        headers.add(b"x-forwarded-for", address.to_string().as_bytes());
        !internal
    }
}

/// What the connection manager does to response headers once all filters have let them go. With `close` the
/// connection ends with this response, because its request was not read to the end; `upgraded`: it changes its protocol.
pub(crate) fn finish_response(headers: &mut HeaderMap, now: SystemTime, upgraded: bool, close: bool) {
    let kept: &[&str] = if upgraded { UPGRADING } else { &[] };
    let removed = ["connection", "proxy-connection", "transfer-encoding", "upgrade"];
    for name in removed.iter().filter(|name| !kept.contains(name)) {
        headers.remove(name.as_bytes());
    }
    if !headers.has(b"date") {
        headers.add(b"date", httpdate::fmt_http_date(now).as_bytes());
    }
    headers.set_in_place(b"server", b"envoy");
    if close {
        headers.add(b"connection", b"close");
    }
}

/// Headers of a connection that stay where its protocol changes.
const UPGRADING: &[&str] = &["connection", "upgrade"];

const ALWAYS_REMOVED: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-client-cert",
];

/// What only internal clients are trusted with.
const OF_INTERNAL_CLIENTS: &[&str] = &[
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
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
];

const REMOVED_AT_THE_EDGE: &[&str] = &[
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-original-host",
    "x-envoy-original-path",
];

/// HTTP/2 may send each cookie by itself. Envoy joins them once it has all headers, so that they are the last.
fn join_cookies(headers: &mut HeaderMap) {
    let cookies = headers.all(b"cookie");
    if !cookies.is_empty() {
        headers.set(b"cookie", &cookies.join(&b"; "[..]));
    }
}

fn trim(value: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| *byte == b' ' || *byte == b'\t';
    let start = value
        .iter()
        .position(|byte| !is_space(byte))
        .unwrap_or(value.len());
    let end = value
        .iter()
        .rposition(|byte| !is_space(byte))
        .map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

fn last_forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let all = headers.first(b"x-forwarded-for")?;
    let last = all.rsplit(|&byte| byte == b',').next()?;
    std::str::from_utf8(trim(last)).ok()?.parse().ok()
}

fn uuid4(random: &mut fastrand::Rng) -> String {
    let bits = random.u128(..);
    let bits = bits & !(0xf000 << 64) | (0x4000 << 64);
    let bits = bits & !(0xc000 << 48) | (0x8000 << 48);
    let hex = format!("{bits:032x}");
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests;
