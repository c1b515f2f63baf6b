//! A request on its way to a host: built here, sent by the method that says what should become of it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::answer::Answer;
use crate::client_request::{ClientRequest, Protocol};
use crate::envoy::{Envoy, default_peer};
use crate::exchange::Exchange;
use crate::header_map::{HeaderMap, HeaderPair};
use crate::route::Route;
use crate::way::Arrival;

/// A request that is not sent yet.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// # let host = host::Host::new(plugin);
/// host.request("PUT", "/orders/7?force=1")
///     .host("shop.example")
///     .from("198.51.100.7:4000")
///     .header("x-api-key", "k")
///     .header("x-name", b"caf\xe9")
///     .body("{}")
///     .answered_with(204);
/// ```
#[must_use = "a request is sent by answered_with, expect_forwarded, expect_rejected or run"]
pub struct Request {
    envoy: Arc<Envoy>,
    worker: usize,
    sent: ClientRequest,
    pieces: Option<Vec<Vec<u8>>>,
    trailers: Vec<HeaderPair>,
    unfinished: bool,
}

impl Request {
    pub(crate) fn new(envoy: Arc<Envoy>, worker: usize, method: &str, path: &[u8]) -> Request {
        let sent = ClientRequest {
            protocol: Protocol::Http1,
            method: method.to_owned(),
            path: path.to_vec(),
            authority: b"host.test".to_vec(),
            headers: Vec::new(),
            body: Vec::new(),
            arrivals: Vec::new(),
            ends_with_headers: true,
            peer: default_peer(),
            route: None,
            answer: None,
        };
        Request {
            envoy,
            worker,
            sent,
            pieces: None,
            trailers: Vec::new(),
            unfinished: false,
        }
    }

    /// Adds a header; call again to repeat one.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.sent
            .headers
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Adds a header whose value no plugin may tell anybody: see [`crate::Secret`].
    ///
    /// # Panics
    /// When the value has fewer than eight bytes.
    #[track_caller]
    pub fn secret(self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        let (name, value) = (name.as_ref(), value.as_ref());
        self.envoy.shared.secrets.lock().keep(name, value);
        self.header(name, value)
    }

    /// The authority (default: `host.test`).
    pub fn host(mut self, host: impl AsRef<[u8]>) -> Request {
        self.sent.authority = host.as_ref().to_vec();
        self
    }

    /// The client's address and port (default: 127.0.0.1:50000).
    ///
    /// # Panics
    /// When the text is no such thing.
    #[track_caller]
    pub fn from(mut self, peer: &str) -> Request {
        self.sent.peer = peer.parse::<SocketAddr>().unwrap_or_else(|error| {
            panic!("{peer:?} is not an address with a port, as 10.0.0.7:4000 or [::1]:4000: {error}")
        });
        self
    }

    /// It takes this route, whatever the route table and the plugins' changes to the request say: for a request of which no
    /// more is known than the route that it took, such as one in an access log.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Host, Route};
    /// use std::sync::Arc;
    /// let host = Host::new(plugin).routes([]);
    /// let tea = Arc::new(Route::new("tea").direct_response(418, "short and stout"));
    /// host.get("/").header("x-api-key", "k").route(tea).expect_rejected(418);
    /// host.get("/").header("x-api-key", "k").expect_rejected(404);
    /// ```
    pub fn route(mut self, route: Arc<Route>) -> Request {
        self.sent.route = Some(route);
        self
    }

    /// What upstreams answer each attempt of it, instead of what the script of the cluster says.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Answer, Host, RetryPolicy, Route, millis, secs};
    /// let host = Host::new(plugin).routes([Route::new("orders").retry(RetryPolicy::on("5xx"))]);
    /// let exchange = host.get("/").header("x-api-key", "k").upstream_answers(Answer::new(503).after(millis(20))).send();
    /// host.advance(secs(1));
    /// exchange.expect_status(503);
    /// assert_eq!(exchange.attempts().len(), 2);
    /// ```
    pub fn upstream_answers(mut self, answer: impl Into<Answer>) -> Request {
        self.sent.answer = Some(answer.into());
        self
    }

    /// Sends it over HTTP/2 instead of HTTP/1.1. Unless the cluster says otherwise, its upstreams speak that then, too.
    pub fn http2(mut self) -> Request {
        self.sent.protocol = Protocol::Http2;
        self
    }

    /// Asks to change to another protocol, such as `websocket`, as the route must allow ([`crate::Route::upgrade`]). The
    /// exchange stays open then: what [`Exchange::client_sends`] goes on through the filters.
    ///
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// use host::{Answer, Host, Route};
    /// let host = Host::new(plugin).routes([Route::new("chat").upgrade("websocket")]);
    /// let exchange = host.get("/chat").header("x-api-key", "k").upgrade("websocket").expect_forwarded();
    /// let exchange = exchange.answer(Answer::switching_to("websocket"));
    /// let exchange = exchange.client_sends("ping").upstream_sends("pong");
    /// exchange.expect_status(101).expect_body("pong");
    /// assert_eq!(exchange.upstream_body(), b"ping");
    /// exchange.client_aborts();
    /// ```
    pub fn upgrade(self, protocol: &str) -> Request {
        self.header("connection", "Upgrade").header("upgrade", protocol)
    }

