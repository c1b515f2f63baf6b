//! The same fault in every kind of file is found at its very place.

use super::{check, findings, text};
use crate::called::policyctl;
use expect_test::expect;
use serde_json::json;

const FAULT: &str = "must be a whole number from 1 to 10, got 0";

/// The one fault is at this line and column.
#[track_caller]
fn found_at(text: &str, arguments: &[&str], line: u64, column: u64, path: &str) {
    let found = check(text, arguments, 1);
    assert_eq!(
        findings(&found),
        [("error", line, column, path, FAULT)],
        "{found:#}"
    );
}

#[test]
fn of_a_configuration_by_itself() {
    found_at(
        "{\n\t\"default\": { \"attempts\": 0 }\n}",
        &["--plugin", "retry"],
        2,
        15,
        "default.attempts",
    );
    found_at(
        "default:\n  attempts: 0\n",
        &["--plugin", "retry"],
        2,
        3,
        "default.attempts",
    );
    found_at(
        "{ \"request-id\": {},\n  \"retry\": { \"routes\": [\n    { \"match\": {\"path\": \"/\"} },\n    { \"match\": {\"path\": \"/a\"}, \"policy\": { \"attempts\": 0 } } ] } }",
        &[],
        4,
        44,
        "retry.routes[1].policy.attempts",
    );
}

const ENVOY: &str = "static_resources:
  listeners:
    - name: l
      filter_chains:
        - filters:
            - typed_config:
                http_filters:
                  - name: retry
                    typed_config:
                      '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                      config:
                        vm_config: { code: { local: { filename: dist/retry.wasm } } }
                        configuration:
";

#[test]
fn of_a_block_of_text_in_envoys_yaml() {
    let text = format!(
        "{ENVOY}                          '@type': type.googleapis.com/google.protobuf.StringValue
                          value: |
                            {{
                              \"default\": {{
                                \"attempts\": 0
                              }}
                            }}
"
    );
    found_at(&text, &[], 18, 33, "default.attempts");
}

#[test]
fn of_a_text_in_quotes_the_line_is_found() {
    let text = format!(
        "{ENVOY}                          '@type': type.googleapis.com/google.protobuf.StringValue
                          value: '{{\"default\": {{\"attempts\": 0}}}}'
"
    );
    found_at(&text, &[], 15, 27, "default.attempts");
}

#[test]
fn of_a_struct() {
    let text = format!(
        "{ENVOY}                          '@type': type.googleapis.com/google.protobuf.Struct
                          value:
                            default:
                              attempts: 0
"
    );
    found_at(&text, &[], 17, 31, "default.attempts");
}

