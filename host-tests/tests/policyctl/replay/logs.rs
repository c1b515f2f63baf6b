//! Logs of all forms that people have.

use super::traffic::{get, log};
use super::{folder, report};
use crate::called::policyctl;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::io::Write as _;

const NOTHING: &[u8] = br#"{ "circuit-breaker": {} }"#;

fn gzipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn rotated_and_gzipped_logs_are_read_the_oldest_first() {
    let (first, second) = (log([get(0), get(100)]), log([get(2000), get(2100).code(404)]));
    let folder = folder(&[
        ("access.log", second.as_bytes()),
        ("access.log.1.gz", &gzipped(&first)),
        ("new.json", NOTHING),
    ]);
    let arguments = [
        "replay",
        "--json",
        "--new",
        "new.json",
        "access.log",
        "access.log.1.gz",
    ];
    let report = policyctl(arguments).within(folder.path()).ends_with(0).json();
    assert_eq!(report["log"]["files"], json!(["access.log.1.gz", "access.log"]));
    assert_eq!(
        (&report["log"]["replayed"], &report["log"]["from"]),
        (&json!(4), &json!("2026-01-01T00:00:00.000Z"))
    );
}

#[test]
fn a_log_may_come_on_the_standard_input() {
    let folder = folder(&[("new.json", NOTHING)]);
    let call = policyctl(["replay", "--json", "--new", "new.json", "-"]).within(folder.path());
    let report = call.input(gzipped(&log([get(0), get(100)]))).ends_with(0).json();
    assert_eq!(report["log"]["replayed"], 2);
}

#[test]
fn the_defaults_of_istio_and_envoy_gateway_are_understood() {
    let istio = json!({
        "start_time": "2026-01-01T00:00:00.000Z", "method": "GET", "path": "/a", "authority": "shop.example",
        "response_code": 503, "response_flags": "UH", "response_code_details": "no_healthy_upstream", "duration": 3,
        "upstream_cluster": "outbound|80||a.svc", "route_name": "default", "request_id": "i", "upstream_host": null,
        "bytes_sent": 19, "protocol": "HTTP/1.1",
    });
    let gateway = json!({
        "start_time": "2026-01-01T00:00:01.000Z", "method": "GET", "x-envoy-origin-path": "/b",
        ":authority": "shop.example", "response_code": "200", "response_flags": "-", "response_code_details": "via_upstream",
        "duration": "7", "upstream_cluster": "httproute/b", "route_name": "b", "x-request-id": "g",
    });
    let text = format!("{istio}\n{gateway}\n");
    let folder = folder(&[
        ("access.log", text.as_bytes()),
        ("new.json", br#"{ "error-envelope": {} }"#),
    ]);
    let arguments = ["replay", "--json", "--new", "new.json", "access.log"];
    let report = policyctl(arguments).within(folder.path()).ends_with(0).json();
    assert_eq!(report["log"]["replayed"], 2);
    assert_eq!(report["log"]["left_out"], json!([]));
    let notes = report["notes"].to_string();
    assert!(
        !notes.contains("no cluster") && !notes.contains("no duration"),
        "{notes}"
    );
    assert_eq!(
        report["changed"], 0,
        "without error codes in the log the status is compared alone"
    );
}

#[test]
fn headers_that_are_logged_count_for_the_rules() {
    let route = json!({ "match": { "headers": { "x-tier": "gold" } }, "policy": {
        "trip": { "consecutive_failures": 2, "failure_rate": null } } });
    let new = json!({ "circuit-breaker": { "default": null, "routes": [route] } });
    let failing = |tier: &'static str| {
        (0..5).map(move |number| get(number * 100).code(503).with("header:x-tier", tier))
    };
    assert_eq!(
        report(failing("gold"), &new, None)["new"]["breakers"]["orders"]["opened"],
        1
    );
    assert_eq!(report(failing("tin"), &new, None)["new"]["breakers"], json!({}));
}

#[test]
fn grpc_fails_by_its_own_status() {
    let new = json!({ "circuit-breaker": { "default": { "trip": { "consecutive_failures": 2, "failure_rate": null } } } });
    let calls =
        |status: &'static str| (0..5).map(move |number| get(number * 100).with("grpc_status", status));
    assert_eq!(
        report(calls("14"), &new, None)["new"]["breakers"]["orders"]["opened"],
        1
    );
    assert_eq!(report(calls("0"), &new, None)["new"]["breakers"], json!({}));
}

#[test]
fn replies_of_envoy_and_of_other_filters_stay_what_they_were() {
    let lines = || {
        [
            get(0).code(429).details("local_rate_limited"),
            get(100)
                .code(404)
                .details("route_not_found")
                .with("route", Value::Null)
                .with("cluster", Value::Null),
            get(200).code(418).details("direct_response"),
            get(300).code(0).details("downstream_remote_disconnect"),
            get(400).code(504).details("response_timeout"),
            get(500).code(503).details("no_healthy_upstream"),
            get(600)
                .code(503)
                .details("upstream_reset_before_response_started{overflow}"),
            get(700)
                .code(502)
                .details("upstream_reset_before_response_started{protocol_error}"),
        ]
    };
    let new = json!({ "circuit-breaker": { "default": { "trip": { "consecutive_failures": 3, "failure_rate": null } } } });
    let told = report(lines(), &new, None);
    assert_eq!(told["changes"], json!([]));
    // The time-out, the cluster without a healthy host and the protocol error are failures of the upstream; the overflow,
    // between them, is none.
    let openings = &told["new"]["breakers"]["orders"]["openings"];
    assert_eq!(openings[0]["at"], "2026-01-01T00:00:00.720Z", "{told:#}");
}

#[test]
fn a_long_night_without_requests_is_over_at_once() {
    let day = 86_400_000;
    let lines = [get(0), get(day - 1000)];
    assert_eq!(
        report(lines, &json!({ "circuit-breaker": {} }), None)["log"]["to"],
        "2026-01-01T23:59:59.000Z"
    );
}
