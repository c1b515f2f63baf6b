//! What happens to a request that the router takes: an upstream's answer, or the reason why there is none.

use std::time::Duration;

use crate::header_map::HeaderPair;
use crate::request::arrivals;
use crate::way::Arrival;

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
}

#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Response(UpstreamResponse),
    Failure(Failure),
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
}

impl UpstreamResponse {
    /// Whether it comes in chunks, or as a whole with its length.
    pub(crate) fn is_chunked(&self) -> bool {
        self.pieces.is_some() || !self.trailers.is_empty() || self.unfinished || self.cut_off
    }

    /// What follows the headers; nothing for headers alone.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let whole = Some(self.body.clone()).filter(|body| !body.is_empty());
        let pieces = self.pieces.clone().unwrap_or_else(|| whole.into_iter().collect());
        let ends_with_headers = pieces.is_empty() && !self.is_chunked();
        let open = self.unfinished || self.cut_off || ends_with_headers;
        let mut arrivals = arrivals(pieces, &self.trailers, open);
        if self.cut_off {
            arrivals.push(Arrival::Cut);
        }
        arrivals
    }
}

/// Why Envoy's router answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Timeout,
    NoHealthyUpstream,
    Unconnected,
    Reset,
}

impl Answer {
    /// An upstream's response with this status, no headers and no body.
    ///
    /// A 100 or 103 before it has no place here: Envoy drops it, so neither filters nor the client see one.
    pub fn new(status: u16) -> Answer {
        Outcome::Response(UpstreamResponse {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            pieces: None,
            trailers: Vec::new(),
            unfinished: false,
            cut_off: false,
        })
        .into()
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
    /// When this is one of Envoy's own replies. The same holds for the next three.
    #[track_caller]
    pub fn pieces<P: AsRef<[u8]>>(mut self, pieces: impl IntoIterator<Item = P>) -> Answer {
        let pieces = pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect();
        self.response("a body").pieces = Some(pieces);
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

    /// In the script of a [`crate::Cluster`]: it comes so long after the whole request (default: at once).
    pub fn after(mut self, delay: Duration) -> Answer {
        self.delay = delay;
        self
    }

    /// The upstream does not answer within the route's time-out: 504.
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

    #[track_caller]
    fn response(&mut self, what: &str) -> &mut UpstreamResponse {
        match &mut self.outcome {
            Outcome::Response(response) => response,
            Outcome::Failure(failure) => panic!("{failure:?} is Envoy's own reply and takes no {what}"),
        }
    }
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Answer {
        Answer {
            outcome,
            delay: Duration::ZERO,
        }
    }
}

impl From<u16> for Answer {
    fn from(status: u16) -> Answer {
        Answer::new(status)
    }
}

impl Failure {
    /// Whether the request had reached an upstream by then.
    pub(crate) fn upstream_saw_it(self) -> bool {
        matches!(self, Failure::Timeout | Failure::Reset)
    }

    /// Whether the cluster had a host to try.
    pub(crate) fn had_a_host(self) -> bool {
        self != Failure::NoHealthyUpstream
    }

    /// Status, body, response code details and response flags of Envoy's reply.
    pub(crate) fn reply(self) -> (u16, &'static str, &'static str, u64) {
        match self {
            Failure::Timeout => (504, "upstream request timeout", "response_timeout", 0x4),
            Failure::NoHealthyUpstream => (503, "no healthy upstream", "no_healthy_upstream", 0x2),
            Failure::Unconnected => (
                503,
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
                "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
                0x20,
            ),
            Failure::Reset => (
                503,
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
                "upstream_reset_before_response_started{connection_termination}",
                0x40,
            ),
        }
    }
}
