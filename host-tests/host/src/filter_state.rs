//! Filter state of Envoy's own: the names that its filters know, what values they take, and how those read.

use std::net::{IpAddr, SocketAddr};

/// Why Envoy does not set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// None of its filters knows the name.
    Unknown,
    /// It is no value for this name.
    Value,
    /// Envoy may; this host does not know which values.
    NotServed,
}

/// Whether Envoy 1.40 takes this value for this name.
pub(crate) fn check(name: &[u8], value: &[u8]) -> Result<(), Refused> {
    let name = std::str::from_utf8(name).map_err(|_| Refused::Unknown)?;
    let value = std::str::from_utf8(value);
    let good = if TEXTS.contains(&name) {
        true
    } else if NUMBERS.contains(&name) {
        value.is_ok_and(|value| value.parse::<u64>().is_ok())
    } else if name == ADDRESS {
        value.is_ok_and(|value| value.parse::<IpAddr>().is_ok())
    } else if OTHERS.contains(&name) {
        return Err(Refused::NotServed);
    } else {
        return Err(Refused::Unknown);
    };
    if good { Ok(()) } else { Err(Refused::Value) }
}

/// The value as the property `filter_state` shows it, where it can be shown. It must be one that Envoy took.
pub(crate) fn shown(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?;
    let text = std::str::from_utf8(value).unwrap_or_default();
    let shown = if UNSHOWN.contains(&name) {
        return None;
    } else if NUMBERS.contains(&name) {
        text.parse::<u64>().ok()?.to_string()
    } else if name == ADDRESS {
        SocketAddr::new(text.parse().ok()?, 0).to_string()
    } else if name == "envoy.tcp_proxy.disable_tunneling" {
        (text == "true").to_string()
    } else {
        return Some(value.to_vec());
    };
    Some(shown.into_bytes())
}

/// These have no text of their own.
const UNSHOWN: &[&str] = &["envoy.network.application_protocols", "envoy.router.debug_config"];

/// These take any bytes.
const TEXTS: &[&str] = &[
    "envoy.hashable_string",
    "envoy.network.application_protocols",
    "envoy.network.network_namespace",
    "envoy.network.upstream_server_name",
    "envoy.network.upstream_subject_alt_names",
    "envoy.router.debug_config",
    "envoy.string",
    "envoy.tcp_proxy.cluster",
    "envoy.tcp_proxy.disable_tunneling",
    "envoy.upstream.dynamic_host",
];

const NUMBERS: &[&str] = &[
    "envoy.ratelimit.hits_addend",
    "envoy.tcp_proxy.per_connection_idle_timeout_ms",
    "envoy.upstream.dynamic_port",
];

const ADDRESS: &str = "envoy.network.ip";

const OTHERS: &[&str] = &[
    "envoy.ai.llm_protocol.request",
    "envoy.ai.model.request",
    "envoy.filters.listener.original_dst.local_ip",
    "envoy.filters.listener.original_dst.remote_ip",
    "envoy.network.transport_socket.http_11_proxy.info",
    "envoy.network.transport_socket.original_dst_address",
];
