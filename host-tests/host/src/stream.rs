//! One exchange as Envoy holds it: what came in, what goes out, and how far it is.

mod sight;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use atomic_refcell::AtomicRefCell;

use crate::call_out::{CallOut, Origin};
use crate::client_request::ClientRequest;
use crate::clock::Clock;
use crate::cost::Spent;
use crate::envoy::Taken;
use crate::header_map::HeaderMap;
use crate::log::LogLine;
use crate::route::Route;
use crate::routing::Routing;
use crate::way::{Direction, Way};

pub(crate) use sight::{FilterView, MapType};

/// How far an exchange is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Decoding,
    /// Held by this filter in the request phase.
    RequestHeld(usize),
    /// Past all filters; the router waits for the upstream.
    AtUpstream,
    /// Past all filters of the listener; one of the cluster's holds it.
    HeldUpstream,
    /// An attempt came to nothing, and its retry is not due yet.
    BackingOff,
    Encoding,
    /// Held by this filter in the response phase.
    ResponseHeld(usize),
    Finished,
}

/// Who holds an exchange.
pub(crate) struct Held {
    plugin: String,
    what: &'static str,
    /// Whom the plugin has asked, if it waits for that.
    pub(crate) cluster: Option<String>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Held {
            plugin,
            what,
            cluster,
        } = self;
        match cluster {
            Some(cluster) => write!(f, "plugin {plugin} waits for a call-out to {cluster}"),
            None => write!(f, "plugin {plugin} holds the {what}"),
        }
    }
}

/// An exchange, held by its worker, by the contexts of the filters and by the test. Only one of them works on it at a
/// time, on whichever thread that is.
pub(crate) type SharedStream = Arc<AtomicRefCell<Stream>>;

/// The exchange that a stream is, or is an attempt of: logs, cost and deaths are noted there.
pub(crate) fn exchange_of(stream: &SharedStream) -> SharedStream {
    let exchange = stream.borrow().exchange.clone();
    exchange.unwrap_or_else(|| stream.clone())
}

/// The state of one exchange.
pub(crate) struct Stream {
    pub(crate) worker: usize,
    pub(crate) sent: ClientRequest,
    /// The client's address as the connection manager sees it: `source.address`.
    pub(crate) source: SocketAddr,
    pub(crate) connection_id: u64,
    /// `xds.listener_direction`: 0 unspecified, 1 inbound, 2 outbound.
    pub(crate) direction: u64,
    pub(crate) started_at: u64,
    pub(crate) started_after: Duration,
    pub(crate) ended_after: Option<Duration>,
    pub(crate) stage: Stage,
    pub(crate) request: HeaderMap,
    pub(crate) response: Option<HeaderMap>,
    pub(crate) request_way: Way,
    pub(crate) response_way: Way,
    pub(crate) filters: Vec<FilterView>,
    /// What each filter runs on.
    pub(crate) taken: Vec<Taken>,
    /// The route as last looked up. Filters see it so even after they changed what it depends on.
    pub(crate) route: Option<Route>,
    /// The virtual host that the request is for, and the cluster that it goes to.
    pub(crate) virtual_host: Option<String>,
    pub(crate) cluster: Option<String>,
    pub(crate) route_is_stale: bool,
    pub(crate) filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Names of filter state that cannot be set again.
    pub(crate) read_only: BTreeSet<Vec<u8>>,
    /// Filter state that Envoy's own filters read.
    pub(crate) envoys_filter_state: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) code: Option<u16>,
    pub(crate) details: Vec<u8>,
    pub(crate) flags: u64,
    /// The client's connection broke off in the middle of its response.
    pub(crate) broken: bool,
    /// What the router knows of it.
    pub(crate) routing: Routing,
    /// Where its timers are among those of its thread, those that went off included.
    pub(crate) timers: Vec<(Duration, u64)>,
    /// The exchange, where this is the stream of one of its attempts: what passes the cluster's own filters.
    pub(crate) exchange: Option<SharedStream>,
    /// Statuses below 200 that the client got.
    pub(crate) informational: Vec<u16>,
    /// The response's headers are on their way to the client: nothing can replace them any more.
    pub(crate) headers_sent: bool,
    /// What the client got.
    pub(crate) delivered: Option<(HeaderMap, Vec<u8>)>,
    pub(crate) log: Vec<LogLine>,
    pub(crate) spent: Vec<Spent>,
    pub(crate) died: Vec<String>,
    pub(crate) metrics_before: BTreeMap<String, u64>,
    pub(crate) metrics_after: Option<BTreeMap<String, u64>>,
    /// Who asked, where this is a call-out.
    pub(crate) call_out: Option<Origin>,
    /// What the plugins asked of other services in this exchange.
    pub(crate) call_outs: Vec<SharedStream>,
}

