//! Explanations: the rule met, and what became of the error, in filter state.

use super::{host, json_error, text, with_request_id};
use host::{Answer, Exchange};
use serde_json::{Value, json};

fn explanation(exchange: &Exchange) -> Value {
    let text = exchange.filter_state("policy.explain").text();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn explained(answer: Answer) -> Value {
    let configuration = json!({ "explain": "errors", "default": { "passthrough": "enveloped" } });
    let all = explanation(&host(configuration).get("/").run(answer));
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    all[0].clone()
}

#[test]
fn an_explanation_has_the_rule_the_code_and_what_became_of_the_body() {
    let configuration = json!({
        "explain": "errors",
        "profiles": { "strict": { "passthrough": "never" } },
        "routes": [{ "match": { "path": "/other" }, "policy": {} }, { "match": { "path": "/r" }, "profile": "strict" }],
    });
    let exchange = host(configuration).get("/r").answered_with(text(404, "no"));
    assert_eq!(
        explanation(&exchange),
        json!([{
            "plugin": "error-envelope", "rule": "routes[1]", "profile": "strict", "mode": "enforce", "error_code": "NOT_FOUND",
            "origin": "upstream", "body": "replaced_with_message", "format": "standard",
        }])
    );
}

#[test]
fn each_thing_that_can_become_of_a_body_has_a_word() {
    for (answer, body, because) in [
        (text(503, "x"), "replaced", None),
        (text(404, "x"), "replaced_with_message", None),
        (json_error(404, "{}"), "replaced_unless_standard", None),
        (
            text(404, "x").header("x-error-code", "A"),
            "left_alone",
            Some("enveloped"),
        ),
        (
            Answer::new(404)
                .header("content-type", "application/problem+json")
                .body("{}"),
            "left_alone",
            Some("enveloped"),
        ),
        (
            Answer::new(500)
                .header("content-type", "text/event-stream")
                .body("x"),
            "left_alone",
            Some("event_stream"),
        ),
        (
            Answer::new(500)
                .header("content-type", "application/grpc")
                .body("x"),
            "left_alone",
            Some("grpc"),
        ),
    ] {
        let told = explained(answer);
        assert_eq!(told["body"], body, "{told}");
        assert_eq!(told.get("because"), because.map(Value::from).as_ref(), "{told}");
    }
}

#[test]
fn what_succeeds_is_not_explained_and_nothing_is_by_default() {
    for (explain, status) in [("none", 500), ("errors", 200), ("none", 200)] {
        let exchange = host(json!({ "explain": explain })).get("/").answered_with(status);
        exchange.filter_state("policy.explain").is_absent();
    }
}

#[test]
fn in_shadow_mode_it_is_told_what_would_have_become_of_it() {
    let exchange = host(json!({ "mode": "shadow", "explain": "all" }))
        .get("/")
        .answered_with(text(503, "x"));
    let told = explanation(&exchange);
    assert_eq!(
        (&told[0]["mode"], &told[0]["body"]),
        (&json!("shadow"), &json!("replaced"))
    );
}

#[test]
fn it_stands_behind_what_other_plugins_explained() {
    let host = with_request_id(json!({ "explain": "errors" }));
    let exchange = host.get("/").answered_with(503);
    assert_eq!(explanation(&exchange)[0]["plugin"], "error-envelope");
    let other = super::before(
        json!({ "explain": "errors" }),
        json!({ "request_headers": [["set_property", "policy.explain", "[{\"plugin\":\"other\"}]"]] }),
    );
    let told = explanation(&other.get("/").answered_with(503));
    assert_eq!(
        (&told[0]["plugin"], &told[1]["plugin"]),
        (&json!("other"), &json!("error-envelope"))
    );
}
