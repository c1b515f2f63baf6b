//! Call-outs over HTTP: what the upstream gets, what the plugin is told, and what it may then do.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [calls(), told(), then(), roots()].into_iter().flatten().collect()
}

/// The step that asks `other`, with these headers behind the three that there must be, this body, and a second of time.
fn ask(method: &str, headers: &[(&str, &str)], body: &str) -> Value {
    asks("other", method, headers, body, 1000)
}

fn asks(cluster: &str, method: &str, headers: &[(&str, &str)], body: &str, timeout: u32) -> Value {
    let first = [(":method", method), (":path", "/asked"), (":authority", "other")];
    let pairs: Vec<_> = first.iter().chain(headers).collect();
    json!(["http_call", cluster, pairs, body, [], timeout])
}

fn get() -> Value {
    ask("GET", &[], "")
}

/// What can be read when the plugin is told, and of the request as long as that is there.
fn read() -> Vec<Value> {
    vec![
        json!(["get_header_map_size", 6]),
        json!(["get_header_map_value", 6, ":status"]),
        json!(["get_header_map_value", 6, "x-a"]),
        json!(["get_header_map_value", 6, "x-none"]),
        json!(["get_header_map_value", 7, "x-t"]),
        json!(["get_header_map_pairs", 7]),
        json!(["get_buffer_bytes", 4, 0, 40]),
        json!(["get_buffer_bytes", 4, 1, 3]),
        json!(["get_buffer_bytes", 4, 1000, 3]),
        json!(["get_buffer_status", 4]),
        json!(["get_status"]),
        json!(["get_header_map_value", 0, ":path"]),
    ]
}

fn act() -> Vec<Value> {
    vec![json!(["set_effective_context", "stream"])]
}

fn go_on() -> Vec<Value> {
    vec![
        json!(["set_effective_context", "stream"]),
        json!(["continue_stream", 0]),
    ]
}

fn both(first: Vec<Value>, then: Vec<Value>) -> Vec<Value> {
    [first, then].concat()
}

/// A request that waits for this call-out, and goes on when the plugin has read what it is told.
fn waits(name: &'static str, call: &Value, answer: Answer) -> Scenario {
    Scenario::new(name)
        .script(json!({
            "request_headers": [call, ["returns", 1]],
            "http_call_response": both(read(), go_on()),
        }))
        .other([answer])
        .get()
}

/// The same, with the upstream's answer in the end.
fn goes_on(name: &'static str, call: &Value, answer: Answer) -> Scenario {
    waits(name, call, answer).answer(200)
}

fn calls() -> Vec<Scenario> {
    let ok = || Answer::new(200);
    vec![
        goes_on("a call-out is sent as it was asked for", &get(), ok()),
        goes_on("a call-out with a body", &ask("POST", &[], "a body"), ok()),
        goes_on(
            "a call-out's own length is put right",
            &ask("PUT", &[("content-length", "7")], "abc"),
            ok(),
        ),
        goes_on("a POST without a body", &ask("POST", &[], ""), ok()),
        goes_on("a GET with a body", &ask("GET", &[], "abc"), ok()),
        goes_on("a call-out of an unknown method", &ask("BREW", &[], ""), ok()),
        goes_on(
            "headers of a call-out repeat, are joined and renamed",
            &ask(
                "GET",
                &[
                    ("x-a", "1"),
                    ("X-A", "2"),
                    ("x-request-id", "1"),
                    ("x-request-id", "2"),
                    ("host", "more"),
                    ("cookie", "a"),
                    ("te", "gzip"),
                    ("x-forwarded-for", "192.0.2.7"),
                    ("x-envoy-internal", "false"),
                ],
                "",
            ),
            ok(),
        ),
        goes_on(
            "a header gives a call-out another time",
            &ask("GET", &[("x-envoy-upstream-rq-timeout-ms", "7000")], ""),
            ok(),
        ),
        goes_on(
            "a call-out without a time-out",
            &asks("other", "GET", &[], "", 0),
            ok(),
        ),
        Scenario::new("call-outs that cannot be are refused at once")
            .script(json!({ "request_headers": [
                asks("nowhere", "GET", &[], "", 100),
                asks("", "GET", &[], "", 100),
                asks("nobody", "GET", &[], "", 100),
                ["http_call", "other", [[":path", "/"], [":authority", "a"]], "", [], 100],
                ["http_call", "other", [[":method", "GET"], [":authority", "a"]], "", [], 100],
                ["http_call", "other", [[":method", "GET"], [":path", "/"]], "", [], 100],
                ["http_call", "other", [], "", [], 100],
                asks("other", "GET", &[], "", 0x8000_0000),
                ["http_call", {"at": -16, "length": 100}, [], "", [], 100],
                ["http_call", "other", {"at": -16, "length": 100}, "", [], 100],
                ["http_call", "other", [], {"at": -16, "length": 100}, [], 100],
                ["http_call", "other", [], "", {"at": -16, "length": 100}, 100],
            ]}))
            .get()
            .answer(200),
    ]
}

