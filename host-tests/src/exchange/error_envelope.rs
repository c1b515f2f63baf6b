//! Exchanges of error-envelope. request-id stands behind it, as in the sample.

use super::{Exchange, Upstream};
use serde_json::{Value, json};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const PROBLEM: &str = "application/problem+json";
const OAUTH: &str = r#"{"error":"invalid_grant","error_description":"The authorization code expired."}"#;
const VALIDATION: &str = r#"{"detail":[{"loc":["body","age"],"msg":"too young","type":"range","input":"12"},{"loc":["body","name"],"msg":"empty"}]}"#;
const STANDARD: &str = r#"{"trace_id":"t-1","request_id":"r-1","error_code":"OUT_OF_STOCK","message":"none left","status_code":409,"timestamp":"2026-01-01T00:00:00.000Z"}"#;

const TEXT: &[(&str, &str)] = &[("content-type", "text/plain")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const XML: &[(&str, &str)] = &[("content-type", "application/xml")];
const HTML: &[(&str, &str)] = &[("content-type", "text/html")];

/// All of them.
pub fn exchanges() -> Vec<Exchange> {
    [
        proxy(),
        structured(),
        strict(),
        negotiated(),
        left_alone(),
        policies(),
        bodies(),
    ]
    .concat()
}

fn never() -> Value {
    json!({ "default": { "passthrough": "never" } })
}

fn known() -> Value {
    json!({ "default": { "passthrough": "enveloped" } })
}

fn proxy() -> Vec<Exchange> {
    vec![
        Exchange::new("no error"),
        Exchange::new("no route").meets("/no-such-route", Upstream::Unasked),
        Exchange::new("no route, as a problem")
            .meets("/no-such-route", Upstream::Unasked)
            .header("accept", PROBLEM),
        Exchange::new("no healthy upstream").meets("/nobody", Upstream::Nobody),
        Exchange::new("connection refused").meets("/refused", Upstream::Refused),
        Exchange::new("overflow").meets("/full", Upstream::Full),
        Exchange::new("a time-out")
            .meets("/slow/3000", Upstream::Late)
            .header("x-request-id", "slow-1"),
        Exchange::new("a reset before the response").meets("/reset", Upstream::Resets),
        Exchange::new("a direct response of a server error").meets("/maintenance", Upstream::Unasked),
        Exchange::new("a direct response of a client error").meets("/gone", Upstream::Unasked),
        Exchange::new("a HEAD without route")
            .request("HEAD", "/no-such-route", "")
            .meets("/no-such-route", Upstream::Unasked),
        Exchange::new("a HEAD to nobody")
            .request("HEAD", "/nobody", "")
            .meets("/nobody", Upstream::Nobody),
        Exchange::new("a POST to nobody")
            .request("POST", "/nobody", "question")
            .meets("/nobody", Upstream::Nobody),
    ]
}

fn structured() -> Vec<Exchange> {
    vec![
        Exchange::new("JSON stays")
            .answered(400, JSON, OAUTH)
            .answer_header("etag", "\"e\""),
        Exchange::new("XML stays").answered(404, XML, "<Error><Code>NoSuchKey</Code></Error>"),
        Exchange::new("JSON of a server error stays").answered(503, JSON, "{}"),
        Exchange::new("text is replaced").answered(404, TEXT, "no such order"),
        Exchange::new("text of a server error is replaced").answered(500, TEXT, "SELECT 1"),
        Exchange::new("a page is replaced").answered(404, HTML, "<p>no"),
        Exchange::new("a page stays for a browser")
            .answered(404, HTML, "<p>no")
            .header("accept", "text/html,*/*;q=0.8"),
        Exchange::new("no body").answered(404, &[], ""),
        Exchange::new("no body, and headers that stay and go")
            .answered(
                401,
                &[
                    ("www-authenticate", "Bearer"),
                    ("set-cookie", "a=1"),
                    ("set-cookie", "b=2"),
                    ("etag", "\"e\""),
                ],
                "",
            )
            .answer_header("x-binary", b"\xff\x80".to_vec()),
        Exchange::new("a body, and headers that stay and go")
            .answered(
                401,
                &[
                    ("content-type", "text/plain"),
                    ("www-authenticate", "Bearer"),
                    ("set-cookie", "a=1"),
                    ("set-cookie", "b=2"),
                    ("etag", "\"e\""),
                ],
                "who?",
            )
            .answer_header("x-binary", b"\xff\x80".to_vec()),
    ]
}

fn strict() -> Vec<Exchange> {
    let of = |name| Exchange::new(name).configured(never());
    vec![
        of("the message of JSON").answered(400, JSON, OAUTH),
        of("validation errors")
            .request("POST", "/", "{}")
            .answered(422, JSON, VALIDATION),
        of("JSON that is none").answered(400, JSON, "{"),
        of("XML is replaced").answered(404, XML, "<Error/>"),
        of("JSON of a server error is replaced").answered(500, JSON, r#"{"message":"SELECT 1"}"#),
        of("a problem is replaced").answered(
            402,
            &[("content-type", PROBLEM)],
            r#"{"title":"Out of credit"}"#,
        ),
        of("a time to wait").answered(
            429,
            &[("content-type", "text/plain"), ("retry-after", "7")],
            "slow down",
        ),
        of("a time to wait without a body").answered(503, &[("retry-after", "7")], ""),
        of("a trace")
            .answered(404, TEXT, "no")
            .header("traceparent", PARENT)
            .header("x-request-id", "r-1"),
        of("an id that is none")
            .answered(404, TEXT, "no")
            .header("x-request-id", "a;b"),
    ]
}

fn negotiated() -> Vec<Exchange> {
    let of = |name, accept: &str| {
        Exchange::new(name)
            .answered(404, TEXT, "no")
            .header("accept", accept)
    };
    vec![
        of("a problem", PROBLEM),
        of(
            "a problem by weight",
            "application/json;q=0.5, application/problem+json",
        ),
        of(
            "no problem by weight",
            "application/problem+json;q=0.5, application/json",
        ),
        of("nonsense", ",,;q=1,/"),
        of("twice", "application/json;q=0.1").header("accept", PROBLEM),
        of("bytes that are no text", "*/*").header("accept", b"\xff".to_vec()),
        of("varying already", "*/*").answer_header("vary", "Origin"),
        of("varying by everything", "*/*").answer_header("vary", "*"),
        of("always standard", PROBLEM).configured(json!({ "default": { "format": "standard" } })),
        of("always a problem", "*/*").configured(json!({ "default": { "format": "problem" } })),
        Exchange::new("a problem without a body")
            .answered(404, &[("vary", "Origin")], "")
            .header("accept", PROBLEM),
    ]
}

fn left_alone() -> Vec<Exchange> {
    let of = |name| Exchange::new(name).configured(never());
    vec![
        of("HEAD").request("HEAD", "/", "").answered(404, TEXT, "no"),
        of("gRPC asked for")
            .request("POST", "/", "x")
            .header("content-type", "application/grpc-web")
            .answered(503, TEXT, "no"),
        of("gRPC answered").answered(500, &[("content-type", "application/grpc")], "x"),
        of("a stream of events")
            .answered(500, &[("content-type", "text/event-stream")], "data: 1\n\n")
            .in_chunks(2),
        of("part of something").answered(
            206,
            &[("content-type", "text/plain"), ("content-range", "bytes 0-1/9")],
            "pa",
        ),
        of("not modified").answered(304, &[("etag", "\"1\"")], ""),
        of("nothing").answered(204, &[], ""),
        Exchange::new("enveloped by its header").answered(
            409,
            &[("content-type", "text/plain"), ("x-error-code", "OUT_OF_STOCK")],
            "none",
        ),
        Exchange::new("a problem stays").configured(known()).answered(
            402,
            &[("content-type", PROBLEM)],
            r#"{"title":"x"}"#,
        ),
        Exchange::new("shadow changes nothing")
            .configured(json!({ "mode": "shadow" }))
            .answered(404, TEXT, "no"),
        Exchange::new("disabled changes nothing")
            .configured(json!({ "mode": "disabled" }))
            .answered(404, TEXT, "no"),
        Exchange::new("without a default an error is left alone")
            .configured(json!({ "default": null }))
            .answered(404, TEXT, "no"),
        Exchange::new("the upstream's are not covered")
            .configured(json!({ "default": { "origins": ["local"] } }))
            .answered(404, TEXT, "no"),
    ]
}

fn policies() -> Vec<Exchange> {
    let everything = json!({
        "service_name": "shop", "explain": "all", "log": { "errors": "all" }, "route_metadata": true,
        "default": {
            "passthrough": "never", "documentation_base_url": "https://docs.example/errors/",
            "context_headers": { "tenant": "x-tenant" },
            "catalog": [
                { "when": { "status": 404 }, "error_code": "NO_ORDER", "message": "No such order.", "status": 410, "retryable": true },
                { "when": { "details": "no_healthy*", "origin": "local" }, "error_code": "SHOP_CLOSED", "status": 502 },
            ],
        },
    });
    let of = |name| {
        Exchange::new(name)
            .configured(everything.clone())
            .header("x-tenant", b"t\xff".to_vec())
    };
    vec![
        of("the operator's code and status").answered(404, TEXT, "no"),
        of("the operator's code and status without a body").answered(404, &[], ""),
        of("the operator's code for the proxy's error").meets("/nobody", Upstream::Nobody),
        of("everything that there is to say").answered(503, &[("content-type", "text/plain"), ("retry-after", "9")], "no"),
        Exchange::new("a rule by method, header and host")
            .configured(json!({
                "default": null,
                "routes": [{
                    "match": { "methods": ["PUT"], "headers": { "x-tier": "gold" }, "host": "*.example", "route": "everything-else" },
                    "policy": { "passthrough": "never", "format": "problem" },
                }],
            }))
            .request("PUT", "/", "x")
            .header("x-tier", "gold")
            .answered(404, JSON, "{}"),
    ]
}

fn bodies() -> Vec<Exchange> {
    let of = |name| Exchange::new(name).configured(known());
    vec![
        of("the standard form stays").answered(409, JSON, STANDARD),
        of("the standard form in chunks stays")
            .answered(409, JSON, STANDARD)
            .in_chunks(7),
        of("the standard form becomes a problem")
            .answered(409, JSON, STANDARD)
            .header("accept", PROBLEM),
        of("another form does not stay").answered(409, JSON, OAUTH),
        of("chunks are read")
            .answered(422, JSON, VALIDATION)
            .in_chunks(50),
        of("chunks are replaced unread")
            .answered(500, TEXT, "one two three four")
            .in_chunks(4),
        of("an encoded body is replaced unread").answered(
            404,
            &[("content-type", "text/plain"), ("content-encoding", "gzip")],
            "\x1f",
        ),
        Exchange::new("a body that is announced as too long")
            .configured(json!({ "default": { "passthrough": "never", "max_body_bytes": 10 } }))
            .answered(404, TEXT, "eleven byte"),
        Exchange::new("a body that turns out to be too long")
            .configured(json!({ "default": { "passthrough": "never", "max_body_bytes": 10 } }))
            .answered(404, TEXT, "eleven bytes, and more of them")
            .in_chunks(5),
    ]
}
