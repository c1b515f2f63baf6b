//! Exchanges of retry. error-envelope and request-id stand before it, unless it stands alone. Clients are internal ones:
//! what they tell the router reaches the plugin.

use super::{Exchange, Place, RETRIED, Upstream};
use serde_json::{Value, json};

/// All of them.
pub fn exchanges() -> Vec<Exchange> {
    [steered(), told(), refused(), alone(), policies(), in_cluster()].concat()
}

/// The same for both sides: nothing is drawn.
fn policy(more: Value) -> Value {
    let mut policy = json!({
        "retry_after": { "jitter": 0 },
        "deadline_headers": ["x-deadline-ms", "grpc-timeout"],
        "idempotency_key": { "unlocks": ["PATCH"], "required_for": ["DELETE"] },
    });
    let members = policy.as_object_mut().expect("a policy is an object");
    members.extend(more.as_object().expect("so is what is laid over it").clone());
    json!({ "service_name": "shop", "default": policy })
}

fn of(name: &'static str) -> Exchange {
    Exchange::new(name).configured(policy(json!({})))
}

/// What is tried again, and how often.
fn steered() -> Vec<Exchange> {
    let grpc = |name| {
        of(name)
            .request("POST", "/", "question")
            .header("content-type", "application/grpc")
    };
    let status = |status| ("grpc-status", status);
    let grpc_type = ("content-type", "application/grpc");
    vec![
        of("a success"),
        of("a GET, and 503").answered(503, &[("content-type", "text/plain")], "busy"),
        of("a GET, and 502").answered(502, &[], ""),
        of("a GET, and 500").answered(500, &[], "broken"),
        of("a GET, and 404").answered(404, &[], ""),
        of("a GET, and a limit of its rate").answered(503, &[("x-envoy-ratelimited", "true")], ""),
        of("a HEAD, and 503")
            .request("HEAD", "/", "")
            .answered(503, &[], ""),
        of("a PUT, and 503")
            .request("PUT", "/", "question")
            .answered(503, &[], "busy"),
        of("a POST, and 200").request("POST", "/", "question"),
        of("a POST, and 503")
            .request("POST", "/", "question")
            .answered(503, &[], "busy"),
        of("a POST without a body, and 503")
            .request("POST", "/", "")
            .answered(503, &[], ""),
        of("a PATCH without a key")
            .request("PATCH", "/", "question")
            .answered(503, &[], ""),
        of("a PATCH with a key")
            .request("PATCH", "/", "question")
            .header("idempotency-key", "\"a-1\"")
            .answered(503, &[], ""),
        of("a PATCH with two keys")
            .request("PATCH", "/", "question")
            .header("idempotency-key", "a")
            .header("idempotency-key", "a")
            .answered(503, &[], ""),
        of("a GET, and a reset").meets("/reset", Upstream::Resets),
        of("a POST, and a reset")
            .request("POST", "/reset", "question")
            .meets("/reset", Upstream::Resets),
        of("a GET, and no connection").meets("/refused", Upstream::Refused),
        of("a POST, and no connection")
            .request("POST", "/refused", "question")
            .meets("/refused", Upstream::Refused),
        of("a time-out").meets("/slow/3000", Upstream::Late),
        of("nobody is there").meets("/nobody", Upstream::Nobody),
        of("an overflow").meets("/full", Upstream::Full),
        of("no route").meets("/no-such-route", Upstream::Unasked),
        of("a direct response").meets("/maintenance", Upstream::Unasked),
        of("a GET on a route that tries five times").meets(RETRIED, Upstream::status(503)),
        of("a POST on a route that tries five times")
            .request("POST", RETRIED, "question")
            .meets(RETRIED, Upstream::status(503)),
        of("a body in chunks")
            .answered(503, &[], "one two three")
            .in_chunks(3),
        grpc("gRPC, and 503").answered(503, &[], ""),
        grpc("gRPC, and unavailable").answered(200, &[grpc_type, status("14")], ""),
        grpc("gRPC, and internal").answered(200, &[grpc_type, status("13")], ""),
        grpc("gRPC, and no connection").meets("/refused", Upstream::Refused),
        grpc("gRPC, and a reset").meets("/reset", Upstream::Resets),
    ]
}

