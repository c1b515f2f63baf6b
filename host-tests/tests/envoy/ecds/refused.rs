//! A configuration that a plugin refuses changes nothing, and what tells of it.

use super::fleet::{Filters, Fleet, of_service};
use live::Upstream;
use serde_json::json;

const FILTER: &str = "error-envelope";

#[test]
fn a_configuration_that_is_refused_changes_nothing_and_the_log_says_why() {
    let (fleet, _upstream) = Fleet::as_it_is();
    fleet.filters.put(FILTER, &of_service(FILTER, json!(7)));
    fleet.counts(FILTER, "config_fail", 1);
    assert_eq!(fleet.counted(FILTER, "update_rejected"), 1);
    fleet.errors_are_of("edge");
    let log = fleet
        .envoy
        .log_with("\"event\":\"configuration_refused\",\"path\":\"service_name\"")
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(log.contains("must be a text of 1 to 256 characters"), "{log}");
    // And the next good one is taken.
    fleet.rename("edge-2");
    assert_eq!(fleet.counted(FILTER, "config_fail"), 1);
}

#[test]
fn a_file_that_is_no_yaml_and_one_without_resources_change_nothing() {
    let (fleet, _upstream) = Fleet::as_it_is();
    for (number, text) in ["resources: [", "resources: []", "{}", ""]
        .into_iter()
        .enumerate()
    {
        fleet.filters.put(FILTER, text);
        fleet.counts(FILTER, "config_fail", number as u64 + 1);
        fleet.errors_are_of("edge");
    }
}

#[test]
fn the_other_filters_take_their_changes_beside_one_that_is_refused() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let fleet = Fleet::new(Filters::mounted(), upstream.address());
    fleet.filters.mount("second", |filter| match filter {
        FILTER => of_service(filter, json!(7)),
        _ => of_service(filter, json!("edge-2")),
    });
    fleet.counts(FILTER, "config_fail", 1);
    for other in ["request-id", "circuit-breaker", "retry"] {
        fleet.counts(other, "config_reload", 2);
        assert_eq!(fleet.counted(other, "config_fail"), 0, "{other}");
    }
    fleet.errors_are_of("edge");
}

/// What the sample's comment warns of: the other places that seem to tell what is in force do not.
#[test]
fn only_config_fail_tells_of_a_configuration_that_was_refused() {
    let (fleet, _upstream) = Fleet::as_it_is();
    fleet.filters.put(FILTER, &of_service(FILTER, json!(7)));
    fleet.counts(FILTER, "config_fail", 1);
    let dump = fleet
        .envoy
        .admin_get("/config_dump?resource=ecds_filters")
        .expect("Envoy tells its configuration");
    assert!(dump.contains("\\\"service_name\\\":7"), "{dump}");
    let successes = fleet.counted(FILTER, "update_success");
    // Something else is moved into the folder, and all files are read again.
    fleet.filters.put_file("note.txt", "nothing of Envoy's");
    fleet.counts(FILTER, "update_success", successes + 1);
    assert_eq!(fleet.counted(FILTER, "config_fail"), 1);
    fleet.errors_are_of("edge");
}
