//! More than one filter on a request.

use super::{PARENT, counted};
use crate::guest::{answering, before_request_id};
use crate::lines;
use crate::valid::assert_uuid;
use host::{Host, Plugin};
use host_tests::plugin::REQUEST_ID;
use serde_json::{Value, json};

/// Two of it: the first believes nobody, the second everybody.
fn twice(first_vm: &str, second_vm: &str) -> Host {
    let plugin = |name: &str, vm: &str, policy: Value| {
        let configuration = json!({ "explain": "all", "log": { "requests": true }, "default": policy });
        Plugin::new(REQUEST_ID.module())
            .name(name)
            .root_id(name)
            .vm_id(vm)
            .config(configuration)
    };
    Host::chain([
        plugin(
            "edge",
            first_vm,
            json!({ "trust": "never", "trace_context": "create", "sampled": true }),
        ),
        plugin("inner", second_vm, json!({ "response_headers": ["x-inner-id"] })),
    ])
}

#[test]
fn the_second_of_two_takes_the_id_of_the_first() {
    // In one VM, and in one each.
    for (first_vm, second_vm) in [("", ""), ("policies", "policies"), ("one", "other")] {
        let host = twice(first_vm, second_vm);
        let exchange = host
            .get("/")
            .header("x-request-id", "mine")
            .header("traceparent", PARENT)
            .answered_with(200);
        let id = exchange.upstream_header("x-request-id").text();
        assert_uuid(&id, '7');
        exchange
            .header("x-request-id", &id)
            .header("x-inner-id", &id)
            .filter_state("policy.request_id")
            .is(&id);
        let parent = exchange.upstream_header("traceparent").text();
        assert_ne!(parent, PARENT);
        exchange.filter_state("policy.trace_id").is(&parent[3..35]);
        assert_eq!(counted(&host)[..2], [1, 1]);
        let sources: Vec<Value> = lines::of_exchange(&exchange)
            .iter()
            .map(|line| line["source"].clone())
            .collect();
        assert_eq!(sources.len(), 2, "{exchange}");
        assert!(
            sources.contains(&json!("generated")) && sources.contains(&json!("accepted")),
            "{exchange}"
        );
    }
}

#[test]
fn of_two_with_one_name_each_explains_itself_in_the_order_of_the_chain() {
    let exchange = twice("", "").get("/").answered_with(200);
    let text = exchange.filter_state("policy.explain").text();
    let explained: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(explained.as_array().map(Vec::len), Some(2), "{text}");
    assert_eq!(
        [&explained[0]["source"], &explained[1]["source"]],
        ["generated", "accepted"],
        "{text}"
    );
}

#[test]
fn behind_a_filter_that_answers_it_sees_nothing_and_says_nothing() {
    let host = before_request_id(
        answering(),
        json!({ "explain": "all", "log": { "requests": true } }),
    );
    for _ in 0..3 {
        let exchange = host.get("/").header("x-request-id", "r-1").expect_rejected(418);
        exchange
            .no_header("x-request-id")
            .filter_state("policy.request_id")
            .is_absent();
        exchange.filter_state("policy.explain").is_absent();
        assert!(exchange.logs().is_empty(), "{exchange}");
    }
    assert_eq!(counted(&host)[..2], [0, 0]);
}

#[test]
fn in_front_of_a_filter_that_answers_it_puts_the_id_on_the_answer() {
    let host = Host::chain([
        Plugin::new(REQUEST_ID.module())
            .name("request-id")
            .config(json!({ "log": { "requests": true } })),
        Plugin::new(answering()).name("answering"),
    ]);
    let exchange = host.get("/").header("x-request-id", "r-1").expect_rejected(418);
    exchange.header("x-request-id", "r-1");
    assert_eq!(lines::only(&exchange)["status"], 418);
}
