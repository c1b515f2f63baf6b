//! What becomes of a retry that is not made, because others have spent the budget since its request left: only the plugin in
//! the cluster's filters knows.

use super::stage::{BOUND, FILTERS, Stage, eventually, plugin};
use host_tests::plugin::CIRCUIT_BREAKER;
use live::client::{Connection, Request, Response};
use serde_json::{Value, json};
use std::thread;

const SLOW: &str = "/slow/3000?status=503";

/// One retry in an hour.
fn one_retry() -> Value {
    let rate = json!({ "count": 1, "interval": "1h" });
    json!({ "default": { "budget": { "percent": 0, "interval": "1h", "min_retry_rate": rate } } })
}

/// The answer to a request that is under way while another takes the one retry. The upstream receives three requests.
#[track_caller]
fn overtaken(stage: &Stage, slow: &Request) -> Response {
    let address = stage.envoy.address().expect("there is a listener");
    let answer = thread::scope(|scope| {
        let answer = scope.spawn(|| Connection::open(address)?.patience(BOUND).send(slow));
        eventually("the slow one on its way", || {
            (!stage.upstream.received().is_empty()).then_some(())
        });
        let quick = stage.send(&Request::get("/status/503"));
        assert_eq!((quick.response.status, quick.received.len()), (503, 3));
        answer.join().expect("it does not panic")
    });
    assert!(stage.upstream.take_received().is_empty(), "it is not tried again");
    answer.expect("there is an answer")
}

#[test]
fn a_request_whose_retry_the_budget_ends_is_answered_with_the_standard_error() {
    let stage = Stage::in_cluster_too(&one_retry());
    let answer = overtaken(&stage, &Request::get(SLOW));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.values("x-error-code"), [b"RETRY_BUDGET_SPENT"]);
    assert_eq!(answer.values("content-type"), [b"application/json"]);
    assert_eq!(answer.values("retry-after").len(), 1, "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).expect("the body is JSON");
    assert_eq!(
        (&body["error_code"], &body["status_code"], &body["message"]),
        (
            &json!("RETRY_BUDGET_SPENT"),
            &json!(503),
            &json!("The service failed, and too much is being tried again.")
        ),
        "{body}"
    );
    for id in ["trace_id", "request_id"] {
        assert!(body[id].as_str().is_some_and(|id| !id.is_empty()), "{body}");
    }
}

#[test]
fn a_retry_that_the_budget_ends_counts_as_withheld_and_not_as_made() {
    let stage = Stage::in_cluster_too(&one_retry());
    overtaken(&stage, &Request::get(SLOW));
    let log = stage.envoy.access_log_of(2).expect("each request is logged");
    let slow = log.iter().find(|entry| entry["path"] == SLOW);
    let slow = slow.expect("it is one of them");
    assert_eq!(
        (&slow["details"], &slow["error_code"], &slow["retry"]),
        (
            &json!("retry_budget_spent"),
            &json!("RETRY_BUDGET_SPENT"),
            &json!("suppressed:budget")
        ),
    );
    // The other one, too, might have been tried once more.
    let withheld = "retry_suppressed_total{route=\"all\",reason=\"budget\",mode=\"enforce\"}";
    stage.metric(withheld, 2);
    stage.metric("retry_attempts_total{route=\"all\",attempt=\"2\"}", 1);
    stage.metric("retry_budget_remaining{cluster=\"upstream\"}", 0);
}

#[test]
fn a_call_of_grpc_is_told_unavailable() {
    let stage = Stage::in_cluster_too(&one_retry());
    let call =
        Request::post("/slow/3000?header=grpc-status:14", "").header("content-type", "application/grpc");
    let answer = overtaken(&stage, &call);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.values("grpc-status"), [b"14"]);
    assert_eq!(answer.values("x-error-code"), [b"RETRY_BUDGET_SPENT"]);
    assert!(answer.body.is_empty(), "{}", answer.text());
}

#[test]
fn circuit_breaker_counts_it_as_a_failure() {
    let configuration = one_retry();
    let stage = Stage::in_cluster_too_but(&configuration, |tree| {
        let breaker = plugin(
            CIRCUIT_BREAKER.name,
            CIRCUIT_BREAKER.path(),
            &json!({ "default": {} }),
        );
        let filters = tree.pointer_mut(FILTERS).and_then(Value::as_array_mut);
        filters.expect("there are filters").insert(0, breaker);
    });
    overtaken(&stage, &Request::get(SLOW));
    // Both, in the end.
    let failures = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"failure\",mode=\"enforce\"}";
    stage.metric(failures, 2);
}

#[test]
fn a_request_and_its_retries_are_charged_once_by_both_together() {
    // Half of the requests, and four.
    let rate = json!({ "count": 4, "interval": "1h" });
    let budget = json!({ "percent": 50, "interval": "1h", "min_retry_rate": rate });
    let stage = Stage::in_cluster_too(&json!({ "default": { "budget": budget } }));
    for _ in 0..20 {
        assert_eq!(stage.tries(&Request::get("/status/200")), 1);
    }
    let left = "retry_budget_remaining{cluster=\"upstream\"}";
    stage.metric(left, 4 + 10);
    for now_left in [4 + 10 - 2, 4 + 11 - 4] {
        assert_eq!(stage.tries(&Request::get("/status/503")), 3);
        stage.metric(left, now_left);
    }
}
