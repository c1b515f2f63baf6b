//! What plugins leave for each other: filter state, shared data, metrics, routes; and who comes when in a chain.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [between_plugins(), metrics(), routing(), contexts()]
        .into_iter()
        .flatten()
        .collect()
}

fn between_plugins() -> Vec<Scenario> {
    vec![
        Scenario::new("filter state is for every filter of the stream, and for no other stream")
            .plugin(Plugin::puppet("writer").script(json!({
                "request_headers": [["get_property", "decision"], ["set_property", "decision", "yes"]],
                "log": [["set_property", "decision", "logged"]],
            })))
            .plugin(Plugin::puppet("reader").script(json!({
                "request_headers": [["get_property", "decision"], ["set_property", "decision", "overwritten"]],
                "response_headers": [["get_property", "decision"]],
                "log": [["get_property", "decision"], ["get_property", ["filter_state", "wasm.decision"]]],
                "done": [["get_property", "decision"]],
            })))
            .get()
            .answer(200)
            .request(Request::get("/again"))
            .answer(200),
        Scenario::new("shared data are those of a vm_id")
            .plugin(Plugin::puppet("a").vm_id("one").script(json!({ "request_headers": [["set_shared_data", "k", "a", 0]] })))
            .plugin(Plugin::puppet("b").vm_id("one").script(json!({
                "request_headers": [["get_shared_data", "k"], ["set_shared_data", "k", "b", "cas:k"]],
            })))
            .plugin(Plugin::puppet("c").vm_id("other").script(json!({
                "request_headers": [["get_shared_data", "k"]],
            })))
            .plugin(Plugin::puppet("d").vm_id("one").script(json!({ "request_headers": [["get_shared_data", "k"]] })))
            .get()
            .answer(200),
        Scenario::new("shared data outlive the stream")
            .script(json!({ "request_headers": [["get_shared_data", "k"], ["set_shared_data", "k", "kept", 0]] }))
            .get()
            .answer(200)
            .request(Request::get("/again"))
            .answer(200),
        Scenario::new("plugins of one vm_id share a VM, and have a root context each")
            .plugin(Plugin::puppet("a").vm_id("one").script(json!({ "request_headers": [["get_property", "plugin_name"]] })))
            .plugin(Plugin::puppet("b").vm_id("one").script(json!({ "request_headers": [["get_property", "plugin_name"], ["get_property", "plugin_root_id"]] })))
            .get()
            .answer(200),
        Scenario::new("a chain of three, whose order is turned for the response")
            .plugin(Plugin::puppet("a").script(json!({ "request_headers": [["add_header_map_value", 0, "x-order", "a"]], "response_headers": [["add_header_map_value", 2, "x-order", "a"]] })))
            .plugin(Plugin::puppet("b").script(json!({ "request_headers": [["add_header_map_value", 0, "x-order", "b"]], "response_headers": [["add_header_map_value", 2, "x-order", "b"]] })))
            .plugin(Plugin::puppet("c").script(json!({ "request_headers": [["add_header_map_value", 0, "x-order", "c"]], "response_headers": [["add_header_map_value", 2, "x-order", "c"]] })))
            .request(Request::post("/"))
            .client_sends("x")
            .client_ends()
            .answer(Answer::new(200).body("y")),
    ]
}

fn metrics() -> Vec<Scenario> {
    let steps = |prefix: &str| -> Value {
        let name = |name: &str| format!("{prefix}.{name}");
        json!([
            ["define_metric", 0, name("counter")],
            ["define_metric", 1, name("gauge")],
            ["increment_metric", name("counter"), 3],
            ["record_metric", name("counter"), 4],
            ["get_metric", name("counter")],
            ["record_metric", name("gauge"), 10],
            ["increment_metric", name("gauge"), -3],
            ["get_metric", name("gauge")],
            ["increment_metric", name("gauge"), -100],
            ["get_metric", name("gauge")],
        ])
    };
    vec![
        Scenario::new("metrics are shared by all plugins under their name")
            .plugin(Plugin::puppet("a").script(json!({ "request_headers": steps("shared") })))
            .plugin(Plugin::puppet("b").script(json!({ "request_headers": steps("shared") })))
            .get()
            .answer(200)
            .request(Request::get("/again"))
            .answer(200),
        Scenario::new("metrics with names of every kind")
            .script(json!({ "request_headers": [
                ["define_metric", 0, "names.with spaces and: colons;"],
                ["increment_metric", "names.with spaces and: colons;", 1],
                ["define_metric", 0, "names..dots"],
                ["increment_metric", "names..dots", 1],
                ["define_metric", 1, "names.both"],
                ["record_metric", "names.both", 5],
                ["define_metric", 2, "names.timing"],
                ["record_metric", "names.timing", 5],
                ["get_metric", "names.timing"],
            ] }))
            .get()
            .answer(200),
        Scenario::new("a metric's largest values")
            .script(json!({ "request_headers": [
                ["define_metric", 0, "large.counter"],
                ["increment_metric", "large.counter", i64::MAX],
                ["get_metric", "large.counter"],
                ["record_metric", "large.counter", 1],
                ["get_metric", "large.counter"],
                ["define_metric", 1, "large.gauge"],
                ["record_metric", "large.gauge", -1],
                ["get_metric", "large.gauge"],
                ["increment_metric", "large.gauge", 2],
                ["get_metric", "large.gauge"],
            ] }))
            .get()
            .answer(200),
    ]
}

