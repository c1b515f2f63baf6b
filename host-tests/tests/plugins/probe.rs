//! What the kit offers and no shipping plugin uses yet, through the probe (`host-tests/probe`).

use crate::lines;
use host::faults::inject_everywhere;
use host::{Host, Level};
use host_tests::plugin::PROBE;
use serde_json::json;

const CONTENTION: &str = "policy_degradations_total.plugin=probe;.what=shared_data_contention;";

#[test]
fn two_workers_that_count_in_one_record_lose_no_count() {
    let host = Host::new(PROBE.module()).workers(2);
    for request in 1..=100 {
        let exchange = host.worker(request % 2).get("/").answered_with(200);
        exchange.upstream_header("x-count").is(request.to_string());
        exchange.upstream_header("x-record").is(request.to_string());
        exchange.upstream_header("x-unchanged").is("1");
    }
    assert_eq!(host.shared_data("probe.count"), Some(b"100".to_vec()));
    assert_eq!(host.metric(CONTENTION), 0);
}

#[test]
fn a_change_that_is_always_too_late_is_given_up_after_16_tries_and_counted() {
    let host = Host::new(PROBE.module());
    let exchange = host.get("/").header("x-contend", "1").answered_with(200);
    exchange.upstream_header("x-count").is("gave up");
    // Each try was spoilt by a change that did succeed.
    exchange.upstream_header("x-record").is("16");
    assert_eq!(host.metric(CONTENTION), 1);
    let line = lines::only(&exchange);
    assert_eq!(line["event"], "degradation");
    assert_eq!(line["plugin"], "probe");
    assert_eq!(line["what"], "shared_data_contention");
    assert_eq!(exchange.logs()[0].level, Level::Warn);
    host.get("/")
        .answered_with(200)
        .upstream_header("x-count")
        .is("17");
}

#[test]
fn a_record_of_nonsense_is_started_afresh() {
    let host = Host::new(PROBE.module());
    host.set_shared_data("probe.count", b"\xffnonsense");
    host.get("/")
        .answered_with(200)
        .upstream_header("x-count")
        .is("1");
}

#[test]
fn records_are_those_of_a_vm_id() {
    let host = Host::chain([
        host::Plugin::new(PROBE.module()).name("a").vm_id("one"),
        host::Plugin::new(PROBE.module()).name("b").vm_id("other"),
    ]);
    // The second overwrites what the first wrote, and has counted for itself.
    host.get("/")
        .answered_with(200)
        .upstream_header("x-count")
        .is("1");
    host.get("/")
        .answered_with(200)
        .upstream_header("x-count")
        .is("2");
}

#[test]
fn no_fault_is_fatal() {
    let report = inject_everywhere(
        || {
            Host::new(PROBE.module())
                .workers(2)
                .config(json!({ "service_name": "probed" }))
        },
        |host| {
            host.get("/").run(200);
            host.worker(1).get("/").header("x-contend", "1").run(200);
        },
    );
    assert!(report.runs > report.calls, "{report}");
}