    /// The body; `content-length` comes with it, unless it is gRPC.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.sent.body = body.as_ref().to_vec();
        self
    }

    /// The body, in chunks that arrive one by one; none of them: a chunked body that is empty.
    pub fn pieces<P: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = P>) -> Request {
        self.pieces = Some(pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect());
        self
    }

    /// Adds a trailer behind the body (Envoy must be set to let them pass: `enable_trailers` with HTTP/1).
    pub fn trailer(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        self.trailers
            .push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// The client does not end it yet: see [`Exchange::client_sends`], [`Exchange::client_ends`] and
    /// [`Exchange::client_aborts`].
    pub fn unfinished(mut self) -> Request {
        self.unfinished = true;
        self
    }

    /// Sends it. It must reach the upstream, which answers so.
    ///
    /// # Panics
    /// When it does not reach the upstream, or a VM dies.
    #[track_caller]
    pub fn answered_with(self, answer: impl Into<Answer>) -> Exchange {
        self.expect_forwarded().answer(answer)
    }

    /// Sends it. It must reach the upstream, where it waits: the exchange is live.
    ///
    /// # Panics
    /// When it does not reach the upstream, or a VM dies.
    #[track_caller]
    pub fn expect_forwarded(self) -> Exchange {
        let exchange = self.send();
        let message = exchange.because("the request did not reach the upstream");
        exchange.require(exchange.is_at_upstream(), &message);
        exchange
    }

    /// Sends it. It must get this status without reaching the upstream: a plugin's reply, a direct response, no
    /// route.
    ///
    /// # Panics
    /// When it reaches the upstream, gets another status, or a VM dies.
    #[track_caller]
    pub fn expect_rejected(self, status: u16) -> Exchange {
        let exchange = self.send();
        exchange.require(!exchange.is_at_upstream(), "the request reached the upstream");
        exchange.expect_status(status);
        exchange
    }

    /// Sends it, whatever comes of it; the upstream, if reached, answers so. For faults and hostile input.
    ///
    /// # Panics
    /// When a VM dies, or a filter holds the exchange for good.
    #[track_caller]
    pub fn run(self, answer: impl Into<Answer>) -> Exchange {
        let exchange = self.send();
        if exchange.is_at_upstream() {
            exchange.answer(answer)
        } else {
            exchange.done()
        }
    }

    /// Sends it, and hands it over as far as it came.
    ///
    /// # Panics
    /// When a VM dies.
    #[track_caller]
    pub fn send(mut self) -> Exchange {
        let has_length = self
            .sent
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
        let is_grpc = |(name, value): &HeaderPair| {
            name.eq_ignore_ascii_case(b"content-type") && value.starts_with(b"application/grpc")
        };
        let chunked = self.pieces.is_some() || !self.trailers.is_empty() || self.unfinished;
        let is_grpc = self.sent.protocol == Protocol::Http2 && self.sent.headers.iter().any(is_grpc);
        let has_length = has_length || is_grpc;
        let whole = Some(self.sent.body.clone()).filter(|body| !body.is_empty());
        let pieces = self.pieces.take().unwrap_or_else(|| whole.into_iter().collect());
        self.sent.body = pieces.concat();
        self.sent.ends_with_headers = pieces.is_empty() && !chunked;
        self.sent.arrivals = arrivals(
            pieces,
            &self.trailers,
            self.unfinished || self.sent.ends_with_headers,
            self.sent.protocol,
        );
        if !self.sent.body.is_empty() && !has_length && !chunked {
            let length = self.sent.body.len().to_string().into_bytes();
            self.sent.headers.push((b"content-length".to_vec(), length));
        }
        if self.sent.upgrade().is_some() {
            // Envoy's codec tells of the end of the headers, and that what follows belongs to the request all the same.
            self.sent.ends_with_headers = false;
            self.sent.arrivals = vec![Arrival::Piece(Vec::new())];
        }
        Exchange::open(self.envoy, self.worker, self.sent)
    }
}

/// A body and what ends it, as HTTP/1 and HTTP/2 bring them: in HTTP/1 the end comes by itself, as an empty piece.
pub(crate) fn arrivals(
    pieces: Vec<Vec<u8>>,
    trailers: &[HeaderPair],
    unfinished: bool,
    protocol: Protocol,
) -> Vec<Arrival> {
    let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
    let mut arrivals: Vec<Arrival> = pieces.map(Arrival::Piece).collect();
    if unfinished {
        return arrivals;
    }
    if trailers.is_empty() {
        match arrivals.pop() {
            Some(Arrival::Piece(last)) if protocol == Protocol::Http2 => arrivals.push(Arrival::Last(last)),
            last => {
                arrivals.extend(last);
                arrivals.push(Arrival::End);
            }
        }
        return arrivals;
    }
    let mut map = HeaderMap::trailers();
    for (name, value) in trailers {
        map.add(name, value);
    }
    arrivals.push(Arrival::Trailers(map));
    arrivals
}
