//! The four settings that users of libraries know: each opens when it should, for the time that it should.

use super::{assert_metric, assert_nothing_given_up, rejected, send, stand, statuses};
use live::client::Request;

/// So many succeed, so many fail, and the next is rejected for this time.
#[track_caller]
fn opens(file: &str, successes: usize, failures: usize, open_seconds: u64) {
    let stand = stand(file);
    assert_eq!(
        statuses(&stand, &Request::get("/orders"), successes),
        vec![200; successes]
    );
    let success = "circuit_breaker_calls_total{breaker=\"upstream\",outcome=\"success\",mode=\"enforce\"}";
    if successes > 0 {
        // By then both workers have told of them.
        assert_metric(&stand, success, successes as u64);
    }
    assert_eq!(
        statuses(&stand, &Request::get("/status/500"), failures),
        vec![500; failures]
    );
    let seconds = rejected(&send(&stand, &Request::get("/orders")));
    // A slow machine may have lost some.
    assert!((open_seconds - 10..=open_seconds).contains(&seconds), "{seconds}");
    assert_eq!(stand.upstream.received().len(), successes + failures);
    assert_nothing_given_up(&stand);
}

#[test]
fn five_in_a_row_opens_for_sixty_seconds() {
    opens("circuit-breaker-five-in-a-row.yaml", 0, 5, 60);
}

#[test]
fn two_to_close_opens_for_sixty_seconds() {
    opens("circuit-breaker-two-to-close.yaml", 0, 5, 60);
}

#[test]
fn three_in_a_row_opens_for_thirty_seconds() {
    opens("circuit-breaker-three-in-a-row.yaml", 0, 3, 30);
}

#[test]
fn half_of_a_minute_opens_for_thirty_seconds() {
    opens("circuit-breaker-half-of-a-minute.yaml", 10, 10, 30);
}
