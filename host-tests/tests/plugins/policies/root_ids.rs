//! A root id picks one of the plugins, or all that the configuration has sections for.

use super::running;
use crate::lines;
use host::{Configuration, Host, Level, Status, Thread};
use host_tests::plugin::POLICIES;
use serde_json::json;

fn with_root_id(root_id: &str, configuration: impl Into<Configuration>) -> Host {
    Host::new(POLICIES.module())
        .root_id(root_id)
        .config(configuration)
}

#[test]
fn each_plugin_runs_alone_by_its_root_id() {
    for name in ["error-envelope", "request-id", "circuit-breaker", "retry"] {
        assert_eq!(running(&with_root_id(name, "")), [name]);
        assert_eq!(running(&with_root_id(name, "{}")), [name]);
    }
}

#[test]
fn each_plugin_has_its_own_configuration_by_its_root_id() {
    let disabled = json!({ "mode": "disabled" });
    for name in ["error-envelope", "request-id", "circuit-breaker", "retry"] {
        assert_eq!(running(&with_root_id(name, disabled.clone())), [""; 0]);
    }
    let shop = json!({ "default": { "response_headers": ["x-shop"] } });
    let exchange = with_root_id("request-id", shop)
        .get("/")
        .header("x-request-id", "r-1")
        .answered_with(200);
    exchange.header("x-shop", "r-1").no_header("x-request-id");
}

#[test]
fn a_plugin_by_its_root_id_takes_no_sections() {
    let refused = with_root_id("retry", json!({ "retry": {} }))
        .try_start()
        .expect_err("that is the configuration of all");
    let lines = lines::of(refused.log());
    assert_eq!(
        (&lines[0]["plugin"], &lines[0]["path"]),
        (&json!("retry"), &json!("retry"))
    );
}

#[test]
fn policies_and_no_root_id_at_all_run_what_there_are_sections_for() {
    for root_id in ["policies", ""] {
        let both = with_root_id(root_id, json!({ "retry": {}, "request-id": {} }));
        assert_eq!(running(&both), ["request-id", "retry"]);
        let all = ["error-envelope", "request-id", "retry", "circuit-breaker"];
        assert_eq!(running(&with_root_id(root_id, "")), all);
        let refused = with_root_id(root_id, json!({ "mode": "disabled" })).try_start();
        assert!(refused.is_err(), "that is the configuration of one");
    }
}

#[test]
fn an_unknown_root_id_is_refused_with_those_that_there_are() {
    for root_id in ["retyr", "Retry", "retry ", "policies.retry", "*"] {
        let refused = with_root_id(root_id, "{}")
            .try_start()
            .expect_err("there is no such plugin");
        assert!(!refused.trapped(), "{refused}");
        assert_eq!(refused.thread(), Thread::Canary);
        let lines = lines::of(refused.log());
        assert_eq!(lines.len(), 1, "{refused}");
        assert_eq!(refused.log()[0].level, Level::Error);
        assert_eq!(
            lines[0],
            json!({
                "timestamp": "2026-01-01T00:00:00.000Z",
                "severity": "ERROR",
                "plugin": "policies",
                "event": "configuration_refused",
                "path": "",
                "fault": format!(
                    "the root id must be one of policies, error-envelope, request-id, circuit-breaker, retry, got {root_id:?}"
                ),
            })
        );
    }
}

#[test]
fn the_root_id_admin_is_refused_with_the_place_where_it_is() {
    let refused = with_root_id("admin", "{}")
        .try_start()
        .expect_err("it is none of these");
    assert_eq!(
        lines::of(refused.log())[0]["fault"],
        "the root id must be one of policies, error-envelope, request-id, circuit-breaker, retry, got \"admin\"; \
         admin is a filter of its own, admin.wasm (docs/live-state.md)"
    );
}

/// None would run all of them, where one was meant.
#[test]
fn a_root_id_that_the_host_does_not_tell_is_not_taken_for_none() {
    let clean = with_root_id("retry", "");
    clean.start();
    let calls = clean.host_calls();
    let asks = calls.iter().position(|call| call.name == "proxy_get_property");
    let refused = with_root_id("retry", "")
        .fail_host_call(asks.expect("it asks"), Status::INTERNAL_FAILURE)
        .try_start()
        .expect_err("it cannot know");
    assert!(!refused.trapped(), "{refused}");
    let lines = lines::of(refused.log());
    assert_eq!(lines[0]["fault"], "the host did not tell the root id");
}
