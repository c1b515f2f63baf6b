//! Bodies in pieces: every way of reading and replacing them, stops, and the limit of what may be held back.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [replacements(), ranges(), stops(), trailers(), limits()]
        .into_iter()
        .flatten()
        .collect()
}

/// A chunked request and a chunked answer, of two pieces each, with this script in both directions: `body` is the body's
/// buffer, 0 or 1.
fn both_ways(name: &'static str, headers: &Value, steps: impl Fn(u32) -> Value) -> Scenario {
    pieces(Scenario::new(name).script(json!({
        "request_headers": headers,
        "response_headers": headers,
        "request_body": steps(0),
        "response_body": steps(1),
    })))
}

/// The exchange of two pieces each way.
fn pieces(scenario: Scenario) -> Scenario {
    scenario
        .request(Request::post("/"))
        .client_sends("he")
        .client_sends("llo")
        .client_ends()
        .answer(Answer::new(200).chunked())
        .upstream_sends("ab")
        .upstream_sends("cd")
        .upstream_ends()
}

fn replacements() -> Vec<Scenario> {
    let none = json!([]);
    let whole = 100;
    vec![
        both_ways("a body is left alone", &none, |body| {
            json!([["get_buffer_bytes", body, 0, whole]])
        }),
        both_ways("each piece is replaced", &none, |body| {
            json!([["set_buffer_bytes", body, 0, whole, "new"]])
        }),
        both_ways("each piece is emptied", &none, |body| {
            json!([["set_buffer_bytes", body, 0, whole, ""]])
        }),
        both_ways(
            "the first piece is the new body, the others are emptied",
            &none,
            |body| {
                json!([
                    ["on", 1, ["set_buffer_bytes", body, 0, whole, "the new body"]],
                    ["on", 2, ["set_buffer_bytes", body, 0, whole, ""]],
                    ["on", 3, ["set_buffer_bytes", body, 0, whole, ""]],
                ])
            },
        ),
        both_ways("each piece is emptied and the end written into", &none, |body| {
            json!([
                ["more", ["set_buffer_bytes", body, 0, whole, ""]],
                [
                    "end",
                    ["get_buffer_status", body],
                    ["set_buffer_bytes", body, 0, whole, "the new body"]
                ],
            ])
        }),
        both_ways("all is held until the end, and replaced then", &none, |body| {
            json!([
                ["get_buffer_bytes", body, 0, whole],
                ["more", ["returns", 1]],
                ["end", ["set_buffer_bytes", body, 0, whole, "the new body"]],
            ])
        }),
        both_ways(
            "held until enough is there, replaced, and the rest emptied",
            &none,
            |body| {
                json!([
                    ["on", 1, ["returns", 1]],
                    [
                        "on",
                        2,
                        ["get_buffer_bytes", body, 0, whole],
                        ["set_buffer_bytes", body, 0, whole, "new"]
                    ],
                    ["on", 3, ["set_buffer_bytes", body, 0, whole, ""]],
                ])
            },
        ),
        both_ways("held until the end, and let go as it is", &none, |body| {
            json!([
                ["more", ["returns", 1]],
                ["end", ["get_buffer_bytes", body, 0, whole]]
            ])
        }),
        both_ways("held to the end and never let go", &none, |_| {
            json!([["returns", 1]])
        }),
        both_ways("changed while it is held", &none, |body| {
            json!([
                [
                    "more",
                    ["set_buffer_bytes", body, 0, 0, "<"],
                    ["set_buffer_bytes", body, whole, 0, ">"],
                    ["returns", 1]
                ],
                ["end", ["get_buffer_bytes", body, 0, whole]],
            ])
        }),
        both_ways(
            "a value that no callback may return loses the piece",
            &none,
            |_| json!([["on", 1, ["returns", 7]]]),
        ),
        both_ways("a value that no callback may return, at the end", &none, |_| {
            json!([["end", ["returns", 7]]])
        }),
        both_ways("a body that makes the peer wait", &none, |body| {
            json!([["more", ["get_buffer_bytes", body, 0, whole], ["returns", 2]]])
        }),
        both_ways("held with waiting and without, by turns", &none, |body| {
            json!([
                ["get_buffer_bytes", body, 0, whole],
                ["on", 1, ["returns", 2]],
                ["on", 2, ["returns", 1]]
            ])
        }),
        both_ways("the other direction's body is empty", &none, |body| {
            json!([
                ["get_buffer_status", 1 - body],
                ["set_buffer_bytes", 1 - body, 0, whole, "other"]
            ])
        }),
        both_ways(
            "a body can be of any bytes",
            &none,
            |body| json!([["set_buffer_bytes", body, 0, whole, { "hex": "00ff0d0a0d0a" }]]),
        ),
        Scenario::new("a body of known length keeps its content-length when it is replaced")
            .script(json!({ "response_body": [["set_buffer_bytes", 1, 0, 100, "longer than before"]] }))
            .get()
            .answer(Answer::new(200).body("short")),
        Scenario::new("a body of known length is replaced by less")
            .script(json!({ "response_body": [["set_buffer_bytes", 1, 0, 100, "s"]] }))
            .get()
            .answer(Answer::new(200).body("short")),
        Scenario::new("without its content-length a body may have any length")
            .script(json!({
                "request_headers": [["remove_header_map_value", 0, "content-length"]],
                "request_body": [["more", ["set_buffer_bytes", 0, 0, 100, "a longer question"]]],
                "response_headers": [["remove_header_map_value", 2, "content-length"]],
                "response_body": [["more", ["set_buffer_bytes", 1, 0, 100, "a longer answer"]]],
            }))
            .request(Request::post("/").body("q"))
            .answer(Answer::new(200).body("a")),
        Scenario::new("headers alone can be given no body")
            .script(json!({
                "request_headers": [["set_buffer_bytes", 0, 0, 0, "body"]],
                "response_headers": [["set_buffer_bytes", 1, 0, 0, "body"]],
            }))
            .get()
            .answer(200),
        Scenario::new("HEAD, 204 and 304 have no body")
            .script(json!({ "response_headers": [["get_header_map_pairs", 2]] }))
            .request(Request::new("HEAD", "/"))
            .answer(Answer::new(200).header("content-length", "10"))
            .request(Request::get("/"))
            .answer(204)
            .request(Request::get("/"))
            .answer(Answer::new(304).header("etag", "\"1\"")),
        Scenario::new("chunked bodies that are empty")
            .script(json!({}))
            .request(Request::post("/"))
            .client_ends()
            .answer(Answer::new(200).chunked())
            .upstream_ends(),
    ]
}

