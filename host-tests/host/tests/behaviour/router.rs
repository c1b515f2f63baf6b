//! The router: time-outs, retries and what the upstreams get. Every expectation is what Envoy 1.40.0 did with the same
//! route, the same headers and an upstream that answered so; times are compared by order and shape.

#[path = "router/bodies.rs"]
mod bodies;
#[path = "router/conditions.rs"]
mod conditions;
#[path = "router/counts.rs"]
mod counts;
#[path = "router/retries.rs"]
mod retries;
#[path = "router/routes.rs"]
mod routes;
#[path = "router/rules.rs"]
mod rules;
#[path = "router/timeouts.rs"]
mod timeouts;
#[path = "router/upstream_filters.rs"]
mod upstream_filters;

use host::{Answer, Cluster, Exchange, Host, Module, RetryPolicy, Route, secs};

use crate::guest::guest;

/// A guest that sets these request headers.
pub fn setting(headers: &[(&str, &str)]) -> Module {
    let mut text = String::new();
    let mut calls = String::new();
    let mut at = 2000;
    for (name, value) in headers {
        let (name_at, value_at) = (at, at + name.len());
        at = value_at + value.len();
        text += &format!(r#"(data (i32.const {name_at}) "{name}{value}")"#);
        calls += &format!(
            "(drop (call $set (i32.const 0) (i32.const {name_at}) (i32.const {}) (i32.const {value_at}) (i32.const {})))",
            name.len(),
            value.len()
        );
    }
    guest(&format!(
        r#"{text} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {calls} (i32.const 0))"#
    ))
}

/// A host whose one route has this policy, in front of an upstream that answers so, one attempt after another.
pub fn retrying<A: Into<Answer>>(policy: RetryPolicy, answers: impl IntoIterator<Item = A>) -> Host {
    Host::new(guest(""))
        .routes([Route::new("r").retry(policy)])
        .clusters([Cluster::new("upstream").answers(answers)])
}

/// A host whose one route has no policy, whose filter sets these headers, in front of an upstream that always answers
/// so.
pub fn asking(headers: &[(&str, &str)], answer: impl Into<Answer>) -> Host {
    Host::new(setting(headers)).clusters([Cluster::new("upstream").answers([answer])])
}

/// A GET, with all the time that its retries need.
pub fn get(host: &Host) -> Exchange {
    let exchange = host.get("/").send();
    host.advance(secs(14));
    assert!(exchange.is_finished(), "{exchange}");
    exchange
}

/// Status, response flags, and how often an upstream was tried.
pub fn came_to(exchange: &Exchange) -> (u16, String, usize) {
    (exchange.status(), exchange.flags(), exchange.attempts().len())
}
