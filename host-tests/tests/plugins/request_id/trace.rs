//! W3C Trace Context, level 2, at the upstream.

use super::{PARENT, TRACE, policy};
use crate::valid::is_traceparent;
use host::Exchange;
use serde_json::{Value, json};

/// Sends these headers. None of them brings a request id: the trace is judged alone.
fn send(configured: &Value, parents: &[&str], states: &[&str]) -> Exchange {
    let mut configured = configured.clone();
    configured["accept"] = json!(["x-request-id"]);
    let host = policy(configured);
    let request = parents.iter().fold(host.get("/"), |request, value| {
        request.header("traceparent", value)
    });
    states
        .iter()
        .fold(request, |request, value| request.header("tracestate", value))
        .answered_with(200)
}

/// With `propagate`, these reach the upstream.
#[track_caller]
fn check(parents: &[&str], states: &[&str], parent: Option<&str>, state: Option<&str>) {
    let exchange = send(&json!({}), parents, states);
    let bytes = |value: Option<&str>| value.map(|value| value.as_bytes().to_vec());
    assert_eq!(
        exchange.upstream_header("traceparent").option(),
        bytes(parent),
        "{exchange}"
    );
    assert_eq!(
        exchange.upstream_header("tracestate").option(),
        bytes(state),
        "{exchange}"
    );
    assert_eq!(
        exchange.filter_state("policy.trace_id").option(),
        bytes(parent.map(|value| &value[3..35])),
        "{exchange}"
    );
    // What is invalid about a trace is no fault of an id.
    assert!(exchange.logs().is_empty(), "{exchange}");
}

fn parent(version: &str, flags: &str) -> String {
    format!("{version}-{TRACE}-b7ad6b7169203331-{flags}")
}

#[test]
fn what_is_absent_stays_absent() {
    check(&[], &[], None, None);
}

#[test]
fn a_valid_traceparent_goes_on() {
    for flags in ["00", "01", "02", "03"] {
        let value = parent("00", flags);
        check(&[&value], &[], Some(&value), None);
    }
}

#[test]
fn unknown_flags_do_not_go_on() {
    check(&[&parent("00", "ff")], &[], Some(&parent("00", "03")), None);
    check(&[&parent("00", "fc")], &[], Some(&parent("00", "00")), None);
    check(&[&parent("00", "09")], &[], Some(&parent("00", "01")), None);
}

#[test]
fn a_later_version_goes_on_as_version_00() {
    for version in ["01", "cc", "fe"] {
        check(
            &[&parent(version, "01")],
            &["a=1"],
            Some(&parent("00", "01")),
            Some("a=1"),
        );
        check(
            &[&(parent(version, "01") + "-what-the-future-holds")],
            &[],
            Some(&parent("00", "01")),
            None,
        );
    }
    check(&[&(parent("cc", "01") + ".nonsense")], &["a=1"], None, None);
}

#[test]
fn an_invalid_traceparent_is_removed_and_tracestate_with_it() {
    for value in [
        String::new(),
        "00".to_owned(),
        parent("ff", "01"),
        parent("0", "001"),
        parent("00", "1"),
        parent("00", "0A"),
        parent("00", "+1"),
        parent("00", "01-"),
        parent("00", "01-00"),
        PARENT.to_uppercase(),
        PARENT.replace("b7", "B7"),
        PARENT.replace('-', "_"),
        PARENT.replace(TRACE, &"0".repeat(32)),
        PARENT.replace(TRACE, &"0".repeat(31)),
        PARENT.replace("b7ad6b7169203331", &"0".repeat(16)),
        format!("{PARENT},{PARENT}"),
        "x".repeat(55),
    ] {
        check(&[&value], &["a=1"], None, None);
    }
}

#[test]
fn a_repeated_traceparent_is_invalid() {
    check(&[PARENT, PARENT], &["a=1"], None, None);
}