fn routing() -> Vec<Scenario> {
    let two = |scenario: Scenario| {
        scenario
            .route(Route::new("new").when_header("x-new", "1").timeout_ms(7000))
            .route(Route::new("moved").prefix("/moved"))
            .route(Route::new("old"))
    };
    let route = json!(["get_property", ["xds", "route_name"]]);
    let seen = || json!([route, ["get_property", ["xds", "cluster_name"]]]);
    vec![
        two(Scenario::new("a route is chosen anew after a header changed")
            .plugin(Plugin::puppet("a").script(json!({ "request_headers": [route, ["add_header_map_value", 0, "x-new", "1"], route], "log": seen() })))
            .plugin(Plugin::puppet("b").script(json!({ "request_headers": seen(), "response_headers": seen() }))))
        .get()
        .answer(200),
        two(Scenario::new("clear_route_cache makes a filter see the new route")
            .plugin(Plugin::puppet("a").script(json!({ "request_headers": [
                ["add_header_map_value", 0, "x-new", "1"], ["call_foreign_function", "clear_route_cache", ""], route,
            ] })))
            .plugin(Plugin::puppet("b").script(json!({ "request_headers": seen() }))))
        .get()
        .answer(200),
        two(Scenario::new("another path is another route").script(json!({ "request_headers": [
            ["replace_header_map_value", 0, ":path", "/moved/on"],
        ], "response_headers": seen() })))
        .get()
        .answer(200),
        two(Scenario::new("a change in the body's callback comes too late for the route").script(json!({
            "request_body": [["add_header_map_value", 0, "x-new", "1"], ["call_foreign_function", "clear_route_cache", ""], route],
            "response_headers": seen(),
        })))
        .request(Request::post("/"))
        .client_sends("x")
        .client_ends()
        .answer(200),
        Scenario::new("a route to another cluster")
            .script(json!({ "request_headers": [["replace_header_map_value", 0, "x-to", "nobody"]], "response_headers": seen() }))
            .route(Route::new("nobody").when_header("x-to", "nobody").cluster("nobody"))
            .route(Route::new("all"))
            .get(),
    ]
}

fn contexts() -> Vec<Scenario> {
    vec![
        Scenario::new("a root context may work on a stream, and a stream on its root")
            .script(json!({
                "request_headers": [
                    ["set_effective_context", "root"],
                    ["get_header_map_value", 0, ":path"],
                    ["set_property", "x", "1"],
                    ["send_local_response", 500, "", "", [], -1],
                    ["set_effective_context", "self"],
                    ["get_header_map_value", 0, ":path"],
                ],
                "response_headers": [["set_effective_context", "root"], ["set_tick_period_milliseconds", 5]],
                "tick": [["on", 1,
                    ["set_effective_context", "stream"],
                    ["get_header_map_value", 0, ":path"],
                    ["get_property", ["xds", "route_name"]],
                    ["set_effective_context", "root"],
                    ["set_tick_period_milliseconds", 0],
                ]],
            }))
            .get()
            .answer(200)
            .passes(10),
        Scenario::new("a tick sees what it may of a stream that waits at the upstream")
            .script(json!({
                "request_headers": [["set_tick_period_milliseconds", 5], ["set_property", "mine", "kept"]],
                "tick": [["on", 1,
                    ["set_effective_context", "stream"],
                    ["get_header_map_value", 0, ":path"],
                    ["get_header_map_pairs", 0],
                    ["add_header_map_value", 0, "x-late", "1"],
                    ["get_property", ["request", "path"]],
                    ["get_property", ["xds", "route_name"]],
                    ["get_property", "mine"],
                    ["set_property", "mine", "changed"],
                    ["set_effective_context", "root"],
                    ["set_tick_period_milliseconds", 0],
                ]],
                "log": [["get_property", "mine"]],
            }))
            .get()
            .passes(10)
            .answer(200),
        Scenario::new("a tick sees what it may of a stream that is held")
            .script(json!({
                "request_headers": [["set_tick_period_milliseconds", 5], ["returns", 1]],
                "tick": [["on", 1,
                    ["set_effective_context", "stream"],
                    ["get_header_map_value", 0, ":path"],
                    ["add_header_map_value", 0, "x-late", "1"],
                    ["continue_stream", 0],
                    ["get_header_map_value", 0, ":path"],
                    ["set_effective_context", "root"],
                    ["set_tick_period_milliseconds", 0],
                ]],
            }))
            .get()
            .passes(10)
            .answer(200),
        Scenario::new("a period of ticks is the root's, and nothing ends it but nothing")
            // Set when the exchange is over, so that nothing hangs on when the first tick comes.
            .script(json!({
                "log": [["set_tick_period_milliseconds", 5]],
                "tick": [["on", 3, ["set_tick_period_milliseconds", 0]]],
            }))
            .get()
            .answer(200)
            .passes(15),
    ]
}
