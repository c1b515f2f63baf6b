//! Which requests are tried again, on what, and how often.

mod grpc;

use super::{attempts, policy, tried};
use host::{Answer, Host, RetryPolicy, Route};
use serde_json::{Value, json};

/// An answer, and how often a request is tried that gets no other.
type Case = (Answer, usize);

#[track_caller]
fn check(host: &Host, method: &str, cases: impl IntoIterator<Item = Case>) {
    for (answer, times) in cases {
        let exchange = tried(host.request(method, "/orders").http2(), answer);
        assert_eq!(exchange.attempts().len(), times, "{exchange}");
    }
}

#[test]
fn a_request_that_succeeds_is_tried_once() {
    let host = policy(json!({}));
    for status in [200, 204, 301, 404, 429] {
        assert_eq!(attempts(host.get("/orders"), status), 1, "{status}");
    }
}

#[test]
fn a_retry_that_succeeds_is_the_last() {
    let host = policy(json!({}));
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    exchange.answer(200).expect_status(200);
}

#[test]
fn the_caller_gets_the_last_answer() {
    let host = policy(json!({}));
    let exchange = host.get("/orders").answered_with(503).expect_retried();
    let exchange = exchange.begin_answer(502).expect_retried();
    exchange.answer(504).expect_status(504);
}

#[test]
fn methods_that_do_no_harm_twice_are_tried_three_times_in_all() {
    let host = policy(json!({}));
    for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"] {
        assert_eq!(attempts(host.request(method, "/orders"), 503), 3, "{method}");
    }
}

#[test]
fn other_methods_are_not_tried_again_once_the_upstream_has_seen_them() {
    let host = policy(json!({}));
    for method in ["POST", "PATCH", "TRACE"] {
        for status in [500, 502, 503, 504] {
            assert_eq!(
                attempts(host.request(method, "/orders"), status),
                1,
                "{method}, {status}"
            );
        }
    }
}

#[test]
fn a_method_is_told_by_its_letters_as_they_are() {
    let host = policy(json!({ "methods": ["QUERY"] }));
    check(&host, "QUERY", [(Answer::new(503), 3)]);
    check(&host, "query", [(Answer::new(503), 1)]);
    check(&host, "QUERYING", [(Answer::new(503), 1)]);
}

#[test]
fn other_methods_are_tried_again_where_the_upstream_has_seen_nothing() {
    let host = policy(json!({}));
    for method in ["POST", "PATCH", "TRACE"] {
        check(
            &host,
            method,
            [
                (Answer::connection_failure(), 3),
                (Answer::refused_stream(), 3),
                (Answer::reset(), 1),
                (Answer::stream_reset(), 1),
                (Answer::protocol_error(), 1),
            ],
        );
    }
}

#[test]
fn a_post_goes_as_it_came_with_each_attempt() {
    let host = policy(json!({}));
    let exchange = tried(
        host.post("/orders").body("two shirts"),
        Answer::connection_failure(),
    );
    let bodies: Vec<_> = exchange.attempts().iter().map(host::Attempt::body).collect();
    assert_eq!(bodies.len(), 3, "{exchange}");

    let exchange = tried(host.request("PUT", "/orders").body("two shirts"), 503);
    let bodies: Vec<_> = exchange.attempts().iter().map(host::Attempt::body).collect();
    assert_eq!(bodies, [b"two shirts", b"two shirts", b"two shirts"]);
}

