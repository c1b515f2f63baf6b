//! What Envoy looks for among a module's exports, and the types it insists on.
//!
//! A module without a version, without an allocator, or with a callback of another type does not load in Envoy: a
//! test that ran it all the same would vouch for a plugin that no proxy takes.

use wasmtime::{ExternType, FuncType, Module, ValType};

/// The version of the ABI that a module declares by the name of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbiVersion {
    V0_1_0,
    V0_2_0,
    V0_2_1,
}

/// The function that gives memory to the host; Envoy takes the first of these that is there.
pub(crate) const ALLOCATORS: [&str; 2] = ["malloc", "proxy_on_memory_allocate"];

/// Parameters and results, all of them i32.
type Signature = (usize, usize);

/// Functions that Envoy calls, by name.
const CALLBACKS: &[(&str, Signature)] = &[
    ("_initialize", (0, 0)),
    ("_start", (0, 0)),
    ("proxy_validate_configuration", (2, 1)),
    ("proxy_on_vm_start", (2, 1)),
    ("proxy_on_configure", (2, 1)),
    ("proxy_on_tick", (1, 0)),
    ("proxy_on_context_create", (2, 0)),
    ("proxy_on_new_connection", (1, 1)),
    ("proxy_on_downstream_data", (3, 1)),
    ("proxy_on_upstream_data", (3, 1)),
    ("proxy_on_downstream_connection_close", (2, 0)),
    ("proxy_on_upstream_connection_close", (2, 0)),
    ("proxy_on_request_body", (3, 1)),
    ("proxy_on_request_trailers", (2, 1)),
    ("proxy_on_request_metadata", (2, 1)),
    ("proxy_on_response_body", (3, 1)),
    ("proxy_on_response_trailers", (2, 1)),
    ("proxy_on_response_metadata", (2, 1)),
    ("proxy_on_http_call_response", (5, 0)),
    ("proxy_on_grpc_receive_initial_metadata", (3, 0)),
    ("proxy_on_grpc_receive_trailing_metadata", (3, 0)),
    ("proxy_on_grpc_receive", (3, 0)),
    ("proxy_on_grpc_close", (3, 0)),
    ("proxy_on_queue_ready", (2, 0)),
    ("proxy_on_done", (1, 1)),
    ("proxy_on_log", (1, 0)),
    ("proxy_on_delete", (1, 0)),
    ("envoy_on_resolve_dns", (3, 0)),
    ("envoy_on_stats_update", (2, 0)),
];

/// What a network plugin cannot do without, and what an HTTP plugin cannot.
const NETWORK: &[&str] = &[
    "proxy_on_new_connection",
    "proxy_on_downstream_data",
    "proxy_on_upstream_data",
];
const HTTP: &[&str] = &[
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
];

/// Reads the version, and refuses what Envoy refuses.
pub(super) fn check(module: &Module) -> wasmtime::Result<AbiVersion> {
    let Some(version) = declared(module) else {
        return refuse(
            "it exports no function proxy_abi_version_0_2_1 (nor …_0_2_0 or …_0_1_0): Envoy refuses a module that \
             does not say which ABI it speaks"
                .to_owned(),
        );
    };
    let allocator = ALLOCATORS
        .into_iter()
        .find(|name| function(module, name).is_some());
    let Some(allocator) = allocator else {
        return refuse(
            "it exports neither malloc nor proxy_on_memory_allocate: Envoy needs one of them to hand bytes over"
                .to_owned(),
        );
    };
    check_type(module, allocator, (1, 1))?;
    let headers = if version == AbiVersion::V0_1_0 {
        (2, 1)
    } else {
        (3, 1)
    };
    check_type(module, "proxy_on_request_headers", headers)?;
    check_type(module, "proxy_on_response_headers", headers)?;
    if version != AbiVersion::V0_1_0 {
        check_type(module, "proxy_on_foreign_function", (3, 0))?;
    }
    // Only then is it called.
    if function(module, "_initialize").is_some() {
        check_type(module, "main", (2, 1))?;
    }
    for &(name, signature) in CALLBACKS {
        check_type(module, name, signature)?;
    }
    let exports = |name: &&&str| function(module, name).is_some();
    if let Some(callback) = NETWORK.iter().find(exports)
        && !HTTP.iter().any(|name| function(module, name).is_some())
    {
        return refuse(format!(
            "it is a network plugin: it exports {callback}, and no callback of HTTP. This host serves HTTP plugins; \
             Envoy would load it into an HTTP filter, and never call it"
        ));
    }
    Ok(version)
}

/// The version that stands first, if there are several.
fn declared(module: &Module) -> Option<AbiVersion> {
    let functions = module
        .exports()
        .filter(|export| export.ty().func().is_some())
        .map(|export| export.name().to_owned());
    let mut versions = functions.filter_map(|name| match name.as_str() {
        "proxy_abi_version_0_1_0" => Some(AbiVersion::V0_1_0),
        "proxy_abi_version_0_2_0" => Some(AbiVersion::V0_2_0),
        "proxy_abi_version_0_2_1" => Some(AbiVersion::V0_2_1),
        _ => None,
    });
    versions.next()
}

fn function(module: &Module, name: &str) -> Option<FuncType> {
    match module.get_export(name)? {
        ExternType::Func(function) => Some(function),
        _ => None,
    }
}

/// An export that is no function counts as none.
fn check_type(module: &Module, name: &str, (params, results): Signature) -> wasmtime::Result<()> {
    let Some(function) = function(module, name) else {
        return Ok(());
    };
    let all_i32 =
        |types: Vec<ValType>, count: usize| types.len() == count && types.iter().all(ValType::is_i32);
    if all_i32(function.params().collect(), params) && all_i32(function.results().collect(), results) {
        return Ok(());
    }
    let list = |types: Vec<String>| match types.is_empty() {
        true => "void".to_owned(),
        false => types.join(" "),
    };
    let wanted = |count| list(vec!["i32".to_owned(); count]);
    let have = |types: Vec<ValType>| list(types.iter().map(ToString::to_string).collect());
    refuse(format!(
        "export {name}: Envoy wants {} -> {}, not {} -> {}",
        wanted(params),
        wanted(results),
        have(function.params().collect()),
        have(function.results().collect()),
    ))
}

fn refuse<T>(reason: String) -> wasmtime::Result<T> {
    Err(wasmtime::Error::msg(reason))
}
