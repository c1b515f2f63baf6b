//! What a finding says will happen, does; and does not where it is cured.

use super::ids;
use crate::samples::{load_built_modules, text};
use live::client::Request;
use live::{Envoy, Sample, Upstream};
use serde_json::{Value, json};

const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

/// An Envoy with error-envelope, request-id and circuit-breaker, and one more filter at this place in the list.
struct Chain {
    envoy: Envoy,
    _upstream: Upstream,
    ids: Vec<String>,
}

#[track_caller]
fn chain(filter: &Value, place: usize, change: impl FnOnce(&mut Value)) -> Chain {
    let upstream = Upstream::start().expect("an upstream can be started");
    let mut sample = Sample::load("circuit-breaker.yaml")
        .and_then(|sample| sample.on_free_ports().upstream(upstream.address()))
        .unwrap_or_else(|error| panic!("{error}"));
    load_built_modules(sample.tree());
    let manager = sample.tree().pointer_mut(MANAGER).expect("there is a manager");
    let filters = manager["http_filters"].as_array_mut().expect("there are filters");
    if !filter.is_null() {
        filters.insert(place, filter.clone());
    }
    change(manager);
    let yaml = sample.to_yaml();
    let envoy = Envoy::with(&yaml)
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    Chain {
        envoy,
        _upstream: upstream,
        ids: ids(&yaml),
    }
}

impl Chain {
    #[track_caller]
    fn get(&self, request: &Request) -> live::client::Response {
        self.envoy.send(request).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A filter that refuses everything below /internal.
fn guard() -> Value {
    json!({
        "name": "guard",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC",
            "rules": { "action": "DENY", "policies": { "internal": {
                "permissions": [{ "url_path": { "path": { "prefix": "/internal" } } }],
                "principals": [{ "any": true }],
            } } },
        },
    })
}

fn compressor() -> Value {
    json!({
        "name": "gzip",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor",
            "compressor_library": {
                "name": "gzip",
                "typed_config": { "@type": "type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip" },
            },
            "response_direction_config": { "common_config": { "min_content_length": 30 } },
        },
    })
}

/// Where a filter is in the list: before all, behind error-envelope and request-id, behind the breaker.
const FIRST: usize = 0;
const BEHIND_IDS: usize = 2;
const BEHIND_BREAKER: usize = 3;

#[test]
fn what_a_filter_before_the_plugins_refuses_has_neither_a_body_nor_an_id_of_theirs() {
    let broken = chain(&guard(), FIRST, |_| {});
    assert_eq!(broken.ids, ["envelope-not-first", "request-id-late"]);
    let refused = broken.get(&Request::get("/internal"));
    assert_eq!(
        (refused.status, text(&refused, "x-error-code")),
        (403, String::new())
    );
    assert_eq!(text(&refused, "x-request-id"), "");

    let cured = chain(&guard(), BEHIND_IDS, |_| {});
    assert_eq!(cured.ids, [""; 0]);
    let refused = cured.get(&Request::get("/internal"));
    assert_eq!(
        (refused.status, text(&refused, "x-error-code")),
        (403, "ACCESS_DENIED".to_owned())
    );
    assert_ne!(text(&refused, "x-request-id"), "");
}

#[test]
fn an_open_breaker_answers_what_a_filter_behind_it_would_refuse() {
    let refused = |chain: &Chain| {
        for _ in 0..10 {
            chain.get(&Request::get("/status/503"));
        }
        assert_eq!(
            text(&chain.get(&Request::get("/")), "x-error-code"),
            "CIRCUIT_OPEN"
        );
        text(&chain.get(&Request::get("/internal")), "x-error-code")
    };
    let broken = chain(&guard(), BEHIND_BREAKER, |_| {});
    assert_eq!(broken.ids, ["breaker-before-refusals"]);
    assert_eq!(refused(&broken), "CIRCUIT_OPEN");
    let cured = chain(&guard(), BEHIND_IDS, |_| {});
    assert_eq!(refused(&cured), "ACCESS_DENIED");
}

#[test]
fn an_error_that_is_compressed_before_the_envelope_sees_it_loses_its_message() {
    // The upstream's own message, in a body that is long enough to be compressed.
    let path = "/status/404?body=the%20order%207%20of%20the%20customer%209%20was%20not%20found%20in%20any%20of%20the%20stores&header=content-type:text/plain";
    let message = |chain: &Chain| {
        let asked = Request::get(path).header("accept-encoding", "gzip");
        let response = chain.get(&asked);
        assert_eq!(response.status, 404);
        response
    };
    let broken = chain(&compressor(), BEHIND_BREAKER, |_| {});
    assert_eq!(broken.ids, ["compressed-errors"]);
    let lost = message(&broken);
    assert!(
        !String::from_utf8_lossy(&lost.body).contains("the order 7"),
        "{lost:?}"
    );
    // Behind it all, where answers are compressed last.
    let cured = chain(&compressor(), FIRST, |_| {});
    assert_eq!(cured.ids, [""; 0]);
    let kept = cured.get(&Request::get(path));
    assert!(
        String::from_utf8_lossy(&kept.body).contains("the order 7"),
        "{kept:?}"
    );
    assert_eq!(text(&message(&cured), "content-encoding"), "gzip");
}

#[test]
fn envoys_own_ids_take_the_place_of_the_clients() {
    let asked = Request::get("/")
        .header("x-request-id", "of-the-client")
        .header("x-forwarded-for", "203.0.113.7");
    let broken = chain(&Value::Null, FIRST, |manager| {
        manager["generate_request_id"] = json!(true)
    });
    assert_eq!(broken.ids, ["ids-of-envoy"]);
    assert_ne!(text(&broken.get(&asked), "x-request-id"), "of-the-client");
    let cured = chain(&Value::Null, FIRST, |_| {});
    assert_eq!(text(&cured.get(&asked), "x-request-id"), "of-the-client");
}

#[test]
fn a_reply_of_the_breaker_is_wrapped_by_a_mapper_that_does_not_leave_it_alone() {
    let wrapped = |chain: &Chain| {
        for _ in 0..10 {
            chain.get(&Request::get("/status/503"));
        }
        let response = chain.get(&Request::get("/"));
        let body: Value = serde_json::from_slice(&response.body).expect("it is JSON");
        body["error_code"].as_str().unwrap_or_default().to_owned()
    };
    let mapper = format!("{MANAGER}/local_reply_config/mappers/0/filter");
    let broken = chain(&Value::Null, FIRST, |manager| {
        let filter = mapper.strip_prefix(MANAGER).expect("it is below the manager");
        let filter = manager.pointer_mut(filter).expect("there is a mapper");
        *filter = json!({ "status_code_filter": { "comparison": { "op": "GE", "value": { "default_value": 400, "runtime_key": "none" } } } });
    });
    assert_eq!(broken.ids, ["replies-wrapped"]);
    assert_eq!(wrapped(&broken), "REFUSED");
    let cured = chain(&Value::Null, FIRST, |_| {});
    assert_eq!(wrapped(&cured), "CIRCUIT_OPEN");
}
