//! The message of a client error: where it is taken from, and what is never quoted.

use super::{body, json_error, policy, strict, text};
use host::Answer;
use serde_json::{Value, json};

#[track_caller]
fn check(answer: Answer, message: &str) {
    let exchange = strict().get("/").answered_with(answer);
    assert_eq!(body(&exchange)["message"], message, "{exchange}");
}

#[test]
fn a_message_is_found_where_frameworks_put_it() {
    for (json, message) in [
        (r#"{"message":"no such order"}"#, "no such order"),
        (r#"{"detail":"Not found."}"#, "Not found."),
        (
            r#"{"detail":[{"loc":["body","age"],"msg":"too young","type":"range"}]}"#,
            "body.age: too young",
        ),
        (r#"{"error":"bad thing"}"#, "bad thing"),
        (r#"{"error":{"code":7,"message":"deep thing"}}"#, "deep thing"),
        (r#"{"title":"Bad Request"}"#, "Bad Request"),
        (
            r#"{"error":"invalid_grant","error_description":"the code expired"}"#,
            "the code expired",
        ),
        (
            "{\"message\":\"caf\u{e9} \\u2713 \\\"quoted\\\"\"}",
            "caf\u{e9} \u{2713} \"quoted\"",
        ),
    ] {
        check(json_error(404, json), message);
    }
    check(text(404, " out of stock\n"), "out of stock");
    check(text(404, "\u{fc}ber\t\"alles\"\\\n"), "\u{fc}ber\t\"alles\"\\");
}

#[test]
fn where_nothing_can_be_quoted_the_catalogues_words_stand() {
    let own = "There is no such thing.";
    for json in [
        "{}",
        "[]",
        "null",
        "7",
        "\"text\"",
        "not json",
        "{",
        "{\"message\":",
        r#"{"message":null}"#,
        r#"{"message":7}"#,
        r#"{"message":"  "}"#,
        r#"{"message":{"text":"x"}}"#,
        r#"{"message":"<html>no</html>"}"#,
        r#"{"errors":["x"]}"#,
        "{\"message\":\"a\nb\"}",
    ] {
        check(json_error(404, json), own);
    }
    check(json_error(404, b"{\"message\":\"\xff\"}"), own);
    check(
        json_error(404, format!("{{\"message\":\"{}\"}}", "x".repeat(1025))),
        own,
    );
    check(text(404, b"caf\xe9"), own);
    check(text(404, "x".repeat(1025)), own);
    check(text(404, " <!doctype html><p>no"), own);
    for other in [
        "application/octet-stream",
        "image/png",
        "text/css",
        "application/xml",
        "nonsense",
        "",
    ] {
        check(
            Answer::new(404).header("content-type", other).body("quote me"),
            own,
        );
    }
    check(Answer::new(404).body("no type"), own);
}

#[test]
fn a_message_of_1024_bytes_is_taken_over_whole() {
    let long = "m".repeat(1024);
    check(text(404, &long), &long);
    check(json_error(404, format!("{{\"message\":\"{long}\"}}")), &long);
}

#[test]
fn a_server_errors_message_is_shown_only_where_that_is_asked_for() {
    for (wanted, on_404, on_500) in [
        ("client_errors", "mine", "Something went wrong."),
        ("never", "There is no such thing.", "Something went wrong."),
        ("always", "mine", "mine"),
    ] {
        let host = policy(json!({ "passthrough": "never", "upstream_message": wanted }));
        for (status, message) in [(404, on_404), (500, on_500)] {
            for answer in [text(status, "mine"), json_error(status, r#"{"message":"mine"}"#)] {
                let exchange = host.get("/").answered_with(answer);
                assert_eq!(body(&exchange)["message"], message, "{wanted}\n{exchange}");
            }
        }
    }
}

#[test]
fn plain_text_is_a_message_by_default_too() {
    let exchange = policy(json!({}))
        .get("/")
        .answered_with(text(409, "already sold"));
    assert_eq!(body(&exchange)["message"], "already sold");
}

#[test]
fn no_message_grows_an_answer_without_bound() {
    // All of it is escaped in JSON.
    let host = strict();
    for text_of in ["\u{1}", "\"", "\\", "\u{1f600}"] {
        let message = text_of.repeat(1024 / text_of.len());
        let exchange = host.get("/").answered_with(text(400, &message));
        assert_eq!(body(&exchange)["message"], Value::from(message));
        assert!(exchange.body().len() < 8 * 1024, "{}", exchange.body().len());
    }
}
