//! Exchanges of request-id.

use super::{Exchange, Upstream};
use serde_json::json;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// All of them.
pub fn exchanges() -> Vec<Exchange> {
    [ids(), traces(), policies(), replies()].concat()
}

fn ids() -> Vec<Exchange> {
    vec![
        Exchange::new("no id: one is generated"),
        Exchange::new("a valid id is kept").header("x-request-id", "order-42"),
        Exchange::new("an invalid id is replaced").header("x-request-id", "a;b"),
        Exchange::new("bytes that are no text are replaced").header("x-request-id", b"\xff\x80".to_vec()),
        Exchange::new("an empty id is replaced").header("x-request-id", ""),
        Exchange::new("an id of 128 bytes is kept").header("x-request-id", "a".repeat(128)),
        Exchange::new("an id of 129 bytes is replaced").header("x-request-id", "a".repeat(129)),
        Exchange::new("an id given twice is replaced")
            .header("x-request-id", "a")
            .header("x-request-id", "b"),
        Exchange::new("the next header in the list is taken")
            .header("x-request-id", "\"")
            .header("x-correlation-id", "c-1"),
        Exchange::new("a repeated header is removed")
            .header("x-correlation-id", "a")
            .header("x-correlation-id", "b"),
        Exchange::new("b3 in one header").header("b3", "0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"),
        Exchange::new("a b3 without an id").header("b3", "0"),
        Exchange::new("an invalid b3 is removed").header("b3", "nonsense"),
        Exchange::new("b3 in several headers")
            .header("x-b3-traceid", "463ac35c9f6413ad")
            .header("x-b3-spanid", "a2fb4a1d1a96d312"),
        Exchange::new("the root of x-ray").header(
            "x-amzn-trace-id",
            "Root=1-67891233-abcdef012345678912345678;Sampled=1",
        ),
        Exchange::new("an invalid root of x-ray").header("x-amzn-trace-id", "Root=1-0-0"),
    ]
}

fn traces() -> Vec<Exchange> {
    let create = json!({ "default": { "trace_context": "create", "sampled": true } });
    vec![
        Exchange::new("a valid traceparent goes on").header("traceparent", PARENT).header("tracestate", "a=1,b=2"),
        Exchange::new("a later version is sent as version 00")
            .header("traceparent", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fd-future"),
        Exchange::new("an invalid traceparent and its tracestate are removed")
            .header("traceparent", PARENT.to_uppercase())
            .header("tracestate", "a=1"),
        Exchange::new("a repeated traceparent is invalid").header("traceparent", PARENT).header("traceparent", PARENT),
        Exchange::new("lines of tracestate become one")
            .header("traceparent", PARENT)
            .header("tracestate", "a=1, b=2")
            .header("tracestate", "")
            .header("tracestate", "c=3"),
        Exchange::new("an invalid tracestate is removed alone").header("traceparent", PARENT).header("tracestate", "A=1"),
        Exchange::new("a tracestate without traceparent is removed").header("tracestate", "a=1"),
        Exchange::new("create starts a trace").configured(create.clone()),
        Exchange::new("create keeps a valid one").configured(create).header("traceparent", PARENT),
        Exchange::new("create takes the request id").configured(json!({
            "default": { "trace_context": "create", "sampled": false, "trace_id_from_request_id": true, "generate": "uuid4" },
        })),
        Exchange::new("disabled leaves an invalid one alone")
            .configured(json!({ "default": { "trace_context": "disabled", "accept": ["x-request-id"] } }))
            .header("traceparent", "nonsense"),
    ]
}

fn policies() -> Vec<Exchange> {
    let everything = |exchange: Exchange| {
        exchange
            .header("x-request-id", "mine")
            .header("x-correlation-id", "mine")
            .header("traceparent", PARENT)
            .header("b3", "0")
            .header("x-b3-sampled", "1")
    };
    vec![
        everything(Exchange::new("nobody is trusted").configured(json!({ "default": { "trust": "never" } }))),
        everything(Exchange::new("another network is trusted").configured(json!({ "default": { "trust": { "cidrs": ["10.0.0.0/8"] } } }))),
        everything(Exchange::new("the peer's network is trusted").configured(json!({ "default": { "trust": { "cidrs": ["127.0.0.0/8"] } } }))),
        everything(Exchange::new("ids are trusted, traces are not").configured(json!({ "default": { "trust": { "ids": "always", "trace": "never" } } }))),
        Exchange::new("shadow changes nothing").configured(json!({ "mode": "shadow" })).header("x-request-id", "a;b"),
        Exchange::new("disabled changes nothing").configured(json!({ "mode": "disabled" })).header("x-request-id", "a;b"),
        Exchange::new("none of the requests is enforced").configured(json!({ "enforce_percent": 0 })).header("x-request-id", "a;b"),
        Exchange::new("without a default a request is left alone").configured(json!({ "default": null })),
        Exchange::new("a rule by everything at once")
            .configured(json!({
                "routes": [{
                    "match": {
                        "route": "orders", "host": "*.example", "path_template": "/orders/{id}", "methods": ["POST"],
                        "headers": { "x-tier": "gold" }, "direction": "any",
                    },
                    "policy": { "response_headers": ["x-id"], "request_headers": ["x-request-id", "x-correlation-id"] },
                }],
            }))
            .request("POST", "/orders/7?q=1", "body")
            .header("x-tier", "gold"),
        Exchange::new("everything is told")
            .configured(json!({
                "explain": "all",
                "log": { "requests": true },
                "service_name": "shop",
                "route_metadata": true,
                "default": { "log_headers": { "user": "x-user" } },
            }))
            .header("x-request-id", "a b")
            .header("x-user", b"\xffu".to_vec()),
        Exchange::new("errors are explained").configured(json!({ "explain": "errors" })).answered(500, &[], "oops"),
    ]
}

fn replies() -> Vec<Exchange> {
    vec![
        Exchange::new("an upstream's own ids are replaced").answered(
            200,
            &[
                ("x-request-id", "u-1"),
                ("content-type", "text/plain"),
                ("x-request-id", "u-2"),
            ],
            "hello",
        ),
        Exchange::new("no body").answered(204, &[], ""),
        Exchange::new("not modified").answered(304, &[("etag", "\"1\"")], ""),
        Exchange::new("HEAD").request("HEAD", "/", ""),
        Exchange::new("a body both ways").request("POST", "/orders/1", "question"),
        Exchange::new("an error of the upstream").answered(503, &[("retry-after", "7")], "busy"),
        Exchange::new("no route").meets("/no-such-route", Upstream::Unasked),
        Exchange::new("no healthy upstream").meets("/nobody", Upstream::Nobody),
        Exchange::new("a direct response").meets("/maintenance", Upstream::Unasked),
        Exchange::new("a reset before the response").meets("/reset", Upstream::Resets),
        Exchange::new("a time-out")
            .meets("/slow/3000", Upstream::Late)
            .header("x-request-id", "slow-1"),
    ]
}
