//! Bodies that a filter stops, what trailers do to them, and the limit of what may be held back.

use serde_json::{Value, json};

use super::pieces;
use crate::scenario::{Answer, Plugin, Request, Scenario};

/// What stops when a headers callback stops, with and without the setting that lets it stop alone.
pub(super) fn stops() -> Vec<Scenario> {
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

pub(super) fn trailers() -> Vec<Scenario> {
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
pub(super) fn limits() -> Vec<Scenario> {
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
