//! A policy is rolled out in steps and taken back, by moving a file into place.

use super::{assert_metric, eventually, load_built_modules, send, stand_with, statuses};
use crate::stand::Stand;
use live::client::Request;
use live::{Sample, repository};
use serde_json::json;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

const FILE: &str = "roll-out.yaml";
/// Where the sample has the file that Envoy watches.
const WATCHED: &str = "envoy/roll-out/circuit-breaker.yaml";

/// The sample with the watched file in a folder of its own, and what the comment's command does to it there.
struct RollOut {
    stand: Stand,
    root: TempDir,
    /// The line of the comment that defines `step`.
    step: String,
}

impl RollOut {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder can be made");
        let watched = root.path().join(WATCHED);
        fs::create_dir_all(watched.parent().expect("it stands in a folder")).expect("folders can be made");
        let shipped = fs::read_to_string(repository().join(WATCHED)).expect("the file is there");
        let mut module = json!("dist/circuit_breaker.wasm");
        load_built_modules(&mut module);
        let module = module.as_str().expect("a path");
        assert!(shipped.contains("dist/circuit_breaker.wasm"));
        let built = shipped.replace("dist/circuit_breaker.wasm", module);
        // On a slow machine, all steps may take longer than a user's.
        assert!(built.contains(OPEN_FOR));
        let built = built.replace(OPEN_FOR, r#""for": "5m""#);
        fs::write(&watched, built).expect("a file can be written");

        let text = fs::read_to_string(repository().join("envoy").join(FILE)).expect("the sample is there");
        let step = text.lines().find_map(|line| line.strip_prefix("#   step() {"));
        let step = format!("step() {{{}", step.expect("the comment defines it"));
        let stand = stand_with(FILE, |mut sample| {
            let source = sample
                .tree()
                .pointer_mut(SOURCE)
                .expect("the plugin comes from a file");
            assert_eq!(source["path"], WATCHED);
            source["path"] = json!(watched);
            Ok(sample)
        });
        Self { stand, root, step }
    }

    /// Types `step` with this number into a shell.
    #[track_caller]
    fn type_step(&self, percent: u32) {
        let typed = Command::new("sh")
            .current_dir(self.root.path())
            .args(["-c", &format!("set -e; {}\nstep {percent}", self.step)])
            .status()
            .expect("there is a shell");
        assert!(typed.success(), "{typed}");
    }

    /// Takes this step, and waits until Envoy says that it has taken it, or that it has not.
    #[track_caller]
    fn step(&self, percent: u32, counted_as: &str) {
        let name = format!("extension_config_discovery.http_filter.circuit-breaker.{counted_as}");
        let count = || {
            let statistics = self.stand.envoy.stats().expect("Envoy tells its statistics");
            statistics.get(&name).copied().unwrap_or_default()
        };
        let before = count();
        self.type_step(percent);
        eventually(&name, || (count() == before + 1).then_some(()));
    }

    /// Which of twenty requests are rejected; all others reach the upstream.
    #[track_caller]
    fn rejected(&self) -> Vec<u32> {
        self.stand.upstream.take_received();
        let rejected: Vec<u32> = (1..=20)
            .filter(|n| {
                let request = Request::get("/status/500").header("x-request-id", format!("order-{n}"));
                let status = send(&self.stand, &request).status;
                assert!([500, 503].contains(&status), "{status}");
                status == 503
            })
            .collect();
        let reached = self.stand.upstream.take_received().len();
        assert_eq!(reached + rejected.len(), 20);
        rejected
    }

    /// Waits until these are rejected: a worker learns of a step a little later. From then on, always these.
    #[track_caller]
    fn rejects(&self, expected: &[u32]) {
        eventually(&format!("{expected:?} being rejected"), || {
            (self.rejected() == expected).then_some(())
        });
        for _ in 0..2 {
            assert_eq!(self.rejected(), expected);
        }
    }
}

const SOURCE: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/2/config_discovery/config_source/path_config_source";
const REJECTED_IN_THE_SHADOW: &str =
    "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"rejected\",mode=\"shadow\"}";
const REJECTED: &str =
    "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"rejected\",mode=\"enforce\"}";
const TAKEN: &str = "update_success";
const REFUSED: &str = "update_rejected";
const OPEN_FOR: &str = r#""for": "2m""#;
const AT_TEN: &[u32] = &[8, 12];

#[test]
fn each_step_enforces_for_its_share_and_the_way_back_is_the_same() {
    let roll_out = RollOut::new();
    assert_eq!(statuses(&roll_out.stand, "/status/500", 3), [500; 3]);
    assert_eq!(roll_out.rejected(), [0; 0]);
    assert_metric(&roll_out.stand, REJECTED_IN_THE_SHADOW, 20);
    assert_metric(&roll_out.stand, "circuit_breaker_state{breaker=\"upstream\"}", 1);

    roll_out.step(10, TAKEN);
    roll_out.rejects(AT_TEN);
    roll_out.step(50, TAKEN);
    roll_out.rejects(&[1, 3, 5, 7, 8, 12, 15, 17]);
    roll_out.step(100, TAKEN);
    roll_out.rejects(&(1..=20).collect::<Vec<_>>());
    roll_out.step(10, TAKEN);
    roll_out.rejects(AT_TEN);
    roll_out.step(0, TAKEN);
    roll_out.rejects(&[]);
    // One outage, whatever the step.
    let opened = "circuit_breaker_transitions_total{breaker=\"upstream\",from=\"closed\",to=\"open\",reason=\"consecutive_failures\"}";
    assert_metric(&roll_out.stand, opened, 1);
}

#[test]
fn what_is_rejected_is_counted_on_either_side() {
    let roll_out = RollOut::new();
    roll_out.step(10, TAKEN);
    assert_eq!(statuses(&roll_out.stand, "/status/500", 3), [500; 3]);
    roll_out.rejects(AT_TEN);
    let count = |series| {
        let metric = roll_out.stand.envoy.metric(series);
        metric.expect("Envoy tells its metrics").unwrap_or_default()
    };
    let before = (count(REJECTED), count(REJECTED_IN_THE_SHADOW));
    assert_eq!(roll_out.rejected(), AT_TEN);
    assert_metric(&roll_out.stand, REJECTED, before.0 + 2);
    assert_metric(&roll_out.stand, REJECTED_IN_THE_SHADOW, before.1 + 18);
}

#[test]
fn a_step_that_the_plugin_refuses_changes_nothing() {
    let roll_out = RollOut::new();
    roll_out.step(10, TAKEN);
    assert_eq!(statuses(&roll_out.stand, "/status/500", 3), [500; 3]);
    roll_out.rejects(AT_TEN);
    roll_out.step(101, REFUSED);
    for _ in 0..3 {
        assert_eq!(roll_out.rejected(), AT_TEN);
    }
    let fault = r#""path":"enforce_percent","fault":"must be a percentage from 0 to 100, got 101""#;
    roll_out
        .stand
        .envoy
        .log_with(fault)
        .unwrap_or_else(|error| panic!("{error}"));
    roll_out.step(0, TAKEN);
    roll_out.rejects(&[]);
}

#[test]
fn it_ships_in_the_shadow() {
    let sample = Sample::open(&repository().join(WATCHED))
        .expect("it is YAML")
        .tree()
        .clone();
    let text = &sample["resources"][0]["typed_config"]["config"]["configuration"]["value"];
    let configuration: serde_json::Value =
        serde_json::from_str(text.as_str().expect("a text")).expect("it is JSON");
    assert_eq!(configuration["enforce_percent"], 0);
}
