//! What is rejected goes to another cluster, which can fail, too.

use super::{
    assert_error, assert_metric, assert_nothing_given_up, echoed, eventually, get, send, stand_with,
    statuses, text,
};
use crate::stand::Stand;
use live::client::Request;
use live::{Answer, Upstream};
use serde_json::{Value, json};

const FILE: &str = "circuit-breaker-fallback.yaml";

/// The sample in front of two servers, of which the second stands for the fallback cluster.
fn stand() -> (Stand, Upstream) {
    stand_of(|_| {})
}

fn stand_of(change: impl FnOnce(&mut Value)) -> (Stand, Upstream) {
    let fallback = Upstream::start().expect("an upstream can be started");
    let stand = stand_with(FILE, |mut sample| {
        change(sample.tree());
        sample.cluster("fallback", fallback.address())
    });
    (stand, fallback)
}

/// Three failures, after which the breaker of the cluster is open.
#[track_caller]
fn outage(stand: &Stand) {
    assert_eq!(statuses(stand, "/recommendations/status/500", 3), [500; 3]);
}

#[test]
fn what_is_rejected_is_answered_by_the_fallback() {
    let (stand, fallback) = stand();
    outage(&stand);
    assert!(fallback.received().is_empty());
    let response = get(&stand, "/recommendations/status/500");
    assert_eq!(echoed(&response), json!("/bestsellers/status/500"));
    assert_eq!(text(&response, "x-served-by"), "fallback");
    let response = get(&stand, "/recommendations/today");
    assert_eq!(echoed(&response), json!("/bestsellers/today"));
    assert_eq!(
        (stand.upstream.received().len(), fallback.received().len()),
        (3, 2)
    );
    let entry = &stand.envoy.access_log_of(5).expect("each exchange is logged")[4];
    assert_eq!(
        (&entry["cluster"], &entry["circuit"], &entry["code"]),
        (&json!("fallback"), &json!("upstream:open"), &json!(200)),
        "{entry}"
    );
    assert_nothing_given_up(&stand);
}

#[test]
fn what_nothing_could_answer_for_is_rejected() {
    let (stand, fallback) = stand();
    outage(&stand);
    let response = get(&stand, "/orders");
    assert_error(&response, 503, "CIRCUIT_OPEN");
    assert_eq!(text(&response, "x-served-by"), "");
    assert!(fallback.received().is_empty());
}

#[test]
fn no_client_chooses_the_fallback() {
    let (stand, fallback) = stand();
    let choosing = Request::get("/recommendations/today").header("x-fallback", "1");
    let response = send(&stand, &choosing);
    assert_eq!(echoed(&response), json!("/today"));
    assert_eq!(text(&response, "x-served-by"), "");
    assert!(fallback.received().is_empty());
}

#[test]
fn a_fallback_that_fails_is_spared_by_a_breaker_of_its_own() {
    let (stand, fallback) = stand();
    outage(&stand);
    for _ in 0..3 {
        let response = get(&stand, "/recommendations/today?status=500");
        assert_error(&response, 500, "INTERNAL_SERVER_ERROR");
        assert_eq!(text(&response, "x-served-by"), "fallback");
    }
    let response = get(&stand, "/recommendations/today?status=500");
    assert_error(&response, 503, "CIRCUIT_OPEN");
    assert_eq!(text(&response, "x-served-by"), "fallback");
    assert_eq!(
        (stand.upstream.received().len(), fallback.received().len()),
        (3, 3)
    );
    assert_metric(&stand, "circuit_breaker_state{breaker=\"upstream\"}", 1);
    assert_metric(
        &stand,
        "circuit_breaker_state{breaker=\"fallback\",position=\"upstream\"}",
        1,
    );
    let calls = |labels: &str, outcome: &str| {
        format!("circuit_breaker_calls_total{{{labels},outcome=\"{outcome}\",mode=\"enforce\"}}")
    };
    let (of_upstream, of_fallback) = (
        "breaker=\"upstream\"",
        "breaker=\"fallback\",position=\"upstream\"",
    );
    assert_metric(&stand, &calls(of_upstream, "failure"), 3);
    assert_metric(&stand, &calls(of_upstream, "rejected"), 4);
    assert_metric(&stand, &calls(of_fallback, "failure"), 3);
    assert_metric(&stand, &calls(of_fallback, "rejected"), 1);
    assert_nothing_given_up(&stand);
}

#[test]
fn when_the_cluster_works_again_it_answers_itself() {
    let (stand, _fallback) = stand_of(|tree| {
        // What a user waits half a minute for.
        let filters = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
        let filters = tree.pointer_mut(filters).and_then(Value::as_array_mut);
        let breaker = filters
            .and_then(|filters| {
                filters
                    .iter_mut()
                    .find(|filter| filter["name"] == "circuit-breaker")
            })
            .expect("the plugin is among the filters");
        let text = &mut breaker["typed_config"]["config"]["configuration"]["value"];
        let sooner = text
            .as_str()
            .expect("a text")
            .replace(r#""for": "30s""#, r#""for": "1s""#);
        *text = json!(sooner);
    });
    outage(&stand);
    stand.upstream.answer("/status/500", Answer::ok());
    let response = eventually("an answer of the cluster's own", || {
        let response = get(&stand, "/recommendations/status/500");
        text(&response, "x-served-by").is_empty().then_some(response)
    });
    assert_eq!(echoed(&response), json!("/status/500"));
}
