//! What is refused says why, and where that is in the whole; what is passed over is counted.

use super::{host, running};
use crate::lines;
use host::{Configuration, Thread};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is wrong with a key that no section has, and with one that is no section.
const WITHIN: &str = "unknown key, known are mode, enforce_percent, service_name, unknown_keys, route_metadata, log, explain, $schema, default, profiles, routes";
const BESIDE: &str =
    "unknown key, known are unknown_keys, $schema, error-envelope, request-id, circuit-breaker, retry";

/// This configuration is refused with these faults, in this order.
#[track_caller]
fn refused(configuration: impl Into<Configuration>, faults: &[(&str, &str)]) {
    let refused = host(configuration).try_start().expect_err("it is refused");
    assert!(!refused.trapped(), "{refused}");
    assert_eq!(refused.thread(), Thread::Canary);
    let lines = lines::of(refused.log());
    let text = |line: &Value, member: &str| line[member].as_str().map(str::to_owned).unwrap_or_default();
    for line in &lines {
        let said = (text(line, "plugin"), text(line, "event"), text(line, "severity"));
        let expected = ("policies", "configuration_refused", "ERROR");
        assert_eq!((&*said.0, &*said.1, &*said.2), expected, "{line}");
    }
    let found: Vec<(String, String)> = lines
        .iter()
        .map(|line| (text(line, "path"), text(line, "fault")))
        .collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(path, fault)| (&**path, &**fault)).collect();
    assert_eq!(found, faults);
}

#[test]
fn every_fault_of_every_section_has_its_place_from_the_top() {
    refused(
        r#"{
            "retry": { "default": { "attempts": 0 }, "profiles": { "a b": { "timeout": 5 } } },
            "circuit-breaker": { "default": { "open": { "for": "soon" } }, "tpyo": 1 },
            "request-id": { "routes": [{ "match": { "path": "/a" }, "profile": "nobody" }] },
            "error-envelope": { "mode": "on", "default": { "catalog": [{ "when": { "status": 429 }, "error_code": "SLOW", "status": 99 }] } }
        }"#,
        &[
            (
                "[\"error-envelope\"].mode",
                "must be one of enforce, shadow, disabled, got \"on\"",
            ),
            (
                "[\"error-envelope\"].default.catalog[0].status",
                "must be a whole number from 400 to 599, got 99",
            ),
            (
                "[\"request-id\"].routes[0].profile",
                "must be one of the profiles, got \"nobody\"",
            ),
            ("[\"circuit-breaker\"].tpyo", WITHIN),
            (
                "[\"circuit-breaker\"].default.open.for",
                "must be a duration from 1ms to 24h, such as \"250ms\", \"10s\", \"5m\" or \"1h\", got \"soon\"",
            ),
            (
                "retry.default.attempts",
                "must be a whole number from 1 to 10, got 0",
            ),
            (
                "retry.profiles[\"a b\"].timeout",
                "must be a duration from 1ms to 24h, such as \"250ms\", \"10s\", \"5m\" or \"1h\", got 5",
            ),
        ],
    );
}

#[test]
fn a_section_of_no_plugin_is_refused_with_the_one_that_was_probably_meant() {
    refused(
        r#"{ "circuit_breaker": {}, "Retry": {}, "bulkhead": {}, "mode": "shadow" }"#,
        &[
            ("circuit_breaker", "unknown key, did you mean circuit-breaker?"),
            ("Retry", "unknown key, did you mean retry?"),
            ("bulkhead", BESIDE),
            ("mode", BESIDE),
        ],
    );
}

