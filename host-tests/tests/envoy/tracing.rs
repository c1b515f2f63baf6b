//! The trace context, with and without Envoy's own tracer.

use crate::stand::Stand;
use host_tests::plugin;
use live::client::Request;
use live::{Collector, Envoy, Sample, Upstream};
use serde_json::json;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[test]
fn envoys_own_tracer_goes_on_and_the_id_stays_whole() {
    let collector = Collector::start().expect("a collector can be started");
    let upstream = Upstream::start().expect("an upstream can be started");
    let sample = Sample::load("request-id-tracing.yaml")
        .and_then(|sample| sample.on_free_ports().cluster("upstream", upstream.address()))
        .and_then(|sample| sample.cluster("collector", collector.address()))
        .and_then(|sample| sample.module("request-id", plugin::REQUEST_ID.path()))
        .expect("the sample has an upstream, a collector and the plugin");
    let envoy = Envoy::with(&sample.to_yaml())
        .start()
        .unwrap_or_else(|error| panic!("{error}"));

    let request = Request::get("/orders")
        .header("x-request-id", "my-own-id")
        .header("traceparent", PARENT);
    let response = envoy.send(&request).expect("there is an answer");
    assert_eq!(response.values("x-request-id"), [b"my-own-id"]);
    let received = &upstream.received()[0];
    assert_eq!(received.values("x-request-id"), [b"my-own-id"]);

    let spans = collector.spans_of(1).expect("Envoy still traces");
    let span = spans
        .iter()
        .find(|span| span.parent_span_id.as_deref() == Some("b7ad6b7169203331"))
        .expect("a child of the caller's");
    assert_eq!(span.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(
        span.attributes.get("guid:x-request-id").map(String::as_str),
        Some("my-own-id")
    );
    let parent =
        String::from_utf8(received.values("traceparent")[0].to_vec()).expect("a traceparent is text");
    assert_eq!(
        &parent[..36],
        "00-0af7651916cd43dd8448eb211c80319c-",
        "the trace goes on to the upstream"
    );
    assert!(parent.ends_with("-01"), "{parent}: and is sampled");
}

#[test]
fn a_valid_trace_context_goes_on_and_an_invalid_one_does_not() {
    let stand = Stand::new();
    let kept = stand.send(
        &Request::get("/")
            .header("traceparent", PARENT)
            .header("tracestate", "a=1")
            .header("tracestate", "b=2"),
    );
    assert_eq!(kept.received().values("traceparent"), [PARENT.as_bytes()]);
    assert_eq!(
        kept.received().values("tracestate"),
        [b"a=1,b=2"],
        "several lines become one"
    );
    assert_eq!(
        kept.id(),
        "0af7651916cd43dd8448eb211c80319c",
        "the trace-id is the id where there is no other"
    );
    let entry = &stand.envoy.access_log_of(1).expect("the exchange is logged")[0];
    assert_eq!(entry["trace_id"], "0af7651916cd43dd8448eb211c80319c");

    let upper = PARENT.to_uppercase();
    let removed = stand.send(
        &Request::get("/")
            .header("traceparent", &upper)
            .header("tracestate", "a=1"),
    );
    assert_eq!(removed.received().values("traceparent"), Vec::<&[u8]>::new());
    assert_eq!(removed.received().values("tracestate"), Vec::<&[u8]>::new());
    stand.assert_sound();
}

#[test]
fn one_id_can_be_both() {
    let stand = Stand::configured(json!({
        "default": { "trace_context": "create", "sampled": true, "trace_id_from_request_id": true },
    }));
    let outcome = stand.get("/");
    let parent = String::from_utf8(outcome.received().values("traceparent")[0].to_vec()).expect("it is text");
    assert_eq!(parent[3..35], outcome.id().replace('-', ""));
    assert!(parent.ends_with("-03"), "{parent}: random and sampled");
}
