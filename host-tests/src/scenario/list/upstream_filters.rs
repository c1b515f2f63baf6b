//! Plugins between the router and the upstreams, once for each attempt.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Route, Scenario};

/// As long as the first back-off can be.
const BACK_OFF: u64 = 25;

const REPLY: &str = r#"["send_local_response", 418, "a teapot", "short and stout", [["x-tea", "1"]], -1]"#;

/// A puppet in the chain, and one called `up` at the cluster, which tells its attempt and does this besides.
fn both(name: &'static str, callback: &str, does: &str) -> Scenario {
    let mut script = json!({
        "request_headers": [
            ["get_property", ["upstream", "request_attempt_count"]],
            ["get_property", ["response", "code_details"]],
            ["get_header_map_pairs", 0],
        ],
        "response_headers": [["get_property", ["response", "code"]], ["get_header_map_pairs", 2]],
        "done": [["get_property", ["response", "flags"]], ["get_property", ["response", "code_details"]]],
    });
    if !callback.is_empty() {
        let step: Value = serde_json::from_str(does).expect("a step is JSON");
        let steps = script
            .as_object_mut()
            .expect("a script is an object")
            .entry(callback);
        let steps = steps.or_insert_with(|| json!([]));
        steps.as_array_mut().expect("steps are a list").push(step);
    }
    Scenario::new(name)
        .plugin(
            Plugin::puppet("own")
                .script(json!({ "log": [["get_header_map_pairs", 0], ["get_header_map_pairs", 2]] })),
        )
        .upstream_plugin(Plugin::puppet("up").script(script))
        .route(Route::new("r").retry("5xx", 1))
}

fn tried_again(scenario: Scenario) -> Scenario {
    scenario
        .request(Request::new("POST", "/").body("hello"))
        .answer(Answer::new(503).body("bad"))
        .passes(BACK_OFF)
        .answer(Answer::new(200).body("ok"))
}

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        tried_again(both("an upstream filter and two attempts", "", "")),
        tried_again(both(
            "an upstream filter that adds a header",
            "request_headers",
            r#"["add_header_map_value", 0, "x-a", "1"]"#,
        )),
        tried_again(both(
            "an upstream filter that changes the status",
            "response_headers",
            r#"["replace_header_map_value", 2, ":status", "200"]"#,
        )),
        tried_again(both("an upstream filter that replies", "request_headers", REPLY)),
        tried_again(both(
            "an upstream filter that replies to a response",
            "response_headers",
            REPLY,
        )),
        tried_again(both(
            "an upstream filter that replies in a body",
            "request_body",
            REPLY,
        )),
        both(
            "an upstream filter that replies in the response's body",
            "response_body",
            REPLY,
        )
        .get()
        .answer(Answer::new(200).body("ok")),
        both(
            "an upstream filter that sets filter state",
            "request_headers",
            r#"["set_property", "x", "up"]"#,
        )
        .plugin(Plugin::puppet("reader").script(json!({ "response_headers": [["get_property", ["x"]]] })))
        .get()
        .answer(200),
        both("an upstream filter and trailers", "", "")
            .request(Request::post("/"))
            .client_sends("he")
            .client_ends_with(&[("x-sum", "1")])
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_ends_with(&[("x-sum", "2")]),
        both(
            "an upstream filter that replaces a body",
            "response_body",
            r#"["set_buffer_bytes", 1, 0, 100, "new"]"#,
        )
        .get()
        .answer(Answer::new(200).chunked())
        .upstream_sends("ab")
        .upstream_ends(),
        both("an upstream filter and a connection that is refused", "", "")
            .route(Route::new("unused"))
            .get()
            .upstream_closes()
            .passes(BACK_OFF)
            .upstream_closes(),
        both("an upstream filter and a response that breaks off", "", "")
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_closes(),
        both("an upstream filter and a client that goes away", "", "")
            .get()
            .client_aborts(),
        both(
            "an upstream filter that holds the request",
            "request_headers",
            r#"["returns", 1]"#,
        )
        .get()
        .client_aborts(),
        both(
            "an upstream filter that holds the response",
            "response_headers",
            r#"["returns", 1]"#,
        )
        .get()
        .answer(200)
        .client_aborts(),
        both("an upstream filter that dies", "request_headers", r#"["trap"]"#).get(),
        tried_again(
            both("two upstream filters", "", "").upstream_plugin(Plugin::puppet("second").script(json!({
                "request_headers": [["add_header_map_value", 0, "x-second", "1"]],
                "response_headers": [["add_header_map_value", 2, "x-second", "2"]],
            }))),
        ),
        Scenario::new("an upstream filter that asks another cluster first")
            .plugin(Plugin::puppet("own"))
            .upstream_plugin(Plugin::puppet("up").script(json!({
                "request_headers": [
                    ["http_call", "other", [[":method", "GET"], [":path", "/asked"], [":authority", "other"]], "", [], 1000],
                    ["returns", 1],
                ],
                "http_call_response": [
                    ["get_header_map_value", 6, ":status"],
                    ["set_effective_context", "stream"],
                    ["get_header_map_pairs", 0],
                    ["add_header_map_value", 0, "x-asked", "1"],
                    ["continue_stream", 0],
                ],
            })))
            .other([Answer::new(200)])
            .get()
            .answer(200),
        Scenario::new("a reply of the chain to a response that passed an upstream filter")
            .plugin(Plugin::puppet("own").script(json!({
                "response_headers": [serde_json::from_str::<Value>(REPLY).expect("a step is JSON")],
            })))
            .upstream_plugin(Plugin::puppet("up"))
            .get()
            .answer(Answer::new(200).body("ok")),
    ]
}
