//! Where an exchange begins and where it meets its upstream: the connection manager at one end, the router at the
//! other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::flow::SharedStream;
use super::thread::EnvoyThread;
use super::timers::Timer;
use atomic_refcell::AtomicRefCell;

use crate::answer::Outcome;
use crate::edge;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::local_reply::LocalReply;
use crate::route::Route;
use crate::stream::{ClientRequest, FilterView, Stage, Stream};
use crate::way::{Direction, Way};

impl EnvoyThread {
    /// A client's request comes in on a worker. It goes on until it waits for something outside of Envoy.
    pub(super) fn open(&mut self, sent: ClientRequest) -> SharedStream {
        let (request, source) = self.settings.edge.receive(&sent, &mut self.shared.random.lock());
        let connection_id = 1 + self.shared.connections.fetch_add(1, Ordering::Relaxed);
        let refused = edge::refuse(&sent);
        let route = Route::choose(&self.settings.routes, &request);
        let stream = Arc::new(AtomicRefCell::new(Stream {
            worker: self.worker(),
            source,
            connection_id,
            direction: self.settings.edge.direction as u64,
            started_at: self.shared.clock.realtime_nanos(),
            started_after: self.shared.clock.elapsed(),
            ended_after: None,
            forwarded_after: None,
            stage: Stage::Decoding,
            request,
            response: None,
            request_way: Way {
                arriving: sent.arrivals.iter().cloned().collect(),
                ended: sent.ends_with_headers && refused.is_none(),
                ..Way::new(self.chain.len())
            },
            response_way: Way::new(self.chain.len()),
            filters: vec![FilterView::default(); self.chain.len()],
            taken: self.take_seats(),
            route,
            route_is_stale: false,
            filter_state: BTreeMap::new(),
            code: None,
            details: Vec::new(),
            flags: 0,
            forwarded: None,
            upstream_chosen: false,
            upstream_answered: false,
            broken: false,
            headers_routed: false,
            headers_sent: false,
            delivered: None,
            log: Vec::new(),
            spent: Vec::new(),
            died: Vec::new(),
            metrics_before: self.shared.metrics.lock().all(),
            metrics_after: None,
            sent,
        }));
        match refused {
            Some(reply) => self.refuse(&stream, reply),
            None => {
                let end = stream.borrow().request_way.ended;
                self.pass_headers(&stream, Direction::Request, None, end);
            }
        }
        self.drive(&stream);
        self.settle();
        stream
    }

    /// The codec's own answer: filters only log it.
    fn refuse(&mut self, stream: &SharedStream, reply: LocalReply) {
        stream.borrow_mut().request = HeaderMap::request();
        self.reply(stream, reply);
    }

    /// All filters let the request go: the router takes it.
    pub(super) fn route(&mut self, stream: &SharedStream, end: bool) {
        let reply = {
            let mut stream = stream.borrow_mut();
            if stream.route_is_stale {
                stream.route = Route::choose(&self.settings.routes, &stream.request);
                stream.route_is_stale = false;
            }
            match stream.route.clone() {
                None => Some(LocalReply::own(404, "", "route_not_found", NO_ROUTE)),
                Some(Route {
                    direct_response: Some((status, body)),
                    ..
                }) => {
                    let details = b"direct_response".to_vec();
                    let headers = location(status, &stream.request);
                    Some(LocalReply {
                        status,
                        headers,
                        body,
                        details,
                        ..LocalReply::default()
                    })
                }
                Some(route) => forward(&mut stream, &route),
            }
        };
        match reply {
            Some(reply) => self.reply(stream, reply),
            None => {
                {
                    let mut stream = stream.borrow_mut();
                    let framed = edge::frame_request(&stream.request, end);
                    stream.forwarded = Some((framed.pairs().to_vec(), Vec::new()));
                }
                if end {
                    self.complete(stream, Direction::Request);
                }
            }
        }
    }

