//! Bodies of errors that are read to their end.

use super::{answer, bounded, everything, get, named};

/// Bodies of about so many bytes.
fn bodies(length: usize) -> Vec<(&'static str, String)> {
    let many = |part: &str| part.repeat(length / part.len());
    vec![
        ("lists in lists", many("[")),
        ("objects in objects", many(r#"{"a":"#)),
        (
            "escaped letters",
            format!(r#"{{"message":"{}"}}"#, many("\\u0041")),
        ),
        ("escaped quotes", format!(r#"{{"message":"{}"}}"#, many("\\\""))),
        (
            "one key many times",
            format!(r#"{{{}"a":1}}"#, many(r#""message":"a","#)),
        ),
        (
            "keys without a letter",
            format!(r#"{{{}"a":1}}"#, many(r#""":1,"#)),
        ),
        (
            "faults",
            format!(r#"{{"detail":[{}{{}}]}}"#, many(r#"{"loc":["a"],"msg":"b"},"#)),
        ),
        (
            "a long place",
            format!(r#"{{"detail":[{{"loc":[{}1],"msg":"b"}}]}}"#, many(r#""a","#)),
        ),
        (
            "the standard form",
            format!(
                r#"{{"trace_id":"{}","error_code":"A","message":"b","status_code":404,"timestamp":"x"}}"#,
                many("\\u0041")
            ),
        ),
        ("numbers", format!("[{}1]", many("1,"))),
        ("one number", format!(r#"{{"message":0.{}}}"#, many("1"))),
        ("spaces", many(" ")),
    ]
}

fn read(body: &[Vec<u8>], accept: &str) -> u64 {
    let mut worker = everything();
    worker.exchange(
        [get(), named(&[("accept", accept)])].concat(),
        answer("404"),
        body,
    );
    bounded(&worker.work())
}

#[test]
fn a_body_that_is_eight_times_as_long_is_eight_times_the_work_and_no_more() {
    for accept in ["application/json", "application/problem+json"] {
        let sizes = [1 << 16, 1 << 19].map(bodies);
        for ((what, short), (_, long)) in sizes[0].iter().zip(&sizes[1]) {
            let [short, long] = [short, long].map(|body| read(&[body.clone().into_bytes()], accept));
            assert!(long < 9 * short, "{what}: {short}, then {long}");
        }
    }
}

#[test]
fn a_body_byte_by_byte_costs_no_more_than_as_a_whole() {
    let body = "[".repeat(1 << 16).into_bytes();
    let pieces: Vec<Vec<u8>> = body.iter().map(|byte| vec![*byte]).collect();
    let (whole, by_bytes) = (read(&[body], "*/*"), read(&pieces, "*/*"));
    assert!(by_bytes < whole + whole / 10, "{whole}, then {by_bytes}");
}