#[test]
fn of_a_text_that_stops_being_json() {
    let text = format!(
        "{ENVOY}                          '@type': type.googleapis.com/google.protobuf.StringValue
                          value: |
                            {{ \"default\":
                              {{ \"attempts\" 0 }} }}
"
    );
    let found = check(&text, &[], 1);
    let [(severity, line, column, path, message)] = findings(&found)[..] else {
        panic!("{found:#}");
    };
    assert_eq!((severity, line, column, path), ("error", 17, 44, ""), "{found:#}");
    assert!(
        message.starts_with("is neither JSON (expected `:` at line 2 column 16)"),
        "{message}"
    );
}

#[test]
fn of_the_manifests_of_a_mesh_and_a_gateway() {
    let istio = "apiVersion: v1
kind: ConfigMap
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: retry }
spec:
  url: oci://registry.example/retry:0.1.0
  pluginName: retry
  pluginConfig:
    default:
      attempts: 0
";
    found_at(istio, &[], 12, 7, "default.attempts");
    let gateway = "apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
spec:
  wasm:
    - name: retry
      rootID: retry
      code: { type: Image, image: { url: registry.example/policies:0.1.0 } }
      config:
        default: { attempts: 0 }
";
    found_at(gateway, &[], 9, 20, "default.attempts");
}

#[test]
fn of_what_a_discovery_service_and_a_dump_say() {
    let filter = json!({
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": "retry",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": { "root_id": "retry", "configuration": {
                "@type": "type.googleapis.com/google.protobuf.Struct",
                "value": { "default": { "attempts": 0 } }
            } }
        }
    });
    let ecds = format!("{:#}", json!({ "resources": [filter] }));
    let dump = format!(
        "{:#}",
        json!({ "configs": [{ "ecds_filters": [{ "ecds_filter": filter }] }] })
    );
    for text in [&ecds, &dump] {
        let line = 1 + text
            .lines()
            .position(|line| line.contains("\"attempts\""))
            .expect("it is there");
        let column = 1 + text
            .lines()
            .nth(line - 1)
            .and_then(|line| line.find('"'))
            .expect("it is there");
        found_at(text, &[], line as u64, column as u64, "default.attempts");
    }
    // As an Envoy prints it for programs: in one line.
    let line = json!({ "configs": [filter] }).to_string();
    let column = 1 + line.find("\"attempts\"").expect("it is there");
    found_at(&line, &[], 1, column as u64, "default.attempts");
}

#[test]
fn people_see_the_line_with_a_mark_and_the_sum_of_it_all() {
    let text_of_it = "{\n  \"mode\": \"enfoce\",\n  \"default\": {\n    \"timeout\": \"0s\",\n    \"é\": 1, \"attempts\": 0\n  }\n}\n";
    let called = policyctl(["check", "--plugin", "retry", "-"])
        .input(text_of_it)
        .ends_with(1);
    expect![[r#"
        error: retry: mode: must be one of enforce, shadow, disabled, got "enfoce"
         --> <standard input>:2:3
          |
        2 |   "mode": "enfoce",
          |   ^^^^^^^^^^^^^^^^

        error: retry: default.timeout: must be a duration from 1ms to 24h, such as "250ms", "10s", "5m" or "1h", got "0s"
         --> <standard input>:4:5
          |
        4 |     "timeout": "0s",
          |     ^^^^^^^^^^^^^^^

        error: retry: default["é"]: unknown key, known are attempts, retry_on, statuses, retry_on_grpc, methods, any_method_on, idempotency_key, timeout, per_try_timeout, deadline_headers, budget, inbound_retries, retry_after, route_policy
         --> <standard input>:5:5
          |
        5 |     "é": 1, "attempts": 0
          |     ^^^^^^

        error: retry: default.attempts: must be a whole number from 1 to 10, got 0
         --> <standard input>:5:13
          |
        5 |     "é": 1, "attempts": 0
          |             ^^^^^^^^^^^^^

        <standard input>
          4 faults  retry  the module of policyctl 0.1.0
        1 file, 1 plugin: 4 faults
    "#]].assert_eq(text(&called));
}

#[test]
fn every_fault_is_shown_however_many_there_are() {
    let keys: serde_json::Map<_, _> = (0..300).map(|n| (format!("k{n:03}"), json!(1))).collect();
    let found = check(&json!(keys).to_string(), &["--plugin", "request-id"], 1);
    assert_eq!(found["faults"], 300);
    let paths: Vec<&str> = findings(&found).iter().map(|finding| finding.3).collect();
    let expected: Vec<String> = (0..300).map(|n| format!("k{n:03}")).collect();
    assert_eq!(paths, expected);
    // More than a module keeps is counted.
    let keys: serde_json::Map<_, _> = (0..1200).map(|n| (format!("k{n:04}"), json!(1))).collect();
    let found = check(&json!(keys).to_string(), &["--plugin", "request-id"], 1);
    assert_eq!(found["faults"], 1001);
    let last = findings(&found).into_iter().find(|finding| finding.3.is_empty());
    assert_eq!(
        last.expect("it is there").4,
        "and 200 more faults: mend these first"
    );
}

#[test]
fn a_key_that_is_given_twice_is_found_where_it_is_given_again() {
    let found = check(
        "{\n  \"mode\": \"shadow\",\n  \"mode\": \"enforce\"\n}",
        &["--plugin", "retry"],
        1,
    );
    let found = findings(&found);
    assert_eq!((found[0].1, found[0].2, found[0].3), (3, 3, "mode"), "{found:?}");
}
