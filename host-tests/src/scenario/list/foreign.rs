//! Foreign functions: what those that HTTP plugins have use for answer, and what they do.

use serde_json::{Value, json};

use crate::scenario::{Plugin, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("zlib through foreign functions")
            .script(json!({ "request_headers": [
                ["call_foreign_function", "uncompress", {"hex": "789ccbc80400013b00d2"}],
                ["call_foreign_function", "uncompress", {"hex": "789ccbc80400013b00d26a756e6b"}],
                ["call_foreign_function", "uncompress", {"hex": "789ccbc804"}],
                ["call_foreign_function", "uncompress", {"hex": "789c030000000001"}],
                ["call_foreign_function", "uncompress", ""],
                ["call_foreign_function", "uncompress", "no zlib"],
                ["call_foreign_function", "compress", "a", 0, 0],
            ]}))
            .get()
            .answer(200),
        Scenario::new("properties declared by a root context")
            .plugin(declaring("first"))
            .plugin(setting("second"))
            .get()
            .answer(200),
        Scenario::new("properties declared, but set by another before")
            .plugin(setting("second"))
            .plugin(declaring("first"))
            .get()
            .answer(200),
        Scenario::new("properties declared by a stream context")
            .script(json!({ "request_headers": [
                declare("x", true),
                declare("x", false),
                ["set_property", "x", "1"],
                ["set_property", "x", "2"],
                ["get_property", "x"],
            ]}))
            .get()
            .answer(200)
            .get()
            .answer(200),
        Scenario::new("filter state of Envoy's own")
            .script(json!({
                "configure": [set("envoy.string", "any"), set("x", "any")],
                "request_headers": [
                    set("envoy.string", "any"),
                    set("envoy.string", "other"),
                    set("envoy.hashable_string", ""),
                    set("envoy.tcp_proxy.cluster", "orders"),
                    set("envoy.network.upstream_server_name", "orders"),
                    set("envoy.upstream.dynamic_host", "orders"),
                    set("envoy.upstream.dynamic_port", "80"),
                    set("envoy.upstream.dynamic_port", "-1"),
                    set("envoy.upstream.dynamic_port", ""),
                    set("envoy.ratelimit.hits_addend", "2"),
                    set("envoy.ratelimit.hits_addend", "two"),
                    set("envoy.network.ip", "::1"),
                    set("envoy.network.ip", "1"),
                    set("wasm.x", "any"),
                    set("", ""),
                    ["call_foreign_function", "set_envoy_filter_state", ""],
                    ["call_foreign_function", "set_envoy_filter_state", {"hex": "ff"}],
                    ["get_property", "envoy.string"],
                    ["get_property", ["filter_state", "envoy.string"]],
                    ["get_property", ["filter_state", "envoy.hashable_string"]],
                    ["get_property", ["filter_state", "envoy.tcp_proxy.cluster"]],
                    ["get_property", ["filter_state", "envoy.network.upstream_server_name"]],
                    ["get_property", ["filter_state", "envoy.upstream.dynamic_host"]],
                    ["get_property", ["filter_state", "envoy.upstream.dynamic_port"]],
                    ["get_property", ["filter_state", "envoy.ratelimit.hits_addend"]],
                    ["get_property", ["filter_state", "envoy.network.ip"]],
                    set("envoy.tcp_proxy.disable_tunneling", "yes"),
                    ["get_property", ["filter_state", "envoy.tcp_proxy.disable_tunneling"]],
                    set("envoy.tcp_proxy.disable_tunneling", "true"),
                    ["get_property", ["filter_state", "envoy.tcp_proxy.disable_tunneling"]],
                    set("envoy.network.application_protocols", "h2,http/1.1"),
                    ["get_property", ["filter_state", "envoy.network.application_protocols"]],
                    set("envoy.network.upstream_subject_alt_names", "a,b"),
                    ["get_property", ["filter_state", "envoy.network.upstream_subject_alt_names"]],
                    set("envoy.network.network_namespace", "ns"),
                    ["get_property", ["filter_state", "envoy.network.network_namespace"]],
                    set("envoy.router.debug_config", "x"),
                    ["get_property", ["filter_state", "envoy.router.debug_config"]],
                    set("envoy.tcp_proxy.per_connection_idle_timeout_ms", "0012"),
                    ["get_property", ["filter_state", "envoy.tcp_proxy.per_connection_idle_timeout_ms"]],
                    set("envoy.upstream.dynamic_port", "0080"),
                    ["get_property", ["filter_state", "envoy.upstream.dynamic_port"]],
                    ["get_property", ["filter_state", "envoy.none"]],
                ],
                "log": [set("envoy.string", "late")],
            }))
            .get()
            .answer(200),
    ]
}

fn declaring(name: &str) -> Plugin {
    Plugin::puppet(name).vm_id(name).script(json!({
        "configure": [
            declare("once", true),
            declare("often", false),
            declare("once", false),
            ["call_foreign_function", "declare_property", ""],
            ["call_foreign_function", "declare_property", {"hex": "ff"}],
        ],
        "request_headers": steps(),
        "log": steps(),
    }))
}

fn setting(name: &str) -> Plugin {
    Plugin::puppet(name)
        .vm_id(name)
        .script(json!({ "request_headers": steps() }))
}

fn steps() -> Value {
    json!([
        ["set_property", "once", "1"],
        ["set_property", "once", "2"],
        ["get_property", "once"],
        ["set_property", "often", "1"],
        ["set_property", "often", "2"],
        ["get_property", "often"],
    ])
}

/// `DeclarePropertyArguments`: 1 the name, 2 whether it is read-only.
fn declare(name: &str, read_only: bool) -> Value {
    let message = [field(1, name), vec![0x10, u8::from(read_only)]].concat();
    json!(["call_foreign_function", "declare_property", {"hex": hex(&message)}])
}

/// `SetEnvoyFilterStateArguments`: 1 the name, 2 the value.
fn set(name: &str, value: &str) -> Value {
    let message = [field(1, name), field(2, value)].concat();
    json!(["call_foreign_function", "set_envoy_filter_state", {"hex": hex(&message)}])
}

fn field(number: u8, text: &str) -> Vec<u8> {
    [&[number << 3 | 2, text.len() as u8], text.as_bytes()].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
