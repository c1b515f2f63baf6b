//! Every host function in every phase.

use serde_json::json;

use crate::scenario::{Answer, Request, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("a request and a response of headers alone")
            .script(json!({}))
            .get()
            .answer(Answer::new(204)),
        Scenario::new("a chunked body and trailers both ways")
            .script(json!({
                "request_headers": [["get_header_map_pairs", 0]],
                "response_headers": [["get_header_map_pairs", 2]],
            }))
            .request(
                Request::post("/orders?a=1")
                    .header("x-a", "1")
                    .header("X-B", b"\xff"),
            )
            .client_sends("one")
            .client_sends("two")
            .client_ends_with(&[("x-sum", "6")])
            .answer(Answer::new(200).header("x-c", "3").chunked())
            .upstream_sends("ab")
            .upstream_sends("cd")
            .upstream_ends_with(&[("x-sum", "4")]),
        Scenario::new("a whole body both ways")
            .script(json!({
                "request_headers": [["get_header_map_pairs", 0]],
                "response_headers": [["get_header_map_pairs", 2]],
            }))
            .request(Request::post("/").body("question"))
            .answer(Answer::new(200).body("answer")),
    ]
}
