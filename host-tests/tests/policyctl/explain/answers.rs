//! The upstream's part, and questions that cannot be asked.

use super::explained;
use crate::called::policyctl;
use serde_json::json;

#[test]
fn an_upstream_fails_in_each_way_as_envoy_tells_it() {
    for (answer, status, details) in [
        ("204", 204, "via_upstream"),
        ("no-healthy-upstream", 503, "no_healthy_upstream"),
        (
            "refused",
            503,
            "upstream_reset_before_response_started{remote_connection_failure",
        ),
        (
            "reset",
            503,
            "upstream_reset_before_response_started{connection_termination",
        ),
        (
            "stream-reset",
            503,
            "upstream_reset_before_response_started{remote_reset",
        ),
        (
            "refused-stream",
            503,
            "upstream_reset_before_response_started{remote_refused_stream_reset",
        ),
        ("overflow", 503, "upstream_reset_before_response_started{overflow"),
        (
            "protocol-error",
            502,
            "upstream_reset_before_response_started{protocol_error",
        ),
        ("time-out", 504, "response_timeout"),
    ] {
        let found = explained("{}", &["GET", "/", "--answer", answer]);
        let record = &found["requests"][0];
        assert_eq!(record["status"], status, "{answer}: {found:#}");
        let told = record["details"].as_str().expect("a text");
        assert!(told.starts_with(details), "{answer}: {told}");
    }
}

#[test]
fn an_answer_takes_its_time() {
    let found = explained("{}", &["GET", "/", "--after", "300ms"]);
    assert_eq!(found["requests"][0]["lasted_ms"], 300);
    // Past the route's time-out, the answer is Envoy's.
    let found = explained("{}", &["GET", "/", "--after", "20s"]);
    assert_eq!(
        (
            &found["requests"][0]["status"],
            &found["requests"][0]["lasted_ms"]
        ),
        (&json!(504), &json!(15_000))
    );
}

#[test]
fn a_question_that_cannot_be_asked_ends_with_2_and_tells_what_could_be() {
    for (arguments, says) in [
        (&["GET", "orders"][..], "`orders` is no path"),
        (&["G T", "/"], "`G T` is no method"),
        (&["GET", "/", "-H", "no colon"], "a header is NAME: VALUE"),
        (&["GET", "/", "-H", ": c"], "`` is no name of a header"),
        (&["GET", "/", "-H", "a b: c"], "`a b` is no name of a header"),
        (
            &["GET", "/", "--answer", "42"],
            "no status from 200 to 599, and none of no-healthy-upstream, refused",
        ),
        (&["GET", "/", "--after", "soon"], "--after"),
        (&["GET", "/", "--from", "here"], "--from"),
        (&["GET", "/", "--times", "0"], "--times"),
        (
            &["GET", "/", "--metadata", "{\"policy\": 1}"],
            "an object of namespaces",
        ),
        (
            &["GET", "/", "--listener", "none"],
            "there is no chain of a listener `none`",
        ),
        (&["GET"], "<PATH>"),
    ] {
        let all = ["explain", "-", "--plugin", "retry"]
            .into_iter()
            .chain(arguments.iter().copied());
        let called = policyctl(all).input("{}").ends_with(2);
        assert!(called.err.contains(says), "{arguments:?}: {}", called.err);
    }
}

#[test]
fn strange_requests_get_an_answer_too() {
    for arguments in [
        &["GET", "/\u{e9}?%zz"][..],
        &["get", "//"],
        &["GET", "/", "-H", "host: x", "-H", "content-length: 7"],
        &[
            "GET",
            "/",
            "-H",
            "transfer-encoding: chunked",
            "-H",
            "connection: close, x",
            "-H",
            "upgrade: h2c",
        ],
        &["HEAD", "/", "--host", ""],
        &["OPTIONS", "/", "--from", "::1", "-H", "x-forwarded-for: nonsense"],
    ] {
        let all = ["explain", "-", "--plugin", "retry"]
            .into_iter()
            .chain(arguments.iter().copied());
        let called = policyctl(all).input("{}").run();
        assert!(
            [0, 2].contains(&called.code) && !called.err.contains("panicked"),
            "{arguments:?}: {}",
            called.err
        );
    }
}
