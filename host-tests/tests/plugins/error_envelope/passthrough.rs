//! Errors that the upstream wrote in a form of its own: which stay, and what it takes that they do not.

use super::{assert_enveloped, host, policy, strict};
use crate::lines;
use host::{Answer, Exchange};
use serde_json::json;

/// What other people's clients rely on.
const STRUCTURED: [(&str, u16, &str, &str); 8] = [
    (
        "OAuth",
        400,
        "application/json;charset=UTF-8",
        r#"{"error":"invalid_grant","error_description":"The authorization code expired."}"#,
    ),
    (
        "S3",
        404,
        "application/xml",
        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
    ),
    (
        "SCIM",
        409,
        "application/scim+json",
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"scimType":"uniqueness","detail":"taken","status":"409"}"#,
    ),
    (
        "a registry",
        404,
        "application/json",
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"latest"}}]}"#,
    ),
    (
        "JSON:API",
        422,
        "application/vnd.api+json",
        r#"{"errors":[{"status":"422","title":"Invalid Attribute"}]}"#,
    ),
    (
        "SOAP",
        500,
        "text/xml; charset=utf-8",
        "<s:Envelope><s:Fault/></s:Envelope>",
    ),
    ("a service", 503, "application/json", r#"{"message":"busy"}"#),
    (
        "a problem",
        402,
        "application/problem+json",
        r#"{"title":"Out of credit","balance":30}"#,
    ),
];

fn answer(status: u16, content_type: &str, body: &str) -> Answer {
    Answer::new(status)
        .header("content-type", content_type)
        .header("etag", "\"e\"")
        .header("www-authenticate", "Bearer")
        .body(body)
}

/// Byte for byte, and header for header, what the upstream sent.
#[track_caller]
fn assert_untouched(exchange: &Exchange, status: u16, content_type: &str, body: &str) {
    exchange
        .expect_status(status)
        .expect_body(body)
        .header("content-type", content_type)
        .header("content-length", body.len().to_string())
        .header("etag", "\"e\"")
        .header("www-authenticate", "Bearer")
        .no_header("x-error-code")
        .no_header("vary");
}

#[test]
fn by_default_the_upstreams_own_json_and_xml_stay_as_they_are() {
    for (what, status, content_type, body) in STRUCTURED {
        let host = host(json!({}));
        let exchange = host
            .get("/")
            .header("accept", "application/problem+json")
            .answered_with(answer(status, content_type, body));
        assert_untouched(&exchange, status, content_type, body);
        exchange.filter_state("policy.error_origin").is("upstream");
        let counted: u64 = host
            .metrics()
            .into_iter()
            .filter(|(name, _)| name.starts_with("errors_total."))
            .map(|(_, value)| value)
            .sum();
        assert_eq!(counted, 1, "{what} is counted all the same");
    }
}

