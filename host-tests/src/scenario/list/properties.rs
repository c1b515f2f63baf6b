//! Properties: every path that Envoy knows, in every phase, and how their values are encoded.

use serde_json::{Value, json};

use super::everywhere;
use crate::scenario::{Answer, CONNECTION_MANAGER, Plugin, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        of("properties of the request", "request", &[
            "path", "url_path", "query", "host", "scheme", "method", "referer", "useragent", "id", "protocol", "time",
            "duration", "size", "total_size", "headers", "headers.x-a", "headers.X-A", "headers.x-none", "headers.x-a.b",
            "trailers", "unknown", "",
        ]),
        of("properties of the response", "response", &[
            "code", "code_details", "flags", "grpc_status", "size", "total_size", "headers", "headers.x-a",
            "headers.x-none", "trailers", "trailers.x-sum", "backend_latency", "unknown", "",
        ]),
        of("properties of the addresses", "", &[
            "source", "source.address", "source.port", "source.unknown", "destination", "destination.address",
            "destination.port",
        ]),
        of("properties of the connection", "connection", &[
            "id", "mtls", "requested_server_name", "tls_version", "subject_local_certificate",
            "subject_peer_certificate", "dns_san_local_certificate", "uri_san_peer_certificate",
            "sha256_peer_certificate_digest", "termination_details", "transport_failure_reason", "unknown", "",
        ]),
        of("properties of the upstream", "upstream", &[
            "address", "port", "tls_version", "subject_peer_certificate", "uri_san_local_certificate",
            "transport_failure_reason", "request_attempt_count", "local_address", "num_endpoints", "locality",
            "unknown", "",
        ]),
        of("properties of the configuration", "xds", &[
            "cluster_name", "cluster_metadata", "route_name", "route_metadata", "virtual_host_name",
            "virtual_host_metadata", "upstream_host_metadata", "upstream_host_locality_metadata", "filter_chain_name",
            "listener_metadata", "listener_direction", "node.unknown", "unknown", "",
        ]),
        of("properties of other roots", "", &[
            "connection_id", "metadata", "metadata.filter_metadata", "filter_state", "filter_state.unknown",
            "upstream_filter_state", "cluster_metadata", "route_metadata", "upstream_host_metadata", "xds", "unknown",
            "unknown.more", "", ".", "request.", ".request", "request..path",
        ]),
        metadata(),
        Scenario::new("properties of a response of headers alone")
            .script(json!({ "response_headers": reply(), "log": reply(), "done": reply() }))
            .get()
            .answer(204),
        Scenario::new("the size of a request with a body of known length")
            .script(json!({
                "request_headers": sizes(),
                "request_body": sizes(),
                "response_headers": sizes(),
                "response_body": sizes(),
                "log": sizes(),
            }))
            .request(Request::post("/").header("x-a", "1").body("question"))
            .answer(Answer::new(200).header("x-b", "2").body("the answer")),
        Scenario::new("the status of gRPC as a property")
            .script(json!({ "response_headers": [["get_property", ["response", "grpc_status"]]], "log": [["get_property", ["response", "grpc_status"]]] }))
            .get()
            .answer(Answer::new(200).header("grpc-status", "7"))
            .request(Request::get("/"))
            .answer(404)
            .request(Request::get("/"))
            .answer(Answer::new(200).header("grpc-status", "nonsense")),
        Scenario::new("properties of Envoy's own reply")
            .plugin(Plugin::puppet("p").script(json!({ "response_headers": reply(), "log": reply() })))
            .route(Route::new("r").cluster("nobody"))
            .get(),
        Scenario::new("properties of a direct response")
            .plugin(Plugin::puppet("p").script(json!({ "request_headers": reply(), "response_headers": reply(), "log": reply() })))
            .route(Route::new("r").direct_response(418, "tea"))
            .get(),
        Scenario::new("properties without a route")
            .plugin(Plugin::puppet("p").script(json!({ "request_headers": reply(), "response_headers": reply(), "log": reply() })))
            .route(Route::new("r").prefix("/elsewhere"))
            .get(),
        Scenario::new("request headers as properties after they were changed")
            .script(json!({
                "request_headers": [
                    ["replace_header_map_value", 0, ":path", "/new?b=2"],
                    ["replace_header_map_value", 0, ":authority", "new.test"],
                    ["add_header_map_value", 0, "x-request-id", "an-id"],
                    ["add_header_map_value", 0, "referer", "http://a"],
                    ["add_header_map_value", 0, "user-agent", "puppet"],
                    ["get_property", ["request", "path"]],
                    ["get_property", ["request", "url_path"]],
                    ["get_property", ["request", "query"]],
                    ["get_property", ["request", "host"]],
                    ["get_property", ["request", "id"]],
                    ["get_property", ["request", "referer"]],
                    ["get_property", ["request", "useragent"]],
                ],
                "log": [["get_property", ["request", "path"]], ["get_property", ["request", "id"]]],
            }))
            .request(Request::get("/old?a=1#"))
            .request(Request::get("/old?a=1"))
            .answer(200),
    ];
    for (name, direction) in [
        ("an inbound listener", "INBOUND"),
        ("an outbound listener", "OUTBOUND"),
    ] {
        let of_host = match direction {
            "INBOUND" => host::Direction::Inbound,
            _ => host::Direction::Outbound,
        };
        all.push(
            Scenario::new(name)
                .script(json!({ "request_headers": [["get_property", ["xds", "listener_direction"]]] }))
                .knob(
                    move |host| host.edge(host::Edge::default().direction(of_host)),
                    move |listener| listener["traffic_direction"] = json!(direction),
                )
                .get()
                .answer(200),
        );
    }
    all.push(edge());
    all
}

