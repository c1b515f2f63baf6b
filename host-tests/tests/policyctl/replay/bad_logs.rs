//! Logs that are none, or not wholly.

use super::folder;
use super::traffic::{get, log};
use crate::called::{Called, policyctl};
use serde_json::{Value, json};

const NEW: &[u8] = br#"{ "circuit-breaker": {} }"#;

#[track_caller]
fn replay(bytes: &[u8]) -> Called {
    let folder = folder(&[("access.log", bytes), ("new.json", NEW)]);
    policyctl(["replay", "--json", "--new", "new.json", "access.log"])
        .within(folder.path())
        .run()
}

#[track_caller]
fn check_refused(bytes: &[u8], why: &str) {
    let called = replay(bytes);
    assert_eq!(called.code, 2, "{}{}", called.out, called.err);
    let error = called.json()["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.contains(why), "{error}");
}

/// A log with one such line between two good ones.
#[track_caller]
fn check_left_out(line: &[u8], why: &str) {
    let good = log([get(0)]);
    let bytes = [good.as_bytes(), line, b"\n", good.as_bytes()].concat();
    let called = replay(&bytes);
    assert_eq!(called.code, 0, "{}{}", called.out, called.err);
    let report = called.json();
    assert_eq!(report["log"]["replayed"], 2);
    let left_out = json!([{ "lines": 1, "first": "access.log:2", "why": why }]);
    assert_eq!(report["log"]["left_out"], left_out);
}

#[test]
fn a_file_without_any_request_is_refused_with_the_reason_of_its_first_line() {
    check_refused(b"", "access.log: is empty");
    check_refused(b"\n\n", "access.log: is empty");
    check_refused(b"\x7fELF\0\0\0\xff\xfe\n\0", "access.log:1 is not UTF-8");
    check_refused(
        b"[2026-01-01T00:00:00.000Z] \"GET / HTTP/1.1\" 200 -\n",
        "access.log:1 is in Envoy's text format",
    );
    check_refused(b"[1, 2, 3]\n", "access.log:1 is no JSON object");
    check_refused(b"{\"method\":\"GET\"}\n", "access.log:1 has no start time");
}

#[test]
fn lines_that_are_no_requests_are_left_out_and_counted_with_the_place_of_the_first() {
    check_left_out(b"{\"time\": \"2026", "is no JSON object");
    check_left_out(b"null", "is no JSON object");
    check_left_out(b"\xff\xfe", "is not UTF-8");
    check_left_out(
        b"[2026-01-01T00:00:00.000Z] \"GET / HTTP/1.1\" 200 - 0",
        "is in Envoy's text format; replay reads json_format",
    );
    let without = |name: &str, value: Value| get(50).with(name, value).text().into_bytes();
    check_left_out(&without("path", Value::Null), "has no method or no path");
    check_left_out(
        &without("code", "-".into()),
        "has no status: code, response_code or status",
    );
    check_left_out(
        &without("code", 70_000.into()),
        "has no status: code, response_code or status",
    );
    let strange = get(50).text().replace("2026-01-01T", "01/Jan/2026:");
    check_left_out(
        strange.as_bytes(),
        "has a start time that is neither RFC 3339 nor a number since 1970",
    );
}

#[test]
fn a_line_of_a_hundred_megabytes_is_passed_over() {
    check_left_out(&vec![b'x'; 100 << 20], "is longer than 1 MiB");
}

#[test]
fn deep_nesting_and_strange_members_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"time\": {deep}}}");
    check_left_out(deep.as_bytes(), "has no start time: time or start_time");
    let strange = get(0)
        .with("attempts", -3)
        .with("route", json!({ "a": [] }))
        .with("grpc_status", "lots");
    let strange = strange
        .with("authority", "\u{0}\n")
        .with("path", "no path at all")
        .with("method", "NO METHOD");
    let called = replay(log([get(0), strange]).as_bytes());
    assert_eq!(called.json()["log"]["replayed"], 2, "{}", called.err);
    for duration in ["-1", "1e308", "NaN", "inf"] {
        let line = get(0)
            .text()
            .replace("\"duration_ms\":20", &format!("\"duration_ms\":\"{duration}\""));
        assert_eq!(replay(line.as_bytes()).code, 0, "{duration}");
    }
}

#[test]
fn a_request_that_began_long_before_the_others_is_left_out() {
    let folder = folder(&[
        ("access.log", log([get(5000), get(0), get(6000)]).as_bytes()),
        ("new.json", NEW),
    ]);
    let late = [get(5000), get(6000), get(0)]
        .map(|line| line.text() + "\n")
        .concat();
    std::fs::write(folder.path().join("access.log"), late).expect("it takes a file");
    let arguments = [
        "replay",
        "--json",
        "--read-ahead",
        "0",
        "--new",
        "new.json",
        "access.log",
    ];
    let report = policyctl(arguments).within(folder.path()).ends_with(0).json();
    assert_eq!(report["log"]["left_out"][0]["first"], "access.log:3");
    let arguments = ["replay", "--json", "--new", "new.json", "access.log"];
    let report = policyctl(arguments).within(folder.path()).ends_with(0).json();
    assert_eq!(report["log"]["left_out"], json!([]));
}

#[test]
fn a_gzipped_log_that_is_cut_off_is_refused_with_its_line() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder
        .write_all(log((0..100).map(|number| get(number * 10))).as_bytes())
        .expect("memory takes it");
    let whole = encoder.finish().expect("memory takes it");
    check_refused(&whole[..whole.len() / 2], "access.log:");
}

#[test]
fn what_is_no_file_is_told_so() {
    let folder = folder(&[("new.json", NEW)]);
    let called = |log: &str| {
        policyctl(["replay", "--new", "new.json", log])
            .within(folder.path())
            .ends_with(2)
            .err
    };
    assert!(
        called("none.log").starts_with("error: none.log: "),
        "{}",
        called("none.log")
    );
    assert!(called(".").starts_with("error: . is a folder"), "{}", called("."));
    let arguments = ["replay", "--new", "none.json", "-"];
    let err = policyctl(arguments).within(folder.path()).ends_with(2).err;
    assert!(err.starts_with("error: none.json"), "{err}");
}
