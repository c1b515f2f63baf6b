//! The services: their bulkheads, their breakers, and their own errors.

use super::{
    assert_error, assert_metric, assert_nothing_given_up, body, calls, echoed, eventually, get, reached,
    stand, text,
};
use live::client::Response;
use serde_json::json;
use std::thread;

/// An error of the service's. Whether that had the one body already is seen too late for the headers to tell the code.
#[track_caller]
fn assert_own_error(response: &Response, status: u16, code: &str) {
    assert_eq!(response.status, status, "{}", response.text());
    let body = body(response);
    assert_eq!(
        (&body["error_code"], &body["status_code"], &body["request_id"]),
        (
            &json!(code),
            &json!(status),
            &json!(text(response, "x-request-id"))
        ),
        "{body:#}"
    );
}

#[test]
fn a_service_that_is_full_leaves_the_other_alone() {
    let stand = stand();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(get(&stand, "/reports/slow/4000").status, 200));
        }
        eventually("two reports being made", || {
            (reached(&stand, "/slow/4000") == 2).then_some(())
        });
        // More often than there are workers, so that it is not one of them that is full.
        for _ in 0..6 {
            let refused = get(&stand, "/reports/slow/4000");
            assert_error(&refused, 503, "UPSTREAM_OVERLOADED");
            assert_eq!(text(&refused, "x-envoy-overloaded"), "true");
            assert_eq!(text(&refused, "x-envoy-attempt-count"), "1");
            assert!(
                ["1", "2"].contains(&text(&refused, "retry-after").as_str()),
                "{refused:?}"
            );
        }
        assert_eq!(echoed(&get(&stand, "/orders")), "/orders");
    });
    assert_eq!(reached(&stand, "/slow/4000"), 2);
    assert_eq!(
        echoed(&get(&stand, "/reports/orders")),
        "/orders",
        "there is room again"
    );
    assert_metric(&stand, &calls("reports", "success"), 3);
    assert_metric(&stand, &calls("reports", "ignored"), 6);
    assert_metric(&stand, "circuit_breaker_state{breaker=\"reports\"}", 0);
    assert_nothing_given_up(&stand);
}

#[test]
fn a_service_that_fails_gets_no_more_and_leaves_the_other_alone() {
    let stand = stand();
    for _ in 0..5 {
        assert_own_error(&get(&stand, "/status/500"), 500, "INTERNAL_SERVER_ERROR");
    }
    assert_error(&get(&stand, "/orders"), 503, "CIRCUIT_OPEN");
    assert_eq!(echoed(&get(&stand, "/reports/orders")), "/orders");
    let log = stand.envoy.access_log_of(6).expect("each exchange is logged");
    assert_eq!(
        (&log[5]["circuit"], &log[5]["error_code"]),
        (&json!("upstream:open"), &json!("CIRCUIT_OPEN")),
        "{log:#?}"
    );
}

#[test]
fn a_services_own_errors_have_the_one_body_too() {
    let stand = stand();
    assert_own_error(&get(&stand, "/status/404"), 404, "NOT_FOUND");
    let unavailable = get(&stand, "/status/503");
    assert_own_error(&unavailable, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(text(&unavailable, "x-envoy-attempt-count"), "3");
    assert!(["1", "2"].contains(&text(&unavailable, "retry-after").as_str()));
}
