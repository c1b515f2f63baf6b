//! The schedule of retries, which is the route's: by the host's clock.

use super::{policy, tried};
use host::{Answer, Exchange, Host, RetryPolicy, Route, millis, secs};
use serde_json::json;
use std::time::Duration;

/// A host whose route waits so, and tries nothing again by itself.
fn waiting(retry: RetryPolicy) -> Host {
    let all = json!({ "attempts": 10, "budget": null });
    policy(all).routes([Route::new("orders").timeout_ms(0).retry(retry)])
}

/// How long it was waited before each retry, where each attempt fails at once.
fn waits(exchange: &Exchange) -> Vec<Duration> {
    let sent: Vec<_> = exchange.attempts().iter().map(host::Attempt::after).collect();
    sent.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The longest wait before each retry of a hundred requests.
fn longest(host: &Host) -> Vec<Duration> {
    let mut longest = vec![Duration::ZERO; 9];
    for _ in 0..100 {
        for (longest, wait) in longest.iter_mut().zip(waits(&tried(host.get("/orders"), 503))) {
            *longest = wait.max(*longest);
        }
    }
    longest
}

/// Each lies below its bound, and above three quarters of it.
#[track_caller]
fn near(longest: &[Duration], bounds: [u64; 9]) {
    for (wait, bound) in longest.iter().zip(bounds) {
        assert!(
            *wait < millis(bound) && *wait * 4 > millis(bound) * 3,
            "{longest:?}"
        );
    }
}

#[test]
fn for_interactive_traffic_it_doubles_from_50_ms_up_to_a_second() {
    let host = waiting(RetryPolicy::on("").back_off(millis(50), secs(1)));
    near(
        &longest(&host),
        [50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000],
    );
}

#[test]
fn for_background_traffic_it_doubles_from_a_second_up_to_thirty() {
    let host = waiting(RetryPolicy::on("").back_off(secs(1), secs(30)));
    near(
        &longest(&host),
        [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000],
    );
}

#[test]
fn an_upstream_that_says_when_to_come_back_is_asked_then() {
    let host = waiting(
        RetryPolicy::on("")
            .back_off(millis(50), secs(1))
            .wait_header("retry-after"),
    );
    let exchange = tried(host.get("/orders"), Answer::new(503).header("retry-after", "4"));
    let waits = waits(&exchange);
    assert_eq!(waits.len(), 9, "{exchange}");
    for wait in waits {
        assert!((secs(4)..secs(6)).contains(&wait), "{exchange}");
    }
}

#[test]
fn a_deadline_ends_the_waiting() {
    let policy = json!({ "attempts": 10, "budget": null, "deadline_headers": ["x-deadline-ms"] });
    let route = Route::new("orders").retry(
        RetryPolicy::on("")
            .back_off(secs(1), secs(30))
            .wait_header("retry-after"),
    );
    let host = super::policy(policy).routes([route]);
    let exchange = host
        .get("/orders")
        .header("x-deadline-ms", "1500")
        .expect_forwarded();
    let exchange = exchange.begin_answer(Answer::new(503).header("retry-after", "60"));
    host.advance(millis(1_499));
    assert!(!exchange.is_finished(), "{exchange}");
    host.advance(millis(1));
    exchange.expect_status(504);
    assert_eq!(exchange.attempts().len(), 1, "{exchange}");
}
