//! The filters of each variant.

use super::call;
use crate::Result;
use crate::cell::Variant;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;

/// The plugins in the order of the chain.
const PLUGINS: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// The filters before the router. `opens`: the breaker opens at once, and stays open.
pub(super) fn of(variant: Variant, opens: bool, root: &Path) -> Result<Vec<Value>> {
    let vm = format!("{}{}", variant.name(), if opens { "-open" } else { "" });
    let no_op = |name: &str| wasm(name, "", &vm, &file(&super::no_op(root)), &json!({}));
    let alone = |plugin: &str| {
        wasm(
            plugin,
            plugin,
            &vm,
            &file(&super::shipped(root, plugin)),
            &section(plugin, opens),
        )
    };
    let policies = file(&super::shipped(root, "policies"));
    if let Some(module) = call::module(variant)? {
        let module = json!({ "inline_bytes": STANDARD.encode(module) });
        return Ok(vec![wasm(variant.name(), "", &vm, &module, &json!({}))]);
    }
    Ok(match variant {
        Variant::NoFilter => Vec::new(),
        Variant::HeaderMutation => vec![header_mutation()],
        Variant::LocalRatelimit => vec![local_ratelimit()],
        Variant::LuaNothing => vec![lua(
            "function envoy_on_request(handle) end function envoy_on_response(handle) end",
        )],
        Variant::LuaRequestId => vec![lua(include_str!("request_id.lua"))],
        Variant::NoOp => vec![no_op("no-op")],
        Variant::NoOpFourTimes => (1..=4).map(|n| no_op(&format!("no-op-{n}"))).collect(),
        Variant::RequestId | Variant::ErrorEnvelope | Variant::CircuitBreaker | Variant::Retry => {
            vec![alone(variant.name())]
        }
        Variant::Chain => PLUGINS.map(alone).into(),
        Variant::ByRootIds => PLUGINS
            .map(|plugin| wasm(plugin, plugin, &vm, &policies, &section(plugin, opens)))
            .into(),
        Variant::OnePass => {
            let sections = PLUGINS.map(|plugin| (plugin.to_owned(), section(plugin, opens)));
            let all = Value::Object(sections.into_iter().collect());
            vec![wasm("policies", "policies", &vm, &policies, &all)]
        }
        // All others are calls.
        _ => Vec::new(),
    })
}

fn file(path: &Path) -> Value {
    json!({ "filename": path })
}

/// The defaults; of a breaker that is to open, what it takes to open at once and to stay so.
fn section(plugin: &str, opens: bool) -> Value {
    if opens && plugin == "circuit-breaker" {
        json!({ "default": {
            "trip": { "consecutive_failures": 1 },
            "open": { "for": "24h", "max": "24h", "jitter": 0 },
        } })
    } else {
        json!({})
    }
}

fn wasm(name: &str, root_id: &str, vm: &str, code: &Value, configuration: &Value) -> Value {
    json!({ "name": name, "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
        "config": {
            "name": name,
            "root_id": root_id,
            // What dies is to be seen.
            "failure_policy": "FAIL_CLOSED",
            "vm_config": { "vm_id": vm, "runtime": "envoy.wasm.runtime.v8",
                           "code": { "local": code } },
            "configuration": { "@type": "type.googleapis.com/google.protobuf.StringValue",
                               "value": configuration.to_string() },
        } } })
}

fn lua(code: &str) -> Value {
    json!({ "name": "envoy.filters.http.lua", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": { "inline_string": code } } })
}

fn header_mutation() -> Value {
    let set = |key: &str| json!([{ "append": { "header": { "key": key, "value": "bench" }, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD" } }]);
    json!({ "name": "envoy.filters.http.header_mutation", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        "mutations": { "request_mutations": set("x-bench"), "response_mutations": set("x-bench") } } })
}

fn local_ratelimit() -> Value {
    json!({ "name": "envoy.filters.http.local_ratelimit", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        "stat_prefix": "bench",
        "token_bucket": { "max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s" },
        "filter_enabled": { "default_value": { "numerator": 100 } },
        "filter_enforced": { "default_value": { "numerator": 100 } } } })
}

/// So many modules a variant loads.
pub(super) fn modules(variant: Variant) -> usize {
    match variant {
        Variant::NoFilter
        | Variant::HeaderMutation
        | Variant::LocalRatelimit
        | Variant::LuaNothing
        | Variant::LuaRequestId => 0,
        Variant::Chain => PLUGINS.len(),
        _ => 1,
    }
}
