//! Other filters of a chain, in WebAssembly text: small enough to see that what they do is theirs.

use host::{Host, Module, Plugin};
use host_tests::plugin::REQUEST_ID;
use serde_json::Value;

/// A filter that answers every request itself, with status 418.
pub(crate) fn answering() -> Module {
    module(
        r#"(import "env" "proxy_send_local_response"
               (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))"#,
        "",
        r#"(drop (call $reply (i32.const 418) (i32.const 16) (i32.const 0) (i32.const 16) (i32.const 0)
               (i32.const 0) (i32.const 0) (i32.const -1)))
           (i32.const 1)"#,
    )
}

/// A filter that writes this filter state into every request.
pub(crate) fn writing(name: &str, value: &str) -> Module {
    let escaped = |text: &str| {
        text.bytes()
            .map(|byte| format!("\\{byte:02x}"))
            .collect::<String>()
    };
    let data = format!(
        r#"(data (i32.const 16) "{}") (data (i32.const 1024) "{}")"#,
        escaped(name),
        escaped(value)
    );
    module(
        r#"(import "env" "proxy_set_property" (func $set (param i32 i32 i32 i32) (result i32)))"#,
        &data,
        &format!(
            "(drop (call $set (i32.const 16) (i32.const {}) (i32.const 1024) (i32.const {}))) (i32.const 0)",
            name.len(),
            value.len()
        ),
    )
}

/// A filter that sets this gauge to 1 with every request.
pub(crate) fn setting_gauge(name: &str) -> Module {
    module(
        r#"(import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))"#,
        &format!(r#"(data (i32.const 16) "{name}")"#),
        &format!(
            r"(drop (call $define (i32.const 1) (i32.const 16) (i32.const {}) (i32.const 1024)))
              (drop (call $record (i32.load (i32.const 1024)) (i64.const 1))) (i32.const 0)",
            name.len()
        ),
    )
}

/// Another filter, then request-id with this configuration.
pub(crate) fn before_request_id(other: Module, configuration: Value) -> Host {
    Host::chain([
        Plugin::new(other).name("other"),
        Plugin::new(REQUEST_ID.module())
            .name("request-id")
            .config(configuration),
    ])
}

fn module(imports: &str, data: &str, on_request: &str) -> Module {
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 1)
            {data}
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 8192))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {on_request}))"#
    );
    Module::new(&wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}
