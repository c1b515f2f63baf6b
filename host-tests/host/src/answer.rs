//! What happens to a request that the router takes: an upstream's answer, or the reason why there is none.

mod failure;

use std::time::Duration;

use crate::client_request::Protocol;
use crate::header_map::HeaderPair;
use crate::request::arrivals;
use crate::way::Arrival;

pub(crate) use failure::Failure;

/// The script of the upstream for one exchange.
///
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::Answer;
/// # let host = host::Host::new(plugin);
/// let get = || host.get("/").header("x-api-key", "k");
/// get().answered_with(404);
/// get().answered_with(Answer::new(200).header("set-cookie", "a=1").header("set-cookie", "b=2").body("hi"));
/// get().answered_with(Answer::no_healthy_upstream()).expect_status(503).expect_body("no healthy upstream");
/// ```
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) delay: Duration,
    pub(crate) early: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Response(UpstreamResponse),
    Failure(Failure),
    /// Nothing ever comes.
    Never,
}

#[derive(Clone, Debug)]
pub(crate) struct UpstreamResponse {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) pieces: Option<Vec<Vec<u8>>>,
    pub(crate) trailers: Vec<HeaderPair>,
    pub(crate) unfinished: bool,
    pub(crate) cut_off: bool,
    /// Statuses below 200 that come before it.
    pub(crate) informational: Vec<u16>,
}

impl UpstreamResponse {
    /// Whether it comes in chunks, or as a whole with its length.
    pub(crate) fn is_chunked(&self) -> bool {
        self.pieces.is_some() || !self.trailers.is_empty() || self.unfinished || self.cut_off
    }

    /// Whether HTTP allows it no body.
    pub(crate) fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }

    /// What follows the headers; nothing for headers alone. `upgraded`: the connection is the peers' own from here on.
    pub(crate) fn arrivals(&self, protocol: Protocol, upgraded: bool) -> Vec<Arrival> {
        if self.status == 101 && !upgraded {
            return vec![Arrival::End];
        }
        let whole = Some(self.body.clone()).filter(|body| !body.is_empty());
        let pieces = self.pieces.clone().unwrap_or_else(|| whole.into_iter().collect());
        let ends_with_headers = pieces.is_empty() && !self.is_chunked();
        let open = self.unfinished || self.cut_off || ends_with_headers;
        let open = open || upgraded;
        let mut arrivals = arrivals(pieces, &self.trailers, open, protocol);
        if upgraded && arrivals.is_empty() {
            // The codec tells that what follows belongs to it.
            arrivals.push(Arrival::Piece(Vec::new()));
        }
        if self.cut_off {
            arrivals.push(Arrival::Cut);
        }
        arrivals
    }
}

impl Answer {
    /// An upstream's response with this status, no headers and no body.
    ///
    /// A 100 or 103 before it is told by [`Answer::preceded_by`].
    pub fn new(status: u16) -> Answer {
        Outcome::Response(UpstreamResponse {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            pieces: None,
            trailers: Vec::new(),
            unfinished: false,
            cut_off: false,
            informational: Vec::new(),
        })
        .into()
    }

    /// The upstream changes to another protocol, such as `websocket`, as the client asked it to: 101.
    pub fn switching_to(protocol: &str) -> Answer {
        Answer::new(101)
            .header("connection", "Upgrade")
            .header("upgrade", protocol)
    }

    /// A gRPC upstream's response with this status in its trailers, behind the messages that [`Answer::pieces`] gives
    /// it.
    pub fn grpc(status: u32) -> Answer {
        Answer::new(200)
            .header("content-type", "application/grpc")
            .trailer("grpc-status", status.to_string())
    }

    /// A gRPC upstream's response with this status in its headers, and nothing behind them.
    pub fn grpc_headers_only(status: u32) -> Answer {
        Answer::new(200)
            .header("content-type", "application/grpc")
            .header("grpc-status", status.to_string())
    }

