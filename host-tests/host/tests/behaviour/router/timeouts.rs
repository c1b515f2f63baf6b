//! How long a request, and an attempt of it, may take.

use host::{Answer, Cluster, Exchange, Host, RetryPolicy, Route, millis, secs};

use super::{came_to, setting};
use crate::guest::guest;

/// A route with this policy, before an upstream that never answers.
fn hanging(route: Route) -> Host {
    Host::new(guest(""))
        .routes([route])
        .clusters([Cluster::new("upstream").answers([Answer::never()])])
}

#[track_caller]
fn expect_timeout(exchange: &Exchange, details: &str) {
    exchange
        .expect_status(504)
        .header("content-length", "24")
        .header("content-type", "text/plain")
        .expect_body("upstream request timeout");
    assert_eq!(exchange.details(), details);
}

#[test]
fn a_request_takes_no_longer_than_its_route_gives_it() {
    let host = hanging(Route::new("r").timeout_ms(200));
    let exchange = host.get("/").send();
    host.advance(millis(199));
    assert!(exchange.is_at_upstream());
    host.advance(millis(1));
    expect_timeout(&exchange, "response_timeout");
    assert_eq!(came_to(&exchange), (504, "UT".to_owned(), 1));
    assert!(exchange.reached_upstream());
}

#[test]
fn a_route_gives_15_seconds_unless_it_says_otherwise_and_0_is_for_ever() {
    let host = hanging(Route::new("r"));
    let exchange = host.get("/").send();
    host.advance(millis(14_999));
    assert!(exchange.is_at_upstream());
    host.advance(millis(1));
    expect_timeout(&exchange, "response_timeout");

    let host = hanging(Route::new("r").timeout_ms(0));
    let exchange = host.get("/").expect_forwarded();
    exchange
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is_absent();
    host.advance(secs(100_000));
    exchange.answer(200).expect_status(200);
}

#[test]
fn a_filter_can_give_a_request_another_time() {
    let check = |value: &str, expected: &str| {
        let plugin = setting(&[("x-envoy-upstream-rq-timeout-ms", value)]);
        let host = Host::new(plugin).routes([Route::new("r").timeout_ms(3000)]);
        let exchange = host.get("/").expect_forwarded();
        let header = exchange.upstream_header("x-envoy-expected-rq-timeout-ms");
        if expected.is_empty() {
            header.is_absent();
        } else {
            header.is(expected);
        }
        exchange
            .upstream_header("x-envoy-upstream-rq-timeout-ms")
            .is_absent();
        exchange.answer(200);
    };
    check("150", "150");
    check("+50", "50");
    check("abc", "3000");
    check("-5", "3000");
    check("0", "");
    let host = Host::new(setting(&[("x-envoy-upstream-rq-timeout-ms", "150")]));
    let exchange = host.get("/").expect_forwarded();
    host.advance(millis(150));
    expect_timeout(&exchange, "response_timeout");
}

#[test]
fn the_time_begins_when_the_router_has_the_whole_request() {
    let host = hanging(Route::new("r").timeout_ms(200));
    let exchange = host.post("/").unfinished().send().client_sends("he");
    host.advance(secs(10));
    let exchange = exchange.client_sends("llo").client_ends();
    host.advance(millis(199));
    assert!(!exchange.is_finished());
    host.advance(millis(1));
    expect_timeout(&exchange, "response_timeout");
}

#[test]
fn a_response_that_takes_too_long_breaks_off() {
    let host = Host::new(guest("")).routes([Route::new("r").timeout_ms(200)]);
    let exchange = host.get("/").expect_forwarded();
    let exchange = exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished());
    host.advance(millis(200));
    exchange.expect_status(200).expect_body("ab");
    assert!(exchange.broke_off());
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        ("response_timeout", "UT")
    );
}

#[test]
fn a_filter_can_have_a_time_out_answered_without_a_body() {
    let plugin = setting(&[
        ("x-envoy-upstream-rq-timeout-alt-response", "1"),
        ("x-envoy-upstream-rq-timeout-ms", "100"),
    ]);
    let host = Host::new(plugin);
    let exchange = host.get("/").expect_forwarded();
    host.advance(millis(100));
    exchange
        .expect_status(204)
        .expect_body("")
        .no_header("content-length");
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        ("response_timeout", "UT")
    );
}

