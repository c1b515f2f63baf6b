//! Each reason for which Envoy answers by itself, and each of its filters in the sample: one body, a code of its own.

use super::{object, one_id, problem_of, stand, standard};
use crate::stand::{Outcome, Stand};
use live::Answer;
use live::client::Request;
use serde_json::{Value, json};

/// What the sample shows: path, status, code, origin, the beginning of Envoy's details, and the route.
const REASONS: [(&str, u16, &str, &str, &str, &str); 13] = [
    (
        "/no-such-route",
        404,
        "ROUTE_NOT_FOUND",
        "local",
        "route_not_found",
        "",
    ),
    (
        "/nobody",
        503,
        "UPSTREAM_UNAVAILABLE",
        "local",
        "no_healthy_upstream",
        "nobody",
    ),
    (
        "/refused",
        503,
        "UPSTREAM_CONNECT_FAILURE",
        "local",
        "upstream_reset_before_response_started{remote_connection_failure",
        "refused",
    ),
    (
        "/slow/3000",
        504,
        "UPSTREAM_TIMEOUT",
        "local",
        "response_timeout",
        "slow",
    ),
    (
        "/full",
        503,
        "UPSTREAM_OVERLOADED",
        "local",
        "upstream_reset_before_response_started{overflow}",
        "full",
    ),
    (
        "/broken",
        503,
        "UPSTREAM_RESET",
        "local",
        "upstream_reset_before_response_started{connection_termination}",
        "everything-else",
    ),
    (
        "/limited",
        429,
        "RATE_LIMITED",
        "local",
        "local_rate_limited",
        "limited",
    ),
    (
        "/forbidden",
        403,
        "ACCESS_DENIED",
        "local",
        "rbac_access_denied_matched_policy[none]",
        "forbidden",
    ),
    (
        "/upload",
        413,
        "REQUEST_TOO_LARGE",
        "local",
        "request_payload_too_large",
        "upload",
    ),
    (
        "/maintenance",
        503,
        "SERVICE_UNAVAILABLE",
        "local",
        "direct_response",
        "maintenance",
    ),
    ("/gone", 410, "GONE", "local", "direct_response", "gone"),
    (
        "/strict/status/404",
        404,
        "NOT_FOUND",
        "upstream",
        "via_upstream",
        "strict",
    ),
    (
        "/bare",
        500,
        "INTERNAL_SERVER_ERROR",
        "upstream",
        "via_upstream",
        "everything-else",
    ),
];

/// One request for each, in order; the first to `/limited` passes.
fn send(stand: &Stand, path: &str, accept: &str) -> Outcome {
    let request = if path == "/upload" {
        Request::post(path, "x".repeat(2000))
    } else {
        Request::get(path)
    };
    stand.send(&request.header("accept", accept).header("x-tenant", "t-1"))
}

fn prepared() -> Stand {
    let stand = stand();
    stand.upstream.answer("/broken", Answer::reset());
    stand
        .upstream
        .answer("/bare", Answer::status(500).expect("it is a status").body(""));
    assert_eq!(stand.get("/limited").response.status, 200, "one request a minute");
    stand
}

#[test]
fn every_reason_of_the_sample_has_one_body_and_a_code_of_its_own() {
    let stand = prepared();
    let mut ids = Vec::new();
    for (path, status, code, ..) in REASONS {
        let outcome = send(&stand, path, "*/*");
        let body = standard(&outcome.response, status, code);
        assert_eq!(outcome.response.values("vary"), [b"Accept"], "{path}");
        assert_eq!(body["service_name"], "demo");
        assert_eq!(body["context"], json!({ "tenant": "t-1" }));
        assert_eq!(
            body["documentation_url"],
            format!("https://docs.example/errors/{code}")
        );
        ids.push(one_id(&outcome));
        // Nothing of Envoy's own texts.
        let text = outcome.response.text();
        for own in [
            "upstream connect",
            "reset reason",
            "no healthy",
            "RBAC",
            "local_rate_limited",
            "back at noon",
            "timeout",
            "Payload",
        ] {
            assert!(!text.contains(own), "{path}: {text}");
        }
    }
    assert_told(&stand, &ids);
    stand.assert_sound();
}

