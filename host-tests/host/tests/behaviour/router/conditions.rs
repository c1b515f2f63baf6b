//! On which conditions a request is tried again, and who may name them.

use host::{Answer, Host, RetryPolicy, Route};

use super::{asking, came_to, get, retrying};

/// One retry on these conditions, before an upstream that always answers so.
#[track_caller]
fn check(conditions: &str, answer: impl Into<Answer>, status: u16, flags: &str, attempts: usize) {
    let exchange = get(&retrying(RetryPolicy::on(conditions), [answer.into()]));
    assert_eq!(
        came_to(&exchange),
        (status, flags.to_owned(), attempts),
        "{exchange}"
    );
}

#[test]
fn a_status_is_tried_again_where_a_condition_names_it() {
    check("5xx", 503, 503, "URX", 2);
    check("5xx", 404, 404, "-", 1);
    check("gateway-error", 502, 502, "URX", 2);
    check("gateway-error", 500, 500, "-", 1);
    check("retriable-4xx", 409, 409, "URX", 2);
    check("retriable-4xx", 404, 404, "-", 1);
    check("foo,5xx", 503, 503, "URX", 2);
    check("connect-failure , 5xx", 503, 503, "URX", 2);
    check("5XX", 503, 503, "-", 1);
    check("", 503, 503, "-", 1);
}

#[test]
fn a_connection_that_is_closed_is_an_error_of_the_server_and_a_reset() {
    for conditions in ["5xx", "gateway-error", "reset"] {
        check(conditions, Answer::reset(), 503, "URX,UC", 2);
    }
    for conditions in ["connect-failure", "reset-before-request", "refused-stream"] {
        check(conditions, Answer::reset(), 503, "UC", 1);
    }
}

#[test]
fn a_connection_that_is_refused_is_all_of_that_and_more() {
    for conditions in [
        "5xx",
        "gateway-error",
        "reset",
        "connect-failure",
        "reset-before-request",
    ] {
        check(conditions, Answer::connection_failure(), 503, "URX,UF", 2);
    }
    check("refused-stream", Answer::connection_failure(), 503, "UF", 1);
}

#[test]
fn a_stream_that_is_refused_has_a_condition_of_its_own() {
    check("refused-stream", Answer::refused_stream(), 503, "URX,UR", 2);
    check("refused-stream", Answer::stream_reset(), 503, "UR", 1);
    check("5xx", Answer::stream_reset(), 503, "URX,UR", 2);
    check("5xx", Answer::protocol_error(), 502, "URX,UPE", 2);
}

#[test]
fn no_host_and_an_overflow_are_never_tried_again() {
    check("5xx", Answer::no_healthy_upstream(), 503, "UH", 1);
    check("5xx,connect-failure", Answer::overflow(), 503, "UO", 1);
}

#[test]
fn the_policy_can_list_statuses_and_response_headers() {
    let listed = || RetryPolicy::on("retriable-status-codes").statuses([418, 200]);
    assert_eq!(came_to(&get(&retrying(listed(), [418]))).2, 2);
    assert_eq!(
        came_to(&get(&retrying(listed(), [200]))),
        (200, "URX".to_owned(), 2)
    );
    assert_eq!(came_to(&get(&retrying(listed(), [503]))).2, 1);
    let named = || RetryPolicy::on("retriable-headers").response_header("X-Retry-Me", "1");
    let with = |value: &str| [Answer::new(200).header("x-retry-me", value)];
    assert_eq!(came_to(&get(&retrying(named(), with("1")))).2, 2);
    assert_eq!(came_to(&get(&retrying(named(), with("2")))).2, 1);
}

#[test]
fn a_response_of_an_envoy_that_limits_rates_is_tried_again_only_on_its_own_condition() {
    let limited = |status| Answer::new(status).header("x-envoy-ratelimited", "true");
    check("5xx", limited(503), 503, "-", 1);
    check("envoy-ratelimited", limited(429), 429, "URX", 2);
    check("envoy-ratelimited", 429, 429, "-", 1);
}

#[test]
fn grpc_conditions_look_at_the_status_in_the_headers_alone() {
    let status = |code: &str| Answer::new(200).header("grpc-status", code);
    check("unavailable", status("14"), 200, "URX", 2);
    check("unavailable", status("13"), 200, "-", 1);
    check(
        "cancelled,deadline-exceeded,internal,resource-exhausted",
        status("8"),
        200,
        "URX",
        2,
    );
    let in_trailers = Answer::new(200).pieces(["a"]).trailer("grpc-status", "14");
    check("unavailable", in_trailers, 200, "-", 1);
    check("unavailable", 503, 503, "-", 1);
    check("unavailable", Answer::reset(), 503, "UC", 1);
}

#[test]
fn a_filter_can_name_conditions_in_headers() {
    let on = |header: &str, words: &str, answer: Answer| came_to(&get(&asking(&[(header, words)], answer))).2;
    assert_eq!(on("x-envoy-retry-on", "5xx", Answer::new(503)), 2);
    assert_eq!(on("x-envoy-retry-on", "foo,bar", Answer::new(503)), 1);
    let unavailable = || Answer::new(200).header("grpc-status", "14");
    assert_eq!(on("x-envoy-retry-grpc-on", "unavailable,foo", unavailable()), 2);
    assert_eq!(on("x-envoy-retry-on", "unavailable", unavailable()), 1);
    assert_eq!(on("x-envoy-retry-grpc-on", "5xx", Answer::new(503)), 1);
    assert_eq!(on("x-envoy-retriable-status-codes", "418", Answer::new(418)), 1);
}

#[test]
fn a_filter_can_list_statuses_and_header_names_in_headers() {
    let statuses = [
        ("x-envoy-retry-on", "retriable-status-codes"),
        ("x-envoy-retriable-status-codes", "418,x,,503"),
    ];
    assert_eq!(came_to(&get(&asking(&statuses, 418))).2, 2);
    let names = [
        ("x-envoy-retry-on", "retriable-headers"),
        ("x-envoy-retriable-header-names", "x-no,X-Retry-Me"),
    ];
    let answer = Answer::new(200).header("x-retry-me", "whatever");
    assert_eq!(came_to(&get(&asking(&names, answer))).2, 2);
}

#[test]
fn a_clients_own_headers_name_nothing() {
    let host = retrying(RetryPolicy::default(), [503]);
    let exchange = host
        .get("/")
        .header("x-envoy-retry-on", "5xx")
        .header("x-envoy-max-retries", "3")
        .send();
    assert_eq!(came_to(&exchange), (503, "-".to_owned(), 1));
    exchange.upstream_header("x-envoy-retry-on").is_absent();
}

#[test]
fn a_policy_can_be_for_requests_with_a_header_alone() {
    let policy = || RetryPolicy::on("5xx").request_header("x-ok", "1");
    assert_eq!(
        came_to(&get(&retrying(policy(), [503]))),
        (503, "-".to_owned(), 1)
    );
    let host = retrying(policy(), [503]);
    let exchange = host.get("/").header("x-ok", "1").send().expect_retried();
    assert_eq!(came_to(&exchange), (503, "URX".to_owned(), 2));
}

#[test]
fn a_request_that_lacks_the_header_of_the_policy_cannot_ask_for_retries_either() {
    let headers = [("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "2")];
    let policy = RetryPolicy::on("5xx").request_header("x-ok", "1");
    let host = Host::new(super::setting(&headers)).routes([Route::new("r").retry(policy)]);
    let exchange = host.get("/").answered_with(503);
    assert_eq!(came_to(&exchange), (503, "-".to_owned(), 1));
}
