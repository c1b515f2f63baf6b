//! A file, the dump of the Envoy that runs it, and that Envoy itself have the same findings.

use super::{found, write};
use crate::samples::load_built_modules;
use live::{Envoy, Sample, Upstream};

/// All that can be started as it is, on free ports. (Those with filters from watched files have them in other tests.)
const SAMPLES: [&str; 19] = [
    "admin.yaml",
    "caching.yaml",
    "circuit-breaker-fallback.yaml",
    "circuit-breaker-five-in-a-row.yaml",
    "circuit-breaker-half-of-a-minute.yaml",
    "circuit-breaker-per-attempt.yaml",
    "circuit-breaker-three-in-a-row.yaml",
    "circuit-breaker-two-to-close.yaml",
    "circuit-breaker.yaml",
    "drills.yaml",
    "edge.yaml",
    "envoy.yaml",
    "error-envelope.yaml",
    "policies.yaml",
    "request-id-tracing.yaml",
    "request-id.yaml",
    "retry.yaml",
    "route-metadata.yaml",
    "versions.yaml",
];

/// Starts it, and compares what is found of it in all three ways.
#[track_caller]
fn compare(mut sample: Sample) -> Vec<(String, String)> {
    load_built_modules(sample.tree());
    let yaml = sample.to_yaml();
    let envoy = Envoy::with(&yaml)
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder can be made");
    let of_file = found(&write(folder.path(), "envoy.yaml", &yaml));
    let dump = envoy.admin_get("/config_dump?include_eds").expect("it answers");
    assert_eq!(found(&write(folder.path(), "dump.json", &dump)), of_file);
    assert_eq!(found(&format!("http://{}", envoy.admin())), of_file);
    of_file
}

#[track_caller]
fn load(file: &str, upstream: &Upstream) -> Sample {
    let sample = Sample::load(file).and_then(|sample| sample.on_free_ports().upstream(upstream.address()));
    sample.unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_sample_runs_with_the_findings_of_its_file() {
    let upstream = Upstream::start().expect("an upstream can be started");
    for file in SAMPLES {
        compare(load(file, &upstream));
    }
}

#[test]
fn what_is_wrong_with_a_file_is_wrong_with_the_envoy_that_runs_it() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let mut text = load("envoy.yaml", &upstream).to_yaml();
    for (from, to) in [
        ("\"generate_request_id\": false", "\"generate_request_id\": true"),
        (
            "\"include_request_attempt_count\": true",
            "\"include_request_attempt_count\": false",
        ),
        (
            "\"retry_back_off\":",
            "\"retry_on\": \"5xx\", \"retry_back_off\":",
        ),
        ("\"name\": \"orders\",", ""),
        ("\"remove\": \"x-fallback\"", "\"remove\": \"x-other\""),
        ("\"retry_budget\"", "\"max_requests\": 7, \"retry_budget\""),
        ("FAIL_RELOAD", "FAIL_CLOSED"),
        ("\"tag_name\": \"breaker\"", "\"tag_name\": \"breakers\""),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        text = text.replace(from, to);
    }
    let sample = Sample::parse("broken.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    let mut ids: Vec<String> = compare(sample).into_iter().map(|(id, _)| id).collect();
    ids.dedup();
    assert_eq!(
        ids,
        [
            "attempts-untold",
            "burst-unbounded",
            "fails-closed",
            "fallback-from-clients",
            "ids-of-envoy",
            "labels-missing",
            "route-retries",
            "route-unknown",
            "route-unnamed",
        ]
    );
}
