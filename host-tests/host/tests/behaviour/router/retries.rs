//! How often, when and how a request is tried again, and what the client gets in the end.

use host::{Answer, Cluster, Host, RetryPolicy, Route, millis, secs};

use super::{asking, came_to, get, retrying, setting};
use crate::guest::guest;

#[test]
fn a_retry_that_succeeds_is_all_that_the_client_sees() {
    let answers = [
        Answer::new(503).header("x-u", "1").body("bad"),
        Answer::new(200).body("ok"),
    ];
    let exchange = get(&retrying(RetryPolicy::on("5xx"), answers));
    exchange
        .expect_status(200)
        .no_header("x-u")
        .expect_body("ok")
        .no_header("x-envoy-attempt-count");
    assert_eq!(
        (exchange.flags().as_str(), exchange.details().as_str()),
        ("-", "via_upstream")
    );
}

#[test]
fn the_last_answer_is_the_clients_when_all_retries_are_spent() {
    let answer = Answer::new(503).header("x-u", "1").body("bad");
    let exchange = get(&retrying(RetryPolicy::on("5xx").num_retries(2), [answer]));
    exchange.expect_status(503).header("x-u", "1").expect_body("bad");
    assert_eq!(came_to(&exchange), (503, "URX".to_owned(), 3));
    assert_eq!(exchange.details(), "via_upstream");
}

#[test]
fn a_reset_that_was_tried_again_says_so() {
    let exchange = get(&retrying(RetryPolicy::on("5xx"), [Answer::reset()]));
    exchange.expect_body(
        "upstream connect error or disconnect/reset before headers. \
         retried and the latest reset reason: connection termination",
    );
    assert_eq!(
        exchange.details(),
        "upstream_reset_before_response_started{connection_termination}"
    );
    let exchange = get(&retrying(
        RetryPolicy::on("connect-failure"),
        [Answer::connection_failure()],
    ));
    exchange.expect_body(
        "upstream connect error or disconnect/reset before headers. \
         retried and the latest reset reason: remote connection failure",
    );
    assert!(!exchange.reached_upstream());
}

#[test]
fn an_overflow_says_that_it_is_overloaded() {
    let exchange = get(&retrying(RetryPolicy::on("5xx"), [Answer::overflow()]));
    exchange.header("x-envoy-overloaded", "true");
    exchange.expect_body("upstream connect error or disconnect/reset before headers. reset reason: overflow");
}

#[test]
fn the_headers_number_takes_the_place_of_the_routes() {
    let check = |max: &str, attempts: usize| {
        let policy = RetryPolicy::on("5xx").num_retries(2);
        let host = Host::new(setting(&[("x-envoy-max-retries", max)]))
            .routes([Route::new("r").retry(policy)])
            .clusters([Cluster::new("upstream").answers([503])]);
        assert_eq!(came_to(&get(&host)), (503, "URX".to_owned(), attempts), "{max}");
    };
    check("0", 1);
    check("4", 5);
    check("abc", 3);
    check("-1", 3);
}

#[test]
fn headers_alone_give_one_retry_unless_they_say_how_many() {
    let on = ("x-envoy-retry-on", "5xx");
    assert_eq!(came_to(&get(&asking(&[on], 503))), (503, "URX".to_owned(), 2));
    let three = [on, ("x-envoy-max-retries", "3")];
    assert_eq!(came_to(&get(&asking(&three, 503))), (503, "URX".to_owned(), 4));
    let none = [on, ("x-envoy-max-retries", "0")];
    assert_eq!(came_to(&get(&asking(&none, 503))), (503, "URX".to_owned(), 1));
}

#[test]
fn headers_add_to_the_routes_conditions() {
    let host = Host::new(setting(&[("x-envoy-retry-on", "gateway-error")]))
        .routes([Route::new("r").retry(RetryPolicy::on("connect-failure").num_retries(2))])
        .clusters([Cluster::new("upstream").answers([502])]);
    assert_eq!(came_to(&get(&host)), (502, "URX".to_owned(), 3));
}

#[test]
fn a_policy_without_retries_still_says_that_they_are_spent() {
    let exchange = get(&retrying(RetryPolicy::on("5xx").num_retries(0), [503]));
    assert_eq!(came_to(&exchange), (503, "URX".to_owned(), 1));
}

#[test]
fn the_wait_before_a_retry_is_a_part_of_an_interval_that_doubles() {
    let mut longest = [0; 5];
    for seed in 0..200 {
        let policy = RetryPolicy::on("5xx")
            .num_retries(5)
            .back_off(millis(100), millis(500));
        let host = retrying(policy, [503]).seed(seed);
        let exchange = get(&host);
        let after: Vec<_> = exchange
            .attempts()
            .iter()
            .map(|attempt| attempt.after())
            .collect();
        for (longest, pair) in longest.iter_mut().zip(after.windows(2)) {
            *longest = (pair[1] - pair[0]).as_millis().max(*longest);
        }
    }
    for (longest, interval) in longest.into_iter().zip([100, 200, 400, 500, 500]) {
        assert!(longest < interval && longest > interval * 9 / 10, "{longest}");
    }
}

#[test]
fn the_same_seed_gives_the_same_waits() {
    let after = |seed| {
        let host = retrying(RetryPolicy::on("5xx").num_retries(3), [503]).seed(seed);
        let exchange = get(&host);
        exchange
            .attempts()
            .iter()
            .map(|attempt| attempt.after())
            .collect::<Vec<_>>()
    };
    assert_eq!(after(7), after(7));
    assert_ne!(after(7), after(8));
}

