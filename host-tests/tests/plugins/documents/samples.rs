//! The samples: the plugins accept their configurations.

use super::accepted_within;
use host_tests::document::root;
use live::Sample;
use serde_json::{Value, json};
use std::path::PathBuf;

#[test]
fn every_configuration_in_a_sample_is_accepted() {
    // In roll-out is what a sample takes from there while it runs.
    let mut samples: Vec<PathBuf> = ["envoy", "envoy/roll-out"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root().join(folder)).expect("there are samples"))
        .map(|entry| entry.expect("the folder of samples can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    samples.sort();
    assert!(samples.len() >= 2, "{samples:?}");
    for path in samples {
        let tree = Sample::open(&path).expect("a sample is YAML").tree().clone();
        assert!(
            accepted_within(&tree, &path.display().to_string()) > 0,
            "{}: no plugin in it",
            path.display()
        );
    }
}

#[test]
fn where_retry_stands_in_a_sample_the_clusters_own_budget_has_the_same_numbers() {
    for file in ["retry.yaml", "envoy.yaml"] {
        let tree = Sample::load(file).expect("it is YAML").tree().clone();
        let connections =
            &tree["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
        let filters = connections["http_filters"].as_array().expect("a list");
        let retry = filters.iter().find(|filter| filter["name"] == "retry");
        let text = &retry.expect("retry is in it")["typed_config"]["config"]["configuration"]["value"];
        let configuration: Value = serde_json::from_str(text.as_str().expect("a text")).expect("it is JSON");
        let ours = &configuration["default"]["budget"];
        let envoys =
            &tree["static_resources"]["clusters"][0]["circuit_breakers"]["thresholds"][0]["retry_budget"];
        assert_eq!(ours["percent"], json!(20), "{file}");
        assert_eq!(envoys["budget_percent"]["value"], json!(20), "{file}");
        assert_eq!(
            ours["min_retry_rate"],
            json!({ "count": 10, "interval": "1s" }),
            "{file}"
        );
        assert_eq!(envoys["min_retry_concurrency"], json!(10), "{file}");
        for route in connections["route_config"]["virtual_hosts"][0]["routes"]
            .as_array()
            .expect("a list")
        {
            let retries_on = &route["route"]["retry_policy"]["retry_on"];
            // That one is there to show what becomes of it.
            assert!(
                retries_on.is_null() || route["name"] == "legacy",
                "{file}: {route}"
            );
        }
    }
}
