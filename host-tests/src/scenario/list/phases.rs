//! Every host function in every phase: which status it answers where. What ends or redirects an exchange is in a file of
//! its own, `endings.rs`.

use serde_json::{Value, json};

use super::everywhere;
use crate::scenario::{Answer, Plugin, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        everywhere("header maps are readable in these phases", &reads()),
        everywhere("header maps are writable in these phases", &writes()),
        everywhere("whole header maps are writable in these phases", &whole_writes()),
        everywhere(
            "maps of call-outs and of nothing are never there",
            &strange_maps(),
        ),
        everywhere("buffers are readable in these phases", &buffers()),
        everywhere("metrics work in every phase", &metrics("phases")),
        everywhere("shared data work in every phase", &shared_data()),
        everywhere("logs, time and randomness work in every phase", &environment()),
        everywhere("filter state can be set in these phases", &filter_state()),
        everywhere("properties of the plugin and the node", &plugin_properties()),
        everywhere("nothing can be set done", &[json!(["done"])]),
        everywhere("an effective context may be any that is there", &contexts()),
        everywhere(
            "foreign functions that are none, and clear_route_cache",
            &foreign_functions(),
        ),
        elsewhere(
            "header maps when a call-out or a queue is told of",
            &[reads(), writes()].concat(),
        ),
        elsewhere(
            "maps of nothing when a call-out or a queue is told of",
            &strange_maps(),
        ),
        elsewhere("buffers when a call-out or a queue is told of", &buffers()),
        elsewhere(
            "metrics when a call-out or a queue is told of",
            &metrics("elsewhere"),
        ),
        elsewhere(
            "shared data when a call-out or a queue is told of",
            &shared_data(),
        ),
        elsewhere(
            "logs and time when a call-out or a queue is told of",
            &environment(),
        ),
        elsewhere(
            "filter state when a call-out or a queue is told of",
            &filter_state(),
        ),
        elsewhere(
            "contexts and foreign functions when a call-out or a queue is told of",
            &[
                contexts(),
                foreign_functions(),
                plugin_properties(),
                vec![json!(["done"])],
            ]
            .concat(),
        ),
        before_the_plugin("before there is a plugin"),
        Scenario::new("call data outside of a foreign function")
            .script(json!({ "request_headers": [
                ["get_buffer_status", 6],
                ["get_buffer_status", 8],
                ["get_buffer_bytes", 8, 0, 9],
            ], "configure": [["get_buffer_bytes", 7, 0, 3], ["get_buffer_bytes", 8, 0, 3]] }))
            .get()
            .answer(200),
    ]
}

/// The same steps when a call-out has its answer, once in the context that is called and once in the stream's, and when a
/// queue of the root has something.
fn elsewhere(name: &'static str, steps: &[Value]) -> Scenario {
    let call = [[":method", "GET"], [":path", "/asked"], [":authority", "other"]];
    let in_stream = [&[json!(["set_effective_context", "stream"])], steps].concat();
    let go_on = [
        json!(["set_effective_context", "stream"]),
        json!(["continue_stream", 0]),
    ];
    let told = [steps, &in_stream, &go_on].concat();
    Scenario::new(name)
        .script(json!({
            "configure": [["register_shared_queue", "q"]],
            "request_headers": [["http_call", "other", call, "", [], 1000], ["returns", 1]],
            "http_call_response": told,
            "log": [["enqueue_shared_queue", "q", "x"]],
            "queue_ready": steps,
        }))
        .other([Answer::new(200).header("x-a", "3").body("asked")])
        .request(Request::get("/orders?a=1").header("x-a", "1"))
        .answer(Answer::new(200).header("x-a", "2").body("answer"))
}

fn reads() -> Vec<Value> {
    let mut steps = Vec::new();
    for map in 0..4 {
        steps.push(json!(["get_header_map_value", map, "x-a"]));
        steps.push(json!(["get_header_map_value", map, "x-sum"]));
        steps.push(json!(["get_header_map_value", map, "x-missing"]));
        steps.push(json!(["get_header_map_pairs", map]));
        steps.push(json!(["get_header_map_size", map]));
    }
    steps
}

