//! `policyctl doctor`: what it finds, of what, and what it says of bad files.

mod cases;
mod emitted;
mod listeners;
mod running;

use crate::called::{Called, policyctl};
use serde_json::Value;

/// The samples that are a whole Envoy.
const SAMPLES: [&str; 21] = [
    "envoy/admin.yaml",
    "envoy/caching.yaml",
    "envoy/circuit-breaker-fallback.yaml",
    "envoy/circuit-breaker-five-in-a-row.yaml",
    "envoy/circuit-breaker-half-of-a-minute.yaml",
    "envoy/circuit-breaker-per-attempt.yaml",
    "envoy/circuit-breaker-three-in-a-row.yaml",
    "envoy/circuit-breaker-two-to-close.yaml",
    "envoy/circuit-breaker.yaml",
    "envoy/drills.yaml",
    "envoy/ecds/envoy.yaml",
    "envoy/edge.yaml",
    "envoy/envoy.yaml",
    "envoy/error-envelope.yaml",
    "envoy/policies.yaml",
    "envoy/request-id-tracing.yaml",
    "envoy/request-id.yaml",
    "envoy/retry.yaml",
    "envoy/roll-out.yaml",
    "envoy/route-metadata.yaml",
    "envoy/versions.yaml",
];

/// The ids of what is found in this text.
#[track_caller]
fn found(text: impl Into<Vec<u8>>) -> Vec<String> {
    ids(&policyctl(["doctor", "-", "--json"]).input(text).run())
}

#[track_caller]
fn ids(called: &Called) -> Vec<String> {
    let json = called.json();
    let findings = json["findings"].as_array().unwrap_or_else(|| panic!("{json}"));
    let id = |finding: &Value| finding["id"].as_str().expect("each has an id").to_owned();
    findings.iter().map(id).collect()
}

/// Every kind of finding: its id, severity and harm.
fn kinds() -> Vec<(String, String, String)> {
    let list = policyctl(["doctor", "--list", "--json"]).ends_with(0).json();
    let text = |kind: &Value, key: &str| kind[key].as_str().expect("it is a text").to_owned();
    let kinds = list.as_array().expect("it is a list").iter();
    kinds
        .map(|kind| (text(kind, "id"), text(kind, "severity"), text(kind, "harm")))
        .collect()
}

#[test]
fn no_sample_has_an_error_or_a_warning() {
    for sample in SAMPLES {
        policyctl(["doctor", "--strict", sample]).ends_with(0);
    }
    let listed = std::fs::read_dir(host_tests::document::root().join("envoy")).expect("there are samples");
    let names = listed.map(|entry| entry.expect("it is readable").file_name());
    let names = names.filter_map(|name| Some(format!("envoy/{}", name.to_str()?)));
    for name in names.filter(|name| name.ends_with(".yaml")) {
        assert!(SAMPLES.contains(&name.as_str()), "{name} is not looked at");
    }
}

#[test]
fn no_manifest_has_an_error_or_a_warning() {
    for folder in ["envoy/istio", "envoy/envoy-gateway"] {
        let listed =
            std::fs::read_dir(host_tests::document::root().join(folder)).expect("there are manifests");
        for entry in listed {
            let name = entry.expect("it is readable").file_name();
            let path = format!("{folder}/{}", name.to_str().expect("it is text"));
            policyctl(["doctor", "--strict", &path]).ends_with(0);
        }
    }
}

#[test]
fn a_manifest_that_is_broken_in_one_place_has_one_more_finding() {
    for (path, from, to, expected) in [
        (
            "envoy/istio/policies.yaml",
            "failStrategy: FAIL_RELOAD",
            "failStrategy: FAIL_CLOSE",
            &["fails-closed"][..],
        ),
        (
            "envoy/istio/policies.yaml",
            "  sha256: \"0",
            "  # sha256: \"0",
            &["module-unpinned"],
        ),
        (
            "envoy/istio/envoyfilter.yaml",
            "tag_name: breaker,",
            "tag_name: breakers,",
            &["labels-missing"],
        ),
        (
            "envoy/envoy-gateway/one-module.yaml",
            "failOpen: true",
            "failOpen: false",
            &["fails-closed"],
        ),
    ] {
        let text = cases::sample(path);
        assert!(text.contains(from), "{path} has no {from}");
        let mut ids = found(text.replacen(from, to, 1));
        ids.retain(|id| id != "fails-open");
        assert_eq!(ids, expected, "{path}: {from}");
    }
    // Istio retries by itself, where a plugin that decides alone is.
    let both = [
        cases::sample("envoy/istio/routes.yaml"),
        cases::sample("envoy/istio/envoyfilter.yaml"),
    ]
    .join("\n---\n");
    assert_eq!(found(both.clone()), [""; 0]);
    let retried = both.replacen("retries: { attempts: 0 }", "retries: { attempts: 2 }", 1);
    assert_eq!(found(retried), ["route-retries"]);
}

