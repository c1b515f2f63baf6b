//! Exchanges of circuit-breaker. error-envelope and request-id stand before it, unless it stands alone.
//!
//! Each exchange has a breaker of its own, by the header `x-case`: they share an Envoy.

use super::{Exchange, Place, RETRIED, Upstream};
use serde_json::{Value, json};

/// All of them.
pub fn exchanges() -> Vec<Exchange> {
    let mut exchanges = [counted(), rejected(), alone()].concat();
    all_known(&mut exchanges);
    [exchanges, policies(), rerouted(), in_the_cluster()].concat()
}

/// One configuration for all of these, which knows their breakers.
fn all_known(exchanges: &mut [Exchange]) {
    let known: Vec<String> = exchanges.iter().map(|exchange| value(exchange.name)).collect();
    for exchange in exchanges {
        exchange.configuration =
            json!({ "service_name": "shop", "default": strict(json!({ "known": known })) });
    }
}

/// A breaker for each case, which opens at the second failure, for an hour.
fn strict(more: Value) -> Value {
    let mut policy = json!({
        "key": { "header": "x-case" },
        "trip": { "consecutive_failures": 2, "failure_rate": null },
        "open": { "for": "1h", "max": "1h", "jitter": 0 },
    });
    let members = policy.as_object_mut().expect("a policy is an object");
    members.extend(more.as_object().expect("so is what is laid over it").clone());
    policy
}

fn value(name: &str) -> String {
    name.replace([' ', ','], "-")
}

/// One whose breaker no other exchange has.
fn of(name: &'static str) -> Exchange {
    Exchange::new(name).header("x-case", value(name))
}

fn failing() -> Upstream {
    Upstream::status(503)
}

fn counted() -> Vec<Exchange> {
    vec![
        of("admitted"),
        of("admitted after a failure").after(1, &failing()),
        of("admitted after mistakes").after(5, &Upstream::status(404)),
        of("admitted after successes in between")
            .after(1, &failing())
            .after(1, &Upstream::status(200))
            .after(1, &failing()),
        of("the first failure").answered(503, &[("content-type", "text/plain")], "busy"),
        of("the failure that opens it").after(1, &failing()).answered(
            503,
            &[("content-type", "application/json"), ("retry-after", "7")],
            "{}",
        ),
        of("a body both ways").request("POST", "/", "question"),
        of("a body in chunks")
            .answered(200, &[], "one two three")
            .in_chunks(3),
        of("HEAD").request("HEAD", "/", ""),
        of("no body").answered(204, &[], ""),
        of("no route").meets("/no-such-route", Upstream::Unasked),
        of("no route, never opens")
            .after(3, &Upstream::Unasked)
            .meets("/no-such-route", Upstream::Unasked),
        of("a direct response never opens")
            .after(3, &Upstream::Unasked)
            .meets("/maintenance", Upstream::Unasked),
        of("an overflow never opens")
            .after(3, &Upstream::Full)
            .meets("/full", Upstream::Full),
        of("retried, and one failure").meets(RETRIED, failing()),
        of("a time-out").meets("/slow/3000", Upstream::Late),
        of("a reset").meets("/reset", Upstream::Resets),
    ]
}

fn rejected() -> Vec<Exchange> {
    let after = |name| of(name).after(2, &failing());
    let met = |exchange: Exchange| Exchange {
        upstream: Upstream::Unasked,
        ..exchange
    };
    vec![
        met(after("rejected")),
        met(after("rejected, and once more").after(1, &Upstream::Unasked)),
        met(after("rejected, with an id").header("x-request-id", "order-42")),
        met(after("rejected, a problem").header("accept", "application/problem+json")),
        met(after("rejected HEAD").request("HEAD", "/", "")),
        met(after("rejected POST").request("POST", "/", "question")),
        met(after("rejected gRPC")
            .request("POST", "/", "question")
            .header("content-type", "application/grpc")),
        met(after("rejected gRPC-web")
            .request("POST", "/", "question")
            .header("content-type", "application/grpc-web+proto")),
        of("rejected after resets")
            .after(2, &Upstream::Resets)
            .meets("/reset", Upstream::Unasked),
        of("rejected after nobody was there")
            .after(2, &Upstream::Nobody)
            .meets("/nobody", Upstream::Unasked),
        of("rejected after connections were refused")
            .after(2, &Upstream::Refused)
            .meets("/refused", Upstream::Unasked),
        of("rejected after time-outs")
            .after(2, &Upstream::Late)
            .meets("/slow/3000", Upstream::Unasked),
    ]
}

