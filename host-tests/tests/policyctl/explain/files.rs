//! What the file says of the request's way: routes, listeners, clusters, and each kind of file.

use super::explained;
use crate::called::policyctl;
use serde_json::{Value, json};

#[track_caller]
fn of_file(arguments: &[&str]) -> Value {
    let all = ["explain", "--json"].into_iter().chain(arguments.iter().copied());
    policyctl(all).ends_with(0).json()
}

/// What this plugin says of the last request.
fn says<'f>(found: &'f Value, plugin: &str) -> &'f Value {
    let last = found["requests"]
        .as_array()
        .and_then(|all| all.last())
        .expect("there is one");
    let all = last["explain"].as_array().expect("a list");
    all.iter()
        .find(|each| each["plugin"] == plugin)
        .unwrap_or(&Value::Null)
}

#[test]
fn the_routes_of_an_envoy_are_taken() {
    let found = of_file(&[
        "envoy/envoy.yaml",
        "POST",
        "/payments/charge",
        "-H",
        "idempotency-key: 42",
    ]);
    assert_eq!(found["requests"][0]["route"], "payments");
    assert_eq!(says(&found, "retry")["rule"], "routes[2]");
    let found = of_file(&["envoy/envoy.yaml", "GET", "/orders", "--answer", "503"]);
    assert_eq!(found["requests"][0]["route"], "everything-else");
    assert_eq!(found["requests"][0]["attempts"].as_array().map(Vec::len), Some(3));
    // Said on the command line, it is that one.
    let found = of_file(&[
        "envoy/envoy.yaml",
        "GET",
        "/orders",
        "--route",
        "payments",
        "--cluster",
        "elsewhere",
    ]);
    assert_eq!(found["requests"][0]["route"], "payments");
    assert_eq!(found["requests"][0]["attempts"][0]["cluster"], "elsewhere");
}

#[test]
fn one_of_several_listeners_is_taken_and_that_is_said() {
    let first = of_file(&["envoy/policies.yaml", "GET", "/orders"]);
    assert_eq!(
        first["notes"],
        json!(["there are 2 chains (one-pass, by-root-id): this is one-pass; --listener takes another"])
    );
    let other = of_file(&[
        "envoy/policies.yaml",
        "GET",
        "/orders",
        "--listener",
        "by-root-id",
        "--answer",
        "503",
    ]);
    // There the breaker stands in the cluster, and sees each attempt.
    assert_eq!(other["requests"][0]["attempts"][0]["cluster"], "attempts");
    let metrics = other["requests"][0]["metrics"].to_string();
    assert!(
        metrics.contains("position=upstream;.outcome=failure") || metrics.contains("position=upstream"),
        "{metrics}"
    );
}

#[test]
fn a_routes_metadata_picks_a_profile() {
    let configuration =
        r#"{ "route_metadata": true, "profiles": { "strict": { "trip": { "consecutive_failures": 1 } } } }"#;
    let metadata = r#"{"policy": {"circuit-breaker": "strict"}}"#;
    let found = explained(configuration, &["GET", "/", "--metadata", metadata]);
    assert_eq!(says(&found, "circuit-breaker")["rule"], "route_metadata");
    assert_eq!(says(&found, "circuit-breaker")["profile"], "strict");
}

#[test]
fn the_direction_is_that_of_the_listener_or_as_said() {
    let configuration =
        r#"{ "routes": [{ "match": { "direction": "inbound" }, "policy": { "key": "route" } }] }"#;
    let rule =
        |arguments: &[&str]| says(&explained(configuration, arguments), "circuit-breaker")["rule"].clone();
    assert_eq!(rule(&["GET", "/", "--direction", "inbound"]), "routes[0]");
    assert_eq!(rule(&["GET", "/", "--direction", "outbound"]), "default");
}

#[test]
fn every_sample_can_be_asked() {
    for folder in [
        "envoy",
        "envoy/istio",
        "envoy/envoy-gateway",
        "envoy/ecds/filters",
    ] {
        let folder = host_tests::document::root().join(folder);
        for entry in std::fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let name = path.display().to_string();
            for answer in ["200", "503"] {
                let called =
                    policyctl(["explain", "--json", &name, "GET", "/orders", "--answer", answer]).run();
                let without = ["proxy.yaml", "traffic.yaml", "routes.yaml"];
                let has_none = without.iter().any(|without| name.ends_with(without));
                assert_eq!(
                    called.code,
                    if has_none { 2 } else { 0 },
                    "{name}: {}{}",
                    called.out,
                    called.err
                );
                // Of what goes well, not every plugin has something to say.
                if !has_none && answer == "503" {
                    let explained = &called.json()["requests"][0]["explain"];
                    assert!(
                        explained.as_array().is_some_and(|all| !all.is_empty()),
                        "{name}: {}",
                        called.out
                    );
                }
            }
        }
    }
}

#[test]
fn one_module_explains_each_of_its_sections() {
    for configuration in [
        r#"{"retry": {}, "request-id": {"mode": "shadow"}}"#,
        "{\"$schema\": \"policies.schema.json\", \"retry\": {}, \"request-id\": {}}",
    ] {
        let found = policyctl(["explain", "-", "GET", "/", "--json"])
            .input(configuration)
            .ends_with(0)
            .json();
        assert_eq!(says(&found, "retry")["rule"], "default");
        assert_eq!(says(&found, "request-id")["rule"], "default");
        assert_eq!(says(&found, "circuit-breaker"), &Value::Null);
    }
}

#[test]
fn a_configuration_with_faults_meets_no_request() {
    let called = policyctl(["explain", "-", "GET", "/", "--plugin", "retry"])
        .input("{\"mode\": 1}")
        .ends_with(1);
    assert!(
        called.out.starts_with("error: retry: mode: must be one of"),
        "{}",
        called.out
    );
}

#[test]
fn what_says_nothing_is_named() {
    let found = policyctl(["explain", "-", "GET", "/", "--json", "--plugin", "retry"])
        .input("{\"mode\": \"disabled\"}")
        .ends_with(0)
        .json();
    assert_eq!(found["silent"], json!(["retry"]));
}
