//! Requests that are themselves retries of a proxy before this one.

use super::{attempts, policy, suppressed};
use host::Answer;
use serde_json::json;

#[test]
fn a_request_that_is_itself_a_retry_is_tried_once() {
    let host = policy(json!({}));
    for count in ["2", "3", "10", "4294967296", "99999999999999999999999"] {
        let request = || host.get("/orders").header("x-envoy-attempt-count", count);
        assert_eq!(attempts(request(), 503), 1, "{count}");
        assert_eq!(attempts(request(), Answer::connection_failure()), 1, "{count}");
    }
    assert_eq!(suppressed(&host, "inbound_retry"), 10);
}

#[test]
fn a_first_attempt_is_tried_again_and_so_is_one_that_makes_no_sense() {
    let host = policy(json!({}));
    for count in ["1", "0", "", "-2", "2.5", "two", "0x2", "2 3"] {
        let request = host.get("/orders").header("x-envoy-attempt-count", count);
        assert_eq!(attempts(request, 503), 3, "{count:?}");
    }
    assert_eq!(suppressed(&host, "inbound_retry"), 0);
}

#[test]
fn where_it_is_allowed_what_two_layers_do_is_multiplied() {
    let host = policy(json!({ "inbound_retries": "allow" }));
    assert_eq!(
        attempts(host.get("/orders").header("x-envoy-attempt-count", "2"), 503),
        3
    );
    assert_eq!(suppressed(&host, "inbound_retry"), 0);
}

#[test]
fn a_retry_that_would_not_have_been_tried_again_anyway_is_no_matter_of_that() {
    let host = policy(json!({}));
    let request = |method: &str| {
        host.request(method, "/orders")
            .header("x-envoy-attempt-count", "2")
    };
    assert_eq!(attempts(request("GET"), 200), 1);
    assert_eq!(attempts(request("GET"), 500), 1);
    assert_eq!(attempts(request("POST"), 503), 1);
    assert_eq!(
        (suppressed(&host, "inbound_retry"), suppressed(&host, "method")),
        (0, 1)
    );
}
