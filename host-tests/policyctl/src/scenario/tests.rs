//! Units are read and written as people do.

use super::units::{Bound, in_words};
use super::{Answer, Time};
use serde_json::json;
use std::time::Duration;

fn time(text: &str) -> Option<Duration> {
    serde_json::from_value::<Time>(json!(text)).ok().map(Time::get)
}

#[test]
fn a_time_is_a_number_with_a_unit() {
    assert_eq!(time("250ms"), Some(Duration::from_millis(250)));
    assert_eq!(time("0s"), Some(Duration::ZERO));
    assert_eq!(time("5m"), Some(Duration::from_secs(300)));
    assert_eq!(time("24h"), Some(Duration::from_secs(86_400)));
    for wrong in [
        "",
        "10",
        "s",
        "ms",
        "1.5s",
        "-1s",
        "1d",
        "25h",
        "1 s",
        "99999999999999999999s",
        "18446744073709551615h",
        "1é",
    ] {
        assert_eq!(time(wrong), None, "{wrong}");
    }
}

#[test]
fn a_time_is_told_in_the_units_that_it_has() {
    let told = |millis| in_words(Duration::from_millis(millis));
    let times = [
        0, 1, 999, 1_000, 1_050, 60_000, 61_500, 90_000, 3_600_000, 7_500_000,
    ]
    .map(told);
    assert_eq!(
        times,
        [
            "0s", "1ms", "999ms", "1s", "1.05s", "1m", "1m 1.5s", "1m 30s", "1h", "2h 5m"
        ]
    );
}

#[test]
fn an_answer_is_a_status_or_a_word() {
    let read = |value| serde_json::from_value::<Answer>(value).ok();
    assert_eq!(read(json!(503)), Some(Answer::Status(503)));
    assert_eq!(read(json!("never")), Some(Answer::Never));
    for wrong in [
        json!(199),
        json!(600),
        json!(-1),
        json!(70000),
        json!("503"),
        json!(true),
        json!(null),
    ] {
        assert_eq!(read(wrong.clone()), None, "{wrong}");
    }
}

#[test]
fn a_bound_holds_at_its_ends() {
    let bound = |least, most| Bound {
        at_least: least,
        at_most: most,
    };
    let both = bound(Some(2.0), Some(3.0));
    assert_eq!(
        [1.9, 2.0, 3.0, 3.1].map(|number| both.holds(number)),
        [false, true, true, false]
    );
    assert_eq!(
        [
            both,
            bound(Some(2.0), Some(2.0)),
            bound(None, Some(3.0)),
            bound(Some(2.0), None)
        ]
        .map(|bound| bound.to_string()),
        ["2 to 3", "exactly 2", "at most 3", "at least 2"]
    );
}