fn told() -> Vec<Scenario> {
    vec![
        goes_on(
            "a plugin is told of headers and body",
            &get(),
            Answer::new(201)
                .header("x-a", "1")
                .header("x-a", "2")
                .body("hello"),
        ),
        goes_on(
            "a plugin is told of an answer without a body",
            &get(),
            Answer::new(204),
        ),
        goes_on(
            "a plugin is told that nobody listens",
            &asks("refused", "GET", &[], "", 1000),
            Answer::new(200),
        ),
        goes_on(
            "a plugin is told of a header that cannot be sent",
            &ask("GET", &[("x a", "1")], ""),
            Answer::new(200),
        ),
        waits(
            "a plugin is told of a body that does not end in time",
            &asks("other", "GET", &[], "", 60),
            Answer::new(200).chunked(),
        )
        .passes(60)
        .answer(200),
        waits(
            "headers have the router try a call-out again",
            &asks(
                "other",
                "GET",
                &[("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "2")],
                "",
                0,
            ),
            Answer::new(503),
        )
        .other([
            Answer::new(503),
            Answer::new(503).body("again"),
            Answer::new(200).body("at last"),
        ])
        .passes(75)
        .answer(200),
        waits(
            "a call-out with a body is tried again with it",
            &asks("other", "POST", &[("x-envoy-retry-on", "5xx")], "a body", 0),
            Answer::new(503),
        )
        .other([Answer::new(503), Answer::new(200)])
        .passes(25)
        .answer(200),
        Scenario::new("the code of a call-out that broke off stays")
            .script(json!({
                "request_headers": [["get_status"], asks("other", "GET", &[], "", 60), ["returns", 1]],
                "http_call_response": both(vec![json!(["get_status"])], go_on()),
                "response_headers": [["get_status"]],
                "log": [["get_status"]],
            }))
            .other([Answer::new(200).chunked(), Answer::new(200)])
            .get()
            .passes(60)
            .answer(200)
            .get(),
        Scenario::new("what a plugin is told cannot be changed, and is gone afterwards")
            .script(json!({
                "request_headers": [get(), ["returns", 1]],
                "http_call_response": both(act(), vec![
                    json!(["replace_header_map_value", 6, "x-a", "new"]),
                    json!(["add_header_map_value", 6, "x-b", "new"]),
                    json!(["remove_header_map_value", 6, "x-a"]),
                    json!(["set_header_map_pairs", 6, [["x-c", "1"]]]),
                    json!(["replace_header_map_value", 7, "x-a", "new"]),
                    json!(["set_buffer_bytes", 4, 0, 1, "new"]),
                    json!(["get_header_map_value", 6, "x-a"]),
                    json!(["get_buffer_bytes", 4, 0, 9]),
                    json!(["continue_stream", 0]),
                    json!(["get_header_map_value", 6, "x-a"]),
                    json!(["get_header_map_value", 0, ":path"]),
                ]),
                "response_headers": read(),
                "log": read(),
            }))
            .other([Answer::new(200).header("x-a", "1").body("hi")])
            .get()
            .answer(200),
    ]
}

fn then() -> Vec<Scenario> {
    let when_told = |name, steps: Vec<Value>| {
        Scenario::new(name)
            .script(json!({
                "request_headers": [get(), ["returns", 1]],
                "http_call_response": both(act(), steps),
                "response_headers": [["get_header_map_value", 6, ":status"]],
                "log": [],
                "done": [],
            }))
            .other([Answer::new(403)])
            .get()
    };
    vec![
        when_told(
            "a plugin answers itself when it is told",
            vec![
                json!(["send_local_response", 418, "asked", "no", [["x-l", "1"]], -1]),
                json!(["get_header_map_value", 6, ":status"]),
            ],
        ),
        when_told(
            "a plugin closes the stream when it is told",
            vec![json!(["close_stream", 0])],
        ),
        when_told(
            "a plugin changes the request when it is told",
            vec![
                json!(["replace_header_map_value", 0, "x-asked", "yes"]),
                json!(["get_property", "request\0path"]),
                json!(["continue_stream", 0]),
            ],
        )
        .answer(200),
        Scenario::new("a response waits for a call-out")
            .script(json!({
                "response_headers": [get(), ["returns", 1]],
                "http_call_response": [
                    ["set_effective_context", "stream"],
                    ["add_header_map_value", 2, "x-asked", "yes"],
                    ["continue_stream", 1],
                ],
                "response_body": [["get_buffer_bytes", 1, 0, 9]],
            }))
            .other([Answer::new(200)])
            .get()
            .answer(Answer::new(200).body("hi")),
        Scenario::new("a plugin asks again when it is told")
            .script(json!({
                "request_headers": [get(), ["returns", 1]],
                "http_call_response": [
                    ["on", 1, get()],
                    ["on", 2, ["get_header_map_value", 6, ":status"], ["set_effective_context", "stream"],
                        ["continue_stream", 0]],
                ],
            }))
            .other([Answer::new(200), Answer::new(404)])
            .get()
            .answer(200),
        Scenario::new("a request that is gone cancels no call-out")
            .script(json!({
                "request_headers": [get(), ["send_local_response", 200, "", "", [], -1]],
                "http_call_response": [
                    ["set_effective_context", "stream"],
                    ["get_header_map_value", 6, ":status"],
                    ["get_header_map_value", 0, ":path"],
                    ["continue_stream", 0],
                    ["send_local_response", 400, "", "", [], -1],
                    ["close_stream", 0],
                ],
                "delete": [],
            }))
            .other([Answer::new(200)])
            .get(),
        Scenario::new("the filters of a chain ask in their turn")
            .plugin(asking("first"))
            .plugin(asking("second"))
            .other([Answer::new(200), Answer::new(201)])
            .get()
            .answer(200),
        Scenario::new("a trap when told of a call-out leaves the request hanging")
            .script(json!({
                "request_headers": [get(), ["returns", 1]],
                "http_call_response": [["trap"]],
            }))
            .other([Answer::new(200)])
            .get()
            .client_aborts(),
    ]
}

fn asking(name: &str) -> Plugin {
    Plugin::puppet(name).vm_id(name).script(json!({
        "request_headers": [["get_header_map_value", 0, "x-asked"], get(), ["returns", 1]],
        "http_call_response": [
            ["get_header_map_value", 6, ":status"],
            ["set_effective_context", "stream"],
            ["add_header_map_value", 0, "x-asked", name],
            ["continue_stream", 0],
        ],
    }))
}

fn roots() -> Vec<Scenario> {
    vec![
        Scenario::new("a root context may ask, and nothing happens to a stream")
            .script(json!({
                "request_headers": [["set_effective_context", "root"], get()],
                "http_call_response": [
                    ["get_header_map_value", 6, ":status"],
                    ["continue_stream", 0],
                    ["send_local_response", 400, "", "", [], -1],
                    ["close_stream", 0],
                    ["get_property", "plugin_name"],
                ],
            }))
            .other([Answer::new(200)])
            .request(Request::get("/"))
            .answer(200),
    ]
}
