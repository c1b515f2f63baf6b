//! What ends or redirects an exchange: local replies, closing, going on, and peers that go away, in every phase.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [everywhere(), replies(), peers(), envoys_own()]
        .into_iter()
        .flatten()
        .collect()
}

/// A chain around a puppet with this script, so that it shows whom an ending passes.
fn chain(name: &'static str, script: Value) -> Scenario {
    Scenario::new(name)
        .plugin(Plugin::puppet("outer").script(json!({ "log": [["get_header_map_value", 2, ":status"]] })))
        .plugin(Plugin::puppet("p").script(script))
        .plugin(Plugin::puppet("inner"))
}

/// A request and an answer with bodies and trailers.
fn full(scenario: Scenario) -> Scenario {
    scenario
        .request(Request::post("/"))
        .client_sends("question")
        .client_ends_with(&[("x-sum", "1")])
        .answer(Answer::new(200).header("x-upstream", "1").chunked())
        .upstream_sends("answer")
        .upstream_ends_with(&[("x-sum", "2")])
}

const REPLY: &str = r#"["send_local_response", 418, "a teapot", "short and stout", [["x-tea", "1"]], -1]"#;

/// What Envoy does not survive, or not in any sound way: the host fails the test then, see its own tests.
const FATAL: &[(&str, &[&str])] = &[
    ("a local reply", &["log", "done", "delete"]),
    (
        "closing",
        &["create", "response_trailers", "log", "done", "delete"],
    ),
    (
        "going on with the response",
        &[
            "create",
            "request_headers",
            "request_body",
            "request_trailers",
            "response_headers",
            "response_trailers",
        ],
    ),
];