fn writes() -> Vec<Value> {
    let mut steps = Vec::new();
    for map in 0..4 {
        steps.push(json!(["add_header_map_value", map, "x-added", "1"]));
        steps.push(json!(["replace_header_map_value", map, "x-replaced", "2"]));
        steps.push(json!(["remove_header_map_value", map, "x-a"]));
        steps.push(json!(["get_header_map_pairs", map]));
    }
    steps
}

fn whole_writes() -> Vec<Value> {
    let request = json!([
        [":method", "PUT"],
        [":path", "/new"],
        [":authority", "new.test"],
        [":scheme", "http"],
        ["x-new", "1"]
    ]);
    vec![
        json!(["set_header_map_pairs", 0, request]),
        json!(["set_header_map_pairs", 1, [["x-new", "2"]]]),
        json!(["set_header_map_pairs", 2, [[":status", "201"], ["x-new", "3"]]]),
        json!(["set_header_map_pairs", 3, [["x-new", "4"]]]),
    ]
}

fn strange_maps() -> Vec<Value> {
    let mut steps = Vec::new();
    for map in [4, 5, 6, 7, 8, 99, -1] {
        steps.push(json!(["get_header_map_value", map, "x-a"]));
        steps.push(json!(["get_header_map_pairs", map]));
        steps.push(json!(["get_header_map_size", map]));
        steps.push(json!(["add_header_map_value", map, "x-a", "1"]));
        steps.push(json!(["replace_header_map_value", map, "x-a", "1"]));
        steps.push(json!(["remove_header_map_value", map, "x-a"]));
        steps.push(json!(["set_header_map_pairs", map, [["x-a", "1"]]]));
    }
    steps
}

fn buffers() -> Vec<Value> {
    let mut steps = Vec::new();
    for buffer in [0, 1, 2, 3, 4, 5, 6, 9, -1] {
        steps.push(json!(["get_buffer_status", buffer]));
        steps.push(json!(["get_buffer_bytes", buffer, 0, 3]));
        steps.push(json!(["get_buffer_bytes", buffer, 2, 100]));
        steps.push(json!(["get_buffer_bytes", buffer, 100, 1]));
    }
    // The configuration holds this list, so only a part of it is told.
    steps.push(json!(["get_buffer_status", 7]));
    steps.push(json!(["get_buffer_bytes", 7, 0, 3]));
    steps
}

/// With names that begin so: metrics are shared by all scenarios.
fn metrics(prefix: &str) -> Vec<Value> {
    let name = |name: &str| format!("{prefix}.{name}");
    vec![
        json!(["define_metric", 0, name("counter")]),
        json!(["define_metric", 0, name("counter")]),
        json!(["define_metric", 1, name("gauge")]),
        json!(["define_metric", 2, name("histogram")]),
        json!(["define_metric", 3, name("nothing")]),
        json!(["increment_metric", name("counter"), 2]),
        json!(["increment_metric", name("counter"), 0]),
        json!(["increment_metric", name("counter"), -1]),
        json!(["record_metric", name("counter"), 3]),
        json!(["get_metric", name("counter")]),
        json!(["increment_metric", name("gauge"), 5]),
        json!(["increment_metric", name("gauge"), -2]),
        json!(["record_metric", name("gauge"), 7]),
        json!(["get_metric", name("gauge")]),
        json!(["increment_metric", name("histogram"), 1]),
        json!(["record_metric", name("histogram"), 1]),
        json!(["get_metric", name("histogram")]),
        json!(["increment_metric", 9999, 1]),
        json!(["record_metric", 9999, 1]),
        json!(["get_metric", 9999]),
        json!(["get_metric", 0]),
    ]
}

fn shared_data() -> Vec<Value> {
    vec![
        json!(["get_shared_data", "new"]),
        json!(["set_shared_data", "new", "1", 0]),
        json!(["get_shared_data", "new"]),
        json!(["set_shared_data", "new", "2", "cas:new"]),
        json!(["set_shared_data", "new", "3", "cas:new"]),
        json!(["set_shared_data", "new", "4", 123_456_789]),
        json!(["get_shared_data", "new"]),
        json!(["set_shared_data", "empty", "", 0]),
        json!(["get_shared_data", "empty"]),
        json!(["set_shared_data", "", "no key", 0]),
        json!(["get_shared_data", ""]),
        json!(["set_shared_data", "made with a number", "1", 77]),
        json!(["get_shared_data", "made with a number"]),
    ]
}