fn alone() -> Vec<Exchange> {
    let of = |name| of(name).standing(Place::Alone);
    let met = |exchange: Exchange| Exchange {
        upstream: Upstream::Unasked,
        ..exchange.after(2, &failing())
    };
    vec![
        of("alone, admitted"),
        of("alone, a failure").answered(503, &[("content-type", "text/plain")], "busy"),
        met(of("alone, rejected")),
        met(of("alone, rejected with ids")
            .header("x-request-id", "order-42")
            .header(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            )),
        met(of("alone, rejected HEAD").request("HEAD", "/", "")),
        met(of("alone, rejected POST").request("POST", "/", "question")),
        met(of("alone, rejected gRPC")
            .request("POST", "/", "question")
            .header("content-type", "application/grpc+proto")),
    ]
}

/// Policies of their own, each on an Envoy of its own.
fn policies() -> Vec<Exchange> {
    let met = |name| of(name).after(2, &failing()).meets("/", Upstream::Unasked);
    let configured =
        |exchange: Exchange, more: Value| exchange.configured(json!({ "default": strict(more) }));
    let shadow = json!({ "mode": "shadow", "explain": "all", "log": { "requests": true }, "default": strict(json!({ "key": "route" })) });
    let own = json!({ "known": ["another-status-and-word", "another-status-and-word-for-gRPC"], "reject": { "status": 429, "error_code": "TOO_BUSY", "message": "Come \"back\" later: \u{00e4}.", "push_back": false } });
    vec![
        of("shadow admits all").after(5, &failing()).configured(shadow),
        of("disabled").after(5, &failing()).configured(json!({ "mode": "disabled" })),
        of("without a default").configured(json!({ "default": null })),
        configured(of("forced open").meets("/", Upstream::Unasked), json!({ "key": "cluster", "force": "open" })),
        configured(of("forced closed").after(5, &failing()), json!({ "key": { "name": "one" }, "force": "closed" })),
        configured(met("another status and word"), own.clone()),
        configured(
            met("another status and word for gRPC")
                .request("POST", "/", "question")
                .header("content-type", "application/grpc"),
            own,
        ),
        configured(met("by cluster"), json!({ "key": "cluster" })),
        configured(met("by host"), json!({ "key": "host", "known": ["shop.example"] })),
        configured(
            Exchange { before: vec![failing()], ..met("the time to wait of the failure") }
                .after(1, &Upstream::Answers {
                    status: 503,
                    headers: vec![("retry-after", b"7200".to_vec())],
                    body: "",
                    chunks: None,
                }),
            json!({ "key": { "name": "told" }, "open": { "for": "1h", "max": "3h", "jitter": 0, "honor_retry_after": true } }),
        ),
        met("everything is told").configured(json!({
            "service_name": "shop", "explain": "all", "route_metadata": true,
            "log": { "requests": true, "errors": "all" },
            "default": strict(json!({ "key": { "name": "told" } })),
            "routes": [{ "match": { "methods": ["PUT"], "headers": { "x-tier": "gold" } }, "policy": { "force": "open" } }],
        })),
    ]
}

fn rerouted() -> Vec<Exchange> {
    let configuration = json!({ "default": strict(json!({
        "known": ["a", "b", "c"], "reject": { "reroute": { "header": "x-fallback", "value": "1" } },
    })) });
    let of = |name, case: &str| {
        Exchange::new(name)
            .configured(configuration.clone())
            .header("x-case", case)
    };
    vec![
        of("re-routed", "a")
            .after(2, &failing())
            .meets("/", Upstream::Unasked),
        of("who chooses the other route himself does not get it", "b").header("x-fallback", "1"),
        of("nor with another value", "c").header("x-fallback", "2"),
    ]
}

/// Behind the router, where it sees attempts.
fn in_the_cluster() -> Vec<Exchange> {
    let mut exchanges = vec![
        of("in the cluster, admitted"),
        of("in the cluster, a failure").answered(503, &[], "busy"),
        of("in the cluster, rejected")
            .after(2, &failing())
            .meets("/", Upstream::Unasked),
        of("in the cluster, rejected HEAD")
            .after(2, &failing())
            .request("HEAD", "/", "")
            .meets("/", Upstream::Unasked),
        of("in the cluster, rejected gRPC")
            .after(2, &failing())
            .request("POST", "/", "question")
            .header("content-type", "application/grpc")
            .meets("/", Upstream::Unasked),
        of("in the cluster, opened by the attempts of one request").meets(RETRIED, failing()),
        of("in the cluster, nobody is there").meets("/nobody", Upstream::Nobody),
    ];
    all_known(&mut exchanges);
    exchanges
        .into_iter()
        .map(|exchange| exchange.standing(Place::Cluster))
        .collect()
}