/// The paths below a root, in every phase.
fn of(name: &'static str, root: &str, paths: &[&str]) -> Scenario {
    let steps: Vec<Value> = paths
        .iter()
        .map(|path| {
            let parts: Vec<&str> = [root, path]
                .into_iter()
                .filter(|part| !part.is_empty())
                .flat_map(|part| part.split('.'))
                .collect();
            json!(["get_property", parts])
        })
        .collect();
    everywhere(name, &steps)
}

fn sizes() -> Value {
    json!([
        ["get_property", ["request", "size"]],
        ["get_property", ["request", "total_size"]],
        ["get_property", ["response", "size"]],
        ["get_property", ["response", "total_size"]],
    ])
}

fn reply() -> Value {
    json!([
        ["get_property", ["response", "code"]],
        ["get_property", ["response", "code_details"]],
        ["get_property", ["response", "flags"]],
        ["get_property", ["response", "grpc_status"]],
        ["get_property", ["response", "size"]],
        ["get_property", ["upstream", "address"]],
        ["get_property", ["upstream", "request_attempt_count"]],
        ["get_property", ["upstream", "num_endpoints"]],
        ["get_property", ["upstream", "local_address"]],
        ["get_property", ["response", "backend_latency"]],
        ["get_property", ["xds", "route_name"]],
        ["get_property", ["xds", "cluster_name"]],
        ["get_property", ["xds", "virtual_host_name"]],
        ["get_property", ["xds", "route_metadata"]],
    ])
}

/// A route's metadata, of every type.
fn metadata() -> Scenario {
    let metadata = json!({
        "policies": {
            "text": "a", "number": -3, "whole": 7, "yes": true, "no": false, "nothing": null,
            "list": ["a", 2], "empty": [], "inner": { "deep": { "deeper": "x" } },
        },
        "other": {}, "simple": { "a": "b", "n": 1, "m": { "x": "y" } },
    });
    let mut steps = Vec::new();
    for path in [
        "",
        "policies",
        "other",
        "unknown",
        "simple",
        "simple.m",
        "policies.text",
        "policies.number",
        "policies.whole",
        "policies.yes",
        "policies.no",
        "policies.nothing",
        "policies.list",
        "policies.list.0",
        "policies.list.1",
        "policies.list.2",
        "policies.list.x",
        "policies.empty",
        "policies.inner",
        "policies.inner.deep",
        "policies.inner.deep.deeper",
        "policies.inner.deep.deeper.x",
        "policies.unknown",
    ] {
        let parts: Vec<&str> = ["xds", "route_metadata", "filter_metadata"]
            .into_iter()
            .chain(path.split('.').filter(|part| !part.is_empty()))
            .collect();
        steps.push(json!(["get_property", parts]));
    }
    Scenario::new("a route's metadata, of every type")
        .script(json!({ "request_headers": steps }))
        .route(Route::new("r").metadata(&metadata))
        .get()
        .answer(200)
}

/// An edge: the client's address is the connection's.
fn edge() -> Scenario {
    Scenario::new("a request from outside, at the edge")
        .script(json!({ "request_headers": [["get_header_map_pairs", 0], ["get_property", ["source", "address"]]] }))
        .knob(
            |host| host.edge(host::Edge::default().use_remote_address(true)),
            |listener| {
                if let Some(manager) = listener.pointer_mut(CONNECTION_MANAGER) {
                    manager["use_remote_address"] = json!(true);
                }
            },
        )
        .request(
            Request::get("/")
                .header("x-forwarded-for", "10.0.0.1")
                .header("x-forwarded-proto", "https")
                .header("x-envoy-original-path", "/x")
                .header("x-envoy-internal", "true")
                .header("x-request-id", "mine"),
        )
        .answer(200)
}
