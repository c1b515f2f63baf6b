//! Over HTTP/2: a second Envoy in front speaks it to the sample, as a mesh would.

use super::{object, stand, standard};
use live::client::{self, Request};
use live::{Answer, Envoy};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// An Envoy that passes everything on to `edge` over HTTP/2.
fn front(edge: SocketAddr) -> Envoy {
    let configuration: Value = json!({
        "admin": { "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } } },
        "static_resources": {
            "listeners": [{
                "name": "front",
                "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
                "filter_chains": [{ "filters": [{
                    "name": "envoy.filters.network.http_connection_manager",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                        "stat_prefix": "front",
                        "generate_request_id": false,
                        "route_config": { "virtual_hosts": [{
                            "name": "all", "domains": ["*"],
                            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "edge", "timeout": "20s" } }],
                        }] },
                        "http_filters": [{
                            "name": "envoy.filters.http.router",
                            "typed_config": { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                        }],
                    },
                }] }],
            }],
            "clusters": [{
                "name": "edge",
                "typed_extension_protocol_options": { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                    "explicit_http_config": { "http2_protocol_options": {} },
                } },
                "load_assignment": { "cluster_name": "edge", "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
                    "socket_address": { "address": edge.ip().to_string(), "port_value": edge.port() },
                } } }] }] },
            }],
        },
    });
    Envoy::with(&configuration.to_string())
        .start()
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn errors_of_envoy_and_of_the_upstream_get_the_body_over_http_2() {
    let stand = stand();
    let front = front(stand.envoy.address().expect("it has a listener"));
    let send =
        |request: &Request| client::send(front.address().expect("it listens"), request).expect("it answers");
    stand.upstream.answer("/broken", Answer::reset());
    let text = Answer::status(404)
        .and_then(|answer| answer.header("content-type", "text/plain"))
        .expect("it is an answer");
    stand
        .upstream
        .answer("/text", text.body("no such order").chunks(5));
    stand
        .upstream
        .answer("/bare", Answer::status(500).expect("it is a status").body(""));
    for (path, status, code) in [
        ("/no-such-route", 404, "ROUTE_NOT_FOUND"),
        ("/nobody", 503, "UPSTREAM_UNAVAILABLE"),
        ("/refused", 503, "UPSTREAM_CONNECT_FAILURE"),
        ("/full", 503, "UPSTREAM_OVERLOADED"),
        ("/slow/3000", 504, "UPSTREAM_TIMEOUT"),
        ("/broken", 503, "UPSTREAM_RESET"),
        ("/forbidden", 403, "ACCESS_DENIED"),
        ("/maintenance", 503, "SERVICE_UNAVAILABLE"),
        ("/gone", 410, "GONE"),
        ("/strict/status/404", 404, "NOT_FOUND"),
        ("/bare", 500, "INTERNAL_SERVER_ERROR"),
        ("/text", 404, "NOT_FOUND"),
    ] {
        let response = send(&Request::get(path).header("x-request-id", "order-42"));
        let body = standard(&response, status, code);
        assert_eq!(body["request_id"], "order-42", "{path}");
        assert_eq!(response.values("x-request-id"), [b"order-42"], "{path}");
    }
    assert_eq!(
        standard(&send(&Request::get("/text")), 404, "NOT_FOUND")["message"],
        "no such order"
    );
    let problem = send(&Request::get("/nobody").header("accept", "application/problem+json"));
    object(&problem, "application/problem+json");
    let large = send(&Request::post("/upload", "x".repeat(2000)));
    standard(&large, 413, "REQUEST_TOO_LARGE");
    let head = send(&Request::new("HEAD", "/nobody"));
    assert_eq!((head.status, head.body.len()), (503, 0));
    stand.upstream.take_received();
    stand.assert_sound();
    let http2 = stand.envoy.stats().expect("Envoy tells its numbers");
    assert!(
        http2
            .get("http.edge.downstream_cx_http2_total")
            .is_some_and(|count| *count > 0),
        "it was HTTP/2"
    );
}
