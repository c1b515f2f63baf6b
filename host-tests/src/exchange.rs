//! Exchanges as data, each run in the host (with every fault injected) and on the real Envoy (and must agree).
//!
//! They take place in the world of the sample `envoy/request-id.yaml`: its routes and its upstream.

pub mod request_id;

use host::{Answer, Edge, Host, Route};
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
        headers: Vec<(&'static str, &'static str)>,
        /// and this body.
        body: &'static str,
    },
    /// The upstream closes the connection before its response begins.
    Resets,
    /// The upstream does not answer in time; for paths of the route `slow`.
    Late,
    /// There is no healthy upstream; for paths of the route `nobody`.
    Nobody,
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
                headers: vec![("content-type", "text/plain")],
                body: "hello",
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
        self.upstream = Upstream::Answers {
            status,
            headers: headers.to_vec(),
            body,
        };
        self
    }

    /// On this path, which the world does not answer ordinarily.
    pub fn meets(mut self, path: &'static str, upstream: Upstream) -> Self {
        (self.path, self.upstream) = (path, upstream);
        self
    }

    /// The world of the sample, in the host.
    pub fn host(&self, plugin: &crate::plugin::Plugin) -> Host {
        Host::new(plugin.module())
            .config(self.configuration.clone())
            .edge(Edge::default().use_remote_address(true))
            .routes([
                Route::new("orders").prefix("/orders").virtual_host("demo"),
                Route::new("nobody")
                    .prefix("/nobody")
                    .cluster("nobody")
                    .virtual_host("demo"),
                Route::new("slow")
                    .prefix("/slow")
                    .virtual_host("demo")
                    .timeout_ms(1_000),
                Route::new("maintenance")
                    .prefix("/maintenance")
                    .virtual_host("demo")
                    .direct_response(503, "back at noon\n"),
                // The sample takes every path but one here; the exchanges have these two.
                Route::new("everything-else")
                    .path("/")
                    .virtual_host("demo")
                    .timeout_ms(30_000),
                Route::new("everything-else")
                    .path("/reset")
                    .virtual_host("demo")
                    .timeout_ms(30_000),
            ])
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
            } => {
                let answer = headers
                    .iter()
                    .fold(Answer::new(*status), |answer, (name, value)| {
                        answer.header(name, value)
                    });
                if body.is_empty() {
                    answer
                } else {
                    answer.body(body)
                }
            }
            Upstream::Resets => Answer::reset(),
            Upstream::Late => Answer::timeout(),
            Upstream::Nobody => Answer::no_healthy_upstream(),
            Upstream::Unasked => Answer::new(500),
        })
    }
}