#[test]
fn a_tracestate_without_traceparent_is_removed() {
    check(&[], &["a=1"], None, None);
}

#[test]
fn a_valid_tracestate_goes_on_as_it_is() {
    for value in [
        "a=1",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "a=1 ,\tb=2",
        "a=1,,b=2",
        "0t@s_y-1*/=~!",
        "a=1:2;3",
    ] {
        check(&[PARENT], &[value], Some(PARENT), Some(value));
    }
    let longest = format!("{}={}", "k".repeat(256), "v".repeat(256));
    check(&[PARENT], &[&longest], Some(PARENT), Some(&longest));
}

#[test]
fn lines_of_tracestate_become_one() {
    check(&[PARENT], &["a=1", "b=2"], Some(PARENT), Some("a=1,b=2"));
    check(
        &[PARENT],
        &["a=1, b=2", "", "c=3 ,a=9"],
        Some(PARENT),
        Some("a=1,b=2,c=3"),
    );
}

#[test]
fn an_invalid_tracestate_is_removed_alone() {
    let long = "a".repeat(257);
    for value in [
        "a".to_owned(),
        "=1".to_owned(),
        "a=".to_owned(),
        "A=1".to_owned(),
        "_a=1".to_owned(),
        "a =1".to_owned(),
        "a=1=2".to_owned(),
        "a=\u{e9}".to_owned(),
        "a=1,B=2".to_owned(),
        format!("{long}=1"),
        format!("a={long}"),
    ] {
        check(&[PARENT], &[&value], Some(PARENT), None);
        check(&[PARENT], &["b=2", &value], Some(PARENT), None);
    }
    check(&[PARENT], &[""], Some(PARENT), None);
    check(&[PARENT], &[" , ,"], Some(PARENT), None);
}

#[test]
fn of_more_than_32_members_the_right_most_go() {
    let members = |count| {
        (0..count)
            .map(|n| format!("k{n}=v"))
            .collect::<Vec<_>>()
            .join(",")
    };
    check(&[PARENT], &[&members(32)], Some(PARENT), Some(&members(32)));
    check(&[PARENT], &[&members(40)], Some(PARENT), Some(&members(32)));
}

#[test]
fn create_keeps_a_valid_trace_as_it_is() {
    let create = json!({ "trace_context": "create", "sampled": false });
    let exchange = send(&create, &[PARENT], &["a=1"]);
    exchange.upstream_header("traceparent").is(PARENT);
    exchange.upstream_header("tracestate").is("a=1");
    exchange.filter_state("policy.trace_id").is(TRACE);
}

#[test]
fn create_starts_a_trace_where_none_is_valid() {
    let create = json!({ "trace_context": "create", "sampled": true });
    for (parents, states) in [
        (&[][..], &[][..]),
        (&[], &["a=1"]),
        (&["nonsense"], &["a=1"]),
        (&[PARENT, PARENT], &[]),
    ] {
        let exchange = send(&create, parents, states);
        let parent = exchange.upstream_header("traceparent").value();
        assert!(is_traceparent(&parent) && parent.ends_with(b"-03"), "{exchange}");
        assert_ne!(parent[3..35], *TRACE.as_bytes());
        exchange.upstream_header("tracestate").is_absent();
        exchange.filter_state("policy.trace_id").is(&parent[3..35]);
        exchange.no_header("traceparent");
    }
}

#[test]
fn disabled_neither_reads_nor_writes() {
    let disabled = json!({ "trace_context": "disabled", "sampled": true });
    for value in [PARENT, "nonsense", ""] {
        let exchange = send(&disabled, &[value], &["A=1"]);
        exchange.upstream_header("traceparent").is(value);
        exchange.upstream_header("tracestate").is("A=1");
        exchange.filter_state("policy.trace_id").is_absent();
    }
    send(&disabled, &[], &[])
        .upstream_header("traceparent")
        .is_absent();
}
