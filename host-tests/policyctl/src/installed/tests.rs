//! What the samples and manifests of this repository install, and small files made for one question each.

use super::{Given, Installed, ModuleFrom, Stands, find_all};
use crate::document::Document;
use crate::modules::names_alone;
use crate::problem::Problem;
use std::path::Path;

fn found(name: &str, text: &str, plugin: Option<&str>) -> Result<Vec<Installed>, Problem> {
    let documents = Document::parse_all(&name.into(), &text.into())?;
    find_all(&documents, &names_alone(), plugin)
}

fn in_sample(path: &str) -> Vec<Installed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let documents = Document::read_all(&path).expect("it can be read");
    find_all(&documents, &names_alone(), None).expect("it can be understood")
}

fn plugins(installed: &[Installed]) -> Vec<&str> {
    installed
        .iter()
        .map(|each| each.plugin.unwrap_or("none"))
        .collect()
}

#[test]
fn a_sample_installs_its_filters_in_order() {
    let installed = in_sample("envoy/envoy.yaml");
    let four = ["error-envelope", "request-id", "circuit-breaker", "retry"];
    assert_eq!(plugins(&installed)[..4], four);
    let breaker = &installed[2];
    assert_eq!(
        breaker.module,
        ModuleFrom::File("dist/circuit_breaker.wasm".into())
    );
    assert_eq!(
        (breaker.vm_id.as_str(), breaker.failure_policy.as_deref()),
        ("policies", Some("FAIL_RELOAD"))
    );
    assert!(
        matches!(breaker.stands, Stands::Listener(_)),
        "{:?}",
        breaker.stands
    );
    assert!(matches!(breaker.given, Given::Text(_)));
    let configuration = breaker.configuration.as_ref().expect("it is JSON");
    let place = configuration.place("/default/trip");
    assert!(
        breaker.document.text[place.start..].starts_with("\"trip\""),
        "{place:?}"
    );
    let attempt = in_sample("envoy/circuit-breaker-per-attempt.yaml");
    assert!(
        attempt
            .iter()
            .any(|each| each.stands == Stands::Cluster("upstream".into())),
        "{attempt:#?}"
    );
}

#[test]
fn every_manifest_and_file_of_ecds_installs_something_of_ours() {
    for (path, expected) in [
        ("envoy/istio/circuit-breaker.yaml", vec!["circuit-breaker"]),
        ("envoy/ecds/filters/retry.yaml", vec!["retry"]),
        ("envoy/envoy-gateway/one-module.yaml", vec!["policies"]),
        (
            "envoy/envoy-gateway/policies.yaml",
            vec!["error-envelope", "request-id", "circuit-breaker", "retry"],
        ),
    ] {
        assert_eq!(plugins(&in_sample(path)), expected, "{path}");
    }
    for path in [
        "envoy/istio/envoyfilter.yaml",
        "envoy/istio/traffic-extension.yaml",
    ] {
        let installed = in_sample(path);
        assert!(
            installed.len() >= 4 && !plugins(&installed).contains(&"none"),
            "{path}: {installed:#?}"
        );
    }
}

#[test]
fn a_configuration_by_itself_is_known_by_what_it_says() {
    for (name, text, plugin) in [
        (
            "a.json",
            r#"{"$schema": "../schemas/retry.schema.json"}"#,
            "retry",
        ),
        ("a.json", r#"{"retry": {}, "unknown_keys": "warn"}"#, "policies"),
        ("circuit_breaker.yaml", "default: {}", "circuit-breaker"),
    ] {
        assert_eq!(
            plugins(&found(name, text, None).expect("it is known")),
            [plugin],
            "{text}"
        );
    }
    let given = found("a.json", r#"{"mode": "shadow"}"#, Some("retry")).expect("it is told");
    assert_eq!(given[0].given, Given::Text(r#"{"mode": "shadow"}"#.into()));
    let unknown = found("a.json", r#"{"mode": "shadow"}"#, None).expect_err("nobody knows");
    assert_eq!(unknown.to_string(), "a.json:1:1: which plugin is this for?");
    let none = found("a.json", "{}", Some("router")).expect_err("there is none");
    assert!(none.to_string().contains("there is no plugin `router`"), "{none}");
}

#[test]
fn a_module_is_known_by_its_file_and_its_image() {
    let filter = |config: &str| {
        let text = format!(
            "typed_config:\n  '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n  config: {config}\n"
        );
        found("f.yaml", &text, None).expect("it is read").remove(0)
    };
    for (code, plugin) in [
        (
            "local: { filename: /etc/envoy/circuit_breaker-0.2.0.wasm }",
            Some("circuit-breaker"),
        ),
        ("local: { filename: /etc/envoy/policies.wasm }", Some("policies")),
        (
            "remote: { http_uri: { uri: 'https://x.example/retry.wasm?x=1' } }",
            Some("retry"),
        ),
        ("local: { filename: retry_budget_of_mine.wasm }", None),
        ("local: { filename: coraza.wasm }", None),
    ] {
        let found = filter(&format!("{{ vm_config: {{ code: {{ {code} }} }} }}"));
        assert_eq!(found.plugin, plugin, "{code}");
    }
    let by_root_id =
        filter("{ root_id: retry, vm_config: { code: { local: { filename: policies.wasm } } } }");
    assert_eq!(
        (by_root_id.plugin, by_root_id.shipped),
        (Some("retry"), Some("policies"))
    );
    // The module of one plugin is that one, whatever it is asked for.
    let other = filter("{ root_id: retry, vm_config: { code: { local: { filename: request_id.wasm } } } }");
    assert_eq!(
        (other.plugin, other.shipped),
        (Some("request-id"), Some("request-id"))
    );
    let unknown = filter("{ root_id: retries, vm_config: { code: { local: { filename: policies.wasm } } } }");
    assert_eq!(unknown.plugin, Some("policies"));
    let renamed = filter("{ root_id: retry, vm_config: { code: { local: { filename: plugin.wasm } } } }");
    assert_eq!(renamed.plugin, Some("retry"));
}

#[test]
fn bytes_are_what_their_base64_stands_for() {
    let text = "typed_config:
  '@type': type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
  config:
    root_id: retry
    configuration: { '@type': type.googleapis.com/google.protobuf.BytesValue, value: eyJtb2RlIjoic2hhZG93In0= }
";
    let found = found("f.yaml", text, None).expect("it is read").remove(0);
    assert_eq!(found.given, Given::Text(r#"{"mode":"shadow"}"#.into()));
}
