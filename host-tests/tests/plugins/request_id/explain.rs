//! `policy.explain`: which rule was met and what it led to.

use super::{PARENT, host};
use crate::guest::{before_request_id, writing};
use host::{Answer, Exchange, Route};
use serde_json::{Value, json};

/// The list of explanations.
#[track_caller]
fn explanations(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.filter_state("policy.explain").value()).expect("it is JSON")
}

/// The one explanation, that of request-id.
#[track_caller]
fn explanation(exchange: &Exchange) -> Value {
    let explanations = explanations(exchange);
    assert_eq!(explanations.as_array().map(Vec::len), Some(1), "{explanations}");
    assert_eq!(explanations[0]["plugin"], "request-id");
    explanations[0].clone()
}

/// With this configuration, the request is explained so, beside the plugin's name.
#[track_caller]
fn check(mut configuration: Value, path: &str, headers: &[(&str, &str)], mut expect: Value) {
    expect["plugin"] = json!("request-id");
    configuration["explain"] = json!("all");
    let strict = json!({ "policy": { "request-id": "strict" } });
    let routes = [
        Route::new("strict").path("/metadata").metadata(strict),
        Route::new("other"),
    ];
    let host = host(configuration).routes(routes);
    let request = headers.iter().fold(host.get(path), |request, (name, value)| {
        request.header(name, value)
    });
    let exchange = request.answered_with(200);
    assert_eq!(explanation(&exchange), expect, "{exchange}");
}

#[test]
fn the_source_of_the_id_is_explained() {
    let explained = |source: Value| {
        let mut all = json!({ "rule": "default", "mode": "enforce", "refused": [], "trace": "absent" });
        all.as_object_mut()
            .expect("it is one")
            .extend(source.as_object().expect("it is one").clone());
        all
    };
    check(json!({}), "/", &[], explained(json!({ "source": "generated" })));
    check(
        json!({}),
        "/",
        &[("x-correlation-id", "c-1")],
        explained(json!({ "source": "accepted", "header": "x-correlation-id" })),
    );
    check(
        json!({}),
        "/",
        &[("x-request-id", "a b c"), ("x-correlation-id", "c-1")],
        explained(json!({
            "source": "accepted", "header": "x-correlation-id",
            "refused": [{ "header": "x-request-id", "reason": "character", "length": 5 }],
        })),
    );
    check(
        json!({}),
        "/",
        &[("traceparent", PARENT)],
        explained(json!({ "source": "accepted", "header": "traceparent", "trace": "kept" })),
    );
}

#[test]
fn the_rule_and_the_profile_are_explained() {
    let configuration = || {
        json!({
            "route_metadata": true,
            "profiles": { "strict": {} },
            "routes": [
                { "match": { "path": "/none" }, "policy": { "max_length": 3 } },
                { "match": { "path": "/profile" }, "profile": "strict" },
            ],
        })
    };
    let generated = |rule: &str| json!({ "rule": rule, "mode": "enforce", "source": "generated", "refused": [], "trace": "absent" });
    let with_profile = |rule: &str| {
        let mut all = generated(rule);
        all["profile"] = json!("strict");
        all
    };
    check(configuration(), "/", &[], generated("default"));
    check(configuration(), "/none", &[], generated("routes[0]"));
    check(configuration(), "/profile", &[], with_profile("routes[1]"));
    check(configuration(), "/metadata", &[], with_profile("route_metadata"));
}

#[test]
fn the_mode_and_the_trace_are_explained() {
    let generated = |mode: &str, trace: &str| json!({ "rule": "default", "mode": mode, "source": "generated", "refused": [], "trace": trace });
    check(
        json!({ "mode": "shadow" }),
        "/",
        &[],
        generated("shadow", "absent"),
    );
    check(
        json!({ "enforce_percent": 0 }),
        "/",
        &[],
        generated("shadow", "absent"),
    );
    let create = json!({ "default": { "trace_context": "create", "sampled": true } });
    check(create, "/", &[], generated("enforce", "started"));
    let disabled = json!({ "default": { "trace_context": "disabled" } });
    check(disabled, "/", &[], generated("enforce", "disabled"));
}

#[test]
fn only_what_is_asked_for_is_explained() {
    for (explain, status, explained) in [
        ("none", 200, false),
        ("none", 503, false),
        ("errors", 200, false),
        ("errors", 399, false),
        ("errors", 400, true),
        ("errors", 503, true),
        ("all", 200, true),
        ("all", 503, true),
    ] {
        let exchange = host(json!({ "explain": explain })).get("/").answered_with(status);
        let found = exchange.filter_state("policy.explain").option().is_some();
        assert_eq!(found, explained, "{explain}, {status}\n{exchange}");
    }
}

#[test]
fn the_proxys_own_errors_are_explained() {
    let host = host(json!({ "explain": "errors" }));
    for answer in [Answer::timeout(), Answer::no_healthy_upstream(), Answer::reset()] {
        assert_eq!(explanation(&host.get("/").run(answer))["rule"], "default");
    }
}

#[test]
fn what_another_plugin_explained_stays() {
    let other = writing("policy.explain", r#"[{"plugin":"circuit-breaker","why":["]"]}]"#);
    let exchange = before_request_id(other, json!({ "explain": "all" }))
        .get("/")
        .answered_with(200);
    let explained = explanations(&exchange);
    assert_eq!(explained[0], json!({ "plugin": "circuit-breaker", "why": ["]"] }));
    assert_eq!(explained[1]["source"], "generated");
}

#[test]
fn what_is_no_explanation_is_replaced() {
    for nonsense in ["", "nonsense", "[1]", "7", "{}", "[", "\"]\"", "null"] {
        let other = writing("policy.explain", nonsense);
        let exchange = before_request_id(other, json!({ "explain": "all" }))
            .get("/")
            .answered_with(200);
        assert_eq!(explanation(&exchange)["source"], "generated", "{nonsense}");
    }
}

#[test]
fn an_explanation_never_holds_what_was_refused() {
    let host = host(json!({ "explain": "all" }));
    let exchange = host
        .get("/")
        .header("x-request-id", "secret;")
        .header("b3", "secret")
        .answered_with(200);
    let text = exchange.filter_state("policy.explain").text();
    assert!(
        text.contains("x-request-id") && text.contains("b3") && !text.contains("secret"),
        "{text}"
    );
}
