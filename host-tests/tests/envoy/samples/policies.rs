//! One module in place of four: all plugins in one pass, and each by its root id.

use super::{
    assert_error, assert_metric, assert_nothing_given_up, echoed, eventually, get, send, stand, text,
};
use crate::stand::Stand;
use live::client::{self, Request, Response};
use serde_json::{Value, json};

const FILE: &str = "policies.yaml";

/// Sends it to the listener whose filters pick their plugins by root ids.
#[track_caller]
fn get_by_root_ids(stand: &Stand, path: &str) -> Response {
    let listener = stand.envoy.listener("by-root-id").expect("the sample has it");
    client::send(listener, &Request::get(path)).expect("there is an answer")
}

/// The access log's entry of the request that was the last of so many.
#[track_caller]
fn entry(stand: &Stand, count: usize) -> Value {
    let mut log = stand.envoy.access_log_of(count).expect("each exchange is logged");
    log.swap_remove(count - 1)
}

#[test]
fn in_one_pass_what_works_is_passed_on_with_one_id() {
    let stand = stand(FILE);
    let response = get(&stand, "/orders");
    assert_eq!(echoed(&response), json!("/orders"));
    let id = text(&response, "x-request-id");
    let received = stand.upstream.take_received();
    assert_eq!(received[0].values("x-request-id"), [id.as_bytes()]);
    assert_eq!(entry(&stand, 1)["request_id"], json!(id));
    assert_nothing_given_up(&stand);
}

#[test]
fn in_one_pass_failures_are_tried_again_and_open_the_breaker_until_it_is_time() {
    let stand = stand(FILE);
    for _ in 0..3 {
        let response = get(&stand, "/status/503");
        assert_eq!(response.status, 503);
        assert_eq!(text(&response, "x-envoy-attempt-count"), "3");
    }
    assert_eq!(stand.upstream.take_received().len(), 9);
    let rejected = get(&stand, "/orders");
    assert_error(&rejected, 503, "CIRCUIT_OPEN");
    let seconds: u32 = text(&rejected, "retry-after").parse().expect("a number");
    assert!((1..=12).contains(&seconds), "{seconds}");
    assert!(stand.upstream.take_received().is_empty());
    let entry = entry(&stand, 4);
    assert_eq!(
        (&entry["details"], &entry["circuit"]),
        (&json!("circuit_breaker_open"), &json!("upstream:open")),
        "{entry}"
    );

    eventually("the upstream being asked again", || {
        let response = get(&stand, "/orders");
        (response.status == 200).then_some(())
    });
    assert_metric(&stand, "circuit_breaker_state{breaker=\"upstream\"}", 0);
    assert_metric(
        &stand,
        "retry_attempts_total{route=\"everything-else\",attempt=\"3\"}",
        3,
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn in_one_pass_a_payment_needs_a_key_and_has_its_id_in_two_headers() {
    let stand = stand(FILE);
    let charge = Request::new("POST", "/payments/charge");
    let response = send(&stand, &charge);
    assert_error(&response, 400, "IDEMPOTENCY_KEY_MISSING");
    let paid = send(&stand, &charge.header("idempotency-key", "42"));
    assert_eq!(echoed(&paid), json!("/charge"));
    assert_eq!(text(&paid, "x-correlation-id"), text(&paid, "x-request-id"));
    assert_nothing_given_up(&stand);
}

#[test]
fn by_root_ids_what_a_filter_between_them_refuses_has_an_id_and_the_one_body() {
    let stand = stand(FILE);
    let response = get_by_root_ids(&stand, "/internal");
    assert_error(&response, 403, "ACCESS_DENIED");
    assert!(stand.upstream.take_received().is_empty());
    assert_nothing_given_up(&stand);
}

#[test]
fn by_root_ids_the_breaker_in_the_cluster_sees_each_attempt() {
    let stand = stand(FILE);
    assert_error(
        &get_by_root_ids(&stand, "/status/503?body=no"),
        503,
        "SERVICE_UNAVAILABLE",
    );
    assert_error(
        &get_by_root_ids(&stand, "/status/503?body=no"),
        503,
        "CIRCUIT_OPEN",
    );
    assert_eq!(stand.upstream.take_received().len(), 5);
    for count in [1, 2] {
        assert_eq!(entry(&stand, count)["attempts"], json!(3));
    }
    assert_eq!(get(&stand, "/orders").status, 200, "another cluster's breaker");
    let calls = |outcome: &str| {
        format!(
            "circuit_breaker_calls_total{{breaker=\"attempts\",position=\"upstream\",outcome=\"{outcome}\",mode=\"enforce\"}}"
        )
    };
    assert_metric(&stand, &calls("failure"), 5);
    assert_metric(&stand, &calls("rejected"), 1);
    assert_nothing_given_up(&stand);
}

#[test]
fn all_filters_have_one_vm_in_each_worker() {
    let stand = stand(FILE);
    let statistics = stand.envoy.stats().expect("Envoy tells its statistics");
    // Two workers, the main thread, and the one that they are copies of.
    assert_eq!(statistics["wasm.envoy.wasm.runtime.v8.active"], 4);
}