#[test]
fn the_methods_are_a_setting() {
    let host = policy(json!({ "methods": ["PATCH"] }));
    assert_eq!(attempts(host.request("PATCH", "/orders"), 503), 3);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn a_gateways_errors_and_broken_connections_are_tried_again_and_nothing_else() {
    let host = policy(json!({}));
    check(
        &host,
        "GET",
        [
            (Answer::new(502), 3),
            (Answer::new(503), 3),
            (Answer::new(504), 3),
            (Answer::connection_failure(), 3),
            (Answer::refused_stream(), 3),
            (Answer::reset(), 3),
            (Answer::stream_reset(), 3),
            (Answer::protocol_error(), 3),
            (Answer::new(500), 1),
            (Answer::new(501), 1),
            (Answer::new(409), 1),
            (Answer::new(503).header("x-envoy-ratelimited", "true"), 1),
            (Answer::timeout(), 1),
            (Answer::overflow(), 1),
        ],
    );
}

#[test]
fn each_condition_means_what_it_says() {
    let limited = || Answer::new(429).header("x-envoy-ratelimited", "true");
    for (condition, again, not_again) in [
        ("connect-failure", Answer::connection_failure(), Answer::new(503)),
        ("refused-stream", Answer::refused_stream(), Answer::reset()),
        (
            "reset-before-request",
            Answer::connection_failure(),
            Answer::new(503),
        ),
        ("gateway-error", Answer::new(502), Answer::new(500)),
        ("5xx", Answer::new(500), Answer::new(499)),
        ("reset", Answer::reset(), Answer::new(503)),
        ("retriable-4xx", Answer::new(409), Answer::new(404)),
        ("envoy-ratelimited", limited(), Answer::new(429)),
    ] {
        let host = policy(json!({ "retry_on": [condition] }));
        assert_eq!(attempts(host.get("/orders").http2(), again), 3, "{condition}");
        assert_eq!(attempts(host.get("/orders").http2(), not_again), 1, "{condition}");
    }
}

#[test]
fn listed_statuses_are_tried_again_beside_the_conditions() {
    let host = policy(json!({ "statuses": [429, "500-501", "507"] }));
    for (status, times) in [
        (429, 3),
        (428, 1),
        (499, 1),
        (500, 3),
        (501, 3),
        (503, 3),
        (505, 1),
        (507, 3),
        (508, 1),
    ] {
        assert_eq!(attempts(host.get("/orders"), status), times, "{status}");
    }
    assert_eq!(
        attempts(host.post("/orders"), 500),
        1,
        "a POST is not tried again by status"
    );
    let alone = policy(json!({ "retry_on": [], "statuses": ["5xx"] }));
    assert_eq!(attempts(alone.get("/orders"), 599), 3);
    assert_eq!(attempts(alone.get("/orders"), Answer::connection_failure()), 1);
}

#[test]
fn there_are_as_many_attempts_as_are_configured() {
    for number in [1, 2, 3, 7, 10] {
        let host = policy(json!({ "attempts": number }));
        assert_eq!(attempts(host.get("/orders"), 503), number);
        assert_eq!(
            attempts(host.post("/orders"), Answer::connection_failure()),
            number
        );
    }
}

#[test]
fn nothing_is_tried_again_on_no_condition() {
    let host = policy(json!({ "retry_on": [], "any_method_on": [], "retry_on_grpc": [] }));
    for method in ["GET", "POST"] {
        check(
            &host,
            method,
            [
                (Answer::new(503), 1),
                (Answer::connection_failure(), 1),
                (Answer::reset(), 1),
            ],
        );
    }
    assert_eq!(
        attempts(host.grpc("/shop.Orders/Get"), Answer::grpc_headers_only(14)),
        1
    );
}

/// A host whose route has a retry policy of its own, which tries five times.
fn on_a_route_of_its_own(settings: Value) -> Host {
    policy(settings).routes([Route::new("orders").retry(RetryPolicy::on("5xx,unavailable").num_retries(4))])
}

#[test]
fn one_attempt_silences_the_routes_own_policy() {
    let host = on_a_route_of_its_own(json!({ "attempts": 1 }));
    for method in ["GET", "POST"] {
        check(
            &host,
            method,
            [(Answer::new(503), 1), (Answer::connection_failure(), 1)],
        );
    }
}

#[test]
fn so_does_a_method_that_is_tried_again_on_nothing() {
    let host = on_a_route_of_its_own(json!({ "any_method_on": [] }));
    check(
        &host,
        "POST",
        [(Answer::new(503), 1), (Answer::connection_failure(), 1)],
    );
    check(&host, "GET", [(Answer::new(500), 3)]);
}

#[test]
fn where_the_route_has_a_policy_what_may_be_done_only_in_part_is_not_done() {
    let host = on_a_route_of_its_own(json!({ "route_policy": true }));
    check(
        &host,
        "POST",
        [(Answer::new(503), 1), (Answer::connection_failure(), 1)],
    );
    check(
        &host,
        "GET",
        [(Answer::new(503), 3), (Answer::connection_failure(), 3)],
    );
    for answer in [Answer::grpc_headers_only(14), Answer::new(503)] {
        assert_eq!(attempts(host.grpc("/shop.Orders/Get"), answer), 1);
    }
}

/// Headers add to what a route allows. This is what `route_policy` is for.
#[test]
fn where_that_is_not_told_the_routes_conditions_hold_for_any_method() {
    let host = on_a_route_of_its_own(json!({}));
    check(&host, "POST", [(Answer::new(503), 3)]);
}
