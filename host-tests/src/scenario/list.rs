//! All scenarios, by topic.

mod bodies;
mod call_outs;
mod endings;
mod foreign;
mod headers;
mod http2;
mod modules;
mod phases;
mod process;
mod properties;
mod router;
mod routes;
mod state;
mod upgrades;
mod upstream_filters;
mod wasi;

use serde_json::{Map, Value, json};

use super::{Answer, Request, Scenario};

/// All of them. A scenario's place is its number.
pub fn all() -> Vec<Scenario> {
    [
        bodies::scenarios(),
        endings::scenarios(),
        phases::scenarios(),
        headers::scenarios(),
        http2::scenarios(),
        process::scenarios(),
        modules::scenarios(),
        properties::scenarios(),
        state::scenarios(),
        call_outs::scenarios(),
        foreign::scenarios(),
        wasi::scenarios(),
        router::scenarios(),
        routes::scenarios(),
        upgrades::scenarios(),
        upstream_filters::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The callbacks of a stream, in their order.
const STREAM: [&str; 10] = [
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

/// The same steps in every callback of an exchange with bodies and trailers both ways, and in those of its root.
fn everywhere(name: &'static str, steps: &[Value]) -> Scenario {
    let mut script = Map::new();
    script.insert("configure".into(), json!(steps));
    for callback in STREAM {
        script.insert(callback.into(), json!(steps));
    }
    // The tick comes when the exchange is over, so that nothing hangs on when that is.
    let log = script["log"]
        .as_array_mut()
        .expect("a callback has a list of steps");
    log.push(json!(["set_tick_period_milliseconds", 5]));
    let once = [
        &[json!("on"), json!(1)],
        steps,
        &[json!(["set_tick_period_milliseconds", 0])],
    ]
    .concat();
    script.insert("tick".into(), json!([once]));
    Scenario::new(name)
        .script(Value::Object(script))
        .request(Request::post("/orders?a=1").header("x-a", "1"))
        .client_sends("question")
        .client_ends_with(&[("x-sum", "1")])
        .answer(Answer::new(200).header("x-a", "2").chunked())
        .upstream_sends("answer")
        .upstream_ends_with(&[("x-sum", "2")])
        .passes(10)
}