#[test]
fn an_attempt_can_have_a_time_of_its_own() {
    let policy = RetryPolicy::on("5xx").per_try_timeout(millis(150));
    let host = hanging(Route::new("r").retry(policy));
    let exchange = host.get("/").send();
    host.advance(millis(149));
    assert_eq!(exchange.attempts().len(), 1);
    host.advance(millis(26));
    assert_eq!(exchange.attempts().len(), 2);
    host.advance(millis(150));
    expect_timeout(&exchange, "upstream_per_try_timeout");
    assert_eq!(came_to(&exchange), (504, "URX,UT".to_owned(), 2));
    for attempt in exchange.attempts() {
        attempt.header("x-envoy-expected-rq-timeout-ms").is("150");
        assert!(["per-try time-out", "time-out"].contains(&attempt.came_to().as_str()));
    }
}

#[test]
fn an_attempt_whose_time_is_over_is_a_reset_of_a_connection_that_was_made() {
    let attempts = |conditions| {
        let policy = RetryPolicy::on(conditions).per_try_timeout(millis(100));
        let host = hanging(Route::new("r").retry(policy));
        let exchange = host.get("/").send();
        host.advance(secs(1));
        exchange.expect_status(504);
        exchange.attempts().len()
    };
    for conditions in ["5xx", "gateway-error", "reset"] {
        assert_eq!(attempts(conditions), 2, "{conditions}");
    }
    for conditions in ["connect-failure", "reset-before-request", ""] {
        assert_eq!(attempts(conditions), 1, "{conditions}");
    }
}

#[test]
fn a_filter_can_give_each_attempt_a_time() {
    let per_try = |value: &str| setting(&[("x-envoy-upstream-rq-per-try-timeout-ms", value)]);
    let host = Host::new(per_try("150"));
    let exchange = host.get("/").expect_forwarded();
    exchange
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is("150");
    host.advance(millis(150));
    expect_timeout(&exchange, "upstream_per_try_timeout");
    assert_eq!(came_to(&exchange), (504, "UT".to_owned(), 1));
    // As much as the whole request has: none of its own.
    let host = Host::new(per_try("1500")).routes([Route::new("r").timeout_ms(1000)]);
    host.get("/")
        .answered_with(200)
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is("1000");
    let host = Host::new(per_try("1500")).routes([Route::new("r").timeout_ms(0)]);
    host.get("/")
        .answered_with(200)
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is("1500");
}

#[test]
fn a_response_that_has_begun_has_no_time_of_its_attempt() {
    let policy = RetryPolicy::on("5xx").per_try_timeout(millis(150));
    let host = Host::new(guest("")).routes([Route::new("r").retry(policy)]);
    let exchange = host.get("/").expect_forwarded();
    let exchange = exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished());
    host.advance(secs(1));
    exchange.upstream_sends("cd").upstream_ends().expect_body("abcd");
}

#[test]
fn all_attempts_together_take_no_longer_than_the_route_gives() {
    let policy = RetryPolicy::on("5xx").num_retries(5).per_try_timeout(millis(100));
    let host = hanging(Route::new("r").timeout_ms(250).retry(policy));
    let exchange = host.get("/").send();
    host.advance(millis(249));
    assert!(!exchange.is_finished());
    let last = exchange.attempts().len();
    let left = 250 - exchange.attempts()[last - 1].after().as_millis();
    exchange.attempts()[last - 1]
        .header("x-envoy-expected-rq-timeout-ms")
        .is(left.min(100).to_string());
    host.advance(millis(1));
    expect_timeout(&exchange, "response_timeout");
    assert_eq!(exchange.flags(), "UT");
}

#[test]
fn the_route_also_ends_a_wait_for_a_retry() {
    let policy = RetryPolicy::on("5xx").back_off(secs(300), secs(300));
    let host = Host::new(guest("")).routes([Route::new("r").timeout_ms(50).retry(policy)]);
    let exchange = host.get("/").answered_with(503);
    host.advance(millis(50));
    expect_timeout(&exchange, "response_timeout");
    assert_eq!(came_to(&exchange), (504, "UT".to_owned(), 1));
}

#[test]
fn a_retry_is_told_the_time_that_is_left() {
    let host = Host::new(guest("")).routes([Route::new("r").retry(RetryPolicy::on("5xx"))]);
    let exchange = host.get("/").expect_forwarded();
    host.advance(millis(1000));
    let exchange = exchange.answer(503).expect_retried();
    let [first, second] = &exchange.attempts()[..] else {
        panic!("{exchange}")
    };
    first.header("x-envoy-expected-rq-timeout-ms").is("15000");
    let left = 15_000 - second.after().as_millis();
    second
        .header("x-envoy-expected-rq-timeout-ms")
        .is(left.to_string());
    let waited = second.after().as_millis().to_string();
    // The response says how long it took in all.
    exchange
        .answer(200)
        .header("x-envoy-upstream-service-time", waited);
}
