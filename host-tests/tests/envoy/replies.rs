//! Every kind of reply carries the id, whoever made it.

use crate::stand::{Stand, is_uuid};
use live::Answer;
use live::client::Request;
use regex::Regex;
use serde_json::json;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

#[test]
fn the_sample_gives_every_kind_of_reply_an_id_and_logs_it() {
    let stand = Stand::new();
    stand.upstream.answer("/broken", Answer::reset());
    let exchanges = [
        ("/orders", 200, "via_upstream", "orders"),
        ("/status/503", 503, "via_upstream", "everything-else"),
        ("/nobody", 503, "no_healthy_upstream", "nobody"),
        ("/slow/3000", 504, "response_timeout", "slow"),
        ("/maintenance", 503, "direct_response", "maintenance"),
        ("/no-such-route", 404, "route_not_found", ""),
        (
            "/broken",
            503,
            "upstream_reset_before_response_started",
            "everything-else",
        ),
    ];
    let mut ids = Vec::new();
    for (path, status, _, _) in exchanges {
        let outcome = stand.get(path);
        assert_eq!(outcome.response.status, status, "{path}");
        let id = outcome.id();
        assert!(is_uuid(&id, '7'), "{path}: {id} is no UUID of version 7");
        ids.push(id);
    }
    let log = stand
        .envoy
        .access_log_of(exchanges.len())
        .expect("every exchange is logged");
    for ((entry, (path, _, details, route)), id) in log.iter().zip(exchanges).zip(&ids) {
        assert_eq!(entry["path"], path);
        assert_eq!(
            entry["request_id"],
            id.as_str(),
            "{path}: the access log has the id of the response"
        );
        assert!(
            entry["details"]
                .as_str()
                .is_some_and(|text| text.starts_with(details)),
            "{path}: {entry}"
        );
        assert_eq!(entry["route"].as_str().unwrap_or_default(), route, "{path}");
    }
    assert_eq!(
        ids.iter().collect::<std::collections::BTreeSet<_>>().len(),
        ids.len(),
        "no id is given twice"
    );
    stand
        .envoy
        .metric_reaches("request_ids_total{source=\"generated\"}", 7)
        .expect("each generated id is counted");
    stand.assert_sound();
}

#[test]
fn a_valid_id_is_kept_and_an_upstreams_own_is_replaced() {
    let stand = Stand::new();
    let answer = Answer::ok()
        .header("x-request-id", "upstream-1")
        .and_then(|answer| answer.header("x-request-id", "upstream-2"));
    stand
        .upstream
        .answer("/orders", answer.expect("these are headers"));
    let outcome = stand.send(&Request::get("/orders").header("X-Request-ID", "Order-42/a"));
    assert_eq!(outcome.id(), "Order-42/a");
    assert_eq!(
        outcome.response.values("x-correlation-id"),
        [b"Order-42/a"],
        "as the sample's rule for this route says"
    );
    let elsewhere = stand.send(&Request::get("/elsewhere").header("x-request-id", "b"));
    assert_eq!(elsewhere.id(), "b");
    assert_eq!(elsewhere.response.values("x-correlation-id"), Vec::<&[u8]>::new());
    stand
        .envoy
        .metric_reaches("request_ids_total{source=\"accepted\"}", 2)
        .expect("accepted ids are counted");
}

#[test]
fn duplicated_ids_leave_one() {
    let stand = Stand::new();
    // Envoy joins this header's values with a comma, which no id may have.
    let twice = stand.send(
        &Request::get("/")
            .header("x-request-id", "a")
            .header("x-request-id", "a"),
    );
    assert!(is_uuid(&twice.id(), '7'));
    let other = stand.send(
        &Request::get("/")
            .header("x-correlation-id", "a")
            .header("x-correlation-id", "b"),
    );
    assert!(is_uuid(&other.id(), '7'));
    assert_eq!(
        other.received().values("x-correlation-id"),
        Vec::<&[u8]>::new(),
        "what is refused is removed"
    );
    stand
        .envoy
        .metric_reaches("request_ids_total{source=\"rejected\"}", 2)
        .expect("refused headers are counted");
}

