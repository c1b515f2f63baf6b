//! What is around a plugin's own configuration.

use super::{check, findings};

/// A chain of filters of these root ids, each with this configuration, from one module.
fn chain(module: &str, filters: &[(&str, &str, &str)]) -> String {
    let filter = |(name, root_id, value): &(&str, &str, &str)| {
        format!(
            "- name: {name}
  typed_config:
    '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
      root_id: '{root_id}'
      vm_config: {{ code: {{ local: {{ filename: {module} }} }} }}
      configuration:
        '@type': type.googleapis.com/google.protobuf.StringValue
        value: '{value}'
"
        )
    };
    let filters: String = filters.iter().map(filter).collect();
    format!(
        "resources:\n- http_filters:\n{}",
        filters
            .lines()
            .map(|line| format!("  {line}\n"))
            .collect::<String>()
    )
}

const ALL: &str = "dist/policies.wasm";

#[test]
fn a_root_id_that_the_module_does_not_know_is_refused_by_it() {
    let found = check(&chain(ALL, &[("r", "retries", "{}")]), &[], 1);
    assert_eq!(
        findings(&found)[0].4,
        "the root id must be one of policies, error-envelope, request-id, circuit-breaker, retry, got \"retries\""
    );
}

#[test]
fn no_root_id_is_noted() {
    let found = check(&chain(ALL, &[("r", "", "{\"retry\": {}}")]), &["--strict"], 0);
    let all = findings(&found);
    assert_eq!((all.len(), all[0].0), (1, "note"), "{found:#}");
    assert!(all[0].4.starts_with("there is no root id"), "{found:#}");
}

#[test]
fn filters_that_do_the_same_are_warned_of() {
    let twice = chain(
        ALL,
        &[
            ("all", "policies", "{\"retry\": {}, \"request-id\": {}}"),
            ("retry", "retry", "{}"),
            ("envelope", "error-envelope", "{}"),
            ("envelope", "circuit-breaker", "{}"),
        ],
    );
    let found = check(&twice, &[], 0);
    let messages: Vec<&str> = findings(&found).iter().map(|finding| finding.4).collect();
    assert_eq!(
        messages,
        [
            "retry runs twice in this chain, first at <standard input>:6:7",
            "two filters of this chain are called `envelope`, the first at <standard input>:24:7"
        ]
    );
    check(&twice, &["--strict"], 1);
    // In two chains each does its own work.
    let apart = format!(
        "{}{}",
        chain(ALL, &[("r", "retry", "{}")]),
        &chain(ALL, &[("r", "retry", "{}")])[11..]
    );
    assert_eq!(findings(&check(&apart, &["--strict"], 0)), []);
}

#[test]
fn a_module_that_is_not_here_is_warned_of() {
    let text = chain(
        "/etc/envoy/policies.wasm",
        &[("r", "retry", "{\"default\": {\"attempts\": 0}}")],
    );
    let found = check(&text, &[], 1);
    let all = findings(&found);
    assert_eq!((all[0].0, all[0].1), ("warning", 8), "{found:#}");
    assert!(
        all[0]
            .4
            .starts_with("/etc/envoy/policies.wasm is not here: checked with the module of policyctl")
    );
    assert_eq!((all[1].0, all[1].3), ("error", "default.attempts"));
}

#[test]
fn the_digest_of_another_module_is_noted() {
    let plugin = |digest: &str| {
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{ name: r }}\nspec:\n  \
             url: oci://registry.example/retry:0.1.0\n  sha256: \"{digest}\"\n  pluginConfig: {{}}\n"
        )
    };
    let found = check(&plugin(&"1".repeat(64)), &["--strict"], 0);
    let all = findings(&found);
    assert_eq!(
        (all.len(), all[0].0, all[0].1, all[0].2),
        (1, "note", 6, 3),
        "{found:#}"
    );
    let help = found["findings"][0]["help"].as_str().expect("it helps");
    let here = help.split(' ').nth(3).expect("it is told").trim_end_matches(';');
    assert_eq!(findings(&check(&plugin(here), &[], 0)), [], "{help}");
}

#[test]
fn what_is_passed_over_is_a_warning_at_its_place() {
    let text = "{\n  \"unknown_keys\": \"warn\", \"bulkhead\": {},\n  \"request-id\": {\n    \"unknown_keys\": \"warn\",\n    \"colour\": 1 } }";
    let found = check(text, &[], 0);
    let all: Vec<_> = findings(&found)
        .iter()
        .map(|each| (each.0, each.1, each.2, each.3))
        .collect();
    assert_eq!(
        all,
        [
            ("warning", 2, 27, "bulkhead"),
            ("warning", 5, 5, "[\"request-id\"].colour")
        ]
    );
    assert_eq!(found["warnings"], 2);
    check(text, &["--strict"], 1);
}
