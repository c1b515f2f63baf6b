//! Scenarios: what peers do to a chain of plugins, as data, to be run in the host and on the real Envoy. Both must then
//! have seen the same.
//!
//! Each part is said once and kept in both forms: what the host is built from, and what stands in Envoy's configuration
//! or on the wire. The plugins are puppets (`host-tests/puppet`), which do what their scripts say and report it.
//!
//! To add one, put it into a file of `scenario/list/`:
//!
//! ```no_run
//! # use host_tests::scenario::{Answer, Plugin, Request, Scenario};
//! # use serde_json::json;
//! Scenario::new("a body is replaced piece by piece")
//!     .plugin(Plugin::puppet("p").script(json!({
//!         "response_body": [["set_buffer_bytes", 1, 0, 100, "new"]],
//!     })))
//!     .request(Request::get("/"))
//!     .answer(Answer::new(200).chunked())
//!     .upstream_sends("one")
//!     .upstream_sends("two")
//!     .upstream_ends();
//! ```
//!
//! `SCENARIO=piece cargo test -p host-tests --test envoy scenarios -- --nocapture` runs those with that word in their
//! names, and prints what was seen.
//!
//! The steps are taken one after another: on Envoy, the next is taken when all that the last one did in the host can be
//! seen there too. So a scenario needs no sleeping, and pieces of a body stay pieces. A part of the world that has no word
//! here yet gets a method in `parts.rs`, which sets both forms.

pub mod list;
mod parts;
mod run;
mod seen;

pub use parts::{Answer, Plugin, Request, Route};
pub use run::Mark;
pub use seen::{Headers, Reply, Seen, Sent};

use host::Host;
use serde_json::{Value, json};

/// One scenario.
pub struct Scenario {
    /// What it claims. No two have the same.
    pub name: &'static str,
    /// The chain, in the order of `http_filters`.
    pub plugins: Vec<Plugin>,
    /// The filters of the cluster `upstream`, which is then one of its own.
    pub upstream_plugins: Vec<Plugin>,
    /// The route table.
    pub routes: Vec<Route>,
    /// What happens.
    pub steps: Vec<Step>,
    /// How the scripted upstream of the cluster `other` answers, one request after another; the last answer is for all
    /// that follow.
    pub other: Vec<Answer>,
    knobs: Vec<Knob>,
}

/// A setting of the listener, in both forms.
struct Knob {
    host: Box<dyn Fn(Host) -> Host + Send + Sync>,
    envoy: Box<dyn Fn(&mut Value) + Send + Sync>,
}

/// One thing that a peer does, or that happens to it.
#[derive(Clone, Debug)]
pub enum Step {
    /// The client begins a request; the steps after it are about this one.
    Request(Request),
    /// The client sends a piece of a body.
    ClientSends(Vec<u8>),
    /// The client ends its body, with these trailers.
    ClientEnds(Vec<(String, Vec<u8>)>),
    /// The client closes its connection.
    ClientAborts,
    /// The upstream of the latest attempt answers.
    Answer(Answer),
    /// The upstream sends a status below 200 before its answer.
    UpstreamInforms(u16),
    /// The upstream sends a piece of a body.
    UpstreamSends(Vec<u8>),
    /// The upstream ends its body, with these trailers.
    UpstreamEnds(Vec<(String, Vec<u8>)>),
    /// The upstream resets its connection: before its answer, or in the middle of it.
    UpstreamResets,
    /// The upstream closes its connection: before its answer, or in the middle of it.
    UpstreamCloses,
    /// So many milliseconds pass in the host; on Envoy, as many as it takes to come to the same.
    Passes(u64),
}

impl Scenario {
    /// A scenario in which nothing happens yet: no plugin, and one route, `default`, to the cluster `upstream`.
    pub fn new(name: &'static str) -> Scenario {
        Scenario {
            name,
            plugins: Vec::new(),
            upstream_plugins: Vec::new(),
            routes: Vec::new(),
            steps: Vec::new(),
            other: Vec::new(),
            knobs: Vec::new(),
        }
    }

    /// One more plugin at the end of the chain.
    pub fn plugin(mut self, plugin: Plugin) -> Scenario {
        self.plugins.push(plugin);
        self
    }

    /// One more plugin between the router and the cluster `upstream`.
    pub fn upstream_plugin(mut self, plugin: Plugin) -> Scenario {
        self.upstream_plugins.push(plugin);
        self
    }

    /// A puppet called `p`, with this script.
    pub fn script(self, script: Value) -> Scenario {
        self.plugin(Plugin::puppet("p").script(script))
    }

    /// One more route at the end of the table; the first takes the place of `default`.
    pub fn route(mut self, route: Route) -> Scenario {
        self.routes.push(route);
        self
    }

    /// How the cluster `other` answers (see [`Scenario::other`]); plugins call it, or routes name it.
    pub fn other(mut self, answers: impl IntoIterator<Item = Answer>) -> Scenario {
        self.other = answers.into_iter().collect();
        self
    }

