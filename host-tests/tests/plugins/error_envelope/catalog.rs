//! The operator's own catalogue, laid over the built-in one.

use super::{assert_enveloped, body, json_error, policy, problem, text};
use crate::lines;
use host::{Answer, Host, Route};
use serde_json::{Value, json};

fn host(catalog: Value) -> Host {
    policy(json!({ "passthrough": "never", "catalog": catalog }))
}

#[test]
fn an_entry_gives_an_error_its_code_words_status_and_whether_to_try_again() {
    let host = host(json!([
        { "when": { "status": 503, "details": "no_healthy_upstream", "origin": "local" },
          "error_code": "SHOP_CLOSED", "message": "The shop is closed.", "status": 502, "retryable": false },
    ]));
    let exchange = host.get("/").run(Answer::no_healthy_upstream());
    let body = assert_enveloped(&exchange, 502, "SHOP_CLOSED");
    assert_eq!(
        (&body["message"], &body["retryable"]),
        (&json!("The shop is closed."), &json!(false))
    );
    exchange.filter_state("policy.error_code").is("SHOP_CLOSED");
    assert_eq!(exchange.details(), "no_healthy_upstream");
    // All that is given must hold.
    assert_enveloped(&host.get("/").run(Answer::reset()), 503, "UPSTREAM_RESET");
    assert_enveloped(
        &host.get("/").answered_with(text(503, "busy")),
        503,
        "SERVICE_UNAVAILABLE",
    );
}

#[test]
fn what_an_entry_does_not_say_is_as_it_would_be_without_it() {
    let host =
        host(json!([{ "when": { "status": "4xx", "origin": "upstream" }, "error_code": "SHOP_ERROR" }]));
    let body = assert_enveloped(
        &host.get("/").answered_with(text(429, "slow down")),
        429,
        "SHOP_ERROR",
    );
    assert_eq!(
        (&body["message"], &body["retryable"]),
        (&json!("slow down"), &json!(true))
    );
    let body = assert_enveloped(&host.get("/").answered_with(404), 404, "SHOP_ERROR");
    assert_eq!(
        (&body["message"], &body["retryable"]),
        (&json!("There is no such thing."), &json!(false))
    );
}

#[test]
fn the_operators_words_take_the_place_of_the_upstreams() {
    let host = host(
        json!([{ "when": { "status": 422 }, "error_code": "BAD_ORDER", "message": "Look at the order again." }]),
    );
    for answer in [
        text(422, "mine"),
        json_error(422, r#"{"message":"mine"}"#),
        Answer::new(422),
    ] {
        assert_eq!(
            body(&host.get("/").answered_with(answer))["message"],
            "Look at the order again."
        );
    }
}

#[test]
fn the_first_entry_that_matches_is_used_and_a_rules_list_replaces_the_defaults() {
    let catalog = json!([
        { "when": { "status": 404 }, "error_code": "FIRST" },
        { "when": { "status": "400-404" }, "error_code": "SECOND" },
        { "when": { "details": "upstream_reset_before_response_started" }, "error_code": "BROKEN" },
        { "when": { "details": "no_healthy*" }, "error_code": "NOBODY" },
    ]);
    let host = super::host(json!({
        "default": { "passthrough": "never", "catalog": catalog },
        "routes": [{ "match": { "path": "/r" }, "policy": { "catalog": [{ "when": { "status": 403 }, "error_code": "OF_RULE" }] } }],
    }));
    for (path, answer, status, code) in [
        ("/", Answer::new(404), 404, "FIRST"),
        ("/", Answer::new(403), 403, "SECOND"),
        ("/", Answer::new(405), 405, "METHOD_NOT_ALLOWED"),
        ("/", Answer::overflow(), 503, "BROKEN"),
        ("/", Answer::no_healthy_upstream(), 503, "NOBODY"),
        ("/r", Answer::new(404), 404, "NOT_FOUND"),
        ("/r", Answer::new(403), 403, "OF_RULE"),
    ] {
        assert_enveloped(&host.get(path).run(answer), status, code);
    }
}

#[test]
fn a_status_that_becomes_another_is_the_new_one_everywhere() {
    let host = super::host(json!({
        "log": { "errors": "all" },
        "default": { "passthrough": "never", "catalog": [
            { "when": { "status": 404 }, "error_code": "BROKEN_LINK", "status": 500 },
            { "when": { "status": 500 }, "error_code": "TRY_LATER", "status": 409 },
        ] },
    }));
    for (answer, status, code, class) in [
        (text(404, "no such order"), 500, "BROKEN_LINK", "server_error"),
        (Answer::new(404), 500, "BROKEN_LINK", "server_error"),
        (text(500, "secret"), 409, "TRY_LATER", "client_error"),
        (Answer::new(500), 409, "TRY_LATER", "client_error"),
    ] {
        let metric = format!("errors_total.error_code={code};.class={class};.origin=upstream;.mode=enforce;");
        let before = host.metric(&metric);
        let exchange = host.get("/").answered_with(answer);
        assert_enveloped(&exchange, status, code);
        assert_eq!(host.metric(&metric), before + 1);
        let line = lines::only(&exchange);
        assert_eq!(line["status"], status);
        assert_eq!(line["severity"], if status == 500 { "ERROR" } else { "WARN" });
    }
    let exchange = host
        .get("/")
        .header("accept", "application/problem+json")
        .answered_with(404);
    assert_eq!(problem(&exchange)["title"], "Internal Server Error");
}

#[test]
fn what_is_left_alone_keeps_its_status_and_is_counted_under_the_operators_code() {
    let catalog = json!([{ "when": { "status": 404 }, "error_code": "BROKEN_LINK", "status": 500 }]);
    let host = policy(json!({ "catalog": catalog }));
    let exchange = host.get("/").answered_with(json_error(404, "{}"));
    exchange
        .expect_status(404)
        .expect_body("{}")
        .filter_state("policy.error_code")
        .is("BROKEN_LINK");
    assert_eq!(
        host.metric(
            "errors_total.error_code=BROKEN_LINK;.class=client_error;.origin=upstream;.mode=enforce;"
        ),
        1
    );
}

#[test]
fn in_shadow_mode_the_status_stays_and_the_code_is_counted() {
    let catalog = json!([{ "when": { "status": 404 }, "error_code": "BROKEN_LINK", "status": 500 }]);
    let host =
        super::host(json!({ "mode": "shadow", "default": { "passthrough": "never", "catalog": catalog } }));
    host.get("/")
        .answered_with(text(404, "mine"))
        .expect_status(404)
        .expect_body("mine");
    assert_eq!(
        host.metric("errors_total.error_code=BROKEN_LINK;.class=client_error;.origin=upstream;.mode=shadow;"),
        1
    );
}

#[test]
fn an_operators_own_code_is_documented_where_the_others_are() {
    let host = policy(json!({
        "documentation_base_url": "https://docs.example/e?code=",
        "catalog": [{ "when": { "status": 503, "origin": "local" }, "error_code": "SHOP_CLOSED" }],
    }))
    .routes([Route::new("m").direct_response(503, "noon")]);
    let exchange = host.get("/").expect_rejected(503);
    assert_eq!(
        body(&exchange)["documentation_url"],
        "https://docs.example/e?code=SHOP_CLOSED"
    );
}
