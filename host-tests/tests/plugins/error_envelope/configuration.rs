//! Configurations: what is refused says why, and text and Struct mean the same.

use super::{assert_enveloped, problem, text};
use crate::lines;
use host::{Configuration, Host};
use host_tests::plugin::ERROR_ENVELOPE;
use serde_json::{Value, json};

fn plugin(configuration: impl Into<Configuration>) -> Host {
    Host::new(ERROR_ENVELOPE.module()).config(configuration)
}

/// It is refused with a line for each of these places, in this order.
#[track_caller]
fn refused(configuration: impl Into<Configuration>, places: &[&str]) {
    let refused = plugin(configuration).try_start().expect_err("it is refused");
    assert!(!refused.trapped(), "{refused}");
    let lines = lines::of(refused.log());
    assert!(
        lines
            .iter()
            .all(|line| line["event"] == "configuration_refused" && line["plugin"] == "error-envelope")
    );
    let found: Vec<&str> = lines.iter().filter_map(|line| line["path"].as_str()).collect();
    assert_eq!(found, places);
}

#[test]
fn every_fault_has_a_line_with_its_place() {
    refused(
        r#"{
            "mode": "on",
            "tpyo": 1,
            "default": { "format": "xml", "statuses": [200], "origins": ["nobody"], "passthrough": true,
                         "upstream_message": "some", "max_body_bytes": 16777217, "documentation_base_url": "docs" },
            "routes": [{ "match": { "path": "/a" }, "policy": { "context_headers": { "who": "authorization" } } }]
        }"#,
        &[
            "mode",
            "tpyo",
            "default.format",
            "default.statuses[0]",
            "default.origins[0]",
            "default.passthrough",
            "default.upstream_message",
            "default.max_body_bytes",
            "default.documentation_base_url",
            "routes[0].policy.context_headers.who",
        ],
    );
}

#[test]
fn headers_that_may_hold_a_secret_are_no_context() {
    for header in [
        "authorization",
        "cookie",
        "x-api-key",
        "x-auth-token",
        "x-client-secret",
        "proxy-authorization",
    ] {
        refused(
            json!({ "default": { "context_headers": { "who": header } } }),
            &["default.context_headers.who"],
        );
    }
}

#[test]
fn an_entry_of_the_catalogue_that_is_never_reached_is_refused() {
    let catalog = json!([
        { "when": { "status": "4xx" }, "error_code": "A" },
        { "when": { "status": 404 }, "error_code": "B" },
    ]);
    refused(
        json!({ "default": { "catalog": catalog } }),
        &["default.catalog[1].when"],
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    for nonsense in [&b"{"[..], b"nonsense", b"[]", b"7", b"\xff\xff\xff", b"{} {}"] {
        let refused = plugin(nonsense).try_start().expect_err("it is refused");
        assert!(!refused.trapped(), "{refused}");
    }
}

#[test]
fn nothing_and_an_empty_object_mean_the_defaults() {
    for host in [
        Host::new(ERROR_ENVELOPE.module()),
        plugin(json!({})),
        plugin(Configuration::as_struct(json!({}))),
    ] {
        assert_enveloped(
            &host.get("/").answered_with(text(503, "busy")),
            503,
            "SERVICE_UNAVAILABLE",
        );
        host.get("/")
            .answered_with(super::json_error(503, "{}"))
            .expect_body("{}");
    }
}

fn everything() -> Value {
    json!({
        "service_name": "shop",
        "default": {
            "format": "problem", "statuses": ["4xx", 503], "origins": ["upstream"], "passthrough": "never",
            "upstream_message": "always", "max_body_bytes": 100, "documentation_base_url": "https://docs.example/",
            "context_headers": { "tenant": "x-tenant" },
            "catalog": [{ "when": { "status": 503 }, "error_code": "CLOSED", "status": 502, "retryable": false }],
        },
    })
}

#[test]
fn text_and_struct_mean_the_same() {
    let told = |configuration: Configuration| {
        let request = plugin(configuration);
        let request = request
            .get("/")
            .header("x-request-id", "r-1")
            .header("x-tenant", "t-1");
        problem(&request.answered_with(text(503, "mine")))
    };
    let expected = json!({
        "type": "https://docs.example/CLOSED", "title": "Bad Gateway", "status": 502, "detail": "mine", "trace_id": "r-1",
        "request_id": "r-1", "error_code": "CLOSED", "timestamp": "2026-01-01T00:00:00.000Z", "service_name": "shop",
        "context": { "tenant": "t-1" }, "retryable": false,
    });
    assert_eq!(told(everything().into()), expected);
    assert_eq!(told(Configuration::as_struct(everything())), expected);
}

#[test]
fn an_update_holds_from_the_next_request_on() {
    let host = Host::new(ERROR_ENVELOPE.module())
        .plugin_name("errors")
        .config(json!({}));
    let in_flight = host.get("/").expect_forwarded();
    host.update("errors", json!({ "default": { "format": "problem" } }))
        .expect("it is accepted");
    assert_enveloped(&in_flight.answer(text(404, "no")), 404, "NOT_FOUND");
    problem(&host.get("/").answered_with(text(404, "no")));
    host.update("errors", json!({ "tpyo": 1 }))
        .expect_err("it is refused");
    problem(&host.get("/").answered_with(text(404, "no")));
}
