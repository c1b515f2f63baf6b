//! The world of a plugin's sample, in the host.

use super::{Exchange, Place, RETRIED};
use crate::plugin::{ERROR_ENVELOPE, Plugin as Built, REQUEST_ID};
use host::{Answer, Cluster, Edge, Host, Plugin, RetryPolicy, Route};
use serde_json::json;

impl Exchange {
    /// The world of the plugin's sample, in the host.
    pub fn host(&self, plugin: &Built) -> Host {
        let own = Plugin::new(plugin.module())
            .name(plugin.name)
            .config(self.configuration.clone());
        let request_id = Plugin::new(REQUEST_ID.module())
            .name("request-id")
            .config(json!({ "service_name": "demo" }));
        let envelope = Plugin::new(ERROR_ENVELOPE.module())
            .name("error-envelope")
            .config(json!({ "service_name": "demo" }));
        let (chain, filters) = match (plugin.name, self.place) {
            ("error-envelope", _) => (vec![own, request_id], vec![]),
            ("circuit-breaker" | "retry", Place::Sample) => (vec![envelope, request_id, own], vec![]),
            ("circuit-breaker" | "retry", Place::Cluster) => (vec![envelope, request_id], vec![own]),
            _ => (vec![own], vec![]),
        };
        // Envoy knows that nobody is there before it has the whole request, and then ends the connection.
        let nobody = Cluster::new("nobody").answers([Answer::no_healthy_upstream()]);
        Host::chain(chain)
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
