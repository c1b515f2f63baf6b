//! Exchanges as data, each run in the host (with every fault injected) and on the real Envoy (and must agree).
//!
//! They take place in the world of a plugin's sample, `envoy/<plugin>.yaml`: its routes, its upstream, and the plugins
//! that stand there beside it.

pub mod error_envelope;
pub mod request_id;

use host::{Answer, Cluster, Edge, Host, Plugin, Route};
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

    /// The world of the plugin's sample, in the host.
    pub fn host(&self, plugin: &crate::plugin::Plugin) -> Host {
        let route = |name: &str| Route::new(name).virtual_host("demo");
        let rest = |path: &str| route("everything-else").path(path).timeout_ms(30_000);
        let host = match plugin.name {
            "error-envelope" => Host::chain([
                Plugin::new(plugin.module())
                    .name(plugin.name)
                    .config(self.configuration.clone()),
                Plugin::new(crate::plugin::REQUEST_ID.module())
                    .name("request-id")
                    .config(serde_json::json!({ "service_name": "demo" })),
            ]),
            _ => Host::new(plugin.module()).config(self.configuration.clone()),
        };
        let own = match plugin.name {
            "error-envelope" => vec![
                route("refused").prefix("/refused").cluster("refused"),
                route("full").prefix("/full").cluster("full"),
                route("gone")
                    .prefix("/gone")
                    .direct_response(410, "it moved out last year\n"),
            ],
            _ => vec![route("orders").prefix("/orders")],
        };
        let shared = [
            route("nobody").prefix("/nobody").cluster("nobody"),
            route("slow").prefix("/slow").timeout_ms(1_000),
            route("maintenance")
                .prefix("/maintenance")
                .direct_response(503, "back at noon\n"),
            // The samples take every path but one here; the exchanges have these two.
            rest("/"),
            rest("/reset"),
        ];
        // Envoy knows that nobody is there before it has the whole request, and then ends the connection.
        let nobody = Cluster::new("nobody").answers([Answer::no_healthy_upstream()]);
        host.edge(Edge::default().use_remote_address(true))
            .routes(own.into_iter().chain(shared))
            .clusters([nobody])
    }

    /// Sends it in the host, to the end.
    pub fn run(&self, host: &Host) -> host::Exchange {
        let mut request = host.request(self.method, self.path).host(AUTHORITY);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.body.is_empty() {
            request = request.body(self.body);
        }
        request.run(match &self.upstream {
            Upstream::Answers {
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
            Upstream::Resets => Answer::reset(),
            Upstream::Late => Answer::timeout(),
            Upstream::Nobody => Answer::no_healthy_upstream(),
            Upstream::Refused => Answer::connection_failure(),
            Upstream::Full => Answer::overflow(),
            Upstream::Unasked => Answer::new(500),
        })
    }
}

fn pieces(body: &str, count: usize) -> impl Iterator<Item = &[u8]> {
    body.as_bytes().chunks(body.len().div_ceil(count.max(1)).max(1))
}