#[test]
fn a_response_can_say_how_long_to_wait() {
    let policy = || RetryPolicy::on("5xx").wait_header("Retry-After");
    let wait = |value: &str| {
        let answers = [Answer::new(503).header("retry-after", value), Answer::new(200)];
        let exchange = get(&retrying(policy(), answers));
        exchange.attempts()[1].after()
    };
    assert!((secs(1)..millis(1500)).contains(&wait("1")), "{:?}", wait("1"));
    assert!(wait("x") < millis(25));
}

#[test]
fn an_answer_of_the_test_that_is_tried_again_brings_the_exchange_back_to_the_upstream() {
    let host = Host::new(guest("")).routes([Route::new("r").retry(RetryPolicy::on("5xx"))]);
    let exchange = host.get("/").answered_with(503);
    assert!(!exchange.is_at_upstream() && !exchange.is_finished());
    host.advance(millis(25));
    assert!(exchange.is_at_upstream());
    let exchange = exchange.answer(200);
    exchange.expect_status(200);
    assert_eq!(exchange.attempts().len(), 2);
}

#[test]
fn a_client_that_goes_away_while_a_retry_waits_ends_it() {
    let host = Host::new(guest("")).routes([Route::new("r").retry(RetryPolicy::on("5xx"))]);
    let exchange = host.get("/").answered_with(503).client_aborts();
    host.advance(secs(1));
    assert_eq!(came_to(&exchange), (0, "DC".to_owned(), 1));
    assert_eq!(exchange.details(), "downstream_remote_disconnect");
}

#[test]
fn no_more_retries_are_under_way_than_the_cluster_allows() {
    let host = Host::new(guest(""))
        .routes([Route::new("r").retry(RetryPolicy::on("5xx"))])
        .clusters([Cluster::new("upstream").max_retries(1)]);
    let first = host.get("/").answered_with(503).expect_retried();
    // The first one's retry is at the upstream and counts until it is answered.
    let second = host.get("/").answered_with(503);
    assert_eq!(came_to(&second), (503, "UO".to_owned(), 1));
    first.answer(200);
    host.get("/").answered_with(503).expect_retried().answer(200);
}

#[test]
fn three_retries_are_under_way_unless_the_cluster_says_otherwise() {
    let host = Host::new(guest("")).routes([Route::new("r").retry(RetryPolicy::on("5xx"))]);
    let waiting: Vec<_> = (0..3).map(|_| host.get("/").answered_with(503)).collect();
    assert_eq!(
        came_to(&host.get("/").answered_with(503)),
        (503, "UO".to_owned(), 1)
    );
    drop(waiting);
    host.get("/").answered_with(503).expect_retried().answer(200);
}

#[test]
fn a_budget_is_a_part_of_the_requests_that_are_under_way() {
    let budget = |percent, min| {
        Host::new(guest(""))
            .routes([Route::new("r").retry(RetryPolicy::on("5xx"))])
            .clusters([Cluster::new("upstream").retry_budget(percent, min)])
    };
    // The attempt that failed counts itself.
    for (percent, min, attempts) in [(100.0, 0, 2), (99.0, 0, 1), (20.0, 0, 1), (20.0, 1, 2)] {
        let host = budget(percent, min);
        let exchange = host.get("/").answered_with(503);
        host.advance(millis(25));
        assert_eq!(exchange.attempts().len(), attempts, "{percent} {min}");
        drop(exchange);
    }
    let host = budget(20.0, 0);
    let waiting: Vec<_> = (0..4).map(|_| host.get("/").expect_forwarded()).collect();
    let fifth = host.get("/").answered_with(503);
    let sixth = host.get("/").answered_with(503);
    assert_eq!(came_to(&sixth), (503, "UO".to_owned(), 1));
    drop(waiting);
    fifth.expect_retried().answer(200).expect_status(200);
}

#[test]
fn a_script_can_be_for_each_exchange_by_attempt() {
    let host = Host::new(guest(""))
        .routes([Route::new("r").retry(RetryPolicy::on("5xx").num_retries(2))])
        .clusters([Cluster::new("upstream").answers_by_attempt([503, 502, 200])]);
    for _ in 0..2 {
        let exchange = get(&host);
        let came_to: Vec<_> = exchange
            .attempts()
            .iter()
            .map(|attempt| attempt.came_to())
            .collect();
        assert_eq!(came_to, ["503", "502", "200"]);
    }
}

#[test]
#[should_panic(expected = "no retry follows")]
fn a_retry_that_is_expected_must_follow() {
    Host::new(guest("")).get("/").answered_with(503).expect_retried();
}

#[test]
fn an_exchange_of_several_attempts_is_rendered_with_each() {
    let policy = RetryPolicy::on("5xx,connect-failure")
        .num_retries(2)
        .back_off(millis(1), millis(1));
    let answers = [Answer::new(503), Answer::connection_failure(), Answer::new(200)];
    let text = get(&retrying(policy, answers)).to_string();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("in attempt")).collect();
    assert_eq!(
        lines,
        [
            "upstream got in attempt 1, after 0 ms, which came to 503:",
            "upstream got nothing in attempt 2, after 0 ms: connection refused",
            "upstream got in attempt 3, after 0 ms, which came to 200:",
        ]
    );
}
