//! Faults on purpose: at the edge nobody counts them, as if by the service all policies act.

use super::{
    assert_error, assert_metric, assert_nothing_given_up, echoed, eventually, get, send, stand, stand_with,
    text,
};
use crate::stand::Stand;
use live::client::{self, Request};
use std::time::{Duration, Instant};

const FILE: &str = "drills.yaml";

/// A request that says where it is to fail, and how.
fn drilled(place: &str, fault: &str, value: &str) -> Request {
    Request::get("/orders")
        .header("x-drill", place)
        .header(format!("x-envoy-fault-{fault}-request"), value)
}

/// What the breaker of a cluster counted; `None`: nothing.
fn calls(stand: &Stand, breaker: &str, outcome: &str) -> Option<u64> {
    let labels = format!("breaker=\"{breaker}\",outcome=\"{outcome}\",mode=\"enforce\"");
    stand
        .envoy
        .metric(&format!("circuit_breaker_calls_total{{{labels}}}"))
        .expect("Envoy tells its metrics")
}

#[test]
fn a_fault_at_the_edge_has_its_own_code_and_nobody_counts_it_as_the_services() {
    let stand = stand(FILE);
    for _ in 0..5 {
        assert_error(
            &send(&stand, &drilled("edge", "abort", "503")),
            503,
            "FAULT_INJECTED",
        );
    }
    assert!(stand.upstream.received().is_empty());
    assert_eq!(get(&stand, "/orders").status, 200);
    let success = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"success\",mode=\"enforce\"}";
    assert_metric(&stand, success, 1);
    for outcome in ["failure", "ignored", "rejected"] {
        assert_eq!(calls(&stand, "upstream", outcome), None, "{outcome}");
    }
    let entries = stand.envoy.access_log_of(1).expect("each exchange is logged");
    assert_eq!(entries[0]["details"], "fault_filter_abort");
    assert_nothing_given_up(&stand);
}

#[test]
fn behind_the_breaker_a_fault_at_the_edge_would_be_ignored() {
    let stand = stand_with(FILE, |mut sample| {
        let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
        let filters = sample
            .tree()
            .pointer_mut(filters)
            .and_then(|filters| filters.as_array_mut());
        let filters = filters.expect("there are filters");
        let place = |name: &str| {
            filters
                .iter()
                .position(|filter| filter["name"] == name)
                .expect(name)
        };
        let (fault, breaker) = (place("drill-at-the-edge"), place("circuit-breaker"));
        filters.swap(fault, breaker);
        Ok(sample)
    });
    for _ in 0..5 {
        assert_error(
            &send(&stand, &drilled("edge", "abort", "503")),
            503,
            "FAULT_INJECTED",
        );
    }
    let ignored = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"ignored\",mode=\"enforce\"}";
    assert_metric(&stand, ignored, 5);
}

#[test]
fn a_request_can_be_made_to_wait() {
    let stand = stand(FILE);
    let began = Instant::now();
    assert_eq!(send(&stand, &drilled("edge", "delay", "700")).status, 200);
    // Envoy's timers count from the beginning of a round of its loop, so that they end a little early.
    assert!(
        began.elapsed() >= Duration::from_millis(650),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn who_comes_from_outside_gets_no_drill() {
    let stand = stand(FILE);
    for place in ["edge", "upstream"] {
        let outside = drilled(place, "abort", "503").header("x-forwarded-for", "203.0.113.7");
        assert_eq!(send(&stand, &outside).status, 200);
        let pretending = outside.header("x-envoy-internal", "true");
        assert_eq!(send(&stand, &pretending).status, 200);
    }
    assert_eq!(stand.upstream.received().len(), 4);
    let unasked = Request::get("/orders").header("x-envoy-fault-abort-request", "503");
    assert_eq!(send(&stand, &unasked).status, 200);
}

#[test]
fn a_fault_as_if_by_the_service_is_tried_again_and_opens_the_breaker_of_the_drilled() {
    let stand = stand(FILE);
    let failing = drilled("upstream", "abort", "503");
    for _ in 0..3 {
        let response = send(&stand, &failing);
        assert_error(&response, 503, "SERVICE_UNAVAILABLE");
        assert_eq!(text(&response, "x-envoy-attempt-count"), "3");
    }
    assert_error(&send(&stand, &failing), 503, "CIRCUIT_OPEN");
    assert_metric(&stand, "circuit_breaker_state{breaker=\"drilled\"}", 1);
    assert!(stand.upstream.received().is_empty());

    assert_eq!(get(&stand, "/orders").status, 200, "all others go on");
    // Ten seconds, up to a tenth longer, and then it is found out by one that is not made to fail.
    let response = eventually("a drilled request that is admitted", || {
        let response = send(&stand, &Request::get("/orders").header("x-drill", "upstream"));
        (response.status == 200).then_some(response)
    });
    assert_eq!(echoed(&response), "/orders");
    let received = stand.upstream.received();
    let id = text(&response, "x-request-id");
    assert_eq!(
        received[1].values("x-request-id"),
        [id.as_bytes()],
        "also on the way round"
    );
    assert_metric(&stand, "circuit_breaker_state{breaker=\"drilled\"}", 0);
    assert_nothing_given_up(&stand);
}

#[test]
fn a_wait_as_if_by_the_service_is_a_time_out() {
    let stand = stand(FILE);
    assert_error(
        &send(&stand, &drilled("upstream", "delay", "30000")),
        504,
        "UPSTREAM_TIMEOUT",
    );
    let failure = "circuit_breaker_calls_total{breaker=\"drilled\",outcome=\"failure\",mode=\"enforce\"}";
    assert_metric(&stand, failure, 1);
}

#[test]
fn a_drill_for_everybody_is_begun_and_ended_without_a_restart() {
    let stand = stand(FILE);
    let share = |percent: u32| {
        let path = format!("/runtime_modify?drill.abort_percent={percent}");
        let answer = client::send(stand.envoy.admin(), &Request::post(path, "")).expect("Envoy takes it");
        assert_eq!((answer.status, answer.text().trim()), (200, "OK"));
    };
    assert_eq!(get(&stand, "/orders").status, 200);
    share(100);
    // Each worker learns of it a little later.
    eventually("faults on all workers", || {
        (0..20)
            .all(|_| get(&stand, "/orders").status == 503)
            .then_some(())
    });
    assert_error(&get(&stand, "/orders"), 503, "FAULT_INJECTED");
    share(0);
    eventually("no faults on any worker", || {
        (0..20)
            .all(|_| get(&stand, "/orders").status == 200)
            .then_some(())
    });
    assert_eq!(calls(&stand, "upstream", "failure"), None);
}
