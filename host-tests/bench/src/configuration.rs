//! The Envoy that is measured, with a listener for each variant, and the one behind it.
//!
//! All are listeners of one process: what one process has and another has not (its addresses, its share of the caches)
//! is then nothing that could make a variant look better. Each has a `vm_id` of its own, and so VMs of its own.

use crate::Result;
use crate::cell::{Cell, Workload};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub(crate) mod call;
mod filters;

/// What the upstream answers to this workload: status and text.
fn answer(workload: Workload) -> (u16, &'static str) {
    match workload {
        Workload::DirectResponse | Workload::Upstream | Workload::Calls => (200, "hello\n"),
        Workload::OpenBreaker => (503, "out of order\n"),
        Workload::ReplacedError => (404, "no such order\n"),
    }
}

/// The file of a module that ships. `root` is the repository's.
pub(crate) fn shipped(root: &Path, plugin: &str) -> PathBuf {
    let dist = root.join("dist");
    dist.join(plugin.replace('-', "_")).with_extension("wasm")
}

/// The file of the module that does nothing.
pub(crate) fn no_op(root: &Path) -> PathBuf {
    root.join("target/wasm/optimised/noop.wasm")
}

/// The Envoy that is measured, with a listener for each of the cells that need one, and the modules of the repository.
///
/// # Errors
/// [`Error::Malformed`](crate::Error::Malformed) for a module that is written here and is none.
pub(crate) fn measured(cells: &[Cell], upstream: SocketAddr, root: &Path) -> Result<String> {
    let mut names: Vec<String> = Vec::new();
    let mut listeners = Vec::new();
    for cell in cells {
        let name = cell.listener();
        if names.contains(&name) {
            continue;
        }
        let filters = filters::of(cell.variant, cell.workload == Workload::OpenBreaker, root)?;
        listeners.push(listener(&name, &routes(), filters));
        names.push(name);
    }
    let clusters = [cluster("upstream", upstream), cluster("failing", upstream)];
    Ok(document(&listeners, &clusters))
}

/// The Envoy behind it: it answers by itself, so that it is fast.
pub(crate) fn upstream() -> String {
    let routes: Vec<Value> = Workload::ALL
        .iter()
        .map(|&workload| {
            let (status, text) = answer(workload);
            json!({ "match": { "prefix": workload.path() },
                    "direct_response": { "status": status, "body": { "inline_string": text } } })
        })
        .collect();
    document(&[listener("upstream", &Value::from(routes), Vec::new())], &[])
}

fn routes() -> Value {
    let (status, text) = answer(Workload::DirectResponse);
    json!([
        { "name": "direct", "match": { "path": Workload::DirectResponse.path() },
          "direct_response": { "status": status, "body": { "inline_string": text } } },
        { "name": "failing", "match": { "path": Workload::OpenBreaker.path() }, "route": { "cluster": "failing" } },
        { "name": "upstream", "match": { "prefix": "/" }, "route": { "cluster": "upstream" } },
    ])
}

fn listener(name: &str, routes: &Value, mut filters: Vec<Value>) -> Value {
    filters.push(json!({ "name": "envoy.filters.http.router", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" } }));
    json!({
        "name": name,
        "address": { "socket_address": { "address": "127.0.0.1", "port_value": 0 } },
        "filter_chains": [{ "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                // As in the samples, and as filters that make the ids need it.
                "generate_request_id": false,
                "request_id_extension": { "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                    "pack_trace_reason": false, "use_request_id_for_trace_sampling": false } },
                "use_remote_address": true,
                // The load balancer before it.
                "xff_num_trusted_hops": 1,
                "stat_prefix": "bench",
                "route_config": { "name": "bench",
                    "virtual_hosts": [{ "name": "bench", "domains": ["*"], "routes": routes }] },
                "http_filters": filters,
            }
        }] }],
    })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": { "cluster_name": name, "endpoints": [{ "lb_endpoints": [{ "endpoint": {
            "address": { "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } } } }] }] },
    })
}

fn document(listeners: &[Value], clusters: &[Value]) -> String {
    // JSON is YAML.
    json!({ "static_resources": { "listeners": listeners, "clusters": clusters } }).to_string()
}

/// So many VMs the filters of these cells have in each thread: one for each `vm_id` and module.
pub(crate) fn vms(cells: &[Cell]) -> usize {
    let mut known: Vec<String> = cells.iter().map(|cell| cell.listener()).collect();
    known.sort_unstable();
    known.dedup();
    let modules = |listener: &String| {
        let cell = cells.iter().find(|cell| cell.listener() == *listener);
        cell.map_or(0, |cell| filters::modules(cell.variant))
    };
    known.iter().map(modules).sum()
}
