//! The world of a plugin's sample, in the host.

use super::{Exchange, Place, RETRIED};
use crate::plugin::{ERROR_ENVELOPE, POLICIES, Plugin as Built, REQUEST_ID};
use host::{Answer, Cluster, Edge, Host, Plugin, RetryPolicy, Route};
use serde_json::{Value, json};

/// Plugins in the order in which a request comes by them, each with its configuration.
pub type Chain<'a> = Vec<(&'a Built, Value)>;

/// Of which modules a chain is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Each plugin is a module of its own.
    OfTheirOwn,
    /// Each is the module of all plugins, which picks it by its root id.
    ByRootId,
    /// The module of all plugins is one filter that runs all of them.
    InOnePass,
}

impl Made {
    /// The filters of a chain.
    pub fn filters(self, chain: Chain<'_>) -> Vec<Plugin> {
        let each = |(plugin, configuration): (&Built, Value)| {
            let module = match self {
                Self::OfTheirOwn => plugin.module(),
                Self::ByRootId | Self::InOnePass => POLICIES.module(),
            };
            let made = Plugin::new(module).name(plugin.name).config(configuration);
            made.root_id(plugin.name)
        };
        match self {
            Self::OfTheirOwn | Self::ByRootId => chain.into_iter().map(each).collect(),
            Self::InOnePass if chain.is_empty() => Vec::new(),
            Self::InOnePass => vec![
                Plugin::new(POLICIES.module())
                    .name(POLICIES.name)
                    .root_id(POLICIES.name)
                    .config(sections(chain)),
            ],
        }
    }
}

/// The configuration of all plugins of a chain in one.
pub fn sections(chain: Chain<'_>) -> Value {
    let section = |(plugin, configuration): (&Built, Value)| (plugin.name.to_owned(), configuration);
    Value::Object(chain.into_iter().map(section).collect())
}

impl Exchange {
    /// The world of the plugin's sample, in the host.
    pub fn host(&self, plugin: &Built) -> Host {
        self.host_made(plugin, Made::OfTheirOwn)
    }

    /// The plugins before the router, and those in the cluster.
    pub fn chains<'a>(&self, plugin: &'a Built) -> [Chain<'a>; 2] {
        let own = (plugin, self.configuration.clone());
        let demo = json!({ "service_name": "demo" });
        let request_id = (&REQUEST_ID, demo.clone());
        let envelope = (&ERROR_ENVELOPE, demo);
        match (plugin.name, self.place) {
            ("error-envelope", _) => [vec![own, request_id], vec![]],
            ("circuit-breaker" | "retry", Place::Sample) => [vec![envelope, request_id, own], vec![]],
            ("circuit-breaker" | "retry", Place::Cluster) => [vec![envelope, request_id], vec![own]],
            _ => [vec![own], vec![]],
        }
    }

    /// As [`Exchange::host`], of these modules.
    pub fn host_made(&self, plugin: &Built, made: Made) -> Host {
        let [chain, filters] = self.chains(plugin).map(|chain| made.filters(chain));
        // Envoy knows that nobody is there before it has the whole request, and then ends the connection.
        let nobody = Cluster::new("nobody").answers([Answer::no_healthy_upstream()]);
        Host::chain(chain)
            // Some exchanges are about requests without a key.
            .plant_all_but("idempotency-key")
            .edge(
                Edge::default()
                    .use_remote_address(true)
                    .internal_clients(plugin.name == "retry"),
            )
            .routes(routes(plugin))
            .clusters([nobody, Cluster::new("upstream").filters(filters)])
    }
}

fn routes(plugin: &Built) -> Vec<Route> {
    let route = |name: &str| Route::new(name).virtual_host("demo");
    let rest = |path: &str| route("everything-else").path(path).timeout_ms(30_000);
    let errors = [
        route("refused").prefix("/refused").cluster("refused"),
        route("full").prefix("/full").cluster("full"),
        route("gone")
            .prefix("/gone")
            .direct_response(410, "it moved out last year\n"),
    ];
    let own = match plugin.name {
        "error-envelope" => errors.to_vec(),
        "circuit-breaker" | "retry" => {
            let fallback = route("fallback")
                .when_header("x-fallback", "1")
                .direct_response(200, "yesterday's");
            let retried = route("retried")
                .prefix(RETRIED)
                .timeout_ms(0)
                .retry(RetryPolicy::on("5xx").num_retries(4));
            [vec![fallback, retried], errors.to_vec()].concat()
        }
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
    own.into_iter().chain(shared).collect()
}