/// What a caller says, and what it and the upstream are told.
fn told() -> Vec<Exchange> {
    let failing = |name: &'static str| of(name).answered(503, &[], "");
    let post = |name: &'static str, header, value: &str| {
        of(name)
            .request("POST", "/", "question")
            .header(header, value)
            .answered(503, &[], "")
    };
    vec![
        post("more retries are asked for", "x-envoy-max-retries", "9"),
        post("retries are asked for", "x-envoy-retry-on", "5xx").header("x-envoy-retry-on", "gateway-error"),
        post("statuses are asked for", "x-envoy-retriable-status-codes", "503")
            .header("x-envoy-retry-on", "retriable-status-codes"),
        post(
            "headers are asked for",
            "x-envoy-retriable-header-names",
            "content-length",
        )
        .header("x-envoy-retry-on", "retriable-headers"),
        post(
            "gRPC's retries are asked for",
            "x-envoy-retry-grpc-on",
            "unavailable",
        ),
        post("hedging is asked for", "x-envoy-hedge-on-per-try-timeout", "true")
            .header("x-envoy-upstream-rq-per-try-timeout-ms", "20"),
        failing("no retries are asked for").header("x-envoy-max-retries", "0"),
        failing("two numbers of retries are asked for")
            .header("x-envoy-max-retries", "7")
            .header("x-envoy-max-retries", "8"),
        of("time-outs are asked for")
            .header("x-envoy-upstream-rq-timeout-ms", "20")
            .header("x-envoy-upstream-rq-per-try-timeout-ms", "10")
            .header("x-envoy-upstream-stream-duration-ms", "20")
            .header("x-envoy-expected-rq-timeout-ms", "20"),
        of("another answer to a time-out is asked for")
            .header("x-envoy-upstream-rq-timeout-alt-response", "1")
            .meets("/slow/3000", Upstream::Late),
        failing("a retry of somebody else's").header("x-envoy-attempt-count", "3"),
        failing("an attempt that is no number").header("x-envoy-attempt-count", "three"),
        of("a 429").answered(429, &[("content-type", "text/plain")], "later"),
        of("a 429 of a caller's fourth attempt")
            .header("x-envoy-attempt-count", "4")
            .answered(429, &[], ""),
        of("a 429 that says when").answered(429, &[("retry-after", "7")], ""),
        of("a deadline").header("x-deadline-ms", "9000"),
        of("a deadline as gRPC says it").header("grpc-timeout", "9S"),
        of("two deadlines")
            .header("x-deadline-ms", "9000")
            .header("grpc-timeout", "8S"),
        of("a deadline of nonsense").header("x-deadline-ms", "soon"),
        of("a deadline that is longer than the route's time-out").header("x-deadline-ms", "86400000"),
    ]
}

/// What the plugin answers itself.
fn refused() -> Vec<Exchange> {
    let unasked = |exchange: Exchange| Exchange {
        upstream: Upstream::Unasked,
        ..exchange
    };
    let grpc =
        |name| unasked(of(name).request("POST", "/", "question")).header("content-type", "application/grpc");
    vec![
        unasked(of("without its key").request("DELETE", "/", "question")),
        unasked(
            of("with a key that is none")
                .request("DELETE", "/", "question")
                .header("idempotency-key", "a b"),
        ),
        unasked(
            of("without its key, a problem")
                .request("DELETE", "/", "question")
                .header("accept", "application/problem+json"),
        ),
        of("with its key")
            .request("DELETE", "/", "question")
            .header("idempotency-key", "a"),
        unasked(of("too late").header("x-deadline-ms", "0")),
        unasked(
            of("too late, with an id")
                .header("x-deadline-ms", "0")
                .header("x-request-id", "order-42"),
        ),
        unasked(
            of("too late, HEAD")
                .request("HEAD", "/", "")
                .header("x-deadline-ms", "0"),
        ),
        unasked(
            of("too late, POST")
                .request("POST", "/", "question")
                .header("grpc-timeout", "0n"),
        ),
        grpc("too late, gRPC").header("grpc-timeout", "0m"),
    ]
}

