//! Which headers stay with a new body, and which go with the old one.

use super::{assert_enveloped, policy, strict, text};
use host::Answer;
use serde_json::json;

/// They say something of the request, the client or the connection's two ends, whatever the body is.
const KEPT: [(&str, &str); 16] = [
    ("www-authenticate", "Bearer"),
    ("retry-after", "7"),
    ("allow", "GET, HEAD"),
    ("ratelimit-limit", "100"),
    ("ratelimit-remaining", "0"),
    ("x-ratelimit-reset", "60"),
    ("access-control-allow-origin", "https://shop.example"),
    ("access-control-expose-headers", "x-error-code"),
    ("set-cookie", "a=1"),
    ("x-request-id", "r-1"),
    ("x-correlation-id", "c-1"),
    (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
    ("cache-control", "no-store"),
    ("location", "/login"),
    ("strict-transport-security", "max-age=1"),
    ("x-own", "kept"),
];

const DROPPED: [(&str, &str); 12] = [
    ("content-encoding", "identity"),
    ("content-language", "en"),
    ("content-location", "/other"),
    ("content-range", "bytes */9"),
    ("content-disposition", "attachment"),
    ("content-digest", "sha-256=:x:"),
    ("repr-digest", "sha-256=:x:"),
    ("digest", "sha-256=x"),
    ("content-md5", "x"),
    ("etag", "\"e\""),
    ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("accept-ranges", "bytes"),
];

fn with_all(answer: Answer) -> Answer {
    KEPT.iter()
        .chain(&DROPPED)
        .fold(answer, |answer, (name, value)| answer.header(name, value))
}

#[test]
fn what_still_holds_stays_and_what_was_said_of_the_old_body_goes() {
    for host in [policy(json!({})), strict()] {
        for answer in [
            with_all(Answer::new(429)),
            with_all(text(429, "slow down")),
            with_all(text(503, "secret")),
            with_all(
                Answer::new(429)
                    .header("content-type", "text/html")
                    .pieces(["<p>", "no"]),
            ),
        ] {
            let exchange = host.get("/").answered_with(answer);
            let status = exchange.status();
            assert_enveloped(
                &exchange,
                status,
                if status == 429 {
                    "TOO_MANY_REQUESTS"
                } else {
                    "SERVICE_UNAVAILABLE"
                },
            );
            for (name, value) in KEPT {
                exchange.header(name, value);
            }
            for (name, _) in DROPPED {
                exchange.no_header(name);
            }
        }
    }
}

#[test]
fn repeated_headers_stay_repeated() {
    let cookies = |answer: Answer| answer.header("set-cookie", "a=1").header("set-cookie", "b=2");
    for answer in [cookies(text(404, "no")), cookies(Answer::new(404))] {
        let exchange = strict().get("/").answered_with(answer);
        assert_eq!(
            exchange.response_header("set-cookie").all(),
            [b"a=1".to_vec(), b"b=2".to_vec()]
        );
    }
}

#[test]
fn there_is_one_type_one_code_and_no_wrong_length() {
    for answer in [
        text(404, "no")
            .header("x-error-code", "A")
            .header("x-error-code", "B"),
        Answer::new(404)
            .header("x-error-code", "A")
            .header("content-type", "a/b"),
        Answer::new(404)
            .header("content-type", "text/plain")
            .header("content-type", "text/html")
            .body("no"),
    ] {
        let exchange = strict().get("/").answered_with(answer);
        // Each of these is asserted to be there once.
        assert_enveloped(&exchange, 404, "NOT_FOUND");
        assert!(
            exchange.response_header("content-length").all().len() <= 1,
            "{exchange}"
        );
    }
}
