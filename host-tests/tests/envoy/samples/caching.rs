//! Envoy's cache between the plugins: what it has is answered with the request's own id, and whatever the breaker says.

use super::{assert_error, assert_metric, assert_nothing_given_up, body, stand, text};
use crate::stand::Stand;
use live::client::{Request, Response};
use serde_json::json;

const FILE: &str = "caching.yaml";
/// An answer that may be stored.
const NEWS: &str = "/news?header=cache-control:max-age=600";

/// Without what is planted elsewhere: Envoy stores nothing for who is authorised.
#[track_caller]
fn send(stand: &Stand, request: &Request) -> Response {
    super::send(stand, &request.clone().without_secrets())
}

#[track_caller]
fn get(stand: &Stand, path: &str) -> Response {
    send(stand, &Request::get(path))
}

/// Asserts that an answer comes from the cache, or not.
#[track_caller]
fn assert_cached(response: &Response, cached: bool) {
    let age = text(response, "age");
    assert_eq!(age.parse::<u64>().is_ok(), cached, "{response:?}");
}

#[track_caller]
fn assert_calls(stand: &Stand, outcome: &str, count: u64) {
    let labels = "breaker=\"upstream\",position=\"upstream\"";
    let series = format!("circuit_breaker_calls_total{{{labels},outcome=\"{outcome}\",mode=\"enforce\"}}");
    assert_metric(stand, &series, count);
}

#[test]
fn what_is_cached_is_answered_with_the_requests_own_id() {
    let stand = stand(FILE);
    // Even where the upstream's answer, which is what is stored, has an id.
    let path = format!("{NEWS}&header=x-request-id:stored");
    let asking = |id: &str| Request::get(&path).header("x-request-id", id);
    for (id, cached) in [("first", false), ("second", true), ("third", true)] {
        let response = send(&stand, &asking(id));
        assert_eq!(response.status, 200);
        assert_cached(&response, cached);
        assert_eq!(text(&response, "x-request-id"), id);
    }
    let [generated, other] = [get(&stand, &path), get(&stand, &path)];
    assert_cached(&generated, true);
    assert_ne!(text(&generated, "x-request-id"), text(&other, "x-request-id"));
    assert_eq!(stand.upstream.received().len(), 1);

    let entries = stand.envoy.access_log_of(3).expect("each exchange is logged");
    let told: Vec<_> = entries[..3]
        .iter()
        .map(|entry| (entry["details"].clone(), entry["request_id"].clone()))
        .collect();
    let from_cache = json!("cache.response_from_cache_filter");
    assert_eq!(
        told,
        [
            (json!("via_upstream"), json!("first")),
            (from_cache.clone(), json!("second")),
            (from_cache, json!("third")),
        ]
    );
    // The only call that the breaker saw.
    assert_calls(&stand, "success", 1);
    assert_nothing_given_up(&stand);
}

#[test]
fn what_is_for_one_caller_is_neither_stored_nor_taken_from_the_store() {
    let stand = stand(FILE);
    assert_cached(&get(&stand, NEWS), false);
    assert_cached(&get(&stand, NEWS), true);
    for _ in 0..2 {
        assert_cached(
            &send(&stand, &Request::get(NEWS).header("authorization", "me")),
            false,
        );
    }
    assert_cached(&send(&stand, &Request::post(NEWS, "")), false);
    assert_eq!(stand.upstream.received().len(), 4);
    assert_calls(&stand, "success", 4);
}

#[test]
fn a_cached_error_has_the_one_body_and_its_own_id() {
    let stand = stand(FILE);
    let path = "/status/404?header=cache-control:max-age=600";
    let mut ids = Vec::new();
    for cached in [false, true] {
        let response = get(&stand, path);
        assert_eq!(response.status, 404);
        assert_cached(&response, cached);
        let body = body(&response);
        assert_eq!(body["error_code"], json!("NOT_FOUND"));
        assert_eq!(body["request_id"], json!(text(&response, "x-request-id")));
        ids.push(body["request_id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(stand.upstream.received().len(), 1);
}

#[test]
fn what_the_cache_asks_for_is_tried_again_and_an_open_breaker_keeps_nobody_from_what_it_has() {
    let stand = stand(FILE);
    assert_cached(&get(&stand, NEWS), false);
    stand.upstream.take_received();

    let failed = get(&stand, "/status/503");
    assert_eq!(
        (failed.status, &body(&failed)["error_code"]),
        (503, &json!("SERVICE_UNAVAILABLE"))
    );
    assert_eq!(
        stand.upstream.take_received().len(),
        3,
        "it was tried three times"
    );
    assert_error(&get(&stand, "/status/503"), 503, "CIRCUIT_OPEN");
    assert_error(&get(&stand, "/orders"), 503, "CIRCUIT_OPEN");
    let cached = get(&stand, NEWS);
    assert_eq!(cached.status, 200);
    assert_cached(&cached, true);
    assert!(stand.upstream.received().is_empty());
    assert_calls(&stand, "failure", 3);
    assert_calls(&stand, "rejected", 2);
    assert_nothing_given_up(&stand);
}

#[test]
fn what_stands_between_the_cache_and_the_router_is_passed_by() {
    // Why the breaker stands in the cluster: in front of the router it would see nothing of what the cache sends on.
    let stand = super::stand_with(FILE, |mut sample| {
        let breaker = sample
            .tree()
            .pointer(&format!("{UPSTREAM}/1"))
            .cloned()
            .expect("the cluster has filters");
        let filters = sample.tree().pointer_mut(DOWNSTREAM);
        let filters = filters
            .and_then(|filters| filters.as_array_mut())
            .expect("filters");
        let router = filters.len() - 1;
        filters.insert(router, breaker);
        let of_cluster = sample.tree().pointer_mut(UPSTREAM);
        let of_cluster = of_cluster
            .and_then(|filters| filters.as_array_mut())
            .expect("filters");
        of_cluster.remove(1);
        Ok(sample)
    });
    let sent_on: Vec<u16> = (0..4).map(|_| get(&stand, "/status/500").status).collect();
    assert_eq!(sent_on, [500; 4]);
    let metrics = stand.envoy.prometheus().expect("Envoy tells its metrics");
    assert!(!metrics.contains("circuit_breaker_calls_total"), "{metrics}");
    // What is never stored takes the whole way.
    let posting = Request::post("/status/500", "");
    let posted: Vec<u16> = (0..4).map(|_| send(&stand, &posting).status).collect();
    assert_eq!(posted, [500, 500, 500, 503]);
}

const DOWNSTREAM: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
const UPSTREAM: &str = "/static_resources/clusters/0/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions/http_filters";
