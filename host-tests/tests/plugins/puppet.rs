//! The puppet (`host-tests/puppet`): it does what its script says, and reports it.

use host::{Answer, Host, Module, secs};
use host_tests::plugin::PUPPET;
use serde_json::{Value, json};

fn host(script: Value) -> Host {
    Host::new(PUPPET.module()).config(script)
}

/// What the puppet reported in one exchange.
fn report(script: Value) -> Vec<String> {
    let exchange = host(script)
        .post("/orders")
        .pieces(["one", "two"])
        .run(Answer::new(200).body("hello"));
    exchange.logs().into_iter().map(|line| line.message).collect()
}

#[test]
fn it_reports_every_callback_and_every_call_with_what_it_yielded() {
    let lines = report(json!({
        "request_headers": [
            ["get_header_map_value", 0, ":path"],
            ["get_header_map_value", 2, ":status"],
            ["get_header_map_pairs", 0],
            ["get_property", ["xds", "route_name"]],
            ["add_header_map_value", 0, { "at": -1, "length": 5 }, "v"],
            ["get_header_map_value", 0, ":path", -2, 4],
            ["define_metric", 0, "calls"],
            ["increment_metric", "calls", 2],
            ["get_metric", "calls"],
            ["get_current_time_nanoseconds"],
            ["get_shared_data", "nothing"],
        ],
        "request_body": [["on", 2, ["set_buffer_bytes", 0, 0, 3, { "hex": "ff00" }], ["get_buffer_bytes", 0, 0, 9]]],
        "response_headers": [["end", ["log", 2, "never"]], ["more", ["log", 2, "it goes on"]]],
    }));
    let expected = [
        "create()",
        "request_headers(5, 0)",
        r#"request_headers: get_header_map_value(0, ":path") = 0 "/orders""#,
        r#"request_headers: get_header_map_value(2, ":status") = 2"#,
        "request_headers: get_header_map_pairs(0) = 0 {:authority: host.test, :path: /orders, :method: POST, \
         :scheme: http, x-forwarded-proto: http}",
        r#"request_headers: get_property(xds.route_name) = 0 "default""#,
        r#"request_headers: add_header_map_value(0, {"at":-1,"length":5}, "v") = 6"#,
        r#"request_headers: get_header_map_value(0, ":path", -2, 4) = 6"#,
        r#"request_headers: define_metric(0, "calls") = 0 4"#,
        r#"request_headers: increment_metric("calls", 2) = 0"#,
        r#"request_headers: get_metric("calls") = 0 2"#,
        "request_headers: get_current_time_nanoseconds() = 0 a time",
        r#"request_headers: get_shared_data("nothing") = 1"#,
        "request_body(3, 0)",
        "request_body(3, 0)",
        r#"request_body: set_buffer_bytes(0, 0, 3, {"hex":"ff00"}) = 0"#,
        r#"request_body: get_buffer_bytes(0, 0, 9) = 0 "\xff\x00""#,
        "request_body(0, 1)",
        "response_headers(3, 0)",
        "it goes on",
        r#"response_headers: log(2, "it goes on") = 0"#,
        "response_body(5, 0)",
        "response_body(0, 1)",
        "log()",
        "done()",
        "delete()",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_callback_returns_what_the_script_says() {
    let host = host(json!({
        "request_headers": [
            ["send_local_response", 418, "teapot", "short", [["x-tea", "1"]], -1],
            ["returns", 1],
        ],
    }));
    let exchange = host.get("/").expect_rejected(418);
    exchange.header("x-tea", "1").expect_body("short");
    assert_eq!(exchange.details(), "teapot");
}

#[test]
fn a_name_stands_for_a_context() {
    let host = host(json!({
        "request_headers": [["set_tick_period_milliseconds", 10], ["returns", 1]],
        "tick": [
            ["set_effective_context", "stream"],
            ["continue_stream", 0],
            ["set_effective_context", "root"],
            ["set_tick_period_milliseconds", 0],
        ],
    }));
    let exchange = host.get("/").send();
    host.advance(secs(1));
    exchange.answer(200).expect_status(200);
}

#[test]
fn the_vms_configuration_is_the_script_of_what_comes_before_the_plugins() {
    let script = json!({ "root_create": [["log", 2, "first"]], "vm_start": [["returns", 0]] });
    let plugin = host::Plugin::new(PUPPET.module()).vm_config(script);
    let refused = Host::chain([plugin]).try_start().expect_err("vm_start says no");
    assert!(refused.to_string().contains("first"), "{refused}");
}

#[test]
fn a_script_that_is_none_is_refused() {
    let refused = Host::new(PUPPET.module()).config("{").try_start();
    let refused = refused.expect_err("this is no JSON").to_string();
    assert!(refused.contains("the script is no JSON"), "{refused}");
}

#[test]
fn it_traps_when_it_is_told_to() {
    let host = host(json!({ "request_headers": [["trap"]] })).allow_vm_death();
    host.get("/").expect_rejected(503);
}

#[test]
fn it_calls_every_function_that_envoy_has() {
    // The imports of the module are what its table of functions lists: none was optimised away as unused.
    let imports = wasmparser::Parser::new(0)
        .parse_all(&PUPPET.bytes())
        .filter_map(|payload| match payload.expect("it is a module") {
            wasmparser::Payload::ImportSection(section) => Some(section.into_imports().count()),
            _ => None,
        })
        .sum::<usize>();
    assert!(imports >= 42, "{imports} imports");
    Module::new(&PUPPET.bytes());
}
