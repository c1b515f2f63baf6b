//! HTTP/2 and gRPC: what filters, clients and upstreams see of them.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Request, Route, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let reads = || {
        json!({
            "request_headers": [["get_header_map_pairs", 0], ["get_property", ["request", "protocol"]], ["get_property", ["request", "size"]]],
            "response_headers": [["get_header_map_pairs", 2]],
            "log": [["get_property", ["response", "grpc_status"]], ["get_property", ["response", "code"]], ["get_property", ["response", "flags"]]],
        })
    };
    let new = |name| Scenario::new(name).script(reads());
    let call = || Request::grpc("/shop.Orders/Get");
    let grpc = || {
        Answer::new(200)
            .header("content-type", "application/grpc")
            .chunked()
    };
    let reply = |status: u32, grpc_status: i32| -> Value {
        json!([
            "send_local_response",
            status,
            "refused",
            "a reason",
            [["x-why", "1"]],
            grpc_status
        ])
    };
    let replies = |name, status, grpc_status| {
        Scenario::new(name)
            .script(json!({ "request_headers": [reply(status, grpc_status), ["returns", 1]], "response_headers": [["get_header_map_pairs", 2]] }))
            .request(call())
    };
    vec![
        new("HTTP/2: headers alone").request(Request::get("/a?b=1").header("x-a", "1").http2()).answer(204),
        new("HTTP/2: a body of known length both ways")
            .request(Request::post("/").body("question").http2())
            .answer(Answer::new(200).header("content-length", "6").body("answer")),
        new("HTTP/2: pieces and trailers both ways")
            .request(Request::post("/").http2())
            .client_sends("he")
            .client_sends("llo")
            .client_ends_with(&[("x-sum", "1")])
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_sends("cd")
            .upstream_ends_with(&[("x-sum", "2")]),
        new("HTTP/2: pieces without trailers")
            .request(Request::post("/").http2())
            .client_sends("he")
            .client_ends()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_ends(),
        new("HTTP/2: the client goes away").request(Request::get("/").http2()).client_aborts(),
        new("HTTP/2: the upstream resets before its answer").request(Request::get("/").http2()).upstream_resets(),
        new("HTTP/2: the upstream closes before its answer").request(Request::get("/").http2()).upstream_closes(),
        new("HTTP/2: the upstream resets in the middle of its answer")
            .request(Request::get("/").http2())
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_resets(),
        new("HTTP/2: the upstream closes in the middle of its answer")
            .request(Request::get("/").http2())
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_closes(),
        new("HTTP/2: the upstream resets before the response's headers left")
            .plugin(Plugin::puppet("holds").script(json!({ "response_headers": [["returns", 1]] })))
            .request(Request::get("/").http2())
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_resets(),
        new("HTTP/2: the upstream closes before the response's headers left")
            .plugin(Plugin::puppet("holds").script(json!({ "response_headers": [["returns", 1]] })))
            .request(Request::get("/").http2())
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_closes(),
        new("HTTP/2: no route").route(Route::new("r").prefix("/only")).request(Request::get("/").http2()),
        Scenario::new("HTTP/2: a local reply")
            .script(json!({ "request_headers": [["send_local_response", 403, "no", "forbidden", [], -1], ["returns", 1]] }))
            .request(Request::post("/").http2())
            .client_sends("more"),
        Scenario::new("HTTP/2: all is held until the end, and replaced then")
            .script(json!({
                "request_body": [["more", ["returns", 1]], ["end", ["set_buffer_bytes", 0, 0, 100, "new"]]],
                "response_body": [["more", ["returns", 1]], ["end", ["set_buffer_bytes", 1, 0, 100, "new"]]],
            }))
            .request(Request::post("/").http2())
            .client_sends("he")
            .client_ends()
            .answer(Answer::new(200).chunked())
            .upstream_sends("ab")
            .upstream_ends(),
        Scenario::new("HTTP/2: trailers behind a body of known length")
            .script(json!({ "response_body": [["end", ["add_header_map_value", 3, "x-new", "1"]]] }))
            .request(Request::get("/").http2())
            .answer(Answer::new(200).header("content-length", "3").body("abc")),
        new("gRPC: a call that is answered")
            .request(call())
            .client_sends(b"\0\0\0\0\x01x")
            .client_ends()
            .answer(grpc())
            .upstream_sends(b"\0\0\0\0\x01y")
            .upstream_ends_with(&[("grpc-status", "0")]),
        new("gRPC: an error in trailers")
            .request(call())
            .client_ends()
            .answer(grpc())
            .upstream_ends_with(&[("grpc-status", "5"), ("grpc-message", "not found")]),
        new("gRPC: an error in headers alone").request(call()).client_ends().answer(
            Answer::new(200).header("content-type", "application/grpc").header("grpc-status", "13").header("grpc-message", "internal"),
        ),
        replies("gRPC: a local reply with a status of its own", 200, 7),
        replies("gRPC: a local reply without one, 401", 401, -1),
        replies("gRPC: a local reply without one, 429", 429, -1),
        replies("gRPC: a local reply without one, 503", 503, -1),
        replies("gRPC: a local reply with an unknown status", 200, 99),
        new("gRPC: no healthy upstream").route(Route::new("r").cluster("nobody")).request(call()).client_ends(),
        new("gRPC: a direct response").route(Route::new("r").direct_response(403, "no")).request(call()).client_ends(),
        new("gRPC: the upstream resets before its answer").request(call()).client_ends().upstream_resets(),
        Scenario::new("gRPC: a reply in the response phase")
            .plugin(Plugin::puppet("outer"))
            .plugin(Plugin::puppet("p").script(json!({ "response_headers": [reply(500, 8)] })))
            .request(call())
            .client_ends()
            .answer(grpc())
            .upstream_ends_with(&[("grpc-status", "0")]),
    ]
}
