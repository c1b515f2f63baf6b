//! Envoy's configuration for many scenarios: a listener for each, and clusters that all of them share.

use std::net::SocketAddr;

use host_tests::plugin::PUPPET;
use host_tests::scenario::{CONNECTION_MANAGER, Plugin, Scenario};
use serde_json::{Value, json};

use super::Numbered;

const PROTOCOL_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// The upstreams that Envoy is to reach.
pub struct Upstreams {
    pub upstream: SocketAddr,
    pub other: SocketAddr,
}

/// The whole configuration. `module` gives the path of a plugin's module that is no puppet.
pub fn configuration(
    scenarios: &[Numbered<'_>],
    upstreams: &Upstreams,
    module: impl Fn(&[u8]) -> String,
) -> String {
    let listeners: Vec<Value> = scenarios
        .iter()
        .map(|(number, scenario)| listener(*number, scenario, &module))
        .collect();
    let refused = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut clusters = vec![
        cluster("upstream", Some(upstreams.upstream)),
        cluster("other", Some(upstreams.other)),
        cluster("nobody", None),
        cluster("refused", Some(refused)),
    ];
    for &(number, scenario) in scenarios {
        if !scenario.upstream_plugins.is_empty() {
            let mut filtered = cluster(&filtered_name(number), Some(upstreams.upstream));
            filtered["typed_extension_protocol_options"][PROTOCOL_OPTIONS]["http_filters"] =
                upstream_filters(number, scenario, &module);
            clusters.push(filtered);
        }
    }
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
            "clusters": clusters,
        },
    })
    .to_string()
}

/// The name of a scenario's listener.
pub fn listener_name(number: usize) -> String {
    format!("s{number}")
}

/// The cluster that takes the place of `upstream` in a scenario that has filters there.
fn filtered_name(number: usize) -> String {
    format!("upstream{number}")
}

fn upstream_filters(number: usize, scenario: &Scenario, module: &impl Fn(&[u8]) -> String) -> Value {
    let plugins = scenario.upstream_plugins.iter();
    let mut filters: Vec<Value> = plugins.map(|plugin| filter(number, plugin, module)).collect();
    filters.push(json!({
        "name": "envoy.filters.http.upstream_codec",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
    }));
    Value::Array(filters)
}

fn filter(number: usize, plugin: &Plugin, module: &impl Fn(&[u8]) -> String) -> Value {
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
}

fn listener(number: usize, scenario: &Scenario, module: &impl Fn(&[u8]) -> String) -> Value {
    let mut filters: Vec<Value> = scenario
        .plugins
        .iter()
        .map(|plugin| filter(number, plugin, module))
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
    if !scenario.upstream_plugins.is_empty() {
        for route in &mut routes {
            if route["route"]["cluster"] == "upstream" {
                route["route"]["cluster"] = json!(filtered_name(number));
            }
        }
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
            PROTOCOL_OPTIONS: {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                // A connection for each request: so each is a peer of its own.
                "common_http_protocol_options": { "max_requests_per_connection": 1 },
                "use_downstream_protocol_config": {
                    "http_protocol_options": { "enable_trailers": true },
                    "http2_protocol_options": {},
                },
            },
        },
    })
}
