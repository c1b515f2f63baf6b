//! Configurations as Envoy hands them over.

use crate::stand::{Stand, is_uuid, sample};
use live::client::Request;
use live::{Upstream, validate};
use serde_json::json;

#[test]
fn a_bad_configuration_is_refused_with_every_place_named() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let bad = json!({
        "default": { "max_length": 0, "generate": "uuid9" },
        "routes": [{ "match": { "path": "/a" }, "policy": { "trace_context": "create" } }],
        "tpyo": 1,
    });
    let bad = sample(&upstream)
        .configuration("request-id", &bad)
        .expect("the sample has the plugin");
    let validation = validate(&bad.to_yaml()).expect("Envoy can validate");
    assert!(!validation.accepted, "{}", validation.output);
    for path in [
        "default.max_length",
        "default.generate",
        "routes[0].policy.trace_context",
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
fn the_samples_are_accepted_as_they_are() {
    let root = plugin_root();
    for name in ["request-id.yaml", "request-id-tracing.yaml"] {
        let sample = live::Sample::load(name)
            .and_then(|sample| sample.module("request-id", root.join("dist/request_id.wasm")))
            .expect("the sample has the plugin");
        let validation = validate(&sample.to_yaml()).expect("Envoy can validate");
        assert!(validation.accepted, "{name}:\n{}", validation.output);
    }
}

fn plugin_root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace is around this crate")
        .to_owned()
}

#[test]
fn text_and_struct_mean_the_same() {
    let configuration = json!({
        "mode": "enforce",
        "enforce_percent": 100,
        "default": { "max_length": 4, "generate": "uuid4", "response_headers": ["x-request-id", "x-id"] },
        "routes": [{ "match": { "path_prefix": "/orders" }, "policy": { "max_length": 8 } }],
    });
    let as_text = Stand::configured(configuration.clone());
    let as_struct = Stand::with(|sample| {
        sample
            .configuration_struct("request-id", &configuration)
            .expect("the sample has the plugin")
    });
    for stand in [as_text, as_struct] {
        let id = |path: &str, id: &str| stand.send(&Request::get(path).header("x-request-id", id)).id();
        assert_eq!(id("/", "1234"), "1234");
        assert!(is_uuid(&id("/", "12345"), '4'));
        assert_eq!(id("/orders/1", "12345678"), "12345678");
        assert!(
            is_uuid(&id("/ordersx", "12345678"), '4'),
            "a prefix ends at a segment"
        );
        let response = stand.get("/").response;
        assert_eq!(response.values("x-id"), response.values("x-request-id"));
    }
}

#[test]
fn no_configuration_means_the_documented_defaults() {
    let stand = Stand::with(|sample| {
        sample
            .without_configuration("request-id")
            .expect("the sample has the plugin")
    });
    assert!(is_uuid(&stand.get("/").id(), '7'));
    assert_eq!(
        stand
            .send(&Request::get("/").header("x-correlation-id", "c-1"))
            .id(),
        "c-1"
    );
    stand.assert_sound();
}

#[test]
fn in_shadow_mode_nothing_is_changed_and_all_is_counted() {
    let stand = Stand::configured(json!({ "mode": "shadow" }));
    let outcome = stand.send(
        &Request::get("/")
            .header("x-request-id", "a;b")
            .header("x-correlation-id", "c"),
    );
    assert_eq!(outcome.received().values("x-request-id"), [b"a;b"]);
    assert_eq!(outcome.response.values("x-request-id"), Vec::<&[u8]>::new());
    for source in ["accepted", "rejected"] {
        let series = format!("request_ids_total{{source=\"{source}\"}}");
        stand
            .envoy
            .metric_reaches(&series, 1)
            .expect("a shadowed request is counted");
    }
    let entry = &stand.envoy.access_log_of(1).expect("the exchange is logged")[0];
    assert!(entry["request_id"].is_null(), "no filter state: {entry}");
}

#[test]
fn an_explanation_is_in_filter_state_where_it_is_asked_for() {
    let stand = Stand::with(|sample| {
        let log = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/access_log/0/typed_config/log_format/json_format/explain";
        let configuration = json!({
            "explain": "errors",
            "routes": [{ "match": { "path_prefix": "/status" }, "profile": "short" }],
            "profiles": { "short": { "max_length": 3 } },
        });
        sample
            .configuration("request-id", &configuration)
            .and_then(|sample| sample.set(log, json!("%FILTER_STATE(wasm.policy.explain:PLAIN)%")))
            .expect("the sample has an access log")
    });
    stand.send(&Request::get("/status/503").header("x-request-id", "long"));
    stand.get("/");
    let log = stand.envoy.access_log_of(2).expect("both exchanges are logged");
    let explanation: serde_json::Value =
        serde_json::from_str(log[0]["explain"].as_str().expect("an error is explained")).expect("it is JSON");
    assert_eq!(
        explanation,
        json!([{ "plugin": "request-id",
            "rule": "routes[0]", "profile": "short", "mode": "enforce", "source": "generated",
            "refused": [{ "header": "x-request-id", "reason": "too_long", "length": 4 }], "trace": "absent",
        }])
    );
    assert!(log[1]["explain"].is_null(), "what is no error is not explained");
}
