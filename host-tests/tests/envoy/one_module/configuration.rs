//! What Envoy hands to the module: a root id, sections, another configuration in the middle of traffic.

use crate::samples::{assert_error, eventually, load_built_modules, stand_with, text};
use crate::stand::{Stand, is_uuid};
use live::client::Request;
use live::{Envoy, Error, Sample, validate};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FILE: &str = "policies.yaml";
const CONFIG: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config";

/// The sample, with the module that was just built.
fn sample() -> Sample {
    let mut sample = Sample::load(FILE).expect("the sample is there").on_free_ports();
    load_built_modules(sample.tree());
    sample
}

/// The same with this root id of the filter that does all in one pass.
fn with_root_id(sample: Sample, root_id: &str) -> live::Result<Sample> {
    sample.set(&format!("{CONFIG}/root_id"), json!(root_id))
}

#[track_caller]
fn assert_refused(sample: &Sample, faults: &[&str]) {
    let validation = validate(&sample.to_yaml()).expect("Envoy can validate");
    assert!(!validation.accepted, "{}", validation.output);
    for fault in faults {
        assert!(
            validation.output.contains(fault),
            "{fault} is not in:\n{}",
            validation.output
        );
    }
}

#[test]
fn the_sample_is_accepted_as_it_is() {
    let validation = validate(&sample().to_yaml()).expect("Envoy can validate");
    assert!(validation.accepted, "{}", validation.output);
}

#[test]
fn a_root_id_that_is_none_of_the_modules_is_refused_with_those_that_are() {
    let sample = with_root_id(sample(), "retries").expect("the sample has the filter");
    let fault = r#""plugin":"policies","event":"configuration_refused","path":"","fault":"the root id must be one of policies, error-envelope, request-id, circuit-breaker, retry, got \"retries\"""#;
    assert_refused(&sample, &[fault]);
    let Err(Error::EnvoyEnded { status, log }) = Envoy::with(&sample.to_yaml()).start() else {
        panic!("Envoy starts with it");
    };
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("Unable to create Wasm"), "{log}");
}

#[test]
fn each_fault_of_each_section_is_told_with_its_place() {
    let sections = json!({
        "error-envelope": { "default": { "format": "xml" } },
        "request-id": { "default": { "max_length": 0 } },
        "circuit-breaker": { "profiles": { "strict": { "open": { "for": "soon" } } } },
        "retry": { "default": { "attempts": 0 } },
    });
    let sample = sample().configuration("policies", &sections);
    assert_refused(
        &sample.expect("the sample has the filter"),
        &[
            r#""plugin":"policies","event":"configuration_refused","path":"[\"error-envelope\"].default.format""#,
            r#""path":"[\"request-id\"].default.max_length""#,
            r#""path":"[\"circuit-breaker\"].profiles.strict.open.for""#,
            r#""path":"retry.default.attempts""#,
        ],
    );
}

#[test]
fn every_thread_knows_the_root_id_while_it_is_configured() {
    // As sections, this would be refused.
    let configuration = json!({ "default": { "response_headers": ["x-request-id", "x-id"] } });
    let stand = stand_with(FILE, |sample| {
        with_root_id(sample.configuration("policies", &configuration)?, "request-id")
    });
    let taken = |worker| {
        let statistics = stand.envoy.stats().expect("Envoy tells its statistics");
        let name = format!("listener.127.0.0.1_0.worker_{worker}.downstream_cx_total");
        statistics.get(&name).copied().unwrap_or_default()
    };
    eventually("connections of both workers", || {
        let outcome = stand.get("/orders");
        let id = outcome.id();
        assert!(is_uuid(&id, '7'), "{id}");
        assert_eq!(text(&outcome.response, "x-id"), id);
        (taken(0) >= 3 && taken(1) >= 3).then_some(())
    });
    let log = stand.envoy.log().expect("Envoy has a log");
    assert!(!log.contains("configuration_refused"), "{log}");
}

#[test]
fn nothing_at_all_is_all_four_with_their_defaults() {
    let stand = stand_with(FILE, |sample| {
        with_root_id(sample.without_configuration("policies")?, "")
    });
    let response = stand
        .envoy
        .send(&Request::get("/status/503?body=no"))
        .expect("there is an answer");
    assert_error(&response, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(text(&response, "x-envoy-attempt-count"), "3");
    assert!(is_uuid(&text(&response, "x-request-id"), '7'));
    for (series, value) in [
        ("request_ids_total{source=\"generated\"}", 1),
        (
            "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"failure\",mode=\"enforce\"}",
            1,
        ),
        (
            "errors_total{error_code=\"SERVICE_UNAVAILABLE\",class=\"server_error\",origin=\"upstream\",mode=\"enforce\"}",
            1,
        ),
        ("retry_attempts_total{route=\"everything-else\",attempt=\"3\"}", 1),
    ] {
        let reached = stand.envoy.metric_reaches(series, value);
        reached.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// An Envoy that takes its listener from a file.
struct Fleet {
    stand: Stand,
    folder: TempDir,
}

impl Fleet {
    fn new(sections: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("listeners.json");
        let stand = stand_with(FILE, |sample| {
            let mut sample = sample.configuration("policies", sections)?;
            write_listener(&mut sample, &path);
            let tree = sample.tree();
            tree["static_resources"]["listeners"] = json!([]);
            tree["node"] = json!({ "id": "edge-1", "cluster": "edge" });
            tree["dynamic_resources"] = json!({ "lds_config": {
                "path_config_source": { "path": path }, "resource_api_version": "V3",
            } });
            Ok(sample)
        });
        Self { stand, folder }
    }

    /// Hands these sections over, and waits until Envoy says this of them.
    #[track_caller]
    fn update(&self, sections: &Value, counted_as: &str) {
        let name = format!("listener_manager.lds.{counted_as}");
        let count = || {
            let statistics = self.stand.envoy.stats().expect("Envoy tells its statistics");
            statistics.get(&name).copied().unwrap_or_default()
        };
        let before = count();
        let next = self.folder.path().join("next.json");
        let sample = sample().configuration("policies", sections);
        write_listener(&mut sample.expect("the sample has the filter"), &next);
        fs::rename(&next, self.folder.path().join("listeners.json")).expect("a file can be moved");
        eventually(&name, || (count() > before).then_some(()));
    }
}

/// Its first listener, as a file has it.
fn write_listener(sample: &mut Sample, path: &Path) {
    let mut listener = sample.tree()["static_resources"]["listeners"][0].take();
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    let resources = json!({ "resources": [listener] });
    fs::write(path, resources.to_string()).expect("a file can be written");
}

#[test]
fn an_update_with_a_bad_section_is_refused_and_what_was_there_serves_on() {
    let with = |header: &str, attempts: u32| {
        json!({
            "request-id": { "default": { "response_headers": ["x-request-id", header] } },
            "retry": { "default": { "attempts": attempts } },
        })
    };
    let fleet = Fleet::new(&with("x-first", 1));
    let shown = |header| {
        let outcome = fleet.stand.get("/orders");
        text(&outcome.response, header) == outcome.id()
    };
    assert!(shown("x-first"));
    // The section that was good is not used either.
    fleet.update(&with("x-second", 0), "update_rejected");
    for _ in 0..20 {
        assert!(shown("x-first"));
    }
    let fault = r#""path":"retry.default.attempts""#;
    let log = fleet.stand.envoy.log_with(fault);
    log.unwrap_or_else(|error| panic!("{error}"));
    fleet.update(&with("x-third", 2), "update_success");
    eventually("the third configuration", || shown("x-third").then_some(()));
}
