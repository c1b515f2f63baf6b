//! Exchanges as data, each run in the host (with every fault injected) and on the real Envoy (and must agree).
//!
//! They take place in the world of a plugin's sample, `envoy/<plugin>.yaml`: its routes, its upstream, and the plugins
//! that stand there beside it.

pub mod circuit_breaker;
pub mod error_envelope;
mod mask;
pub mod request_id;
pub mod retry;
mod world;

pub use world::{Chain, Made, sections};

use host::{Answer, Host};
use serde_json::Value;

/// One exchange.
#[derive(Clone)]
pub struct Exchange {
    /// What it is about.
    pub name: &'static str,
    /// The plugin's configuration.
    pub configuration: Value,
    /// The request's method.
    pub method: &'static str,
    /// The request's path.
    pub path: &'static str,
    /// The request's headers, without `host`.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The request's body.
    pub body: &'static str,
    /// What becomes of it behind the plugin.
    pub upstream: Upstream,
    /// What became of the requests before it: a GET of the same path with the same headers each.
    pub before: Vec<Upstream>,
    /// Where the plugin stands.
    pub place: Place,
}

/// Where a plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where its sample has it, among other plugins.
    Sample,
    /// Before the router, without any other plugin of ours.
    Alone,
    /// In the cluster `upstream`, behind the router. The others stand where they do.
    Cluster,
}

/// What becomes of a request behind the plugin.
#[derive(Clone, Debug)]
pub enum Upstream {
    /// The upstream answers.
    Answers {
        /// With this status,
        status: u16,
        /// these headers
        headers: Vec<(&'static str, Vec<u8>)>,
        /// and this body,
        body: &'static str,
        /// in so many chunks, or as a whole with its length.
        chunks: Option<usize>,
    },
    /// The upstream closes the connection before its response begins.
    Resets,
    /// The upstream does not answer in time; for paths of the route `slow`.
    Late,
    /// There is no healthy upstream; for paths of the route `nobody`.
    Nobody,
    /// The upstream refuses the connection; for paths of the route `refused`.
    Refused,
    /// The cluster takes no more requests; for paths of the route `full`.
    Full,
    /// Envoy answers without one: a direct response, or no route.
    Unasked,
}

/// The path whose requests are tried again, up to four times, all with the same answer.
pub const RETRIED: &str = "/retried";

/// The authority of every request.
pub const AUTHORITY: &str = "shop.example";

impl Exchange {
    /// A GET of `/` with the plugin's defaults, answered 200.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            configuration: Value::Object(serde_json::Map::new()),
            method: "GET",
            path: "/",
            headers: Vec::new(),
            body: "",
            upstream: Upstream::Answers {
                status: 200,
                headers: vec![("content-type", b"text/plain".to_vec())],
                body: "hello",
                chunks: None,
            },
            before: Vec::new(),
            place: Place::Sample,
        }
    }

    /// With this configuration.
    pub fn configured(mut self, configuration: Value) -> Self {
        self.configuration = configuration;
        self
    }

    /// With this method, path and body.
    pub fn request(mut self, method: &'static str, path: &'static str, body: &'static str) -> Self {
        (self.method, self.path, self.body) = (method, path, body);
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Answered with this status, these headers and this body.
    pub fn answered(
        mut self,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &'static str,
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()));
        self.upstream = Upstream::Answers {
            status,
            headers: headers.collect(),
            body,
            chunks: None,
        };
        self
    }

    /// With one more header on the upstream's answer.
    ///
    /// # Panics
    /// When no upstream answers it.
    pub fn answer_header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        match &mut self.upstream {
            Upstream::Answers { headers, .. } => headers.push((name, value.into())),
            other => panic!("{other:?} takes no headers"),
        }
        self
    }

    /// With the upstream's body in so many chunks.
    ///
    /// # Panics
    /// When no upstream answers it.
    pub fn in_chunks(mut self, count: usize) -> Self {
        match &mut self.upstream {
            Upstream::Answers { chunks, .. } => *chunks = Some(count),
            other => panic!("{other:?} takes no chunks"),
        }
        self
    }

    /// On this path, which the world does not answer ordinarily.
    pub fn meets(mut self, path: &'static str, upstream: Upstream) -> Self {
        (self.path, self.upstream) = (path, upstream);
        self
    }

    /// After so many requests, of which this became.
    pub fn after(mut self, times: usize, upstream: &Upstream) -> Self {
        self.before.extend(std::iter::repeat_n(upstream.clone(), times));
        self
    }

    /// With the plugin standing there.
    pub fn standing(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Sends it in the host, to the end, behind those before it.
    pub fn run(&self, host: &Host) -> host::Exchange {
        for before in &self.before {
            self.send(host, "GET", "", before);
        }
        self.send(host, self.method, self.body, &self.upstream)
    }

    fn send(&self, host: &Host, method: &str, body: &str, upstream: &Upstream) -> host::Exchange {
        let mut request = host.request(method, self.path).host(AUTHORITY);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let mut exchange = request.send();
        while exchange.is_at_upstream() {
            exchange = exchange.begin_answer(upstream.in_host());
            if !exchange.is_finished() {
                host.advance(host::secs(1));
            }
        }
        assert!(exchange.is_finished(), "it comes to nothing\n{exchange}");
        exchange
    }
}

impl Upstream {
    /// An answer of this status, without headers and body.
    pub fn status(status: u16) -> Self {
        Self::Answers {
            status,
            headers: Vec::new(),
            body: "",
            chunks: None,
        }
    }

    fn in_host(&self) -> Answer {
        match self {
            Self::Answers {
                status,
                headers,
                body,
                chunks,
            } => {
                let answer = headers
                    .iter()
                    .fold(Answer::new(*status), |answer, (name, value)| {
                        answer.header(name, value)
                    });
                match chunks {
                    Some(count) => answer.pieces(pieces(body, *count)),
                    None if body.is_empty() => answer,
                    None => answer.body(body),
                }
            }
            Self::Resets => Answer::reset(),
            Self::Late => Answer::timeout(),
            Self::Nobody => Answer::no_healthy_upstream(),
            Self::Refused => Answer::connection_failure(),
            Self::Full => Answer::overflow(),
            Self::Unasked => Answer::new(500),
        }
    }
}

fn pieces(body: &str, count: usize) -> impl Iterator<Item = &[u8]> {
    body.as_bytes().chunks(body.len().div_ceil(count.max(1)).max(1))
}