/// Where a replacement may begin and end.
fn ranges() -> Vec<Scenario> {
    [
        ("a replacement of a prefix", 0, 2),
        ("a replacement at the front", 0, 0),
        ("a replacement of exactly all", 0, 6),
        ("a replacement behind the end", 6, 0),
        ("a replacement far behind the end", 100, 5),
        ("a replacement in the middle", 2, 2),
        ("a replacement from the middle to beyond the end", 2, 100),
        ("a replacement of nothing in the middle", 2, 0),
        ("a replacement with lengths beyond all", 0, -1),
        ("a replacement that begins beyond all", -1, 1),
    ]
    .into_iter()
    .map(|(name, start, length)| {
        Scenario::new(name)
            .script(json!({
                "response_headers": [["remove_header_map_value", 2, "content-length"]],
                "response_body": [["more",
                    ["get_buffer_bytes", 1, start, length],
                    ["set_buffer_bytes", 1, start, length, "NEW"],
                    ["get_buffer_bytes", 1, 0, 100],
                ]],
            }))
            .get()
            .answer(Answer::new(200).body("answer"))
    })
    .collect()
}

/// What stops when a headers callback stops, with and without the setting that lets it stop alone.
fn stops() -> Vec<Scenario> {
    let stop = json!([["returns", 1]]);
    let edits = |map: u32| {
        json!([
            ["add_header_map_value", map, "x-late", "1"],
            ["more", ["returns", 1]]
        ])
    };
    let both = |name, script: Value| {
        let plugin = Plugin::puppet("p")
            .script(script)
            .allow_on_headers_stop_iteration();
        pieces(
            Scenario::new(name)
                .plugin(Plugin::puppet("outer"))
                .plugin(plugin)
                .plugin(Plugin::puppet("inner")),
        )
    };
    let resumes = |what: u32| {
        json!([[
            "on",
            1,
            ["set_effective_context", "stream"],
            ["continue_stream", what],
            ["set_effective_context", "root"],
            ["set_tick_period_milliseconds", 0]
        ],])
    };
    let mut all = vec![
        both(
            "a request's headers stop alone until its body goes on",
            json!({ "request_headers": stop, "request_body": edits(0) }),
        ),
        both(
            "a response's headers stop alone until its body goes on",
            json!({ "response_headers": stop, "response_body": edits(2) }),
        ),
        both(
            "headers stop alone and the first piece goes on",
            json!({ "request_headers": stop, "response_headers": stop }),
        ),
        pieces(
            Scenario::new("headers that stop everything for good").script(json!({ "request_headers": stop })),
        ),
        pieces(
            Scenario::new("a response's headers that stop everything for good")
                .script(json!({ "response_headers": stop })),
        ),
        Scenario::new("a request that is held goes on from a tick")
            .script(json!({
                "request_headers": [["set_tick_period_milliseconds", 5], ["returns", 1]],
                "tick": resumes(0),
            }))
            .request(Request::post("/"))
            .client_sends("he")
            .client_ends()
            .passes(10)
            .answer(200),
        Scenario::new("a response that is held goes on from a tick")
            .script(json!({
                "response_headers": [["set_tick_period_milliseconds", 5], ["returns", 1]],
                "tick": resumes(1),
            }))
            .get()
            .answer(Answer::new(200).body("abcd"))
            .passes(10),
        Scenario::new("what is held can be answered from a tick")
            .script(json!({
                "request_headers": [["set_tick_period_milliseconds", 5], ["returns", 1]],
                "tick": [["on", 1, ["set_effective_context", "stream"],
                    ["send_local_response", 429, "too_many", "later", [["retry-after", "7"]], -1],
                    ["set_effective_context", "root"], ["set_tick_period_milliseconds", 0]]],
            }))
            .get()
            .passes(10),
        Scenario::new("what is held can be closed from a tick")
            .script(json!({
                "request_headers": [["set_tick_period_milliseconds", 5], ["returns", 1]],
                "tick": [["on", 1, ["set_effective_context", "stream"], ["close_stream", 0],
                    ["set_effective_context", "root"], ["set_tick_period_milliseconds", 0]]],
            }))
            .get()
            .passes(10),
    ];
    for (name, value) in [
        ("a headers callback may return 2", 2),
        ("a headers callback may return 3", 3),
        ("a headers callback may return 4", 4),
        ("a headers callback may return 5", 5),
        ("a headers callback may return -1", -1),
    ] {
        let returns = json!([["returns", value]]);
        all.push(pieces(Scenario::new(name).script(
            json!({ "request_headers": returns, "response_headers": returns }),
        )));
    }
    all
}

