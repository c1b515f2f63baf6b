//! Configurations: what is refused says why, and text and Struct mean the same.

use super::{counted, host};
use crate::lines;
use host::{Configuration, Host, Level, Thread};
use host_tests::plugin::REQUEST_ID;
use serde_json::{Value, json};

/// This configuration is refused with a line for each of these places, in this order.
#[track_caller]
fn refused(configuration: impl Into<Configuration>, places: &[&str]) -> Vec<Value> {
    let refused = Host::new(REQUEST_ID.module())
        .config(configuration)
        .try_start()
        .expect_err("it is refused");
    assert!(!refused.trapped(), "{refused}");
    assert_eq!(refused.thread(), Thread::Canary);
    let lines = lines::of(refused.log());
    for (line, logged) in lines.iter().zip(refused.log()) {
        assert_eq!(line["event"], "configuration_refused");
        assert_eq!(line["plugin"], "request-id");
        assert_eq!(line["timestamp"], "2026-01-01T00:00:00.000Z");
        let members = line.as_object().expect("it is an object").len();
        assert_eq!(
            members, 6,
            "timestamp, severity, plugin, event, path, fault: {line}"
        );
        let fault = line["fault"].as_str().expect("it is a text");
        assert!(!fault.is_empty() && !fault.ends_with('.'), "{line}");
        assert_eq!(logged.level, Level::Error);
    }
    let found: Vec<&str> = lines.iter().filter_map(|line| line["path"].as_str()).collect();
    assert_eq!(found, places);
    lines
}

#[test]
fn every_fault_has_a_line_with_its_place() {
    let lines = refused(
        // As text: the order of the faults is that of the text.
        r#"{
            "mode": "on",
            "log": { "max_per_second": 0 },
            "tpyo": 1,
            "default": { "max_length": 0, "generate": "uuid9", "accept": ["cookie"] },
            "profiles": { "p": { "trace_context": "create" } },
            "routes": [{ "match": { "path": "/a" }, "profile": "nobody" }]
        }"#,
        &[
            "mode",
            "log.max_per_second",
            "tpyo",
            "default.max_length",
            "default.generate",
            "default.accept[0]",
            "profiles.p.trace_context",
            "routes[0].profile",
        ],
    );
    let of = |path: &str| {
        &lines
            .iter()
            .find(|line| line["path"] == path)
            .expect("it is there")["fault"]
    };
    assert_eq!(
        of("default.max_length"),
        "must be a whole number from 1 to 1024, got 0"
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    for nonsense in [
        &b"{"[..],
        b"nonsense",
        b"[]",
        b"7",
        b"\xff\xff\xff",
        b"{\"mode\": }",
        b"{} {}",
    ] {
        let refusal = Host::new(REQUEST_ID.module())
            .config(nonsense)
            .try_start()
            .expect_err("it is refused");
        assert!(!refusal.trapped(), "{refusal}");
        assert!(!lines::of(refusal.log()).is_empty(), "{refusal}");
    }
    refused(r#"{ "mode": "shadow", "mode": "enforce" }"#, &["mode"]);
}

#[test]
fn of_very_many_faults_fifty_are_errors_in_the_log_and_the_rest_is_counted_and_told_to_debuggers() {
    let keys: serde_json::Map<String, Value> = (0..60).map(|n| (format!("k{n:02}"), json!(1))).collect();
    let refusal = Host::new(REQUEST_ID.module())
        .config(Value::Object(keys))
        .try_start()
        .expect_err("it is refused");
    let lines = lines::of(refusal.log());
    let errors = lines.iter().filter(|line| line["severity"] == "ERROR");
    assert_eq!(errors.count(), 51);
    assert_eq!(lines[50]["fault"], "10 more faults are not listed");
    assert_eq!(lines[50]["more"], 10);
    assert_eq!(lines.len(), 61);
    assert_eq!(
        (&lines[60]["severity"], &lines[60]["path"]),
        (&json!("DEBUG"), &json!("k59"))
    );
}

#[test]
fn nothing_and_an_empty_object_mean_the_defaults() {
    for configuration in [
        Configuration::from(""),
        Configuration::from("{}"),
        Configuration::as_struct(json!({})),
    ] {
        let host = Host::new(REQUEST_ID.module()).config(configuration);
        let exchange = host.get("/").header("x-correlation-id", "c-1").answered_with(200);
        exchange.upstream_header("x-request-id").is("c-1");
        exchange.header("x-request-id", "c-1");
    }
}

#[test]
fn text_and_struct_mean_the_same() {
    let configuration = || {
        json!({
            "mode": "enforce",
            "enforce_percent": 99.5,
            "service_name": "orders",
            "explain": "all",
            "log": { "requests": true, "max_per_second": 100 },
            "default": {
                "max_length": 8, "trust": { "ids": { "cidrs": ["127.0.0.0/8"] }, "trace": "always" },
                "trace_context": "create", "sampled": { "percent": 12.5 }, "log_headers": { "user": "x-user" },
            },
            "profiles": { "p": { "generate": "uuid4" } },
            "routes": [
                { "match": { "path": "/a" }, "profile": "p", "policy": { "response_headers": ["x-a"] } },
                { "match": { "methods": ["PUT"] }, "mode": false },
            ],
        })
    };
    let run = |configuration: Configuration| {
        let host = Host::new(REQUEST_ID.module()).config(configuration);
        let run = |method: &str, path: &str, id: &str| {
            let request = host
                .request(method, path)
                .header("x-request-id", id)
                .header("x-user", "u");
            request.answered_with(200).to_string()
        };
        [
            run("GET", "/", "12345678"),
            run("GET", "/a", "123456789"),
            run("PUT", "/", "a;b"),
        ]
    };
    assert_eq!(
        run(configuration().into()),
        run(Configuration::as_struct(configuration()))
    );
}

#[test]
fn unknown_keys_are_passed_over_where_that_is_asked_for() {
    let host = host(json!({
        "unknown_keys": "warn",
        "tpyo": { "x": 1 },
        "default": { "max_length": 3, "from_the_future": true },
    }))
    .workers(2);
    host.start();
    let lines = lines::of(&host.logs());
    // A canary, the main thread and two workers read it; each passes two keys over.
    assert_eq!(lines.len(), 8);
    for line in &lines {
        assert_eq!(
            (&line["event"], &line["severity"]),
            (&json!("configuration_passed_over"), &json!("WARN"))
        );
        assert!(
            line["path"] == "tpyo" || line["path"] == "default.from_the_future",
            "{line}"
        );
        assert!(line["fault"].is_string(), "{line}");
    }
    assert_eq!(
        host.metric("policy_degradations_total.plugin=request-id;.what=unknown_key;"),
        8
    );
    host.get("/").header("x-request-id", "1234").answered_with(200);
    assert_eq!(counted(&host)[1], 1, "the rest of the configuration holds");
}

#[test]
fn no_configuration_makes_a_name_of_a_metric() {
    let host = host(json!({
        "service_name": "a;b",
        "profiles": { "p;q": {} },
        "default": { "accept": ["x-one", "x-two"], "log_headers": { "f": "x-f" } },
    }));
    host.get("/").header("x-one", "a;b").answered_with(200);
    let names: Vec<String> = host.metrics().into_keys().collect();
    assert_eq!(
        names,
        [
            "request_ids_total.source=accepted;",
            "request_ids_total.source=generated;",
            "request_ids_total.source=rejected;"
        ]
    );
}
