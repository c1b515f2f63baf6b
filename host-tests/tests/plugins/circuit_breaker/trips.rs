//! When it opens: each bound at one below and at it.

use super::{expect_admitted, expect_rejected, policy, tell, transitions};
use host::{Answer, Host, millis};
use serde_json::{Value, json};

/// A policy with this trip and nothing else that opens it.
fn trip(trip: Value) -> Host {
    let mut all = json!({ "failure_rate": null, "slow_rate": null, "consecutive_failures": null });
    all.as_object_mut()
        .expect("it is one")
        .extend(trip.as_object().expect("it is one").clone());
    policy(json!({ "trip": all, "open": { "jitter": 0 } }))
}

/// With this trip, the last letter of the story opens the breaker, for this reason, and none before it does.
#[track_caller]
fn opens_at_the_last_of(story: &str, settings: Value, reason: &str) {
    let host = trip(settings);
    let (before, last) = story.split_at(story.len() - 1);
    for letter in before.split("").filter(|letter| !letter.is_empty()) {
        tell(host.worker(0), letter);
        expect_admitted(&host);
    }
    tell(host.worker(0), last);
    expect_rejected(&host);
    assert_eq!(
        transitions(&host, "closed", "open", reason),
        1,
        "{story}: {:?}",
        host.metrics()
    );
}

/// With this trip, the story never opens the breaker.
#[track_caller]
fn never_opens(story: &str, settings: Value) {
    let host = trip(settings);
    for letter in story.split("").filter(|letter| !letter.is_empty()) {
        tell(host.worker(0), letter);
        expect_admitted(&host);
    }
}

#[test]
fn so_many_failures_in_a_row_open_it_and_one_fewer_does_not() {
    for (failures, story) in [(1, "f"), (2, "ff"), (5, "fffff"), (20, "ffffffffffffffffffff")] {
        opens_at_the_last_of(
            story,
            json!({ "consecutive_failures": failures }),
            "consecutive_failures",
        );
    }
}

#[test]
fn a_success_begins_the_row_anew() {
    never_opens("ffsffsffsff", json!({ "consecutive_failures": 3 }));
    opens_at_the_last_of(
        "ffsfff",
        json!({ "consecutive_failures": 3 }),
        "consecutive_failures",
    );
}

#[test]
fn what_says_nothing_of_the_upstream_neither_makes_a_row_nor_breaks_one() {
    never_opens("iiiiii", json!({ "consecutive_failures": 1 }));
    opens_at_the_last_of(
        "fifif",
        json!({ "consecutive_failures": 3 }),
        "consecutive_failures",
    );
}

#[test]
fn a_share_of_failures_opens_it_at_the_share_itself() {
    let half = || json!({ "failure_rate": { "percent": 50, "min_calls": 4 } });
    opens_at_the_last_of("ssff", half(), "failure_rate");
    opens_at_the_last_of("sssfff", half(), "failure_rate");
    opens_at_the_last_of("fsssff", half(), "failure_rate");
    never_opens("sssffsfsfs", half());
    let some = || json!({ "failure_rate": { "percent": 0.5, "min_calls": 1 } });
    opens_at_the_last_of(&format!("{}f", "s".repeat(199)), some(), "failure_rate");
    never_opens(&format!("{}f", "s".repeat(200)), some());
    let all = || json!({ "failure_rate": { "percent": 100, "min_calls": 3 } });
    opens_at_the_last_of("fff", all(), "failure_rate");
    never_opens("sffffffffff", all());
}

#[test]
fn of_fewer_calls_than_min_calls_no_share_is_too_large() {
    for min_calls in [1, 2, 7, 20] {
        let settings = json!({ "failure_rate": { "percent": 1, "min_calls": min_calls } });
        opens_at_the_last_of(&"f".repeat(min_calls), settings, "failure_rate");
    }
}

#[test]
fn a_success_that_makes_the_calls_enough_opens_it_too() {
    opens_at_the_last_of(
        "fffs",
        json!({ "failure_rate": { "percent": 50, "min_calls": 4 } }),
        "failure_rate",
    );
}

#[test]
fn what_says_nothing_of_the_upstream_is_no_call() {
    never_opens(
        "fffiiiiii",
        json!({ "failure_rate": { "percent": 50, "min_calls": 4 } }),
    );
    opens_at_the_last_of(
        "ffiif",
        json!({ "failure_rate": { "percent": 100, "min_calls": 3 } }),
        "failure_rate",
    );
}

#[test]
fn without_settings_half_of_twenty_calls_opens_it() {
    let host = policy(json!({}));
    tell(host.worker(0), "ssssssssssfffffffff");
    expect_admitted(&host);
    tell(host.worker(0), "f");
    expect_rejected(&host);
}

