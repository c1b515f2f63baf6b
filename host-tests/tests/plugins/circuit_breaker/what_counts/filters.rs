//! Replies of other filters, before and behind the breaker. They say nothing of the upstream.

use super::{Came, Ignored, Success, half_opened, routes, silent, strict, while_closed, while_half_open};
use host::{Host, Plugin};
use host_tests::plugin::{CIRCUIT_BREAKER, PUPPET};
use serde_json::{Value, json};

/// Sends a reply of this status in a callback.
fn replies(callback: &str, status: u16) -> Value {
    let mut script = json!({});
    // What a filter took over of the answer of a service that it asked, as ext_authz and Lua do.
    let headers = [["x-envoy-upstream-service-time", "1"]];
    script[callback] = json!([
        ["send_local_response", status, "denied", "no", headers, -1],
        ["returns", 1]
    ]);
    script
}

/// A chain in which one puppet stands before the breaker and one behind it. They do nothing yet.
pub(super) fn chain() -> Host {
    let puppet = |name: &str| {
        Plugin::new(PUPPET.module())
            .name(name)
            .vm_id(name)
            .config(json!({}))
    };
    let breaker = Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "default": strict(&json!({})) }));
    Host::chain([puppet("front"), breaker, puppet("behind")])
        .routes(routes())
        .clusters([silent()])
}

pub(super) fn script(host: &Host, puppet: &str, script: Value) {
    host.update(puppet, script).expect("a puppet takes any script");
}

#[track_caller]
fn judged(puppet: &str, callback: &str, status: u16, came: Came) {
    let name = format!("{status} of {puppet} in {callback}");
    let run: fn(&Host) = |host| drop(host.get("/orders").run(200));
    let host = chain();
    host.start();
    script(&host, puppet, replies(callback, status));
    while_closed(&host, &name, came, &run);
    let host = chain();
    half_opened(&host);
    script(&host, puppet, replies(callback, status));
    let then: fn(&Host) = |host| {
        host.get("/orders").run(200);
        for puppet in ["front", "behind"] {
            script(host, puppet, json!({}));
        }
    };
    while_half_open(&host, &name, came, &then);
}

#[test]
fn replies_behind_the_breaker_are_ignored() {
    for status in [200, 401, 403, 429, 500, 503] {
        judged("behind", "request_headers", status, Ignored);
    }
}

#[test]
fn a_filter_behind_it_that_replaces_an_answer_is_ignored() {
    for status in [401, 503] {
        judged("behind", "response_headers", status, Ignored);
    }
}

#[test]
fn replies_before_the_breaker_are_none_of_its_business() {
    for status in [401, 429, 503] {
        judged("front", "request_headers", status, Came::Unheard);
    }
}

#[test]
fn a_filter_before_it_that_replaces_an_answer_changes_nothing() {
    for status in [401, 503] {
        judged("front", "response_headers", status, Success);
    }
}
