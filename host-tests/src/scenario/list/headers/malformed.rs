//! What no map can be made of: pointers that point nowhere, pairs that are none, and headers that nothing goes on without.

use serde_json::{Value, json};

use crate::scenario::{Answer, Plugin, Scenario};

/// Pointers that point nowhere, for each argument that is one.
pub(super) fn bad_pointers() -> Vec<Scenario> {
    let nowhere = json!({ "at": -16, "length": 100 });
    let nothing = json!({ "at": -1, "length": 0 });
    let huge = json!({ "at": 0, "length": -1 });
    let mut steps = Vec::new();
    for bad in [&nowhere, &nothing, &huge] {
        steps.extend([
            json!(["log", 2, bad]),
            json!(["get_header_map_value", 0, bad]),
            json!(["add_header_map_value", 0, bad, "v"]),
            json!(["add_header_map_value", 0, "x-a", bad]),
            json!(["replace_header_map_value", 0, bad, "v"]),
            json!(["replace_header_map_value", 0, "x-b", bad]),
            json!(["remove_header_map_value", 0, bad]),
            json!(["get_property", bad]),
            json!(["set_property", bad, "v"]),
            json!(["set_property", "x", bad]),
            json!(["get_shared_data", bad]),
            json!(["set_shared_data", bad, "v", 0]),
            json!(["set_shared_data", "k", bad, 0]),
            json!(["define_metric", 0, bad]),
            json!(["set_buffer_bytes", 0, 0, 0, bad]),
            json!(["call_foreign_function", bad, ""]),
            json!(["call_foreign_function", "clear_route_cache", bad]),
        ]);
    }
    let places: Vec<Value> = vec![
        json!(["get_header_map_value", 0, ":path", -2, 4]),
        json!(["get_header_map_value", 0, ":path", 4, -2]),
        json!(["get_header_map_pairs", 0, -2, 4]),
        json!(["get_header_map_size", 0, -2]),
        json!(["get_property", "plugin_name", -2, 4]),
        json!(["get_buffer_bytes", 6, 0, 10, -2, 4]),
        json!(["get_buffer_status", 0, -2, 4]),
        json!(["get_current_time_nanoseconds", -4]),
        json!(["get_log_level", -2]),
        json!(["define_metric", 0, "pointers.counter", -2]),
        json!(["get_metric", "pointers.counter", -4]),
        json!(["get_shared_data", "k", -2, 4, 8]),
        json!(["call_foreign_function", "clear_route_cache", "", -2, -2]),
    ];
    vec![
        Scenario::new("bytes that are nowhere are refused")
            .script(json!({ "request_headers": steps }))
            .get()
            .answer(200),
        Scenario::new("results that have no place are refused")
            .script(json!({ "configure": [["set_shared_data", "k", "v", 0]], "request_headers": places }))
            .get()
            .answer(200),
    ]
}

/// Blobs that are no pairs.
pub(super) fn malformed_pairs() -> Vec<Scenario> {
    [
        ("no pairs at all empty a map", json!({ "hex": "" })),
        ("pairs that are cut off", json!({ "hex": "01000000" })),
        ("pairs with a count that lies", json!({ "hex": "ffffffff" })),
        (
            "pairs with a length that lies",
            json!({ "hex": "01000000ff00000001000000610062 00" }),
        ),
        (
            "pairs without their zero bytes",
            json!({ "hex": "010000000100000001000000 6162" }),
        ),
        (
            "pairs with something behind them",
            json!({ "hex": "01000000010000000100000061006200 6300" }),
        ),
    ]
    .into_iter()
    .map(|(name, blob)| {
        Scenario::new(name)
            .script(json!({
                "response_headers": [["set_header_map_pairs", 2, blob], ["get_header_map_pairs", 2]],
            }))
            .get()
            .answer(Answer::new(200).header("x-a", "1"))
    })
    .collect()
}

/// Headers that a message cannot do without.
pub(super) fn lost_headers() -> Vec<Scenario> {
    let without = |name, header: &str| {
        Scenario::new(name)
            .plugin(Plugin::puppet("outer").script(json!({})))
            .plugin(
                Plugin::puppet("p")
                    .script(json!({ "request_headers": [["remove_header_map_value", 0, header]] })),
            )
            .get()
            .answer(200)
    };
    vec![
        without("a request that lost its method", ":method"),
        without("a request that lost its path", ":path"),
        without("a request that lost its authority", ":authority"),
        without("a request that lost its scheme", ":scheme"),
        without("a request that lost the scheme it came by", "x-forwarded-proto"),
        Scenario::new("a response that lost its status")
            .script(json!({ "response_headers": [["remove_header_map_value", 2, ":status"]] }))
            .get()
            .answer(200),
        Scenario::new("a response whose status is no number")
            .script(json!({ "response_headers": [["replace_header_map_value", 2, ":status", "abc"]] }))
            .get()
            .answer(200),
    ]
}