    /// How many bytes a filter may hold back.
    pub fn buffer_limit(self, bytes: usize) -> Scenario {
        self.knob(
            move |host| host.buffer_limit(bytes),
            move |listener| listener["per_connection_buffer_limit_bytes"] = json!(bytes),
        )
    }

    /// A setting of the listener: what it is in the host, and in Envoy's configuration of the listener, whose HTTP
    /// connection manager is at [`CONNECTION_MANAGER`].
    pub fn knob(
        mut self,
        host: impl Fn(Host) -> Host + Send + Sync + 'static,
        envoy: impl Fn(&mut Value) + Send + Sync + 'static,
    ) -> Scenario {
        self.knobs.push(Knob {
            host: Box::new(host),
            envoy: Box::new(envoy),
        });
        self
    }

    /// The client sends a request, whole unless it is chunked.
    pub fn request(self, request: Request) -> Scenario {
        self.step(Step::Request(request))
    }

    /// The client sends a GET of `/`.
    pub fn get(self) -> Scenario {
        self.request(Request::get("/"))
    }

    /// The client sends a piece of a chunked body, or of a connection that is to change its protocol.
    pub fn client_sends(self, piece: impl AsRef<[u8]>) -> Scenario {
        self.step(Step::ClientSends(piece.as_ref().to_vec()))
    }

    /// The client ends a chunked body.
    pub fn client_ends(self) -> Scenario {
        self.step(Step::ClientEnds(Vec::new()))
    }

    /// The client ends a chunked body with these trailers.
    pub fn client_ends_with(self, trailers: &[(&str, &str)]) -> Scenario {
        self.step(Step::ClientEnds(parts::owned(trailers)))
    }

    /// The client goes away.
    pub fn client_aborts(self) -> Scenario {
        self.step(Step::ClientAborts)
    }

    /// The upstream answers the latest request that reached it.
    pub fn answer(self, answer: impl Into<Answer>) -> Scenario {
        self.step(Step::Answer(answer.into()))
    }

    /// The upstream sends a status below 200.
    pub fn upstream_informs(self, status: u16) -> Scenario {
        self.step(Step::UpstreamInforms(status))
    }

    /// The upstream sends a piece of a chunked body, or of a connection that has changed its protocol.
    pub fn upstream_sends(self, piece: impl AsRef<[u8]>) -> Scenario {
        self.step(Step::UpstreamSends(piece.as_ref().to_vec()))
    }

    /// The upstream ends a chunked body.
    pub fn upstream_ends(self) -> Scenario {
        self.step(Step::UpstreamEnds(Vec::new()))
    }

    /// The upstream ends a chunked body with these trailers.
    pub fn upstream_ends_with(self, trailers: &[(&str, &str)]) -> Scenario {
        self.step(Step::UpstreamEnds(parts::owned(trailers)))
    }

    /// The upstream resets its connection.
    pub fn upstream_resets(self) -> Scenario {
        self.step(Step::UpstreamResets)
    }

    /// The upstream closes its connection.
    pub fn upstream_closes(self) -> Scenario {
        self.step(Step::UpstreamCloses)
    }

    /// Time passes: ticks, time-outs.
    pub fn passes(self, milliseconds: u64) -> Scenario {
        self.step(Step::Passes(milliseconds))
    }

    fn step(mut self, step: Step) -> Scenario {
        self.steps.push(step);
        self
    }

    /// What it does with the listener's part of Envoy's configuration.
    pub fn configure(&self, listener: &mut Value) {
        for knob in &self.knobs {
            (knob.envoy)(listener);
        }
    }

    /// Whether its connections change their protocol, so that pieces stand on the wire as they are.
    pub fn upgrades(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, Step::Request(request) if request.upgrades()))
    }

    /// How many requests its client sends.
    pub fn exchanges(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| matches!(step, Step::Request(_)))
            .count()
    }

    /// The names of the counters and gauges that its scripts define.
    pub fn metrics(&self) -> Vec<String> {
        let mut names = Vec::new();
        for plugin in &self.plugins {
            defined(&plugin.script, &mut names);
        }
        names.sort();
        names.dedup();
        names
    }
}

/// Where the HTTP connection manager is in the configuration of a listener.
pub const CONNECTION_MANAGER: &str = "/filter_chains/0/filters/0/typed_config";

fn defined(script: &Value, names: &mut Vec<String>) {
    match script {
        Value::Array(members) => match members.as_slice() {
            [what, kind, Value::String(name), ..] if what == "define_metric" && (kind == 0 || kind == 1) => {
                names.push(name.clone());
            }
            members => members.iter().for_each(|member| defined(member, names)),
        },
        Value::Object(members) => members.values().for_each(|member| defined(member, names)),
        _ => {}
    }
}