fn environment() -> Vec<Value> {
    vec![
        json!(["get_log_level"]),
        json!(["log", 0, "trace"]),
        json!(["log", 1, "debug"]),
        json!(["log", 2, "info"]),
        json!(["log", 3, "warn"]),
        json!(["log", 4, "error"]),
        json!(["log", 5, "critical"]),
        json!(["log", 6, "none"]),
        json!(["log", -1, "none"]),
        json!(["log", 2, ""]),
        json!(["print", "printed"]),
        json!(["get_current_time_nanoseconds"]),
        json!(["clock_time_get", 0, 1]),
        json!(["clock_time_get", 1, 1]),
        json!(["clock_time_get", 2, 1]),
        json!(["clock_time_get", 9, 1]),
        json!(["random_get", 0, 0]),
        json!(["random_get", -8, 16]),
        json!(["environ_sizes_get"]),
        json!(["args_sizes_get"]),
        json!(["sched_yield"]),
    ]
}

fn filter_state() -> Vec<Value> {
    vec![
        json!(["get_property", "state"]),
        json!(["set_property", "state", "1"]),
        json!(["get_property", "state"]),
        json!(["get_property", ["filter_state", "wasm.state"]]),
        json!(["get_property", ["filter_state", "state"]]),
        json!(["set_property", ["a", "b"], "2"]),
        json!(["get_property", ["a", "b"]]),
        json!(["set_property", "", "3"]),
        json!(["get_property", ""]),
        json!(["set_property", "empty", ""]),
        json!(["get_property", "empty"]),
        json!(["set_property", "state", "again"]),
        json!(["get_property", "state"]),
    ]
}

fn plugin_properties() -> Vec<Value> {
    [
        "plugin_name",
        "plugin_root_id",
        "plugin_vm_id",
        "node",
        "route_name",
        "cluster_name",
        "listener_direction",
        "nothing",
    ]
    .iter()
    .map(|name| json!(["get_property", name]))
    .chain([
        json!(["get_property", ["node", "id"]]),
        json!(["get_property", ["plugin_name", "x"]]),
    ])
    .collect()
}

fn contexts() -> Vec<Value> {
    vec![
        json!(["set_effective_context", "self"]),
        json!(["get_header_map_value", 0, "x-a"]),
        json!(["set_effective_context", "root"]),
        json!(["get_header_map_value", 0, "x-a"]),
        json!(["set_effective_context", 0]),
        json!(["get_header_map_value", 0, "x-a"]),
        json!(["set_effective_context", 9999]),
        json!(["get_header_map_value", 0, "x-a"]),
    ]
}

fn foreign_functions() -> Vec<Value> {
    vec![
        json!(["call_foreign_function", "nothing", ""]),
        json!(["call_foreign_function", "", ""]),
        json!(["call_foreign_function", "clear_route_cache", ""]),
        json!(["call_foreign_function", "clear_route_cache", "ignored"]),
        json!(["call_foreign_function", "clear_route_cache", "", 0, 0]),
    ]
}

/// `root_create` and `vm_start` take their script from the VM's configuration.
fn before_the_plugin(name: &'static str) -> Scenario {
    let mut steps = [
        reads(),
        buffers(),
        shared_data(),
        environment(),
        filter_state(),
        plugin_properties(),
    ]
    .concat();
    steps.push(json!(["set_tick_period_milliseconds", 0]));
    steps.push(json!(["define_metric", 0, "before.counter"]));
    steps.push(json!(["increment_metric", "before.counter", 1]));
    steps.push(json!(["set_effective_context", "self"]));
    steps.push(json!(["continue_stream", 0]));
    steps.push(json!(["close_stream", 0]));
    steps.push(json!(["send_local_response", 418, "early", "", [], -1]));
    let plugin = Plugin::puppet("p").vm_script(json!({ "root_create": steps, "vm_start": steps }));
    Scenario::new(name).plugin(plugin).get().answer(200)
}