#[test]
fn a_window_of_calls_forgets_the_oldest() {
    let of_four = || json!({ "failure_rate": { "percent": 50, "window": { "calls": 4 }, "min_calls": 4 } });
    opens_at_the_last_of("ssff", of_four(), "failure_rate");
    never_opens("fsssfsssfsssf", of_four());
    opens_at_the_last_of("fsssfsssfssf", of_four(), "failure_rate");
    let of_one = json!({ "failure_rate": { "percent": 100, "window": { "calls": 1 }, "min_calls": 1 } });
    opens_at_the_last_of("sssf", of_one, "failure_rate");
    let before_it_is_full =
        json!({ "failure_rate": { "percent": 50, "window": { "calls": 100 }, "min_calls": 3 } });
    opens_at_the_last_of("ffs", before_it_is_full, "failure_rate");
}

#[test]
fn a_window_of_a_thousand_calls_remembers_them_all_and_no_more() {
    let settings = |percent: f64| json!({ "failure_rate": { "percent": percent, "window": { "calls": 1000 }, "min_calls": 1000 } });
    let host = trip(settings(0.1));
    tell(host.worker(0), &format!("f{}", "s".repeat(998)));
    expect_admitted(&host);
    tell(host.worker(0), "s");
    expect_rejected(&host);
    // The first failure is one of a thousand calls up to the thousandth, and so never one of two.
    let host = trip(settings(0.2));
    tell(host.worker(0), &format!("f{}f", "s".repeat(999)));
    expect_admitted(&host);
    tell(host.worker(0), "f");
    expect_rejected(&host);
}

/// Answers so long after the request.
#[track_caller]
fn takes(host: &Host, time: u64, answer: impl Into<Answer>) {
    let exchange = host.get("/orders").expect_forwarded();
    host.advance(millis(time));
    exchange.answer(answer);
}

fn slow() -> Value {
    json!({ "slow_rate": { "percent": 50, "slower_than": "2s", "min_calls": 4 } })
}

#[test]
fn a_share_of_slow_answers_opens_it_at_the_share_itself() {
    let host = trip(slow());
    for time in [2001, 2000, 2000] {
        takes(&host, time, 200);
        expect_admitted(&host);
    }
    takes(&host, 2001, 200);
    expect_rejected(&host);
    assert_eq!(transitions(&host, "closed", "open", "slow_rate"), 1);
}

#[test]
fn an_answer_as_slow_as_is_allowed_is_not_slow() {
    let host = trip(slow());
    for _ in 0..8 {
        takes(&host, 2000, 200);
    }
    expect_admitted(&host);
}

#[test]
fn of_fewer_calls_than_min_calls_no_share_is_too_slow() {
    let host = trip(slow());
    for _ in 0..3 {
        takes(&host, 3000, 200);
        expect_admitted(&host);
    }
    takes(&host, 3000, 200);
    expect_rejected(&host);
}

#[test]
fn how_long_a_body_takes_is_not_slow() {
    let host = trip(slow());
    for _ in 0..6 {
        let exchange = host
            .get("/orders")
            .expect_forwarded()
            .begin_answer(Answer::new(200).unfinished());
        host.advance(millis(5000));
        exchange.upstream_ends();
    }
    expect_admitted(&host);
}

#[test]
fn a_failure_is_not_slow_however_long_it_took() {
    let host = trip(slow());
    for _ in 0..6 {
        takes(&host, 3000, 503);
    }
    expect_admitted(&host);
    assert_eq!(super::calls(&host, "failure", "enforce"), 6);
}

#[test]
fn what_is_slow_ends_a_row_of_failures() {
    let mut settings = slow();
    settings["consecutive_failures"] = json!(3);
    let host = trip(settings);
    tell(host.worker(0), "ff");
    takes(&host, 3000, 200);
    tell(host.worker(0), "ff");
    expect_admitted(&host);
}

#[test]
fn any_one_of_them_opens_it() {
    let all = || {
        json!({ "consecutive_failures": 3, "failure_rate": { "percent": 50, "min_calls": 6 },
            "slow_rate": { "percent": 50, "slower_than": "1s", "min_calls": 4 } })
    };
    opens_at_the_last_of("fff", all(), "consecutive_failures");
    opens_at_the_last_of("ffsffs", all(), "failure_rate");
    let host = trip(all());
    for _ in 0..4 {
        expect_admitted(&host);
        takes(&host, 1001, 200);
    }
    expect_rejected(&host);
    assert_eq!(transitions(&host, "closed", "open", "slow_rate"), 1);
}

#[test]
fn where_nothing_trips_it_never_opens() {
    never_opens(&"f".repeat(100), json!({}));
}