#[test]
fn a_section_of_admin_is_refused_with_the_place_where_it_is() {
    let fault = format!("{BESIDE}; admin is a filter of its own, admin.wasm (docs/live-state.md)");
    refused(r#"{ "admin": {} }"#, &[("admin", &fault)]);
}

#[test]
fn a_fault_beside_the_sections_hides_none_within_them() {
    refused(
        r#"{ "unknown_keys": "ignore", "bulk": {}, "retry": { "default": { "attempts": 0 } }, "retry": {} }"#,
        &[
            ("unknown_keys", "must be one of refuse, warn, got \"ignore\""),
            ("bulk", BESIDE),
            ("retry", "key given twice"),
            (
                "retry.default.attempts",
                "must be a whole number from 1 to 10, got 0",
            ),
        ],
    );
}

#[test]
fn a_section_that_is_no_object_is_refused() {
    refused(
        r#"{ "retry": null, "request-id": [], "circuit-breaker": false, "error-envelope": "default" }"#,
        &[
            ("[\"error-envelope\"]", "must be an object, got \"default\""),
            ("[\"request-id\"]", "must be an object, got a list"),
            ("[\"circuit-breaker\"]", "must be an object, got false"),
            ("retry", "must be an object, got null"),
        ],
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    for (nonsense, fault) in [
        ("[]", "must be an object, got a list"),
        ("null", "must be an object, got null"),
    ] {
        refused(nonsense, &[("", fault)]);
    }
    for nonsense in [
        &b"{"[..],
        b"nonsense",
        b"{} {}",
        b"\xff\xff\xff",
        b"{\"retry\": }",
    ] {
        let refused = host(nonsense).try_start().expect_err("it is refused");
        assert!(!refused.trapped(), "{refused}");
        assert_eq!(lines::of(refused.log())[0]["plugin"], "policies");
    }
}

#[test]
fn of_very_many_faults_in_all_sections_fifty_are_errors_in_the_log_and_the_rest_is_counted_and_told_to_debuggers()
 {
    let keys = || -> Value {
        (0..30)
            .map(|n| (format!("k{n:02}"), json!(1)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let refused = host(json!({ "error-envelope": keys(), "retry": keys() }))
        .try_start()
        .expect_err("it is refused");
    let lines = lines::of(refused.log());
    let errors = lines.iter().filter(|line| line["severity"] == "ERROR");
    assert_eq!(errors.count(), 51);
    assert_eq!(lines[29]["path"], "[\"error-envelope\"].k29");
    assert_eq!(lines[30]["path"], "retry.k00");
    assert_eq!(lines[50]["fault"], "10 more faults are not listed");
    assert_eq!(lines[50]["more"], 10);
    assert_eq!(lines.len(), 61);
    assert_eq!(
        (&lines[60]["severity"], &lines[60]["path"]),
        (&json!("DEBUG"), &json!("retry.k29"))
    );
}

#[test]
fn sections_of_a_later_version_are_passed_over_where_that_is_said() {
    let host = host(json!({
        "unknown_keys": "warn",
        "bulkhead": { "max": 3 },
        "retry": { "unknown_keys": "warn", "hedging": true },
    }))
    .workers(2);
    host.start();
    let lines = lines::of(&host.logs());
    // A canary, the main thread and two workers read it.
    assert_eq!(lines.len(), 8);
    for line in &lines {
        assert_eq!(
            (&line["event"], &line["severity"]),
            (&json!("configuration_passed_over"), &json!("WARN"))
        );
        let told = (line["plugin"].as_str(), line["path"].as_str());
        let of = [
            (Some("policies"), Some("bulkhead")),
            (Some("retry"), Some("hedging")),
        ];
        assert!(of.contains(&told), "{line}");
    }
    assert_eq!(
        super::counted(&host, "policy_degradations_total"),
        [
            (
                "policy_degradations_total.plugin=policies;.what=unknown_key;".to_owned(),
                4
            ),
            (
                "policy_degradations_total.plugin=retry;.what=unknown_key;".to_owned(),
                4
            ),
        ]
    );
    assert_eq!(running(&host), ["retry"]);
}

#[test]
fn what_is_passed_over_beside_the_sections_is_refused_within_them() {
    refused(
        r#"{ "unknown_keys": "warn", "bulkhead": {}, "retry": { "hedging": true } }"#,
        &[("retry.hedging", WITHIN)],
    );
}

#[test]
fn editors_are_told_of_the_sections_that_the_module_has() {
    let schema = include_str!("../../../../schemas/policies.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("it is JSON");
    let told = schema["properties"].as_object().expect("they are members");
    let known = BESIDE.rsplit("known are ").next().unwrap_or_default();
    assert_eq!(
        told.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        known.split(", ").collect::<BTreeSet<_>>()
    );
}
