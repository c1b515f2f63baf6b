//! From the id in an error body to what the plugins made of that request: its entry in the access log with the explanation,
//! and the lines of the log, in the samples that users copy.

use crate::samples::stand_with;
use crate::stand::Stand;
use host_tests::document::Document;
use live::client::{Request, Response};
use live::wait;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const BOUND: Duration = Duration::from_secs(20);
/// The upstream's own words, which are no error body.
const NOT_FOUND: &str = "/orders?status=404&body=no%20such%20order&header=content-type:text/plain";
const UNAVAILABLE: &str = "/orders?status=503&body=maintenance";
/// More failures in a row than any of the samples bears.
const MANY: usize = 6;

#[track_caller]
fn get(stand: &Stand, path: &str) -> Response {
    let response = stand.envoy.send(&Request::get(path));
    response.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The id in the body that the client got: all that somebody who calls for help has.
#[track_caller]
fn id(response: &Response) -> String {
    let body: Value =
        serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {}", response.text()));
    body["request_id"].as_str().expect("it has an id").to_owned()
}

/// The one entry of the access log that has the id.
#[track_caller]
fn entry(stand: &Stand, id: &str) -> Value {
    let found = wait::until(BOUND, "the entry of the request", || {
        let mut log = stand.envoy.access_log()?;
        log.retain(|entry| entry["request_id"] == id);
        Ok((!log.is_empty()).then_some(log))
    });
    let mut found = found.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

/// What each plugin says of the request, the innermost first.
#[track_caller]
fn explanations(entry: &Value) -> Vec<Value> {
    let text = entry["explain"]
        .as_str()
        .unwrap_or_else(|| panic!("no explanation: {entry:#}"));
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The lines of the plugins' log that have the id, once there is one of this event.
#[track_caller]
fn lines(stand: &Stand, id: &str, event: &str) -> Vec<Value> {
    let found = wait::until(BOUND, "the line of the request", || {
        let log = stand.envoy.log()?;
        let lines: Vec<Value> = log
            .lines()
            .filter(|line| line.contains(id))
            .filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok())
            .collect();
        Ok(lines.iter().any(|line| line["event"] == event).then_some(lines))
    });
    found.unwrap_or_else(|error| panic!("{error}"))
}

/// Those members of what a plugin says are these.
#[track_caller]
fn assert_says(explanations: &[Value], plugin: &str, members: &Value) {
    let said = explanations.iter().find(|said| said["plugin"] == plugin);
    let said = said.unwrap_or_else(|| panic!("nothing of {plugin} in {explanations:#?}"));
    for (member, value) in members.as_object().expect("they are an object") {
        assert_eq!(&said[member], value, "{plugin}: {member} of {said:#}");
    }
}

fn plugins(explanations: &[Value]) -> Vec<&str> {
    let plugins = explanations.iter();
    plugins.filter_map(|said| said["plugin"].as_str()).collect()
}

/// One request that is retried, one that is rejected and one that is only enveloped, each found by the id of its body.
#[track_caller]
fn check(stand: &Stand) {
    let enveloped = get(stand, NOT_FOUND);
    assert_eq!(enveloped.status, 404);
    let enveloped = entry(stand, &id(&enveloped));
    let said = explanations(&enveloped);
    assert_eq!(
        plugins(&said),
        ["retry", "circuit-breaker", "request-id", "error-envelope"]
    );
    assert_says(
        &said,
        "error-envelope",
        &json!({ "rule": "default", "mode": "enforce", "error_code": "NOT_FOUND", "origin": "upstream",
                 "body": "replaced_with_message", "format": "standard" }),
    );
    assert_says(
        &said,
        "circuit-breaker",
        &json!({ "state": "closed", "decision": "admitted", "probe": false }),
    );
    assert!(enveloped["retry"].is_null(), "{enveloped:#}");

    let retried = get(stand, UNAVAILABLE);
    let retried_id = id(&retried);
    let retried = entry(stand, &retried_id);
    assert_eq!(
        [&retried["attempts"], &retried["retry"]],
        [&json!(3), &json!("retried:2")],
        "{retried:#}"
    );
    let said = explanations(&retried);
    assert_says(
        &said,
        "retry",
        &json!({ "rule": "default", "mode": "enforce", "max_retries": 2 }),
    );
    assert_says(
        &said,
        "error-envelope",
        &json!({ "error_code": "SERVICE_UNAVAILABLE", "origin": "upstream", "body": "replaced" }),
    );
    let line = lines(stand, &retried_id, "error");
    assert_eq!(line[0]["details"], "via_upstream", "{line:#?}");

    for _ in 1..MANY {
        get(stand, UNAVAILABLE);
    }
    let rejected_id = id(&get(stand, UNAVAILABLE));
    let rejected = entry(stand, &rejected_id);
    assert_eq!(
        [&rejected["details"], &rejected["circuit"], &rejected["attempts"]],
        [&json!("circuit_breaker_open"), &json!("upstream:open"), &json!(0)],
        "{rejected:#}"
    );
    let said = explanations(&rejected);
    assert_eq!(
        plugins(&said),
        ["circuit-breaker", "request-id", "error-envelope"]
    );
    let decision = json!({ "rule": "default", "mode": "enforce", "breaker": "upstream", "key": "cluster", "state": "open",
                           "decision": "rejected", "because": "open" });
    assert_says(&said, "circuit-breaker", &decision);
    assert!(
        (1..=12).contains(&said[0]["retry_after"].as_u64().expect("a number")),
        "{said:#?}"
    );
    assert_says(
        &said,
        "error-envelope",
        &json!({ "error_code": "CIRCUIT_OPEN", "origin": "local", "body": "kept" }),
    );
    let line = lines(stand, &rejected_id, "error");
    assert_eq!(line[0]["error_code"], "CIRCUIT_OPEN", "{line:#?}");
}

#[test]
fn by_the_id_of_an_error_body_the_chain_explains_the_request() {
    let stand = stand_with("envoy.yaml", Ok);
    check(&stand);
    let works = get(&stand, "/recommendations/");
    let id = works.values("x-request-id").first().map(|id| id.to_vec());
    let id = String::from_utf8(id.expect("it has an id")).expect("an id is text");
    assert!(
        entry(&stand, &id)["explain"].is_null(),
        "what is no error needs no explanation"
    );
}

#[test]
fn by_the_id_of_an_error_body_the_edge_explains_the_request() {
    check(&stand_with("edge.yaml", Ok));
}

#[test]
fn by_the_id_of_an_error_body_the_one_module_explains_the_request() {
    check(&stand_with("policies.yaml", Ok));
}

#[test]
fn the_request_that_opened_the_breaker_has_the_transition_under_its_id() {
    let stand = stand_with("envoy.yaml", Ok);
    for _ in 1..3 {
        get(&stand, UNAVAILABLE);
    }
    let id = id(&get(&stand, UNAVAILABLE));
    let lines = lines(&stand, &id, "transition");
    let transition = lines.iter().find(|line| line["event"] == "transition");
    let transition = transition.expect("it is there");
    assert_eq!(
        [
            &transition["from"],
            &transition["to"],
            &transition["reason"],
            &transition["consecutive_failures"]
        ],
        [
            &json!("closed"),
            &json!("open"),
            &json!("consecutive_failures"),
            &json!(3)
        ]
    );
}

#[test]
fn the_page_names_every_member_of_an_explanation() {
    let stand = stand_with("envoy.yaml", Ok);
    let requests = [
        Request::post("/payments/charge", ""),
        Request::get(NOT_FOUND).header("x-request-id", "a;b"),
        Request::get("/status/503").header("x-envoy-attempt-count", "2"),
        Request::get("/status/503"),
        Request::get("/status/503"),
        Request::get("/status/503"),
    ];
    for request in &requests {
        stand.envoy.send(request).expect("there is an answer");
    }
    let log = stand
        .envoy
        .access_log_of(requests.len())
        .expect("they are logged");
    let members: BTreeSet<String> = log
        .iter()
        .flat_map(explanations)
        .flat_map(|said| {
            said.as_object()
                .expect("it is one")
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(members.len() >= 18, "{members:?}");
    let named = Document::open("docs/one-request.md")
        .section("What each plugin says")
        .codes();
    for member in members {
        assert!(named.contains(&member), "{member} is not among {named:?}");
    }
}
