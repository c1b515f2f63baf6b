//! The properties that a plugin can read, with Envoy's encodings: strings raw, numbers 8 bytes little-endian,
//! booleans one byte, maps as pairs, messages as protobuf.
//!
//! What is absent, and when, was read off a real Envoy 1.40.0: `request.*` headers are known only while the request
//! map can be read, `response.*` from the response on, `upstream.*` once an upstream took the request.

mod metadata;

use std::net::SocketAddr;
use std::time::Duration;

use crate::abi::Status;
use crate::abi::guest::encode_pairs;
use crate::client_request::Protocol;
use crate::header_map::HeaderMap;
use crate::plugin::Plugin;
use crate::stream::{MapType, Stage, Stream};

type Found = Result<Vec<u8>, Status>;

const MISSING: Found = Err(Status::NOT_FOUND);
const UNSERIALIZABLE: Found = Err(Status::SERIALIZATION_FAILURE);

/// Where Envoy listens, in every host.
const LISTENER: &str = "127.0.0.1:10000";

/// Where the upstream is, in every host.
const UPSTREAM: &str = "127.0.0.1:8080";

/// From where Envoy connects to it, in every host.
const TOWARDS_UPSTREAM: &str = "127.0.0.1:40000";

/// The properties that any context of a plugin has.
pub(crate) fn of_plugin(plugin: &Plugin, path: &[&[u8]]) -> Option<Vec<u8>> {
    let [name] = path else { return None };
    let text = match *name {
        b"plugin_name" => &plugin.name,
        b"plugin_root_id" => &plugin.root_id,
        b"plugin_vm_id" => &plugin.vm_id,
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

/// The properties of an exchange, as this filter sees them now.
pub(crate) fn of_stream(stream: &Stream, filter: usize, path: &[&[u8]], now: Duration) -> Found {
    match path {
        [] => UNSERIALIZABLE,
        [b"connection_id"] => number(stream.connection_id),
        [b"request", rest @ ..] => request(stream, filter, rest),
        [b"response", rest @ ..] => response(stream, filter, rest, now),
        [b"source", rest @ ..] => address(stream.source, rest),
        [b"destination", rest @ ..] => address(known(LISTENER), rest),
        [b"connection", rest @ ..] => connection(stream, rest),
        [b"upstream", rest @ ..] => upstream(stream, rest),
        [b"xds", rest @ ..] => xds(stream, rest),
        [b"metadata"] => Ok(Vec::new()),
        [b"metadata", b"filter_metadata"] => Ok(encode_pairs(&[])),
        [b"filter_state"] => UNSERIALIZABLE,
        [b"upstream_filter_state"] if stream.routing.chosen => UNSERIALIZABLE,
        [b"filter_state", name] => match name.strip_prefix(b"wasm.") {
            Some(name) => filter_state(stream, name),
            None => envoys_filter_state(stream, name),
        },
        [name] => filter_state(stream, name),
        _ => MISSING,
    }
}

fn filter_state(stream: &Stream, name: &[u8]) -> Found {
    let value = match &stream.exchange {
        Some(exchange) => exchange.borrow().filter_state.get(name).cloned(),
        None => stream.filter_state.get(name).cloned(),
    };
    value.ok_or(Status::NOT_FOUND)
}

fn envoys_filter_state(stream: &Stream, name: &[u8]) -> Found {
    let value = match &stream.exchange {
        Some(exchange) => exchange.borrow().envoys_filter_state.get(name).cloned(),
        None => stream.envoys_filter_state.get(name).cloned(),
    };
    let value = value.ok_or(Status::NOT_FOUND)?;
    crate::filter_state::shown(name, &value).ok_or(Status::NOT_FOUND)
}

fn request(stream: &Stream, filter: usize, path: &[&[u8]]) -> Found {
    let map = stream.readable_map(filter, MapType::RequestHeaders);
    let header = |name: &str| map.and_then(|map| map.first(name.as_bytes())).map(<[u8]>::to_vec);
    let part = |take_query: bool| {
        let path = header(":path")?;
        let mut parts = path.splitn(2, |&byte| byte == b'?');
        let before = parts.next().unwrap_or_default().to_vec();
        Some(if take_query {
            parts.next().unwrap_or_default().to_vec()
        } else {
            before
        })
    };
    let value = match path {
        [] => return UNSERIALIZABLE,
        [b"path"] => header(":path"),
        [b"url_path"] => part(false),
        [b"query"] => part(true),
        [b"host"] => header(":authority"),
        [b"scheme"] => header(":scheme"),
        [b"method"] => header(":method"),
        [b"referer"] => header("referer"),
        [b"useragent"] => header("user-agent"),
        [b"id"] => header("x-request-id"),
        [b"protocol"] => Some(match stream.sent.protocol {
            Protocol::Http1 => b"HTTP/1.1".to_vec(),
            Protocol::Http2 => b"HTTP/2".to_vec(),
        }),
        [b"time"] => return number(stream.started_at),
        [b"size"] => {
            let announced = header("content-length");
            let announced = announced.and_then(|text| String::from_utf8(text).ok()?.parse().ok());
            return number(announced.unwrap_or_else(|| received(stream)));
        }
        [b"total_size"] => return number(received(stream) + map.map_or(0, |map| map.byte_size() as u64)),
        [b"duration"] => {
            let ended = stream.ended_after.ok_or(Status::NOT_FOUND)?;
            return number(nanos(ended - stream.started_after));
        }
        [b"headers", rest @ ..] => return headers(map, rest),
        _ => None,
    };
    value.ok_or(Status::NOT_FOUND)
}

/// Bytes of the request's body that have come so far: none while its headers pass the filters.
fn received(stream: &Stream) -> u64 {
    match stream.stage {
        Stage::Decoding if stream.filters.iter().any(|view| view.request.headers) => 0,
        _ => stream.sent.body.len() as u64,
    }
}

fn response(stream: &Stream, filter: usize, path: &[&[u8]], now: Duration) -> Found {
    let map = stream.readable_map(filter, MapType::ResponseHeaders);
    // What has left for the client.
    let body = stream.delivered.as_ref().map_or(0, |(_, body)| body.len() as u64);
    let trailers = stream.readable_map(filter, MapType::ResponseTrailers);
    match path {
        [] => UNSERIALIZABLE,
        [b"code"] => number(u64::from(stream.code.ok_or(Status::NOT_FOUND)?)),
        [b"code_details"] if !stream.details.is_empty() => Ok(stream.details.clone()),
        [b"flags"] => number(stream.flags),
        [b"size"] => number(body),
        [b"total_size"] => {
            let fields = [map, trailers].into_iter().flatten();
            number(body + fields.map(|map| map.byte_size() as u64).sum::<u64>())
        }
        [b"grpc_status"] => {
            let code = stream.code.ok_or(Status::NOT_FOUND)?;
            let written = [trailers, map].into_iter().flatten();
            let written = written.filter_map(|map| map.first(b"grpc-status")).next();
            number(match written {
                None => u64::from(crate::local_reply::grpc_status_of(code)),
                // What is no number is status -1.
                Some(text) => str::from_utf8(text)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(u64::MAX),
            })
        }
        // Known from the end of the upstream's response on.
        [b"backend_latency"] if stream.response_way.ended && stream.routing.answered => {
            let forwarded = stream.routing.complete_after.ok_or(Status::NOT_FOUND)?;
            number(nanos(stream.ended_after.unwrap_or(now) - forwarded))
        }
        [b"headers", rest @ ..] => headers(map, rest),
        [b"trailers", rest @ ..] => headers(trailers, rest),
        _ => MISSING,
    }
}

fn headers(map: Option<&HeaderMap>, path: &[&[u8]]) -> Found {
    match path {
        [] => Ok(encode_pairs(map.map(HeaderMap::pairs).unwrap_or_default())),
        [name] => match map.map(|map| map.all(name)) {
            Some(values) if !values.is_empty() => Ok(values.join(&b',')),
            _ => MISSING,
        },
        _ => MISSING,
    }
}

fn connection(stream: &Stream, path: &[&[u8]]) -> Found {
    match path {
        [] => UNSERIALIZABLE,
        [b"id"] => number(stream.connection_id),
        [b"mtls"] => Ok(vec![0]),
        [b"requested_server_name"] => Ok(Vec::new()),
        _ => MISSING,
    }
}

fn upstream(stream: &Stream, path: &[&[u8]]) -> Found {
    let connected = stream.routing.chosen;
    match path {
        [] => UNSERIALIZABLE,
        [b"request_attempt_count"] => number(u64::from(stream.routing.attempt)),
        [b"num_endpoints"] if stream.cluster.is_some() => number(1),
        [b"transport_failure_reason" | b"locality"] if connected => Ok(Vec::new()),
        [b"local_address"] if connected => Ok(TOWARDS_UPSTREAM.as_bytes().to_vec()),
        [b"address" | b"port"] if connected => address(known(UPSTREAM), path),
        _ => MISSING,
    }
}

fn xds(stream: &Stream, path: &[&[u8]]) -> Found {
    let route = stream.route.as_ref();
    let text = |text: Option<&String>| text.map(|text| text.as_bytes().to_vec()).ok_or(Status::NOT_FOUND);
    match path {
        [] => UNSERIALIZABLE,
        [b"route_name"] => text(route.map(|route| &route.name)),
        [b"cluster_name"] => text(stream.cluster.as_ref()),
        [b"virtual_host_name"] => text(stream.virtual_host.as_ref()),
        [b"listener_direction"] => number(stream.direction),
        [b"cluster_metadata" | b"virtual_host_metadata"] if route.is_some() => Ok(Vec::new()),
        [b"listener_metadata" | b"filter_chain_name"] => Ok(Vec::new()),
        [b"upstream_host_metadata" | b"upstream_host_locality_metadata"] if stream.routing.chosen => {
            UNSERIALIZABLE
        }
        [b"route_metadata", rest @ ..] => {
            let metadata = &route.ok_or(Status::NOT_FOUND)?.metadata;
            metadata::find(metadata, rest)
        }
        _ => MISSING,
    }
}

fn address(of: SocketAddr, path: &[&[u8]]) -> Found {
    match path {
        [] => UNSERIALIZABLE,
        [b"address"] => Ok(of.to_string().into_bytes()),
        [b"port"] => number(u64::from(of.port())),
        _ => MISSING,
    }
}

fn known(address: &str) -> SocketAddr {
    address
        .parse()
        .expect("the constants of this module are socket addresses")
}

fn number(value: u64) -> Found {
    Ok(value.to_le_bytes().to_vec())
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}
