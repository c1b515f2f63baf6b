//! The router: it takes a request that all filters have let go, and has it answered by itself or by an upstream.

mod answers;
mod attempts;
mod failures;
mod upstream_filters;

use std::time::Duration;

use super::flow::SharedStream;
use super::thread::EnvoyThread;
use crate::edge;
use crate::flags;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::local_reply::LocalReply;
use crate::retry::Retries;
use crate::route::{Chosen, Route};
use crate::stream::Stream;
use crate::way::Direction;

impl EnvoyThread {
    /// Looks up what the route table has for a request.
    pub(super) fn choose_route(&self, stream: &mut Stream) {
        let given = stream.sent.route.as_deref();
        let Chosen { virtual_host, route } = match given {
            Some(given) => Chosen {
                virtual_host: Some(given.virtual_host.clone()),
                route: Some(given.clone()),
            },
            None => self.settings.routes.choose(&stream.request),
        };
        let cluster = route
            .as_ref()
            .and_then(|route| route.cluster_for(&stream.request));
        let is_given = given.is_some();
        stream.cluster = cluster.filter(|name| is_given || self.settings.has_cluster(name));
        stream.virtual_host = virtual_host;
        stream.route = route;
        stream.route_is_stale = false;
    }

    /// All filters let the request go: the router takes it. `end`: nothing follows its headers.
    pub(super) fn route(&mut self, stream: &SharedStream, end: bool) {
        if stream.borrow().exchange.is_some() {
            return self.attempt_headers(stream, end);
        }
        let reply = {
            let mut stream = stream.borrow_mut();
            if stream.route_is_stale {
                self.choose_route(&mut stream);
            }
            match stream.route.clone() {
                None => Some(LocalReply::own(404, "", "route_not_found", flags::NO_ROUTE)),
                Some(Route {
                    direct_response: Some((status, body)),
                    details,
                    ..
                }) => {
                    let details = details.into_bytes();
                    let headers = location(status, &stream.request);
                    Some(LocalReply {
                        status,
                        headers,
                        body,
                        details,
                        ..LocalReply::default()
                    })
                }
                Some(Route {
                    redirect: Some(redirect),
                    ..
                }) => Some(LocalReply {
                    headers: vec![(b"location".to_vec(), redirect.location(&stream.request))],
                    ..LocalReply::own(redirect.status, "", "direct_response", 0)
                }),
                Some(_) if stream.cluster.is_none() => {
                    Some(LocalReply::own(503, "", "cluster_not_found", flags::NO_CLUSTER))
                }
                Some(route) => take(&mut stream, &route),
            }
        };
        match reply {
            Some(reply) => self.reply(stream, reply),
            None => {
                self.begin_attempt(stream, end);
                if end {
                    self.complete(stream, Direction::Request);
                }
            }
        }
    }
}

/// Request headers that steer the router; it takes them out.
const ROUTER_HEADERS: &[&str] = &[
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
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

/// Reads off the route and the headers how the request is to be sent, unless no upstream may get it.
fn take(stream: &mut Stream, route: &Route) -> Option<LocalReply> {
    let request = &stream.request;
    let milliseconds = |name: &[u8]| -> Option<Duration> {
        let text = std::str::from_utf8(request.first(name)?).ok()?;
        Some(Duration::from_millis(text.trim().parse().ok()?))
    };
    let nonzero = |time: &Duration| !time.is_zero();
    let timeout = milliseconds(b"x-envoy-upstream-rq-timeout-ms");
    let timeout = timeout.unwrap_or(Duration::from_millis(route.timeout_ms));
    let policy = route.retry.as_ref();
    let per_try = milliseconds(b"x-envoy-upstream-rq-per-try-timeout-ms")
        .or_else(|| policy.and_then(|policy| policy.per_try_timeout));
    let routing = &mut stream.routing;
    routing.attempt = 1;
    routing.timeout = Some(timeout).filter(nonzero);
    // An attempt that may take as long as the whole has no time-out of its own.
    routing.per_try_timeout = per_try
        .filter(nonzero)
        .filter(|per_try| timeout.is_zero() || *per_try < timeout);
    routing.alternative_response = request.has(b"x-envoy-upstream-rq-timeout-alt-response");
    routing.retries = Retries::of(policy, request);
    routing.counts_in_request = route.counts_in_request;
    routing.counts_in_response = route.counts_in_response;
    for name in ROUTER_HEADERS {
        stream.request.remove(name.as_bytes());
    }
    set_timeout_header(stream, Duration::ZERO);
    let unsendable = edge::unsendable(&stream.request);
    stream.routing.chosen = unsendable.is_some();
    unsendable
}

/// Tells the upstream how long it has.
fn set_timeout_header(stream: &mut Stream, now: Duration) {
    if let Some(expected) = stream.routing.expected_timeout(now) {
        let text = expected.as_millis().to_string();
        stream
            .request
            .set_in_place(b"x-envoy-expected-rq-timeout-ms", text.as_bytes());
    }
}

/// Envoy says where a direct response of 201 is to be found.
fn location(status: u16, request: &HeaderMap) -> Vec<HeaderPair> {
    if status != 201 {
        return Vec::new();
    }
    let part = |name: &[u8]| String::from_utf8_lossy(request.first(name).unwrap_or_default()).into_owned();
    let location = format!("{}://{}{}", part(b":scheme"), part(b":authority"), part(b":path"));
    vec![(b"location".to_vec(), location.into_bytes())]
}