#[test]
fn the_log_tells_of_a_refused_id_without_repeating_it() {
    let stand = Stand::configured(json!({
        "service_name": "shop",
        "default": { "log_headers": { "user_id": "x-user-id" } },
    }));
    let request = Request::get("/")
        .header("x-request-id", "evil\"};drop")
        .header("x-user-id", "u-7");
    let id = stand.send(&request).id();
    let log = stand
        .envoy
        .log_with("request_id_rejected")
        .expect("the refusal is logged");
    let line = log
        .lines()
        .find(|line| line.contains("request_id_rejected"))
        .expect("it was found");
    let (_, json) = line.split_at(
        line.find('{')
            .expect("a JSON object stands behind Envoy's prefix"),
    );
    let line: serde_json::Value = serde_json::from_str(json).expect("it is JSON");
    assert_eq!(line["severity"], "WARN");
    assert_eq!(line["plugin"], "request-id");
    assert_eq!(line["service_name"], "shop");
    assert_eq!(line["request_id"], id.as_str());
    assert_eq!(line["trace_id"], id.as_str());
    assert_eq!(line["user_id"], "u-7");
    assert_eq!(
        line["refused"],
        json!([{ "header": "x-request-id", "reason": "character", "length": 11 }])
    );
    assert!(!log.contains("evil"), "what was refused is not in the log");
}

#[test]
fn the_documented_filter_leaves_the_log_lines_alone() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md"));
    let filter = Regex::new("(?m)sed -n '([^']+)'$").expect("it is an expression");
    let page = page.expect("there is a page");
    let filter = &filter.captures(&page).expect("the page shows a filter")[1];
    let stand = Stand::configured(json!({
        "log": { "requests": true },
        "default": { "log_headers": { "user": "x-user" } },
    }));
    stand.send(
        &Request::get("/{a}")
            .header("x-request-id", "a;b")
            .header("x-user", "wasm log {"),
    );
    stand
        .envoy
        .log_with("\"event\":\"request\"")
        .expect("the request is logged");
    let log = stand.envoy.stop().expect("Envoy stops").log;
    let mut sed = Command::new("sed")
        .args(["-n", filter])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let sed = sed.as_mut().expect("sed can be started");
    sed.stdin
        .take()
        .expect("it is piped")
        .write_all(log.as_bytes())
        .expect("sed reads");
    let mut filtered = String::new();
    sed.stdout
        .take()
        .expect("it is piped")
        .read_to_string(&mut filtered)
        .expect("sed writes text");
    sed.wait().expect("sed ends");
    let event = |line: &str| -> serde_json::Value { serde_json::from_str(line).expect("each line is JSON") };
    let events: Vec<_> = filtered
        .lines()
        .map(|line| event(line)["event"].clone())
        .collect();
    assert_eq!(events, ["request_id_rejected", "request"], "{log}");
}

#[test]
fn route_metadata_picks_a_profile_or_switches_off() {
    let metadata =
        |value: serde_json::Value| json!({ "filter_metadata": { "policy": { "request-id": value } } });
    let routes = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes";
    let configuration = json!({
        "route_metadata": true,
        "profiles": { "echo": { "response_headers": ["x-echoed-id"] } },
    });
    let stand = Stand::with(|sample| {
        sample
            .configuration("request-id", &configuration)
            .and_then(|sample| sample.set(&format!("{routes}/0/metadata"), metadata(json!("echo"))))
            .and_then(|sample| sample.set(&format!("{routes}/2/metadata"), metadata(json!(false))))
            .and_then(|sample| sample.set(&format!("{routes}/4/metadata"), metadata(json!("nonsense"))))
            .expect("the sample has these routes")
    });
    let echoed = stand
        .send(&Request::get("/orders").header("x-request-id", "a"))
        .response;
    assert_eq!(echoed.values("x-echoed-id"), [b"a"]);
    assert_eq!(echoed.values("x-request-id"), Vec::<&[u8]>::new());
    let disabled = stand.get("/slow/1").response;
    assert_eq!(disabled.values("x-request-id"), Vec::<&[u8]>::new());
    assert!(
        is_uuid(&stand.get("/other").id(), '7'),
        "an unknown profile: the rules apply"
    );
    let series = "policy_degradations_total{plugin=\"request-id\",what=\"unknown_profile\"}";
    stand
        .envoy
        .metric_reaches(series, 1)
        .expect("an unknown profile is counted");
}
