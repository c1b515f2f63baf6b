//! All four plugins in one chain, where one route is not like another. A whole outage of it has a file of its own.

use super::{assert_metric, assert_nothing_given_up, post, refused, send, stand, text, tried};
use live::client::Request;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FILE: &str = "envoy.yaml";

#[test]
fn what_works_is_passed_on_with_one_id() {
    let stand = stand(FILE);
    let response = send(&stand, &Request::get("/orders"));
    assert_eq!(response.status, 200);
    let id = text(&response, "x-request-id");
    let received = stand.upstream.take_received();
    assert_eq!(received[0].values("x-request-id"), [id.as_bytes()]);
    let entry = &stand.envoy.access_log_of(1).expect("each exchange is logged")[0];
    assert_eq!(entry["request_id"], json!(id));
    assert_nothing_given_up(&stand);
}

#[test]
fn an_order_is_placed_again_only_with_a_key() {
    let stand = stand(FILE);
    tried(&stand, &post("/orders/status/503"), 1);
    tried(
        &stand,
        &post("/orders/status/503").header("idempotency-key", "42"),
        3,
    );
}

#[test]
fn a_payment_needs_a_key_and_has_its_id_in_two_headers() {
    let stand = stand(FILE);
    refused(&stand, &post("/payments/charge"), 400, "IDEMPOTENCY_KEY_MISSING");
    let paid = send(&stand, &post("/payments/charge").header("idempotency-key", "42"));
    assert_eq!(paid.status, 200);
    assert_eq!(text(&paid, "x-correlation-id"), text(&paid, "x-request-id"));
    let entry = &stand.envoy.access_log_of(1).expect("each exchange is logged")[0];
    assert_eq!(
        (&entry["error_code"], &entry["details"]),
        (
            &json!("IDEMPOTENCY_KEY_MISSING"),
            &json!("idempotency_key_missing")
        ),
        "{entry}"
    );
}

#[test]
fn every_error_of_payments_has_one_form_and_others_keep_the_upstreams() {
    let stand = stand(FILE);
    let asking = |path| Request::get(path).header("accept", "application/problem+json");
    let problem = send(&stand, &asking("/payments/status/404"));
    assert_eq!(
        (problem.status, text(&problem, "x-error-code")),
        (404, "NOT_FOUND".to_owned())
    );
    let body: Value = serde_json::from_slice(&problem.body).expect("the body is JSON");
    assert_eq!(
        (&body["status"], &body["error_code"]),
        (&json!(404), &json!("NOT_FOUND"))
    );
    let own = send(&stand, &asking("/status/404"));
    let body: Value = serde_json::from_slice(&own.body).expect("the body is JSON");
    assert_eq!(
        (own.status, &body["path"]),
        (404, &json!("/status/404")),
        "the upstream's echo"
    );
}

#[test]
fn recommendations_go_another_way_after_two_failures() {
    let stand = stand(FILE);
    for _ in 0..2 {
        assert_eq!(
            tried(&stand, &Request::get("/recommendations/status/500"), 1).status,
            500
        );
    }
    let fallback = send(&stand, &Request::get("/recommendations/status/500"));
    assert_eq!(
        (fallback.status, fallback.text()),
        (200, "bestsellers".to_owned())
    );
    assert!(stand.upstream.take_received().is_empty());
}

#[test]
fn a_callers_deadline_is_kept_and_opens_no_breaker() {
    let stand = stand(FILE);
    let began = Instant::now();
    for _ in 0..4 {
        let hasty = Request::get("/slow/30000").header("x-request-deadline-ms", "300");
        let response = tried(&stand, &hasty, 1);
        assert_eq!(
            (response.status, text(&response, "x-error-code")),
            (504, "UPSTREAM_TIMEOUT".to_owned())
        );
    }
    // Without its deadline one of them alone would take that long.
    assert!(began.elapsed() < Duration::from_secs(10));
    let ignored = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"ignored\",mode=\"enforce\"}";
    assert_metric(&stand, ignored, 4);
    assert_eq!(send(&stand, &Request::get("/orders")).status, 200);
}

#[test]
fn in_the_shadow_nothing_is_changed() {
    let stand = stand(FILE);
    for _ in 0..4 {
        let response = tried(&stand, &Request::get("/shadow/status/503"), 1);
        assert_eq!(response.status, 503);
        assert!(response.values("retry-after").is_empty(), "{response:?}");
        assert!(
            response.text().contains("\"path\": \"/status/503\""),
            "the upstream's echo"
        );
    }
    let calls = |outcome: &str| {
        format!("circuit_breaker_calls_total{{breaker=\"shadow\",outcome=\"{outcome}\",mode=\"shadow\"}}")
    };
    assert_metric(&stand, &calls("failure"), 3);
    assert_metric(&stand, &calls("rejected"), 1);
}
