//! Another configuration comes in the middle of an outage, as from a control plane: what is known of an upstream stays
//! known.

use super::stage::{
    MANAGER, Stage, alone, answer_to, calls, configuration, eventually, is_rejection, three_strikes,
    transitions,
};
use live::Sample;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use tempfile::TempDir;

/// A stage that takes its listener from a file.
struct Fleet {
    stage: Stage,
    folder: TempDir,
}

/// The listener of a sample, as a file has it.
fn listeners(sample: &mut Sample) -> String {
    let mut listener = sample.tree()["static_resources"]["listeners"][0].take();
    listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
    json!({ "resources": [listener] }).to_string()
}

impl Fleet {
    /// What an update replaces is gone after so many seconds, and its connections with it.
    fn new(policy: &Value, drain_seconds: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("listeners.json");
        let change = |mut sample: Sample| {
            fs::write(&path, listeners(&mut sample)).expect("a file can be written");
            sample.tree()["static_resources"]["listeners"] = json!([]);
            sample.tree()["node"] = json!({ "id": "edge-1", "cluster": "edge" });
            sample.tree()["dynamic_resources"] = json!({ "lds_config": {
                "path_config_source": { "path": path }, "resource_api_version": "V3",
            } });
            sample
        };
        let stage = Stage::started(policy, change, |envoy| envoy.drain_seconds(drain_seconds));
        Self { stage, folder }
    }

    /// Envoy gets this policy, under a name that rejections have in their bodies, and takes it.
    #[track_caller]
    fn update(&self, name: &str, policy: &Value) {
        self.changed(name, policy, |_| {});
    }

    /// The same, with the plugin's `vm_config` changed.
    #[track_caller]
    fn changed(&self, name: &str, policy: &Value, change: impl FnOnce(&mut Value)) {
        const UPDATES: &str = "listener_manager.lds.update_success";
        let updates = || {
            let statistics = self.stage.envoy.stats().expect("Envoy tells its statistics");
            statistics.get(UPDATES).copied()
        };
        let before = updates();
        let mut configuration = configuration(policy);
        configuration["service_name"] = json!(name);
        // The listener says nothing of where the upstream is.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let next = self.folder.path().join("next.json");
        let mut sample = alone(&configuration, nowhere);
        let vm = format!("{MANAGER}/http_filters/0/typed_config/config/vm_config");
        change(sample.tree().pointer_mut(&vm).expect("the sample has the plugin"));
        fs::write(&next, listeners(&mut sample)).expect("a file can be written");
        fs::rename(&next, self.folder.path().join("listeners.json")).expect("a file can be moved");
        eventually("the new configuration being accepted", || {
            (updates() > before).then_some(())
        });
    }

    /// Waits until requests on both workers are rejected under this name. All of them are rejected.
    #[track_caller]
    fn rejects_as(&self, name: &str) {
        for worker in [0, 1] {
            eventually(&format!("rejections by {name}"), || {
                let client = self.stage.connect_to(worker);
                Stage::get_on(&client);
                let answer = answer_to(&client);
                assert!(is_rejection(&answer), "{answer:?}");
                let body: Value = serde_json::from_slice(&answer.body()).expect("the body is JSON");
                client.close();
                (body["service_name"] == name).then_some(())
            });
        }
    }
}

fn open_for_long(but: &Value) -> Value {
    let mut policy = three_strikes(but);
    policy["open"] = json!({ "for": "1000s", "max": "1000s", "jitter": 0 });
    policy
}

#[test]
fn an_open_breaker_stays_open_whether_its_policy_changes_or_not() {
    let policy = open_for_long(&json!({}));
    let fleet = Fleet::new(&policy, 600);
    fleet.stage.tell(500, 3);
    fleet.update("the-same-policy", &policy);
    fleet.rejects_as("the-same-policy");
    let changed = json!({ "trip": { "consecutive_failures": 9 }, "half_open": { "max_calls": 7 } });
    fleet.update("another-policy", &open_for_long(&changed));
    fleet.rejects_as("another-policy");
    assert_eq!(fleet.stage.reached(), 3);
    fleet
        .stage
        .metric("circuit_breaker_state{breaker=\"upstream\"}", 1);
}

#[test]
fn a_half_open_breaker_keeps_its_probes_whose_results_count_after_the_update() {
    let policy = three_strikes(&json!({ "half_open": { "max_calls": 2, "successes": 2 } }));
    let fleet = Fleet::new(&policy, 600);
    let stage = &fleet.stage;
    stage.tell(500, 3);
    stage.half_open();
    let probes = stage.burst(20);
    assert_eq!(probes.reached, 2);
    fleet.update("the-same-policy", &policy);
    fleet.rejects_as("the-same-policy");
    assert_eq!(stage.burst(20).reached, 0, "both places are taken");
    stage.answer(3, 200);
    stage.answer(4, 200);
    stage.metric(&transitions("half_open", "closed", "probes_succeeded"), 1);
    assert_eq!(stage.burst(20).reached, 20);
}

#[test]
fn the_gauge_of_an_open_breaker_that_no_configuration_names_any_more_goes_to_0() {
    let named = |name: &str| open_for_long(&json!({ "key": { "name": name } }));
    let fleet = Fleet::new(&named("gone"), 1);
    fleet.stage.tell(500, 3);
    let gauge = "circuit_breaker_state{breaker=\"gone\"}";
    fleet.stage.metric(gauge, 1);
    fleet.update("after", &named("stays"));
    eventually("the gauge being 0", || {
        let value = fleet.stage.envoy.metric(gauge).expect("Envoy tells its metrics");
        (value == Some(0)).then_some(())
    });
}

/// As a new version of the module is, which has the `vm_id` of the one before it.
#[test]
fn another_vm_of_the_same_vm_id_keeps_the_breaker_open_and_the_series_that_both_have() {
    let policy = open_for_long(&json!({}));
    let fleet = Fleet::new(&policy, 1);
    let stage = &fleet.stage;
    stage.tell(500, 3);
    assert_eq!(stage.burst(20).rejected(), 20);
    stage.metric(&calls("failure"), 3);
    stage.metric(&calls("rejected"), 20);
    fleet.changed("another-vm", &policy, |vm| {
        vm["environment_variables"] = json!({ "key_values": { "version": "next" } });
    });
    fleet.rejects_as("another-vm");
    let value = |series: &str| stage.envoy.metric(series).expect("Envoy tells its metrics");
    eventually("the end of what only the old VM had counted", || {
        value(&calls("failure")).is_none().then_some(())
    });
    assert!(
        value(&calls("rejected")) >= Some(22),
        "20, and one more on each worker"
    );
    assert_eq!(stage.reached(), 3);
}
