//! Envoy with the plugin and two workers, before an upstream that answers as its path says. Clients are internal ones: what
//! they say in `x-envoy-*` headers reaches the plugin.

use host_tests::plugin::RETRY;
use live::client::{Request, Response};
use live::{Builder, Envoy, Received, Upstream, wait};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// Far beyond what anything here takes, for a machine that has much else to do.
pub const BOUND: Duration = Duration::from_secs(60);
/// The filters of requests, the plugin first.
pub const FILTERS: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
/// The cluster of the upstream.
pub const CLUSTER: &str = "/static_resources/clusters/0";

/// Envoy and its upstream.
pub struct Stage {
    pub envoy: Envoy,
    pub upstream: Upstream,
}

/// What one request came to.
pub struct Outcome {
    pub response: Response,
    /// What the upstream received.
    pub received: Vec<Received>,
}

/// A wasm filter, as it stands in a list of filters.
pub fn plugin(name: &str, path: &std::path::Path, configuration: &Value) -> Value {
    json!({
        "name": name,
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": name,
                "root_id": name,
                "vm_config": {
                    "vm_id": "policies",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": path } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration.to_string(),
                },
            },
        },
    })
}

/// Envoy's configuration: `/own/` is a route with a retry policy of its own, behind `/nowhere/` nobody listens.
pub fn bootstrap(configuration: &Value, upstream: SocketAddr) -> Value {
    let route = |name: &str, prefix: &str, cluster: &str, retries: Value| {
        let rewrite = (prefix != "/").then_some("/");
        json!({
            "name": name,
            "match": { "prefix": prefix },
            "route": { "cluster": cluster, "prefix_rewrite": rewrite, "timeout": "60s", "retry_policy": retries },
        })
    };
    // The schedule alone: what is tried again, the plugin says.
    let quick = json!({ "retry_back_off": { "base_interval": "0.005s", "max_interval": "0.020s" } });
    let own = json!({
        "retry_on": "5xx,reset", "num_retries": 4,
        "retry_back_off": { "base_interval": "0.005s", "max_interval": "0.020s" },
    });
    let tag = |label: &str| {
        json!({
            "tag_name": label,
            "regex": format!(r"^wasmcustom\.[a-z_]+(?:\.[a-z_]+=[^;]*;)*?(\.{label}=([^;]*);)"),
        })
    };
    let tags = [
        "route", "attempt", "reason", "breaker", "outcome", "mode", "cluster", "plugin", "what",
    ];
    let tags = tags.map(tag);
    let edge = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "edge",
        "use_remote_address": true,
        "internal_address_config": { "cidr_ranges": [{ "address_prefix": "127.0.0.0", "prefix_len": 8 }] },
        "route_config": { "virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "include_request_attempt_count": true,
            "routes": [
                route("own", "/own/", "upstream", own),
                route("nowhere", "/nowhere/", "nowhere", quick.clone()),
                route("all", "/", "upstream", quick),
            ],
        }] },
        "http_filters": [
            plugin(RETRY.name, RETRY.path(), configuration),
            {
                "name": "envoy.filters.http.router",
                "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
            },
        ],
        "access_log": [{
            "name": "envoy.access_loggers.stdout",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                "log_format": { "json_format": {
                    "path": "%REQUEST_HEADER(X-ENVOY-ORIGINAL-PATH?:PATH)%",
                    "code": "%RESPONSE_CODE%",
                    "details": "%RESPONSE_CODE_DETAILS%",
                    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
                    "retry": "%FILTER_STATE(wasm.policy.retry:PLAIN)%",
                    "error_code": "%FILTER_STATE(wasm.policy.error_code:PLAIN)%",
                } },
            },
        }],
    });
    json!({
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 1000,
            },
        }] },
        "stats_config": { "stats_tags": tags },
        "static_resources": {
            "listeners": [{
                "name": "edge",
                "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
                "filter_chains": [{ "filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": edge,
                }] }],
            }],
            "clusters": [
                cluster("upstream", upstream),
                cluster("nowhere", SocketAddr::from(([127, 0, 0, 1], 1))),
            ],
        },
    })
}

/// A cluster of one endpoint, with the hard bound of a burst that every sample has.
fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "60s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "socket_address": {
                "address": address.ip().to_string(), "port_value": address.port(),
            } } } }] }],
        },
        "circuit_breakers": { "thresholds": [{
            "max_connections": 10000, "max_pending_requests": 10000, "max_requests": 10000,
            "retry_budget": { "budget_percent": { "value": 20 }, "min_retry_concurrency": 10 },
        }] },
    })
}

/// Starts Envoy with two workers.
#[track_caller]
pub fn start(tree: &Value, how: impl FnOnce(Builder) -> Builder) -> Envoy {
    let envoy = how(Envoy::with(&tree.to_string()).concurrency(2)).start();
    envoy.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until `look` finds something.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    wait::until(BOUND, what, || Ok(look())).unwrap_or_else(|error| panic!("{error}"))
}

impl Stage {
    /// With this policy for all requests.
    #[track_caller]
    pub fn new(policy: &Value) -> Self {
        Self::of(&json!({ "default": policy }), |_| {})
    }

    /// With this configuration of the plugin, and what else is to be changed.
    #[track_caller]
    pub fn of(configuration: &Value, change: impl FnOnce(&mut Value)) -> Self {
        let upstream = Upstream::start().expect("an upstream can be started");
        let mut tree = bootstrap(configuration, upstream.address());
        change(&mut tree);
        Self {
            envoy: start(&tree, |envoy| envoy),
            upstream,
        }
    }

    /// With the plugin in the cluster's filters, too, where it sees each attempt.
    #[track_caller]
    pub fn in_cluster_too(configuration: &Value) -> Self {
        Self::in_cluster_too_but(configuration, |_| {})
    }

    /// As [`Stage::in_cluster_too`], and what else is to be changed.
    #[track_caller]
    pub fn in_cluster_too_but(configuration: &Value, change: impl FnOnce(&mut Value)) -> Self {
        Self::of(configuration, |tree| {
            change(tree);
            tree.pointer_mut(CLUSTER).expect("there is one")["typed_extension_protocol_options"] = json!({
                "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": { "http_protocol_options": {} },
                    "http_filters": [plugin(RETRY.name, RETRY.path(), configuration), {
                        "name": "envoy.filters.http.upstream_codec",
                        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
                    }],
                },
            });
        })
    }

    /// Sends a request, and returns when it is answered.
    #[track_caller]
    pub fn send(&self, request: &Request) -> Outcome {
        let response = self.envoy.send(request);
        let response = response.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        Outcome {
            response,
            received: self.upstream.take_received(),
        }
    }

    /// How often the upstream was asked before it was answered.
    #[track_caller]
    pub fn tries(&self, request: &Request) -> usize {
        self.send(request).received.len()
    }

    /// The last of so many entries of the access log.
    #[track_caller]
    pub fn logged(&self, entries: usize) -> Value {
        let mut log = self
            .envoy
            .access_log_of(entries)
            .unwrap_or_else(|error| panic!("{error}"));
        log.pop().expect("there are so many")
    }

    /// Waits until a series has this value.
    #[track_caller]
    pub fn metric(&self, series: &str, value: u64) {
        self.envoy
            .metric_reaches(series, value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}