/// Each ending in each phase, whatever the callback returns.
fn everywhere() -> Vec<Scenario> {
    let endings = [
        ("a local reply", REPLY),
        ("closing the request's stream", r#"["close_stream", 0]"#),
        ("closing the response's stream", r#"["close_stream", 1]"#),
        ("going on with the request", r#"["continue_stream", 0]"#),
        ("going on with the response", r#"["continue_stream", 1]"#),
    ];
    let phases = [
        "create",
        "request_headers",
        "request_body",
        "request_trailers",
        "response_headers",
        "response_body",
        "response_trailers",
        "log",
        "done",
        "delete",
    ];
    let mut all = Vec::new();
    for (ending, step) in endings {
        let step: Value = serde_json::from_str(step).expect("it is a step");
        for phase in phases {
            for stops in [false, true] {
                let has_a_result = !matches!(phase, "create" | "log" | "done" | "delete");
                if stops && !has_a_result {
                    continue;
                }
                // In the response's trailers it is what the callback returns that counts.
                let fatal = FATAL
                    .iter()
                    .any(|(kind, at)| ending.starts_with(kind) && at.contains(&phase));
                if fatal && !(stops && phase == "response_trailers") {
                    continue;
                }
                let name = format!("{ending} in {phase}{}", if stops { ", which stops" } else { "" });
                let script = json!({ phase: [step, ["returns", u32::from(stops || phase == "done")]] });
                all.push(full(chain(name.leak(), script)));
            }
        }
    }
    for (name, steps) in [
        (
            "streams of other kinds are closed in vain",
            [
                ["close_stream", "2"],
                ["close_stream", "3"],
                ["close_stream", "4"],
            ],
        ),
        (
            "streams of other kinds go on in vain",
            [
                ["continue_stream", "2"],
                ["continue_stream", "3"],
                ["continue_stream", "4"],
            ],
        ),
    ] {
        let steps: Vec<Value> = steps
            .iter()
            .map(|[what, kind]| json!([what, kind.parse::<u32>().unwrap_or(0)]))
            .collect();
        all.push(full(chain(
            name,
            json!({ "configure": steps, "request_headers": steps, "response_headers": steps }),
        )));
    }
    all
}

fn replies() -> Vec<Scenario> {
    let stop = json!(["returns", 1]);
    let reply = |name, step: Value| {
        Scenario::new(name)
            .script(json!({ "request_headers": [step, stop] }))
            .get()
    };
    vec![
        reply("a reply without anything", json!(["send_local_response", 200, "", "", [], -1])),
        reply("a reply of no body and details with spaces", json!(["send_local_response", 204, "no content here", "", [], -1])),
        reply("a reply with headers of its own", json!(["send_local_response", 503, "d", "busy", [
            ["content-type", "application/json"], ["x-twice", "1"], ["x-twice", "2"], ["server", "mine"], ["X-Upper", "u"],
        ], -1])),
        reply("a reply whose content-length is a lie", json!(["send_local_response", 200, "", "four", [["content-length", "99"]], -1])),
        reply("a reply with a status of four digits", json!(["send_local_response", 1000, "", "", [], -1])),
        reply("a reply with an informational status", json!(["send_local_response", 101, "", "", [], -1])),
        reply("a reply with pseudo headers", json!(["send_local_response", 200, "", "x", [[":status", "500"], [":path", "/"]], -1])),
        reply("a reply with a grpc status to a request that is no gRPC", json!(["send_local_response", 200, "", "x", [], 5])),
        reply("a reply with a large body", json!(["send_local_response", 200, "", { "fill": "b", "times": 70000 }, [], -1])),
        reply("a reply of a body that is no text", json!(["send_local_response", 200, "", { "hex": "00ff0d0a" }, [], -1])),
        reply("a reply with malformed headers", json!(["send_local_response", 200, "", "x", { "hex": "ffff" }, -1])),
        Scenario::new("of two replies the first counts")
            .script(json!({ "request_headers": [
                ["send_local_response", 401, "first", "", [], -1],
                ["send_local_response", 402, "second", "", [], -1],
                stop,
            ] }))
            .get(),
        Scenario::new("a reply and a continue")
            .script(json!({ "request_headers": [["send_local_response", 401, "first", "", [], -1], ["continue_stream", 0], stop] }))
            .get()
            .answer(200),
        Scenario::new("a continue and a reply")
            .script(json!({ "request_headers": [["continue_stream", 0], ["send_local_response", 401, "first", "", [], -1], stop] }))
            .get()
            .answer(200),
        Scenario::new("a reply to HEAD")
            .script(json!({ "request_headers": [["send_local_response", 403, "", "forbidden", [], -1], stop] }))
            .request(Request::new("HEAD", "/")),
        Scenario::new("a reply to a request that has not ended")
            .script(json!({ "request_headers": [["send_local_response", 403, "", "forbidden", [], -1], stop] }))
            .request(Request::post("/"))
            .client_sends("more"),
        Scenario::new("a reply's headers can be changed in the response phase")
            .script(json!({
                "request_headers": [["send_local_response", 403, "d", "body", [["x-a", "1"]], -1], stop],
                "response_headers": [
                    ["get_header_map_pairs", 2],
                    ["get_property", ["response", "code_details"]],
                    ["replace_header_map_value", 2, ":status", "404"],
                    ["replace_header_map_value", 2, "x-a", "2"],
                    ["remove_header_map_value", 2, "content-length"],
                ],
                "response_body": [["set_buffer_bytes", 1, 0, 100, "another body"]],
            }))
            .get(),
        chain("the first of two filters that reply is the outer one", json!({ "request_headers": [["send_local_response", 401, "mid", "mid", [], -1], stop] }))
            .plugin(Plugin::puppet("last").script(json!({ "request_headers": [["send_local_response", 402, "last", "last", [], -1], stop] })))
            .get(),
        chain("a reply in the response phase to a reply of an inner filter", json!({ "response_headers": [["send_local_response", 402, "mid", "mid", [], -1]] }))
            .plugin(Plugin::puppet("last").script(json!({ "request_headers": [["send_local_response", 401, "last", "last", [], -1], stop] })))
            .get(),
    ]
}

fn peers() -> Vec<Scenario> {
    let quiet = || json!({ "log": [["get_property", ["response", "flags"]], ["get_property", ["response", "code"]], ["get_property", ["response", "code_details"]]] });
    vec![
        chain("the client goes away before the request's end", quiet())
            .request(Request::post("/"))
            .client_sends("he")
            .client_aborts(),
        chain("the client goes away while the upstream thinks", quiet())
            .get()
            .client_aborts(),
        chain("the client goes away in the middle of the response", quiet())
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .client_aborts(),
        chain("the upstream resets before its answer", quiet())
            .get()
            .upstream_resets(),
        chain("the upstream closes before its answer", quiet())
            .get()
            .upstream_closes(),
        chain("the upstream resets in the middle of its answer", quiet())
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_resets(),
        chain("the upstream closes in the middle of its answer", quiet())
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_closes(),
        chain("the upstream closes after the headers", quiet())
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_closes(),
        chain("the upstream answers before the request's end", quiet())
            .request(Request::post("/"))
            .client_sends("he")
            .answer(Answer::new(200).body("early")),
        chain(
            "the upstream answers before the request's end, and the client goes on",
            quiet(),
        )
        .request(Request::post("/"))
        .client_sends("he")
        .answer(Answer::new(200).chunked())
        .client_sends("llo")
        .client_ends()
        .upstream_sends("late")
        .upstream_ends(),
        chain("the upstream closes before the request's end", quiet())
            .request(Request::post("/"))
            .client_sends("he")
            .upstream_closes(),
        chain("the upstream's connection is refused", quiet())
            .route(Route::new("r").cluster("refused"))
            .get(),
        chain("there is no healthy upstream", quiet())
            .route(Route::new("r").cluster("nobody"))
            .get(),
    ]
}

fn envoys_own() -> Vec<Scenario> {
    let reads = || {
        json!({
            "response_headers": [
                ["get_header_map_pairs", 2],
                ["get_property", ["response", "code_details"]],
                ["get_property", ["response", "flags"]],
                ["get_property", ["xds", "route_name"]],
                ["get_property", ["xds", "cluster_name"]],
            ],
            "log": [["get_header_map_pairs", 0], ["get_header_map_pairs", 2], ["get_property", ["response", "flags"]]],
        })
    };
    let bad = |name, request: Request| chain(name, reads()).request(request);
    vec![
        chain("no route", reads())
            .route(Route::new("only").prefix("/only"))
            .get(),
        chain("a direct response", reads())
            .route(Route::new("tea").direct_response(418, "short and stout"))
            .get(),
        chain("a direct response without a body", reads())
            .route(Route::new("tea").direct_response(204, ""))
            .get(),
        bad("a method that Envoy does not know", Request::new("FLY", "/")),
        bad("a path with a byte that is none", Request::get("/\u{e9}")),
        bad("a path with a fragment", Request::get("/a#b")),
        bad(
            "a header with a zero byte",
            Request::get("/").header("x-a", b"a\0b"),
        ),
        bad(
            "a header with the byte 0x7f",
            Request::get("/").header("x-a", b"a\x7fb"),
        ),
        bad("a header without a name", Request::get("/").header("", b"a")),
        bad(
            "a header whose name is no token",
            Request::get("/").header("x a", b"a"),
        ),
        bad(
            "headers that are too large",
            Request::get("/").header("x-a", "a".repeat(61 * 1024)),
        ),
        bad(
            "a hundred headers",
            (0..100).fold(Request::get("/"), |request, n| {
                request.header(&format!("x-{n}"), "1")
            }),
        ),
        bad(
            "hop-by-hop headers of the client",
            Request::get("/")
                .header("te", "trailers")
                .header("keep-alive", "5")
                .header("proxy-connection", "x"),
        ),
        bad(
            "headers for Envoy alone, from a client",
            Request::get("/")
                .header("x-envoy-retry-on", "5xx")
                .header("x-envoy-internal", "true")
                .header("x-envoy-original-path", "/x"),
        ),
    ]
}
