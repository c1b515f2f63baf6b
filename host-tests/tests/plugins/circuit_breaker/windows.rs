//! Windows of time: ten buckets, the oldest of which goes as a whole.

use super::{expect_admitted, expect_rejected, policy, tell};
use host::{Host, millis, secs};
use serde_json::{Value, json};

/// Four failures within the window open it. The clock begins where a bucket does.
fn four_within(window: &str) -> Host {
    let failure_rate = json!({ "percent": 50, "min_calls": 4, "window": window });
    policy(json!({ "trip": { "failure_rate": failure_rate }, "open": { "jitter": 0 } }))
}

/// Two failures at the first time and two at the second, in milliseconds, meet in the window, or do not.
#[track_caller]
fn check(window: &str, first: u64, second: u64, meet: bool) {
    let host = four_within(window);
    host.advance(millis(first));
    tell(host.worker(0), "ff");
    host.advance(millis(second - first));
    tell(host.worker(0), "ff");
    if meet {
        expect_rejected(&host);
    } else {
        expect_admitted(&host);
    }
}

#[test]
fn a_call_stays_until_its_bucket_is_the_tenth_before_now() {
    for (window, bucket) in [("1s", 100), ("10s", 1_000), ("50s", 5_000)] {
        check(window, 0, 10 * bucket - 1, true);
        check(window, 0, 10 * bucket, false);
        check(window, bucket - 1, 10 * bucket - 1, true);
        check(window, bucket - 1, 10 * bucket, false);
        check(window, bucket, 11 * bucket - 1, true);
        check(window, bucket, 11 * bucket, false);
    }
}

#[test]
fn a_success_leaves_the_window_as_a_failure_does() {
    let host = four_within("10s");
    // Counted with the tick, at one second.
    tell(host.worker(0), "ssssss");
    host.advance(millis(2_000));
    tell(host.worker(0), "ffff");
    expect_admitted(&host);
    host.advance(millis(8_999));
    tell(host.worker(0), "s");
    expect_admitted(&host);
    // The six successes have left by now, and one more call tells: four of six have failed.
    host.advance(millis(1));
    tell(host.worker(0), "s");
    expect_rejected(&host);
}

#[test]
fn a_window_that_was_quiet_for_long_is_empty() {
    let host = four_within("10s");
    tell(host.worker(0), "fff");
    host.advance(secs(3_600));
    tell(host.worker(0), "fff");
    expect_admitted(&host);
    tell(host.worker(0), "f");
    expect_rejected(&host);
}

#[test]
fn a_row_of_failures_has_no_window() {
    let host = policy(
        json!({ "trip": { "consecutive_failures": 3, "failure_rate": null }, "open": { "jitter": 0 } }),
    );
    for _ in 0..3 {
        expect_admitted(&host);
        tell(host.worker(0), "f");
        host.advance(secs(7));
    }
    expect_rejected(&host);
}

#[test]
fn slow_answers_leave_their_window_too() {
    let slow_rate = json!({ "percent": 100, "slower_than": "100ms", "min_calls": 2, "window": "10s" });
    let trip: Value = json!({ "failure_rate": null, "slow_rate": slow_rate });
    for (pause, opens) in [(9_797, true), (9_798, false)] {
        let host = policy(json!({ "trip": trip }));
        for pause in [pause, 0] {
            let exchange = host.get("/orders").expect_forwarded();
            host.advance(millis(101));
            exchange.answer(200);
            host.advance(millis(pause));
        }
        // Answered at 101 ms, and either 9999 or 10000 ms.
        if opens {
            drop(expect_rejected(&host))
        } else {
            expect_admitted(&host)
        }
    }
}