fn trailers() -> Vec<Scenario> {
    let with_trailers = |name, script: Value| {
        Scenario::new(name)
            .script(script)
            .request(Request::post("/"))
            .client_sends("question")
            .client_ends_with(&[("x-sum", "1"), ("x-sum", "2")])
            .answer(Answer::new(200).chunked())
            .upstream_sends("answer")
            .upstream_ends_with(&[("x-sum", "3")])
    };
    vec![
        with_trailers(
            "trailers can be changed",
            json!({
                "request_trailers": [["add_header_map_value", 1, "x-more", "1"], ["remove_header_map_value", 1, "x-sum"]],
                "response_trailers": [["replace_header_map_value", 3, "x-sum", "new"], ["get_header_map_pairs", 3]],
            }),
        ),
        with_trailers(
            "trailers that are all removed",
            json!({
                "request_trailers": [["remove_header_map_value", 1, "x-sum"]],
                "response_trailers": [["remove_header_map_value", 3, "x-sum"]],
            }),
        ),
        with_trailers(
            "no body can be written from trailers",
            json!({
                "request_trailers": [["get_buffer_bytes", 0, 0, 9], ["set_buffer_bytes", 0, 0, 9, "new"]],
                "response_trailers": [["get_buffer_bytes", 1, 0, 9], ["set_buffer_bytes", 1, 0, 9, "new"]],
            }),
        ),
        with_trailers(
            "a body that is held goes on with the trailers",
            json!({
                "request_body": [["returns", 1]],
                "response_body": [["returns", 1]],
                "request_trailers": [["get_buffer_bytes", 0, 0, 9], ["set_buffer_bytes", 0, 0, 9, "new"]],
                "response_trailers": [["get_buffer_bytes", 1, 0, 9], ["set_buffer_bytes", 1, 0, 9, "new"]],
            }),
        ),
        with_trailers(
            "trailers that are held for good",
            json!({ "response_trailers": [["returns", 1]] }),
        ),
        with_trailers(
            "a request's trailers that are held for good",
            json!({ "request_trailers": [["returns", 1]] }),
        ),
        Scenario::new("trailers can be added where there are none")
            .script(json!({
                "response_body": [["end", ["add_header_map_value", 3, "x-new", "1"]]],
            }))
            .get()
            .answer(Answer::new(200).body("abc")),
        pieces(
            Scenario::new("trailers that are added with the end of a body are for the filters after it")
                .plugin(Plugin::puppet("outer"))
                .plugin(Plugin::puppet("p").script(json!({
                    "request_body": [
                        ["more", ["add_header_map_value", 1, "x-new", "0"]],
                        ["end", ["get_header_map_value", 1, "x-new"], ["add_header_map_value", 1, "x-new", "1"],
                            ["get_header_map_value", 1, "x-new"], ["get_header_map_size", 1]],
                    ],
                    "response_body": [["end", ["set_header_map_pairs", 3, [["x-new", "2"], ["x-more", "3"]]]]],
                })))
                .plugin(Plugin::puppet("inner")),
        ),
        pieces(Scenario::new("trailers that are added to a body that is held").script(json!({
            "request_body": [["more", ["returns", 1]], ["end", ["get_header_map_size", 1]]],
            "response_body": [["more", ["returns", 1]], ["end", ["replace_header_map_value", 3, "x-new", "2"]]],
        }))),
        Scenario::new("a response of headers and trailers alone")
            .script(json!({}))
            .get()
            .answer(Answer::new(200).chunked())
            .upstream_ends_with(&[("x-sum", "1")]),
    ]
}

