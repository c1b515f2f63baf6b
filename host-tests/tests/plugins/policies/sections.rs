//! Which plugins run: those that the configuration has sections for.

use super::{all_but, host, running, two_strikes};
use host::Configuration;
use serde_json::{Value, json};

const NAMES: [&str; 4] = ["error-envelope", "request-id", "retry", "circuit-breaker"];

#[test]
fn nothing_at_all_runs_all_of_them_with_their_defaults() {
    for nothing in ["", " ", "\n\t"] {
        assert_eq!(running(&host(nothing)), NAMES, "{nothing:?}");
    }
}

#[test]
fn an_empty_object_runs_none() {
    for none in [
        Configuration::from("{}"),
        Configuration::from(json!({ "$schema": "policies.schema.json", "unknown_keys": "warn" })),
    ] {
        let host = host(none);
        assert_eq!(running(&host), [""; 0]);
        assert_eq!(host.metrics().into_keys().collect::<Vec<_>>(), [""; 0]);
        assert_eq!(host.get("/").answered_with(503).cost().calls(), 0);
    }
}

/// By the bytes of a Struct, none and an empty one are the same: an empty one is nothing at all.
#[test]
fn an_empty_struct_is_nothing_at_all_and_runs_all_of_them() {
    assert_eq!(running(&host(Configuration::as_struct(json!({})))), NAMES);
}

#[test]
fn each_of_them_runs_that_has_a_section_and_no_other() {
    for asked in 0..16 {
        let names: Vec<&str> = (0..4)
            .filter(|place| asked & (1 << place) != 0)
            .map(|place| NAMES[place])
            .collect();
        let sections: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
        assert_eq!(running(&host(Value::Object(sections))), names);
    }
}

#[test]
fn a_plugin_that_is_disabled_in_its_section_leaves_the_others_running() {
    for name in NAMES {
        let others: Vec<&str> = NAMES.into_iter().filter(|other| *other != name).collect();
        let host = host(all_but(name, json!({ "mode": "disabled" })));
        assert_eq!(running(&host), others);
    }
}

#[test]
fn text_and_struct_mean_the_same() {
    let configuration = || {
        json!({
            "unknown_keys": "warn",
            "bulkhead": { "of": "the future" },
            "error-envelope": { "service_name": "orders", "explain": "all", "default": { "passthrough": "never" } },
            "request-id": { "explain": "all", "default": { "max_length": 8, "trace_context": "create", "sampled": { "percent": 12.5 } } },
            "circuit-breaker": two_strikes(),
            "retry": { "default": { "attempts": 2, "timeout": "5s" } },
        })
    };
    let run = |configuration: Configuration| {
        let host = host(configuration);
        let run = |id: &str| {
            super::tried(
                host.get("/").header("x-request-id", id),
                &super::text(503, "busy"),
            )
        };
        let told = ["12345678", "a;b", "12345678"].map(|id| run(id).to_string());
        (told, host.metrics())
    };
    let as_text = run(configuration().into());
    assert!(as_text.0[2].contains("circuit_breaker_open"), "{}", as_text.0[2]);
    assert_eq!(as_text, run(Configuration::as_struct(configuration())));
}
