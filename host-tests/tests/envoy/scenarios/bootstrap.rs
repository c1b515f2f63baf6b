//! Envoy's configuration for many scenarios: a listener for each, and clusters that all of them share.

use std::net::SocketAddr;

use host_tests::plugin::PUPPET;
use host_tests::scenario::{CONNECTION_MANAGER, Scenario};
use serde_json::{Value, json};

/// The upstreams that Envoy is to reach.
pub struct Upstreams {
    pub upstream: SocketAddr,
    pub other: SocketAddr,
}

/// The whole configuration. `module` gives the path of a plugin's module that is no puppet.
pub fn configuration(
    scenarios: &[Scenario],
    upstreams: &Upstreams,
    module: impl Fn(&[u8]) -> String,
) -> String {
    let listeners: Vec<Value> = scenarios
        .iter()
        .enumerate()
        .map(|(number, scenario)| listener(number, scenario, &module))
        .collect();
    let refused = SocketAddr::from(([127, 0, 0, 1], 1));
    json!({
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 1000,
            },
        }] },
        "static_resources": {
            "listeners": listeners,
            "clusters": [
                cluster("upstream", Some(upstreams.upstream)),
                cluster("other", Some(upstreams.other)),
                cluster("nobody", None),
                cluster("refused", Some(refused)),
            ],
        },
    })
    .to_string()
}

/// The name of a scenario's listener.
pub fn listener_name(number: usize) -> String {
    format!("s{number}")
}

fn listener(number: usize, scenario: &Scenario, module: &impl Fn(&[u8]) -> String) -> Value {
    let mut filters: Vec<Value> = scenario
        .plugins
        .iter()
        .map(|plugin| {
            let path = plugin
                .bytes()
                .map_or_else(|| PUPPET.path().display().to_string(), module);
            json!({
                "name": plugin.name,
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                    "config": plugin.on_envoy(number, &path),
                },
            })
        })
        .collect();
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    }));
    let mut routes: Vec<Value> = scenario.routes.iter().map(|route| route.envoy.clone()).collect();
    if routes.is_empty() {
        routes.push(
            json!({ "name": "default", "match": { "prefix": "/" }, "route": { "cluster": "upstream" } }),
        );
    }
    let mut listener = json!({
        "name": listener_name(number),
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "scenario",
                "generate_request_id": false,
                // How long a connection lives on that Envoy ends: no client here needs the time.
                "delayed_close_timeout": "0.010s",
                "http_protocol_options": { "enable_trailers": true },
                "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": routes }] },
                "http_filters": filters,
                "access_log": [{
                    "name": "envoy.access_loggers.stdout",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                        "log_format": { "json_format": {
                            "scenario": number,
                            "status": "%RESPONSE_CODE%",
                            "flags": "%RESPONSE_FLAGS%",
                            "details": "%RESPONSE_CODE_DETAILS%",
                        } },
                    },
                }],
            },
        }] }],
    });
    debug_assert!(listener.pointer(CONNECTION_MANAGER).is_some());
    scenario.configure(&mut listener);
    listener
}

fn cluster(name: &str, host: Option<SocketAddr>) -> Value {
    let endpoints: Vec<Value> = host
        .iter()
        .map(|host| {
            json!({ "endpoint": { "address": { "socket_address": {
                "address": host.ip().to_string(), "port_value": host.port(),
            } } } })
        })
        .collect();
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": endpoints }] },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                // A connection for each request: so each is a peer of its own.
                "common_http_protocol_options": { "max_requests_per_connection": 1 },
                "explicit_http_config": { "http_protocol_options": { "enable_trailers": true } },
            },
        },
    })
}
