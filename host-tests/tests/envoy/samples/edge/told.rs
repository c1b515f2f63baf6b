//! What it tells of a request: the access log and the spans.

use super::{FILE, body, eventually, get, send, stand};
use crate::samples::stand_with as stand_of;
use crate::stand::Stand;
use live::client::{self, Request};
use live::{Collector, Received, Sample, Span};
use serde_json::{Value, json};
use std::path::Path;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn the_access_log_has_what_the_plugins_decided() {
    let stand = stand();
    let response = get(&stand, "/status/503");
    let body = body(&response);
    let entry = &stand.envoy.access_log_of(1).expect("it is logged")[0];
    for (member, value) in [
        ("method", json!("GET")),
        ("path", json!("/status/503")),
        ("code", json!(503)),
        ("route", json!("everything-else")),
        ("cluster", json!("upstream")),
        ("client", json!("127.0.0.1")),
        ("attempts", json!(3)),
        ("retry", json!("retried:2")),
        ("error_code", json!("SERVICE_UNAVAILABLE")),
        ("request_id", body["request_id"].clone()),
        ("trace_id", body["trace_id"].clone()),
    ] {
        assert_eq!(entry[member], value, "{member}: {entry:#}");
    }
    let explained: Value =
        serde_json::from_str(entry["explain"].as_str().unwrap_or_default()).expect("the reasons are JSON");
    let plugins = explained.as_array().expect("a list").iter();
    let mut plugins: Vec<_> = plugins.filter_map(|reason| reason["plugin"].as_str()).collect();
    plugins.sort_unstable();
    assert_eq!(
        plugins,
        ["circuit-breaker", "error-envelope", "request-id", "retry"]
    );
}

#[test]
fn a_file_is_opened_anew_when_it_was_rotated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (current, rotated) = (
        folder.path().join("access.log"),
        folder.path().join("access.log.1"),
    );
    let stand = stand_of(FILE, |sample| sample.access_log(&current));
    let has = |file: &Path, path: &str| {
        std::fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("\"path\":\"{path}\"")))
    };
    get(&stand, "/before");
    eventually("the first line", || has(&current, "/before").then_some(()));
    std::fs::rename(&current, &rotated).expect("it is rotated");
    let told = client::send(stand.envoy.admin(), &Request::new("POST", "/reopen_logs"));
    assert_eq!(told.expect("it answers").status, 200);
    get(&stand, "/after");
    eventually("a line in the new file", || has(&current, "/after").then_some(()));
    assert!(has(&rotated, "/before") && !has(&rotated, "/after") && !has(&current, "/before"));
}

/// The sample with a collector, changed.
fn traced(change: impl FnOnce(Sample) -> live::Result<Sample>) -> (Stand, Collector) {
    let collector = Collector::start().expect("a collector can be started");
    let address = collector.address();
    let stand = stand_of(FILE, |sample| change(sample.cluster("collector", address)?));
    (stand, collector)
}

#[test]
fn the_spans_the_log_the_body_and_the_upstream_have_the_same_trace() {
    let (stand, collector) = traced(Ok);
    let refused = get(&stand, "/status/404");
    let trace = body(&refused)["trace_id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(trace.len(), 32, "it is a trace's: {trace}");
    let spans = collector.spans_of(2).expect("Envoy traces");
    let of = |parent: Option<&str>| -> &Span {
        let found = spans.iter().find(|span| span.parent_span_id.as_deref() == parent);
        found.unwrap_or_else(|| panic!("{spans:#?}"))
    };
    let request = of(None);
    let attempt = of(Some(&request.span_id));
    assert_eq!((&request.trace_id, &attempt.trace_id), (&trace, &trace));
    assert_eq!(
        attempt.attributes.get("service.name").map(String::as_str),
        Some("demo")
    );
    assert_eq!(traceparent(&stand), format!("00-{trace}-{}-01", attempt.span_id));
    let entry = &stand.envoy.access_log_of(1).expect("it is logged")[0];
    assert_eq!(entry["trace_id"], trace);

    let followed = send(
        &stand,
        &Request::get("/status/404")
            .header("traceparent", PARENT)
            .header("tracestate", "a=1"),
    );
    assert_eq!(body(&followed)["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert!(traceparent(&stand).starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
}

#[test]
fn of_a_trace_context_that_is_none_nothing_goes_on_and_the_id_stands_for_the_trace() {
    let (stand, _collector) = traced(Ok);
    let nonsense = Request::get("/status/404").header("traceparent", "nonsense");
    let body = body(&send(&stand, &nonsense));
    assert!(
        body["request_id"].is_string() && body["trace_id"] == body["request_id"],
        "{body:#}"
    );
    assert_eq!(
        the_one_received(&stand).values("traceparent"),
        Vec::<&[u8]>::new()
    );
}

#[test]
fn the_sampler_decides_unless_the_caller_has() {
    let ratio = format!(
        "{}/tracing/provider/typed_config/sampler/typed_config/wrapped_sampler/typed_config/sampling_percentage",
        super::MANAGER
    );
    let (stand, _collector) = traced(|sample| sample.set(&ratio, json!({ "numerator": 0 })));
    get(&stand, "/status/404");
    assert!(traceparent(&stand).ends_with("-00"));
    send(&stand, &Request::get("/status/404").header("traceparent", PARENT));
    assert!(traceparent(&stand).ends_with("-01"));
}

/// The traceparent of the one request that the service has received since the last call.
#[track_caller]
fn traceparent(stand: &Stand) -> String {
    let received = the_one_received(stand);
    let values = received.values("traceparent");
    let [value] = values.as_slice() else {
        panic!("{received:#?}");
    };
    String::from_utf8_lossy(value).into_owned()
}

/// The one request that the service has received since the last call, health checks apart.
#[track_caller]
fn the_one_received(stand: &Stand) -> Received {
    let received = stand.upstream.take_received();
    let mut asked = received.iter().filter(|request| request.path != "/health");
    match (asked.next(), asked.next()) {
        (Some(request), None) => request.clone(),
        _ => panic!("{received:#?}"),
    }
}
