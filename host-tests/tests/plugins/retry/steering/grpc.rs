//! Calls of gRPC.

use super::*;

#[track_caller]
fn check(settings: Value, cases: impl IntoIterator<Item = Case>) {
    let host = policy(settings);
    for (answer, times) in cases {
        let exchange = tried(host.grpc("/shop.Orders/Get").body("question"), answer);
        assert_eq!(exchange.attempts().len(), times, "{exchange}");
    }
}

#[test]
fn a_call_is_tried_again_by_its_own_status_and_where_the_upstream_has_seen_nothing() {
    check(
        json!({}),
        [
            (Answer::grpc_headers_only(14), 3),
            (Answer::connection_failure(), 3),
            (Answer::refused_stream(), 3),
            (Answer::grpc_headers_only(0), 1),
            (Answer::grpc_headers_only(13), 1),
            (Answer::grpc_headers_only(4), 1),
            (Answer::reset(), 1),
        ],
    );
}

#[test]
fn a_call_is_never_tried_again_by_a_status_of_http() {
    let http = json!({ "retry_on": ["5xx"], "statuses": ["4xx", "5xx"], "methods": ["POST"] });
    check(
        http,
        [
            (Answer::new(503), 1),
            (Answer::new(500), 1),
            (Answer::new(429), 1),
            (Answer::reset(), 1),
        ],
    );
}

#[test]
fn each_status_means_what_it_says() {
    for (word, number) in [
        ("cancelled", 1),
        ("deadline-exceeded", 4),
        ("resource-exhausted", 8),
        ("internal", 13),
        ("unavailable", 14),
    ] {
        let cases = (0..=16).map(|status| {
            (
                Answer::grpc_headers_only(status),
                if status == number { 3 } else { 1 },
            )
        });
        check(json!({ "retry_on_grpc": [word] }), cases);
    }
}

/// The answer has begun, and is on its way to the caller.
#[test]
fn a_status_in_trailers_comes_too_late() {
    check(json!({}), [(Answer::grpc(14), 1)]);
}

#[test]
fn without_unavailable_a_failed_connection_is_not_tried_again() {
    let internal = json!({ "retry_on_grpc": ["internal"] });
    check(
        internal,
        [
            (Answer::connection_failure(), 1),
            (Answer::grpc_headers_only(13), 3),
        ],
    );
    check(
        json!({ "retry_on_grpc": [] }),
        [(Answer::connection_failure(), 1)],
    );
}

#[test]
fn every_type_of_grpc_is_grpc() {
    for (content_type, times) in [
        ("application/grpc", 1),
        ("application/grpc+proto", 1),
        ("application/grpc-web", 1),
        ("application/grpc-web-text+proto", 1),
        ("Application/GRPC; charset=x", 1),
        ("application/grpcx", 3),
        ("application/json", 3),
    ] {
        let host = policy(json!({}));
        let request = host
            .request("PUT", "/orders")
            .header("content-type", content_type);
        assert_eq!(attempts(request, 503), times, "{content_type}");
    }
}