    /// Adds a header; call again to repeat one.
    ///
    /// # Panics
    /// When this is one of Envoy's own replies: they have their own headers.
    #[track_caller]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Answer {
        self.response("headers")
            .headers
            .push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// Sets the body; `content-length` comes with it.
    ///
    /// # Panics
    /// When this is one of Envoy's own replies: they have their own body.
    #[track_caller]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Answer {
        self.response("a body").body = body.as_ref().to_vec();
        self
    }

    /// Sets the body, in chunks that arrive one by one; none of them: a chunked body that is empty.
    ///
    /// # Panics
    /// When this is one of Envoy's own replies. The same holds for the next four.
    #[track_caller]
    pub fn pieces<P: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = P>) -> Answer {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect();
        self.response("a body").pieces = Some(pieces);
        self
    }

    /// The upstream sends this status below 200 first. Envoy shows it to no filter, and to a client only where
    /// [`crate::Edge::proxy_100_continue`] is set.
    #[track_caller]
    pub fn preceded_by(mut self, status: u16) -> Answer {
        self.response("statuses below 200").informational.push(status);
        self
    }

    /// Adds a trailer behind the body (Envoy must be set to let them pass: `enable_trailers` with HTTP/1).
    #[track_caller]
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Answer {
        self.response("trailers")
            .trailers
            .push((name.as_bytes().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// The upstream does not end it yet: see [`crate::Exchange::upstream_sends`] and
    /// [`crate::Exchange::upstream_ends`].
    #[track_caller]
    pub fn unfinished(mut self) -> Answer {
        self.response("a body").unfinished = true;
        self
    }

    /// After its headers and pieces the upstream's connection breaks off, before the response's end.
    #[track_caller]
    pub fn cut_off(mut self) -> Answer {
        self.response("a body").cut_off = true;
        self
    }

    /// In the script of a [`crate::Cluster`]: it comes so long after the whole request (default: at once), or
    /// so long after its headers where the request is not waited for.
    pub fn after(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }

    /// In the script of a [`crate::Cluster`]: it does not wait for the request's end, only for its headers.
    pub fn early(mut self) -> Answer {
        self.early = true;
        self
    }

    /// In the script of a [`crate::Cluster`]: the upstream takes the request and never answers. Time-outs are Envoy's.
    pub fn never() -> Answer {
        Outcome::Never.into()
    }

    /// The route's time-out is over, at once and without the clock: 504.
    pub fn timeout() -> Answer {
        Outcome::Failure(Failure::Timeout).into()
    }

    /// The cluster has no healthy host, so nothing reaches an upstream: 503.
    pub fn no_healthy_upstream() -> Answer {
        Outcome::Failure(Failure::NoHealthyUpstream).into()
    }

    /// The upstream refuses the connection, so nothing reaches it: 503.
    pub fn connection_failure() -> Answer {
        Outcome::Failure(Failure::Unconnected).into()
    }

    /// The upstream closes the connection before its response begins: 503.
    pub fn reset() -> Answer {
        Outcome::Failure(Failure::Reset).into()
    }

    /// The upstream answers with something that is no HTTP: 502.
    pub fn protocol_error() -> Answer {
        Outcome::Failure(Failure::ProtocolError).into()
    }

    /// The upstream resets the stream before its response begins, as one on HTTP/2 can: 503.
    pub fn stream_reset() -> Answer {
        Outcome::Failure(Failure::RemoteReset).into()
    }

    /// The upstream refuses the stream, as one on HTTP/2 does that is going away: 503.
    pub fn refused_stream() -> Answer {
        Outcome::Failure(Failure::RefusedStream).into()
    }

    /// The cluster's circuit breaker for requests or connections is full, so nothing reaches an upstream: 503 with
    /// `x-envoy-overloaded`. Envoy never tries this again.
    pub fn overflow() -> Answer {
        Outcome::Failure(Failure::Overflow).into()
    }

    /// Whether Envoy knows it before it has sent anything.
    pub(crate) fn comes_at_once(&self) -> bool {
        matches!(self.outcome, Outcome::Failure(Failure::NoHealthyUpstream))
    }

    /// Whether the upstream first takes the whole request.
    pub(crate) fn needs_whole_request(&self) -> bool {
        let goes_out = match self.outcome {
            Outcome::Failure(failure) => failure.upstream_saw_it(),
            Outcome::Response(_) | Outcome::Never => true,
        };
        goes_out && !self.early
    }

    #[track_caller]
    fn response(&mut self, what: &str) -> &mut UpstreamResponse {
        match &mut self.outcome {
            Outcome::Response(response) => response,
            Outcome::Failure(failure) => panic!("{failure:?} is Envoy's own reply and takes no {what}"),
            Outcome::Never => panic!("an answer that never comes takes no {what}"),
        }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Answer {
        Answer {
            outcome,
            delay: Duration::ZERO,
            early: false,
        }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Answer {
        Answer::new(status)
    }
}
