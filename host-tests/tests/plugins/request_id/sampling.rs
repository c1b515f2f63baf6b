//! Traces that are started here: their ids, and whether they are sampled.

use super::policy;
use crate::valid::{assert_uuid, is_traceparent};
use host::Host;
use serde_json::{Value, json};
use std::collections::HashSet;

fn create(sampled: Value) -> Host {
    policy(json!({ "trace_context": "create", "sampled": sampled }))
}

/// Trace-id, parent-id and whether it is sampled, of a trace that is new.
#[track_caller]
fn started(host: &Host) -> (String, String, bool) {
    let exchange = host.get("/").answered_with(200);
    let parent = exchange.upstream_header("traceparent").text();
    assert!(is_traceparent(parent.as_bytes()), "{parent}");
    let flags = &parent[53..];
    assert!(
        ["02", "03"].contains(&flags),
        "its id is random, which the flags must say: {parent}"
    );
    (parent[3..35].to_owned(), parent[36..52].to_owned(), flags == "03")
}

#[test]
fn all_or_none_are_sampled() {
    for (sampled, expect) in [
        (json!(true), true),
        (json!(false), false),
        (json!({ "percent": 100 }), true),
        (json!({ "percent": 0 }), false),
    ] {
        let host = create(sampled);
        for _ in 0..50 {
            assert_eq!(started(&host).2, expect);
        }
    }
}

#[test]
fn a_share_is_sampled_by_the_right_most_seven_bytes_of_the_id() {
    const REQUESTS: u32 = 1000;
    // Bounds of five standard deviations around the expected number.
    for (percent, fewest, most) in [
        (1.0, 0, 25),
        (25.0, 182, 318),
        (50.0, 421, 579),
        (99.5, 984, 1000),
    ] {
        let host = create(json!({ "percent": percent }));
        let mut sampled = 0;
        for _ in 0..REQUESTS {
            let (id, _, is_sampled) = started(&host);
            let random = u64::from_str_radix(&id[18..], 16).expect("it is hexadecimal");
            let threshold = ((1.0 - percent / 100.0) * 72_057_594_037_927_936.0) as u64;
            assert_eq!(is_sampled, random >= threshold, "{percent} % of {id}");
            sampled += u32::from(is_sampled);
        }
        assert!(
            (fewest..=most).contains(&sampled),
            "{sampled} of {REQUESTS} at {percent} %"
        );
    }
}

#[test]
fn every_trace_and_every_span_is_another() {
    let host = create(json!(true)).workers(2);
    let (mut traces, mut spans) = (HashSet::new(), HashSet::new());
    for _ in 0..300 {
        let (trace, span, _) = started(&host);
        traces.insert(trace);
        spans.insert(span);
    }
    assert_eq!((traces.len(), spans.len()), (300, 300));
}

#[test]
fn a_new_trace_id_is_random_and_not_the_request_id() {
    let exchange = create(json!(true)).get("/").answered_with(200);
    let id = exchange.upstream_header("x-request-id").text().replace('-', "");
    assert_ne!(exchange.filter_state("policy.trace_id").text(), id);
}

/// With `trace_id_from_request_id`, the trace of a request with this id.
#[track_caller]
fn from_id(generate: &str, sent: Option<&str>) -> (String, String) {
    let host = policy(json!({
        "trace_context": "create", "sampled": true, "trace_id_from_request_id": true, "generate": generate,
    }));
    let request = host.get("/");
    let request = match sent {
        Some(id) => request.header("x-request-id", id),
        None => request,
    };
    let exchange = request.answered_with(200);
    let parent = exchange.upstream_header("traceparent").text();
    assert!(
        is_traceparent(parent.as_bytes()) && parent.ends_with("-03"),
        "{exchange}"
    );
    exchange.filter_state("policy.trace_id").is(&parent[3..35]);
    (
        exchange.upstream_header("x-request-id").text(),
        parent[3..35].to_owned(),
    )
}

#[test]
fn by_choice_the_trace_id_is_the_request_id() {
    for (generate, version) in [("uuid7", '7'), ("uuid4", '4')] {
        let (id, trace) = from_id(generate, None);
        assert_uuid(&id, version);
        assert_eq!(trace, id.replace('-', ""));
    }
    for id in [
        "0190163D-8694-739B-AEA5-966C26F8AD91",
        "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    ] {
        let (kept, trace) = from_id("uuid7", Some(id));
        assert_eq!((kept.as_str(), trace), (id, id.replace('-', "").to_lowercase()));
    }
}

#[test]
fn an_id_that_is_no_random_uuid_becomes_no_trace_id() {
    for id in [
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8", // version 1
        "0190163d-8694-739b-cea5-966c26f8ad91", // another variant
        "0190163d8694739baea5966c26f8ad91",
        "order-42",
    ] {
        let (kept, trace) = from_id("uuid7", Some(id));
        assert_eq!(kept, id);
        assert_ne!(trace, id.replace('-', ""), "{id}");
    }
}

#[test]
fn the_request_id_samples_the_trace_that_it_names() {
    // The right-most seven bytes reach the middle of their range, and just do not.
    for (id, sampled) in [
        ("0190163d-8694-739b-ae80-000000000000", "03"),
        ("0190163d-8694-739b-ae7f-ffffffffffff", "02"),
    ] {
        let host = policy(json!({
            "trace_context": "create", "sampled": { "percent": 50 }, "trace_id_from_request_id": true,
        }));
        let exchange = host.get("/").header("x-request-id", id).answered_with(200);
        assert_eq!(
            &exchange.upstream_header("traceparent").text()[53..],
            sampled,
            "{id}"
        );
    }
}