/// Access log, plugin's log and metrics tell the same.
#[track_caller]
fn assert_told(stand: &Stand, ids: &[String]) {
    let entries = stand
        .envoy
        .access_log_of(REASONS.len() + 1)
        .expect("every exchange is logged");
    for ((entry, (path, status, code, origin, details, route)), id) in
        entries[1..].iter().zip(REASONS).zip(ids)
    {
        assert_eq!((&entry["path"], &entry["code"]), (&json!(path), &json!(status)));
        assert_eq!(
            (&entry["error_code"], &entry["error_origin"]),
            (&json!(code), &json!(origin)),
            "{entry}"
        );
        assert_eq!(entry["request_id"], id.as_str(), "{entry}");
        assert_eq!(entry["route"].as_str().unwrap_or_default(), route, "{entry}");
        assert!(
            entry["details"]
                .as_str()
                .is_some_and(|text| text.starts_with(details)),
            "{entry}"
        );
    }
    let log = stand
        .envoy
        .log_with("\"error_code\":\"INTERNAL_SERVER_ERROR\"")
        .expect("the last one is logged");
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.contains("\"event\":\"error\""))
        .map(|line| {
            serde_json::from_str(&line[line.find('{').expect("there is an object")..]).expect("it is JSON")
        })
        .collect();
    // The bound of lines a second may hold some back; one of the answers takes a second.
    assert!(lines.len() >= 10, "{log}");
    for line in &lines {
        let at = ids
            .iter()
            .position(|id| line["request_id"] == id.as_str())
            .expect("it is one of these");
        let (_, status, code, origin, details, route) = REASONS[at];
        assert_eq!(
            (&line["status"], &line["error_code"], &line["origin"]),
            (&json!(status), &json!(code), &json!(origin))
        );
        assert_eq!(line["severity"], if status < 500 { "WARN" } else { "ERROR" });
        assert_eq!(
            (&line["route"], &line["service_name"]),
            (&json!(route), &json!("demo"))
        );
        assert!(
            line["details"]
                .as_str()
                .is_some_and(|text| text.starts_with(details)),
            "{line}"
        );
        assert!(
            line["duration_ms"].is_u64() && line["timestamp"].is_string() && line["trace_id"].is_string(),
            "{line}"
        );
    }
    for (_, status, code, origin, ..) in REASONS {
        let class = if status < 500 {
            "client_error"
        } else {
            "server_error"
        };
        let series = format!(
            "errors_total{{error_code=\"{code}\",class=\"{class}\",origin=\"{origin}\",mode=\"enforce\"}}"
        );
        stand
            .envoy
            .metric_reaches(&series, 1)
            .unwrap_or_else(|error| panic!("{error}\n{:?}", stand.envoy.prometheus()));
    }
}

#[test]
fn every_reason_of_the_sample_can_be_a_problem() {
    let stand = prepared();
    for (path, status, code, ..) in REASONS {
        let outcome = send(&stand, path, "application/problem+json");
        assert_eq!(outcome.response.status, status, "{path}");
        let body = object(&outcome.response, "application/problem+json");
        assert_eq!(
            (&body["status"], &body["error_code"]),
            (&json!(status), &json!(code)),
            "{path}"
        );
        assert_eq!(body["type"], format!("https://docs.example/errors/{code}"));
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
        assert_eq!(outcome.response.values("vary"), [b"Accept"], "{path}");
        one_id(&outcome);
    }
    stand.assert_sound();
}

#[test]
fn the_samples_words_are_as_its_comments_say() {
    let stand = stand();
    let message = |path: &str| standard_message(&stand, path);
    assert_eq!(message("/gone"), "it moved out last year");
    assert_eq!(message("/maintenance"), "The service is not available right now.");
    assert_eq!(message("/forbidden"), "This is not allowed.");
    let structured = stand.get("/status/404");
    assert_eq!(structured.response.status, 404);
    assert!(
        structured.response.values("x-error-code").is_empty(),
        "JSON stays as the upstream wrote it"
    );
    assert_eq!(
        object(&structured.response, "application/json")["path"],
        "/status/404"
    );
}

fn standard_message(stand: &Stand, path: &str) -> Value {
    object(&stand.get(path).response, "application/json")["message"].clone()
}

#[test]
fn a_trace_of_the_client_is_the_errors_trace() {
    let stand = stand();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for path in ["/nobody", "/strict/status/404", "/no-such-route"] {
        let request = Request::get(path)
            .header("traceparent", parent)
            .header("x-request-id", "order-42");
        let outcome = stand.send(&request);
        let body = object(&outcome.response, "application/json");
        assert_eq!(body["trace_id"], "0af7651916cd43dd8448eb211c80319c", "{path}");
        assert_eq!(one_id(&outcome), "order-42");
        if let Some(received) = &outcome.received {
            assert_eq!(received.values("traceparent").len(), 1);
        }
    }
}

#[test]
fn without_request_id_the_body_has_the_id_that_envoy_made_for_the_upstream() {
    let edge = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    let stand = Stand::of(&host_tests::plugin::ERROR_ENVELOPE, |sample| {
        sample
            .without_filter("request-id")
            .and_then(|sample| sample.set(&format!("{edge}/generate_request_id"), json!(true)))
            .expect("the sample has the plugin")
    });
    let outcome = stand.send(&problem_of("/strict/status/404"));
    let body = object(&outcome.response, "application/problem+json");
    let at_upstream = outcome.received().values("x-request-id").concat();
    assert_eq!(
        body["request_id"],
        String::from_utf8(at_upstream).expect("it is text")
    );
}