#[test]
fn only_the_content_type_decides_whether_an_error_is_structured() {
    let exchange = host(json!({}))
        .get("/")
        .answered_with(answer(400, "application/json", "no json"));
    assert_untouched(&exchange, 400, "application/json", "no json");
    let exchange = host(json!({}))
        .get("/")
        .answered_with(answer(400, "text/plain", r#"{"error":"x"}"#));
    assert_enveloped(&exchange, 400, "BAD_REQUEST");
}

#[test]
fn the_strict_setting_makes_every_one_of_them_uniform() {
    for (what, status, content_type, body) in STRUCTURED {
        let exchange = strict()
            .get("/")
            .answered_with(answer(status, content_type, body));
        exchange
            .expect_status(status)
            .no_header("etag")
            .header("www-authenticate", "Bearer");
        let enveloped = super::body(&exchange);
        assert!(
            enveloped.get("errors").is_none() && enveloped.get("schemas").is_none(),
            "{what}\n{exchange}"
        );
    }
}

const STANDARD: &str = r#"{"trace_id":"t-1","request_id":"r-1","error_code":"OUT_OF_STOCK","message":"none left","status_code":409,"timestamp":"2026-01-01T00:00:00.000Z"}"#;

#[test]
fn with_enveloped_only_what_is_in_a_known_form_stays() {
    let host = policy(json!({ "passthrough": "enveloped" }));
    for (what, status, content_type, body) in STRUCTURED {
        let exchange = host.get("/").answered_with(answer(status, content_type, body));
        if what == "a problem" {
            assert_untouched(&exchange, status, content_type, body);
        } else {
            exchange.expect_status(status);
            assert!(super::body(&exchange)["request_id"].is_string(), "{what}");
        }
    }
}

#[test]
fn with_enveloped_a_body_of_the_standard_form_is_passed_on_byte_for_byte() {
    let host = policy(json!({ "passthrough": "enveloped" }));
    // The members' order and any others do not matter.
    let spaced = format!(
        " {} ",
        STANDARD.replace(",\"message\"", ", \"own\": [1, 2],\n\"message\"")
    );
    for body in [STANDARD, &spaced] {
        let exchange = host.get("/").answered_with(answer(409, "application/json", body));
        exchange
            .expect_status(409)
            .expect_body(body)
            .header("content-type", "application/json");
        // Headers went out before the body said so.
        exchange
            .no_header("x-error-code")
            .no_header("content-length")
            .no_header("etag");
        exchange.filter_state("policy.error_code").is("OUT_OF_STOCK");
    }
    let problem = host
        .get("/")
        .header("accept", "application/problem+json")
        .answered_with(answer(409, "application/json", STANDARD));
    let body = super::problem(&problem);
    assert_eq!(
        body,
        json!({
            "type": "about:blank", "title": "Conflict", "status": 409, "detail": "none left", "trace_id": "t-1",
            "request_id": "r-1", "error_code": "OUT_OF_STOCK", "timestamp": "2026-01-01T00:00:00.000Z",
        })
    );
}

#[test]
fn each_member_of_the_standard_form_is_needed_to_know_it() {
    let host = policy(json!({ "passthrough": "enveloped" }));
    for member in ["trace_id", "error_code", "message", "status_code", "timestamp"] {
        let body = STANDARD.replace(&format!("\"{member}\""), "\"other\"");
        let exchange = host
            .get("/")
            .answered_with(answer(409, "application/json", &body));
        assert_eq!(
            super::body(&exchange)["error_code"],
            "CONFLICT",
            "without {member}"
        );
        exchange.filter_state("policy.error_code").is("CONFLICT");
    }
}

#[test]
fn what_says_by_its_header_that_it_is_enveloped_stays_with_its_code() {
    for passthrough in ["structured", "enveloped"] {
        let host = policy(json!({ "passthrough": passthrough }));
        let answer = Answer::new(409)
            .header("content-type", "text/plain")
            .header("x-error-code", "OUT_OF_STOCK")
            .body("none left");
        let exchange = host.get("/").answered_with(answer);
        exchange
            .expect_status(409)
            .expect_body("none left")
            .header("content-length", "9")
            .no_header("vary");
        exchange
            .header("x-error-code", "OUT_OF_STOCK")
            .filter_state("policy.error_code")
            .is("OUT_OF_STOCK");
    }
    let answer = Answer::new(409)
        .header("x-error-code", "OUT_OF_STOCK")
        .header("content-type", "text/plain")
        .body("none");
    assert_enveloped(&strict().get("/").answered_with(answer), 409, "CONFLICT");
}

#[test]
fn what_is_no_code_is_told_to_nobody_and_goes_on_to_the_client_as_it_is() {
    let longest = "A".repeat(64);
    let too_long = "A".repeat(65);
    let host = host(json!({ "log": { "errors": "all" } }));
    for (given, taken) in [
        (longest.as_str(), longest.as_str()),
        ("E2_1", "E2_1"),
        (&too_long, "CONFLICT"),
        ("a3k9-session-of-somebody", "CONFLICT"),
        (
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "CONFLICT",
        ),
        ("8154711", "CONFLICT"),
        ("OUT OF STOCK", "CONFLICT"),
        ("", "CONFLICT"),
    ] {
        let exchange = host.get("/").answered_with(
            Answer::new(409)
                .header("content-type", "application/json")
                .header("x-error-code", given)
                .body("{}"),
        );
        exchange.expect_status(409).expect_body("{}");
        exchange.header("x-error-code", given);
        exchange.filter_state("policy.error_code").is(taken);
        assert_eq!(lines::only(&exchange)["error_code"], taken, "{given}");
    }
}

#[test]
fn origins_and_statuses_say_whose_errors_and_which_are_covered() {
    let local = policy(json!({ "origins": ["local"], "passthrough": "never" }));
    local
        .get("/")
        .answered_with(super::text(404, "mine"))
        .expect_body("mine")
        .no_header("x-error-code");
    assert_enveloped(&local.get("/").run(Answer::timeout()), 504, "UPSTREAM_TIMEOUT");
    let upstream = policy(json!({ "origins": ["upstream"], "passthrough": "never" }));
    upstream
        .get("/")
        .run(Answer::no_healthy_upstream())
        .expect_body("no healthy upstream")
        .no_header("x-error-code");
    assert_enveloped(
        &upstream.get("/").answered_with(super::text(404, "mine")),
        404,
        "NOT_FOUND",
    );
    let some = policy(json!({ "statuses": ["5xx", 404, "410-412"] }));
    for (status, covered) in [
        (404, true),
        (405, false),
        (409, false),
        (410, true),
        (412, true),
        (413, false),
        (500, true),
    ] {
        let exchange = some.get("/").answered_with(super::text(status, "mine"));
        assert_eq!(
            exchange.response_header("x-error-code").option().is_some(),
            covered,
            "{status}\n{exchange}"
        );
    }
    assert_eq!(
        local
            .metrics()
            .iter()
            .filter(|(name, _)| name.contains("origin=upstream"))
            .count(),
        0
    );
}