    /// The upstream answers, or the router does because none can.
    pub(super) fn answer(&mut self, stream: &SharedStream, outcome: Outcome) {
        match outcome {
            Outcome::Response(response) => {
                let end;
                {
                    let mut stream = stream.borrow_mut();
                    let stream = &mut *stream;
                    let mut headers = HeaderMap::response();
                    headers.add(b":status", response.status.to_string().as_bytes());
                    for (name, value) in &response.headers {
                        headers.add(name, value);
                    }
                    let bodiless = matches!(response.status, 100..=199 | 204 | 304);
                    let framed = headers.has(b"content-length") || headers.has(b"transfer-encoding");
                    if !framed && !bodiless {
                        if response.is_chunked() {
                            headers.add(b"transfer-encoding", b"chunked");
                        } else {
                            headers.add(b"content-length", response.body.len().to_string().as_bytes());
                        }
                    }
                    // The router counts from the request's end: an answer before it has no such time.
                    if let Some(forwarded_after) = stream.forwarded_after {
                        let waited = (self.shared.clock.elapsed() - forwarded_after)
                            .as_millis()
                            .to_string();
                        headers.set_in_place(b"x-envoy-upstream-service-time", waited.as_bytes());
                    }
                    stream.response = Some(headers);
                    if stream.sent.method != "HEAD" && !bodiless {
                        stream.response_way.arriving = response.arrivals().into();
                    }
                    end = stream.response_way.arriving.is_empty()
                        && (!response.unfinished || stream.sent.method == "HEAD" || bodiless);
                    stream.response_way.ended = end;
                    stream.code = Some(response.status);
                    stream.details = b"via_upstream".to_vec();
                    stream.upstream_answered = true;
                    stream.upstream_chosen = true;
                }
                self.pass_headers(stream, Direction::Response, None, end);
            }
            Outcome::Failure(failure) => {
                {
                    let mut stream = stream.borrow_mut();
                    stream.upstream_chosen = failure.had_a_host();
                    if !failure.upstream_saw_it() {
                        stream.forwarded = None;
                    }
                }
                let (status, body, details, flags) = failure.reply();
                self.reply(stream, LocalReply::own(status, body, details, flags));
            }
        }
        self.drive(stream);
        self.settle();
    }

    /// The upstream has the whole request. Where its cluster has a script, that says what it answers and when.
    pub(super) fn ask_script(&mut self, stream: &SharedStream) {
        let route = stream.borrow().route.clone();
        let clusters = &self.settings.clusters;
        let Some(cluster) = clusters
            .iter()
            .find(|cluster| route.as_ref().is_some_and(|route| route.cluster == cluster.name))
        else {
            return;
        };
        let mut given = self.shared.answers_given.lock();
        let given = given.entry(cluster.name.clone()).or_default();
        if let Some(answer) = cluster.answers.get(*given).or(cluster.answers.last()) {
            *given += 1;
            let due = self.shared.clock.elapsed() + answer.delay;
            let timer = Timer::Answer(stream.clone(), answer.outcome.clone());
            self.timers.set(due, timer);
        }
    }

    /// The client goes away.
    pub(super) fn abort(&mut self, stream: &SharedStream) {
        self.lose_client(stream, "downstream_remote_disconnect");
    }

    /// Envoy goes away.
    pub(super) fn cut_off(&mut self, stream: &SharedStream) {
        self.lose_client(
            stream,
            "downstream_local_disconnect(purging_socket_that_have_not_progressed_to_connections)",
        );
    }

    fn lose_client(&mut self, stream: &SharedStream, details: &str) {
        if stream.borrow().stage == Stage::Finished {
            return;
        }
        {
            let mut stream = stream.borrow_mut();
            stream.upstream_chosen = stream.forwarded.is_some();
            stream.details = details.as_bytes().to_vec();
            stream.flags |= CLIENT_GONE;
            stream.broken = stream.headers_sent;
        }
        self.finish(stream);
        self.settle();
    }
}

/// `NR`, no route found.
const NO_ROUTE: u64 = 0x100;

/// `DC`, downstream connection termination.
const CLIENT_GONE: u64 = 0x4000;

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
];

/// Makes the request ready for the upstream and hands it over, unless no upstream may get it.
fn forward(stream: &mut Stream, route: &Route) -> Option<LocalReply> {
    let asked = stream.request.first(b"x-envoy-upstream-rq-timeout-ms");
    let asked = asked.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let timeout = asked.unwrap_or(route.timeout_ms);
    for name in ROUTER_HEADERS {
        stream.request.remove(name.as_bytes());
    }
    if timeout > 0 {
        stream
            .request
            .set_in_place(b"x-envoy-expected-rq-timeout-ms", timeout.to_string().as_bytes());
    }
    stream.headers_routed = true;
    let unsendable = edge::unsendable(&stream.request);
    stream.upstream_chosen = unsendable.is_some();
    unsendable
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
