//! Bodies in pieces: every way of reading and replacing them, stops, and the limit of what may be held back.

mod held;

use serde_json::{Value, json};

use crate::scenario::{Answer, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    [
        replacements(),
        ranges(),
        held::stops(),
        held::trailers(),
        held::limits(),
    ]
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
