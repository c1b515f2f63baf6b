//! What Envoy has and this host does not: it loads, and a test that meets it fails by name.

use host::{Host, Module, Status};

const CALLS_GRPC: &str = r#"(module
    (import "env" "proxy_grpc_cancel" (func $cancel (param i32) (result i32)))
    (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
    (func (export "proxy_on_grpc_receive") (param i32 i32 i32))
    (func (export "proxy_on_new_connection") (param i32) (result i32) unreachable)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $cancel (i32.const 1))))"#;

fn module(text: &str) -> Module {
    Module::new(&wat::parse_str(text).unwrap())
}

#[test]
#[should_panic(
    expected = "it is a network plugin: it exports proxy_on_downstream_data, and no callback of HTTP"
)]
fn a_network_plugin_is_told_that_it_is_one() {
    module(
        r#"(module (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (func (export "proxy_on_log") (param i32))
            (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32) (i32.const 0)))"#,
    );
}

/// A plugin that calls a foreign function of this name.
fn calls_foreign(name: &str) -> Module {
    let length = name.len();
    module(&format!(
        r#"(module
            (import "env" "proxy_call_foreign_function" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1) (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 0))
            (data (i32.const 0) "{name}")
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                (call $call (i32.const 0) (i32.const {length}) (i32.const 0) (i32.const 0) (i32.const 0)
                    (i32.const 0))))"#
    ))
}

#[test]
#[should_panic(
    expected = "proxy_grpc_cancel is not served by this host (called in proxy_on_request_headers)"
)]
fn a_function_that_is_not_served_fails_the_test_by_name() {
    Host::new(module(CALLS_GRPC)).get("/").run(200);
}

#[test]
#[should_panic(expected = "proxy_grpc_cancel is not served by this host")]
fn it_does_so_also_where_vms_may_die() {
    Host::new(module(CALLS_GRPC)).allow_vm_death().get("/").run(200);
}

#[test]
fn a_test_may_say_what_it_answers() {
    let host = Host::new(module(CALLS_GRPC)).fail_host_call(0, Status::OK);
    host.get("/").answered_with(200);
}

#[test]
#[should_panic(expected = "the foreign function verify_signature is not served by this host")]
fn so_does_a_foreign_function_that_envoy_has() {
    Host::new(calls_foreign("verify_signature")).get("/").run(200);
}

#[test]
#[should_panic(expected = "plugin plugin holds the request")]
fn one_that_envoy_has_not_is_not_found_as_there() {
    // The plugin returns the status, and 1 is also Pause.
    Host::new(calls_foreign("fly")).get("/").run(200);
}
