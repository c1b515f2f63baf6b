//! Lists of what was wrong with which value: kept in `context.errors`, and the values never.

use super::{body, json_error, policy, strict};
use serde_json::{Value, json};

const DETAIL: &str = r#"{"detail":[
    {"loc":["body","card",0,"number"],"msg":"not a card number","type":"value_error","input":"4111 1111 1111 1111","ctx":{"secret":"hunter2"},"url":"https://inside.example"},
    {"field":"age","message":"too young","code":"range","rejected_value":"12"},
    {"location":"query.page","msg":"not a number"},
    {"loc":["x",{"a":1}],"msg":"odd place"},
    {"no":"message"}, 7]}"#;

#[test]
fn of_each_fault_place_kind_and_message_are_kept_and_inputs_never() {
    let exchange = strict()
        .post("/")
        .body("{}")
        .answered_with(json_error(422, DETAIL));
    let body = body(&exchange);
    assert_eq!(body["message"], "body.card.0.number: not a card number");
    assert_eq!(
        body["context"],
        json!({ "errors": [
            { "location": "body.card.0.number", "type": "value_error", "message": "not a card number" },
            { "location": "age", "message": "too young" },
            { "location": "query.page", "message": "not a number" },
            { "message": "odd place" },
        ]})
    );
    let answer = String::from_utf8(exchange.body()).expect("it is text");
    for inside in [
        "4111",
        "hunter2",
        "inside.example",
        "12",
        "ctx",
        "input",
        "rejected",
    ] {
        assert!(!answer.contains(inside), "{inside}\n{answer}");
    }
}

#[test]
fn a_problem_has_them_as_well() {
    let request = strict().get("/").header("accept", "application/problem+json");
    let exchange = request.answered_with(json_error(422, r#"{"detail":[{"loc":["a"],"msg":"m"}]}"#));
    let body = super::problem(&exchange);
    assert_eq!(body["detail"], "a: m");
    assert_eq!(
        body["context"]["errors"],
        json!([{ "location": "a", "message": "m" }])
    );
}

#[test]
fn they_stand_beside_the_configured_context() {
    let host = policy(json!({ "passthrough": "never", "context_headers": { "tenant": "x-tenant" } }));
    let exchange = host
        .get("/")
        .header("x-tenant", "t-1")
        .answered_with(json_error(422, r#"{"detail":[{"msg":"m"}]}"#));
    assert_eq!(
        body(&exchange)["context"],
        json!({ "tenant": "t-1", "errors": [{ "message": "m" }] })
    );
}

#[test]
fn no_more_than_32_are_kept() {
    let faults: Vec<Value> = (0..100)
        .map(|n| json!({ "loc": ["items", n], "msg": "m" }))
        .collect();
    let exchange = strict()
        .get("/")
        .answered_with(json_error(422, json!({ "detail": faults }).to_string()));
    let body = body(&exchange);
    let errors = body["context"]["errors"].as_array().expect("it is a list");
    assert_eq!(errors.len(), 32);
    assert_eq!(errors[31]["location"], "items.31");
}

#[test]
fn a_server_error_and_never_keep_none() {
    let detail = r#"{"detail":[{"loc":["a"],"msg":"m"}]}"#;
    let exchange = strict().get("/").answered_with(json_error(500, detail));
    assert_eq!(body(&exchange).get("context"), None);
    let host = policy(json!({ "passthrough": "never", "upstream_message": "never" }));
    assert_eq!(
        body(&host.get("/").answered_with(json_error(422, detail))).get("context"),
        None
    );
}
