//! Configurations as Envoy hands them over.

use super::{object, problem_of, standard};
use crate::stand::{Stand, sample_of};
use host_tests::plugin::ERROR_ENVELOPE;
use live::{Upstream, validate};
use serde_json::json;

#[test]
fn a_bad_configuration_is_refused_with_every_place_named() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let bad = json!({
        "default": { "format": "xml", "max_body_bytes": -1, "context_headers": { "who": "cookie" } },
        "routes": [{ "match": { "path": "/a" }, "policy": { "catalog": [{ "when": {}, "error_code": "lower" }] } }],
        "tpyo": 1,
    });
    let bad = sample_of(&ERROR_ENVELOPE, &upstream)
        .configuration("error-envelope", &bad)
        .expect("the sample has the plugin");
    let validation = validate(&bad.to_yaml()).expect("Envoy can validate");
    assert!(!validation.accepted, "{}", validation.output);
    for path in [
        "default.format",
        "default.max_body_bytes",
        "default.context_headers.who",
        "routes[0].policy.catalog[0].when",
        "routes[0].policy.catalog[0].error_code",
        "tpyo",
    ] {
        assert!(
            validation.output.contains(path),
            "{path} is not in:\n{}",
            validation.output
        );
    }
}

#[test]
fn the_sample_is_accepted_as_it_is() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let validation = validate(&sample_of(&ERROR_ENVELOPE, &upstream).to_yaml()).expect("Envoy can validate");
    assert!(validation.accepted, "{}", validation.output);
}

#[test]
fn text_and_struct_mean_the_same() {
    let configuration = json!({
        "enforce_percent": 100,
        "default": {
            "format": "problem", "max_body_bytes": 1000, "documentation_base_url": "https://docs.example/",
            "catalog": [{ "when": { "status": 503 }, "error_code": "SHOP_CLOSED", "status": 502, "retryable": false }],
        },
    });
    let as_text = Stand::of(&ERROR_ENVELOPE, |sample| {
        sample
            .configuration("error-envelope", &configuration)
            .expect("the sample has the plugin")
    });
    let as_struct = Stand::of(&ERROR_ENVELOPE, |sample| {
        sample
            .configuration_struct("error-envelope", &configuration)
            .expect("the sample has the plugin")
    });
    for stand in [as_text, as_struct] {
        let response = stand.get("/nobody").response;
        let body = object(&response, "application/problem+json");
        assert_eq!(
            (response.status, &body["error_code"], &body["retryable"]),
            (502, &json!("SHOP_CLOSED"), &json!(false))
        );
        assert_eq!(body["type"], "https://docs.example/SHOP_CLOSED");
    }
}

#[test]
fn no_configuration_means_the_documented_defaults() {
    let stand = Stand::of(&ERROR_ENVELOPE, |sample| {
        sample
            .without_configuration("error-envelope")
            .expect("the sample has the plugin")
    });
    let body = standard(&stand.get("/nobody").response, 503, "UPSTREAM_UNAVAILABLE");
    assert_eq!(
        (body.get("service_name"), body.get("documentation_url")),
        (None, None)
    );
    object(
        &stand.send(&problem_of("/gone")).response,
        "application/problem+json",
    );
    assert!(
        stand
            .get("/status/404")
            .response
            .values("x-error-code")
            .is_empty(),
        "structured errors stay"
    );
}
