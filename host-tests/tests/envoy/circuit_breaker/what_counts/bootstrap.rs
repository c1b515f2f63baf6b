//! Envoy's configuration for many cases: a listener and a cluster for each, with the plugin in both.

use super::case::Case;
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The whole configuration. Each case has its upstream; the `authority` is whom filters ask.
pub fn configuration(cases: &[&Case], upstreams: &[SocketAddr], authority: SocketAddr) -> String {
    let edge = plugin(cases, |case| &case.policy);
    let cluster = plugin(cases, |case| {
        case.policy_of_attempts.as_ref().unwrap_or(&case.policy)
    });
    let listeners: Vec<Value> = cases.iter().map(|case| listener(case, &edge)).collect();
    let clusters = cases.iter().zip(upstreams);
    let mut clusters: Vec<Value> = clusters
        .map(|(case, upstream)| self::cluster(case, *upstream, &cluster))
        .collect();
    clusters.push(
        json!({ "name": "authority", "type": "STATIC", "load_assignment": endpoint("authority", authority) }),
    );
    json!({
        "overload_manager": { "resource_monitors": [{
            "name": "envoy.resource_monitors.global_downstream_max_connections",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                "max_active_downstream_connections": 1000,
            },
        }] },
        "static_resources": { "listeners": listeners, "clusters": clusters },
    })
    .to_string()
}

/// The plugin, with a breaker of this name for each case. It never opens, unless the case says when.
fn plugin(cases: &[&Case], policy: impl Fn(&Case) -> &Value) -> Value {
    let rule = |case: &Case, matches: Value| {
        let mut policy = policy(case).clone();
        policy["key"] = json!({ "name": case.name });
        json!({ "match": matches, "policy": policy })
    };
    let by_route = cases.iter().map(|case| rule(case, json!({ "route": case.name })));
    // Where no route matches, there is none.
    let by_path = cases
        .iter()
        .map(|case| rule(case, json!({ "path_prefix": case.path })));
    let routes: Vec<Value> = by_route.chain(by_path).collect();
    let configuration = json!({
        "default": { "trip": { "consecutive_failures": 1000, "failure_rate": null }, "ramp": null },
        "routes": routes,
    });
    json!({
        "name": "circuit-breaker",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {
                "name": "circuit-breaker",
                "root_id": "circuit-breaker",
                "vm_config": {
                    "vm_id": "policies",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": CIRCUIT_BREAKER.path() } },
                },
                "configuration": {
                    "@type": "type.googleapis.com/google.protobuf.StringValue",
                    "value": configuration.to_string(),
                },
            },
        },
    })
}

fn listener(case: &Case, plugin: &Value) -> Value {
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    });
    let filters: Vec<&Value> = case
        .in_front
        .iter()
        .chain([plugin])
        .chain(&case.behind)
        .chain([&router])
        .collect();
    // Unless the case says so, nothing ends an exchange by its time.
    let route = json!({
        "name": case.name,
        "match": { "path_separated_prefix": case.path },
        "route": { "cluster": case.name, "timeout": "0s" },
    });
    let edge = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "case",
        "delayed_close_timeout": "0.010s",
        "http_protocol_options": { "enable_trailers": true },
        "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [laid_over(&route, &case.route)] }] },
        "http_filters": filters,
        "access_log": [{
            "name": "envoy.access_loggers.stdout",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                "log_format": { "json_format": {
                    "case": case.name,
                    "end": "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%",
                } },
            },
        }],
    });
    json!({
        "name": case.name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": laid_over(&edge, &case.edge),
        }] }],
    })
}

fn cluster(case: &Case, upstream: SocketAddr, plugin: &Value) -> Value {
    let codec = json!({
        "name": "envoy.filters.http.upstream_codec",
        "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
    });
    let filters: Vec<&Value> = [plugin]
        .into_iter()
        .chain(&case.behind_in_cluster)
        .chain([&codec])
        .collect();
    let cluster = json!({
        "name": case.name,
        "type": "STATIC",
        "load_assignment": endpoint(&case.name, upstream),
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                // A connection for each attempt: so each is a peer of its own.
                "common_http_protocol_options": { "max_requests_per_connection": 1 },
                "use_downstream_protocol_config": {
                    "http_protocol_options": { "enable_trailers": true },
                    "http2_protocol_options": {},
                },
                "http_filters": filters,
            },
        },
    });
    laid_over(&cluster, &case.cluster)
}

/// The assignment of one endpoint to the cluster of this name.
pub fn endpoint(cluster: &str, address: SocketAddr) -> Value {
    json!({
        "cluster_name": cluster,
        "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "socket_address": {
            "address": address.ip().to_string(), "port_value": address.port(),
        } } } }] }],
    })
}

/// Objects merge member by member, `null` removes one, and all else is replaced.
fn laid_over(below: &Value, above: &Value) -> Value {
    let (Value::Object(below), Value::Object(above)) = (below, above) else {
        return above.clone();
    };
    let mut merged = below.clone();
    for (name, value) in above {
        match (value, below.get(name)) {
            (Value::Null, _) => merged.remove(name),
            (_, Some(old)) => merged.insert(name.clone(), laid_over(old, value)),
            (_, None) => merged.insert(name.clone(), value.clone()),
        };
    }
    Value::Object(merged)
}