/// A limit of 16 bytes.
fn limits() -> Vec<Scenario> {
    let long = "more than sixteen bytes";
    let exact = "exactly 16 bytes";
    let held = |name, script: Value| Scenario::new(name).buffer_limit(16).script(script);
    let hold = json!([["more", ["returns", 1]]]);
    vec![
        held(
            "a request that is held past the limit",
            json!({ "request_body": hold }),
        )
        .request(Request::post("/"))
        .client_sends("ten bytes.")
        .client_sends("ten bytes."),
        held(
            "a request that is held up to the limit",
            json!({ "request_body": hold }),
        )
        .request(Request::post("/"))
        .client_sends(exact)
        .client_ends()
        .answer(200),
        held(
            "a response that is held past the limit before its headers left",
            json!({ "response_headers": [["returns", 1]] }),
        )
        .get()
        .answer(Answer::new(200).chunked())
        .upstream_sends(long),
        held(
            "a response that is held past the limit after its headers left",
            json!({ "response_body": hold }),
        )
        .get()
        .answer(Answer::new(200).chunked())
        .upstream_sends(long),
        held(
            "a response that is held up to the limit",
            json!({ "response_body": hold }),
        )
        .get()
        .answer(Answer::new(200).chunked())
        .upstream_sends(exact)
        .upstream_ends(),
        held(
            "a replacement may be longer than the limit",
            json!({ "response_body": [["set_buffer_bytes", 1, 0, 9, long]] }),
        )
        .get()
        .answer(Answer::new(200).chunked())
        .upstream_sends("ab")
        .upstream_ends(),
        held("what is not held has no limit", json!({}))
            .request(Request::post("/"))
            .client_sends(long)
            .client_ends()
            .answer(Answer::new(200).chunked())
            .upstream_sends(long)
            .upstream_ends(),
    ]
}