impl Stream {
    /// A stream that begins now: nothing has happened to it, and all of its request is still to come.
    pub(crate) fn new(
        worker: usize,
        sent: ClientRequest,
        request: HeaderMap,
        taken: Vec<Taken>,
        clock: &Clock,
    ) -> Stream {
        Stream {
            worker,
            source: sent.peer,
            sent,
            connection_id: 0,
            direction: 0,
            started_at: clock.realtime_nanos(),
            started_after: clock.elapsed(),
            ended_after: None,
            stage: Stage::Decoding,
            request,
            response: None,
            request_way: Way::new(taken.len()),
            response_way: Way::new(taken.len()),
            filters: vec![FilterView::default(); taken.len()],
            taken,
            route: None,
            virtual_host: None,
            cluster: None,
            route_is_stale: false,
            filter_state: BTreeMap::new(),
            read_only: BTreeSet::new(),
            envoys_filter_state: BTreeMap::new(),
            code: None,
            details: Vec::new(),
            flags: 0,
            broken: false,
            routing: Routing::default(),
            timers: Vec::new(),
            exchange: None,
            informational: Vec::new(),
            headers_sent: false,
            delivered: None,
            log: Vec::new(),
            spent: Vec::new(),
            died: Vec::new(),
            metrics_before: BTreeMap::new(),
            metrics_after: None,
            call_out: None,
            call_outs: Vec::new(),
        }
    }

    /// The stream of an attempt: the same request again, for filters of its own.
    pub(crate) fn of_attempt(
        exchange: &SharedStream,
        taken: Vec<Taken>,
        ends_with_headers: bool,
        clock: &Clock,
    ) -> Stream {
        let of = exchange.borrow();
        let mut stream = Stream {
            source: of.source,
            connection_id: of.connection_id,
            direction: of.direction,
            started_at: of.started_at,
            started_after: of.started_after,
            route: of.route.clone(),
            virtual_host: of.virtual_host.clone(),
            cluster: of.cluster.clone(),
            details: of.details.clone(),
            flags: of.flags,
            routing: Routing {
                attempt: of.routing.attempt,
                protocol: of.routing.protocol,
                chosen: true,
                ..Routing::default()
            },
            exchange: Some(exchange.clone()),
            ..Stream::new(of.worker, of.sent.clone(), of.request.clone(), taken, clock)
        };
        stream.request_way.ended = ends_with_headers;
        stream
    }

    pub(crate) fn way(&mut self, way: Direction) -> &mut Way {
        match way {
            Direction::Request => &mut self.request_way,
            Direction::Response => &mut self.response_way,
        }
    }

    /// Whether the peers have changed the protocol, and what they send has no end but the connection's.
    pub(crate) fn is_upgraded(&self) -> bool {
        let status = self
            .response
            .as_ref()
            .and_then(|headers| headers.first(b":status"));
        status == Some(b"101") && self.sent.upgrade().is_some()
    }

    /// Whether headers of this direction are there at all.
    pub(crate) fn has_begun(&self, way: Direction) -> bool {
        way == Direction::Request || self.response.is_some()
    }

    /// A changed request header makes Envoy look the route up again, when the router gets the request.
    pub(crate) fn headers_modified(&mut self, map: MapType) {
        if map == MapType::RequestHeaders {
            self.clear_route_cache();
        }
    }

    pub(crate) fn clear_route_cache(&mut self) {
        self.route_is_stale = true;
    }

    /// Which plugin holds the exchange, and what it waits for.
    pub(crate) fn why_held(&self) -> Option<Held> {
        let (what, filter) = match self.stage {
            Stage::RequestHeld(filter) => ("request", filter),
            Stage::ResponseHeld(filter) => ("response", filter),
            _ => return None,
        };
        let plugin = self.taken[filter].plugin.name.clone();
        let seen = self.call_outs.iter();
        let mut seen = seen.filter_map(|call_out| CallOut::seen(&call_out.borrow()));
        let waiting = seen.find(|call_out| call_out.plugin() == plugin && call_out.is_waiting());
        let cluster = waiting.map(|call_out| call_out.cluster().to_owned());
        Some(Held {
            plugin,
            what,
            cluster,
        })
    }

    /// The request's way from the client's side, in short.
    pub(crate) fn title(&self) -> String {
        format!(
            "{} {}",
            self.sent.method,
            String::from_utf8_lossy(&self.sent.path)
        )
    }
}