#[test]
fn the_page_lists_every_finding_with_its_severity() {
    let page =
        std::fs::read_to_string(host_tests::document::root().join("docs/doctor.md")).expect("it is there");
    let (_, table) = page.split_once("## Every finding").expect("it has the table");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<String> = rows.map(str::to_owned).collect();
    let kinds = kinds().into_iter();
    let listed: Vec<String> = kinds
        .map(|(id, severity, harm)| format!("| `{id}` | {severity} | {} |", harm.replace('|', "\\|")))
        .collect();
    assert_eq!(rows, listed);
}

#[test]
fn a_finding_says_what_where_why_and_how_to_mend_it() {
    let sample = cases::sample("envoy/envoy.yaml");
    let broken = sample.replacen("failure_policy: FAIL_RELOAD", "failure_policy: FAIL_CLOSED", 1);
    let called = policyctl(["doctor", "-", "--ignore", "burst-unbounded"])
        .input(broken)
        .ends_with(1);
    expect_test::expect![[r#"
        error[fails-closed]: error-envelope fails closed
          at <standard input>:238:21 (listener edge)
          If the plugin's machine ever dies, that worker answers every later request 503 with an empty body,
          until Envoy is restarted.
          cure: failure_policy: FAIL_RELOAD

        1 error
    "#]]
    .assert_eq(&called.out);
}

#[test]
fn warnings_are_for_those_who_are_strict_and_what_is_ignored_is_not_told() {
    let broken =
        cases::sample("envoy/envoy.yaml").replace("generate_request_id: false", "generate_request_id: true");
    policyctl(["doctor", "-"]).input(broken.clone()).ends_with(0);
    policyctl(["doctor", "-", "--strict"])
        .input(broken.clone())
        .ends_with(1);
    let ignored = [
        "doctor",
        "-",
        "--strict",
        "--ignore",
        "ids-of-envoy",
        "--ignore",
        "burst-unbounded",
    ];
    assert_eq!(
        policyctl(ignored).input(broken).ends_with(0).out,
        "nothing found\n"
    );
    let unknown = policyctl(["doctor", "-", "--ignore", "nothing"])
        .input("")
        .ends_with(2);
    assert!(
        unknown.err.contains("there is no finding `nothing`"),
        "{}",
        unknown.err
    );
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_panics() {
    for (input, told) in [
        ("", "is empty"),
        ("{", "is no YAML"),
        ("a: 1", "is neither an Envoy's configuration nor a dump of one"),
        ("[]", "is neither"),
        ("static_resources: {listeners: 3, clusters: [1, {name: 2}]}", ""),
        (
            "configs: [1, {'@type': 3}, {'@type': x.ListenersConfigDump, static_listeners: {}}]",
            "",
        ),
    ] {
        let called = policyctl(["doctor", "-"]).input(input).run();
        assert!(called.code == 2 || told.is_empty(), "{input}: {}", called.out);
        assert!(
            called.err.contains(told) && !called.err.contains("panicked"),
            "{input}: {}",
            called.err
        );
    }
    for (given, told) in [
        ("nowhere.yaml", "No such file"),
        ("docs", "is a folder"),
        ("dist/retry.wasm", "not UTF-8"),
        ("https://127.0.0.1:9901", "only http"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/config_dump"),
    ] {
        let called = policyctl(["doctor", given]).ends_with(2);
        assert!(called.err.contains(told), "{given}: {}", called.err);
    }
}