fn alone() -> Vec<Exchange> {
    let of = |name| of(name).standing(Place::Alone);
    let unasked = |exchange: Exchange| exchange.meets("/", Upstream::Unasked);
    vec![
        of("alone, a success"),
        of("alone, a 429 that says when by a date").answered(
            429,
            &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")],
            "",
        ),
        of("alone, a GET and 503").answered(503, &[], "busy"),
        of("alone, a POST and 503")
            .request("POST", "/", "question")
            .answered(503, &[], "busy"),
        unasked(of("alone, without its key").request("DELETE", "/", "question")),
        unasked(of("alone, too late").header("x-deadline-ms", "0").header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )),
        unasked(of("alone, too late, gRPC").request("POST", "/", "question"))
            .header("content-type", "application/grpc+proto")
            .header("grpc-timeout", "0m"),
    ]
}

/// Policies of their own, each on an Envoy of its own.
fn policies() -> Vec<Exchange> {
    let failing = |name| Exchange::new(name).answered(503, &[], "");
    let used_up =
        json!({ "percent": 0, "interval": "1h", "min_retry_rate": { "count": 3, "interval": "1h" } });
    let shadow = json!({
        "mode": "shadow", "explain": "all", "log": { "errors": "all" },
        "default": { "attempts": 2, "timeout": "1s", "deadline_headers": ["x-deadline-ms"], "route_policy": true },
    });
    vec![
        failing("disabled").configured(json!({ "mode": "disabled" })),
        failing("disabled, and the caller asks for retries")
            .configured(json!({ "mode": "disabled", "explain": "all" }))
            .header("x-envoy-retry-on", "5xx"),
        failing("shadow").configured(shadow.clone()).header("x-deadline-ms", "0"),
        failing("shadow, on a route that tries five times")
            .configured(shadow)
            .meets(RETRIED, Upstream::status(503)),
        failing("one attempt, on a route that tries five times")
            .configured(policy(json!({ "attempts": 1 })))
            .meets(RETRIED, Upstream::status(503)),
        Exchange::new("only in part, on a route that tries five times")
            .configured(policy(json!({ "route_policy": true })))
            .request("POST", RETRIED, "question")
            .meets(RETRIED, Upstream::status(503)),
        failing("five attempts, by status")
            .configured(policy(json!({ "attempts": 5, "retry_on": [], "statuses": ["500-503"] }))),
        failing("a budget that is used up")
            .configured(policy(json!({ "budget": used_up })))
            .after(2, &Upstream::status(503)),
        failing("what two layers do is multiplied")
            .configured(policy(json!({ "inbound_retries": "allow" })))
            .header("x-envoy-attempt-count", "2"),
        failing("everything is told").configured(json!({
            "service_name": "shop", "explain": "all", "route_metadata": true,
            "log": { "errors": "all" },
            "default": {
                "attempts": 2, "timeout": "20s", "per_try_timeout": "9s", "retry_after": { "base": "10s", "jitter": 0 },
                "any_method_on": [],
            },
            "routes": [{ "match": { "methods": ["PUT"], "headers": { "x-tier": "gold" } }, "policy": { "attempts": 1 } }],
        })),
    ]
}

/// Behind the router, on a route that tries five times.
fn in_cluster() -> Vec<Exchange> {
    let of = |name, count| {
        let rate = json!({ "count": count, "interval": "1h" });
        // A share of which a few requests make nothing.
        let budget = json!({ "percent": 0.001, "interval": "1h", "min_retry_rate": rate });
        Exchange::new(name)
            .configured(policy(json!({ "budget": budget })))
            .standing(Place::Cluster)
    };
    let none = |name| of(name, 0).meets(RETRIED, Upstream::status(503));
    vec![
        of("in the cluster, a success", 0),
        of("in the cluster, and two retries are left", 2).meets(RETRIED, Upstream::status(503)),
        none("in the cluster, a GET, and no retry is left"),
        none("in the cluster, a HEAD, and no retry is left").request("HEAD", RETRIED, ""),
        none("in the cluster, a POST, and no retry is left").request("POST", RETRIED, "question"),
        none("in the cluster, gRPC, and no retry is left")
            .request("POST", RETRIED, "question")
            .header("content-type", "application/grpc"),
    ]
}
