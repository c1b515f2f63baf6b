//! Whose id is taken: the first in the list that is valid. What is refused on the way does not reach the upstream.

use super::{PARENT, TRACE, counted, host, policy};
use crate::lines;
use crate::valid::assert_uuid;
use host::Host;
use serde_json::{Value, json};

/// With these headers the id is this (`None`: a new one), and these are refused: header, reason, length.
#[track_caller]
fn check<V: AsRef<[u8]>>(
    host: &Host,
    headers: &[(&str, V)],
    id: Option<&str>,
    refused: &[(&str, &str, u64)],
) {
    let before = counted(host);
    let request = headers.iter().fold(host.get("/"), |request, (name, value)| {
        request.header(name, value)
    });
    let exchange = request.answered_with(200);
    let got = exchange.upstream_header("x-request-id").text();
    match id {
        Some(id) => assert_eq!(got, id, "{exchange}"),
        None => assert_uuid(&got, '7'),
    }
    exchange
        .header("x-request-id", &got)
        .filter_state("policy.request_id")
        .is(&got);
    for (header, ..) in refused.iter().filter(|(header, ..)| *header != "x-request-id") {
        exchange.upstream_header(header).is_absent();
    }
    let list: Vec<Value> = refused
        .iter()
        .map(|(header, reason, length)| json!({ "header": header, "reason": reason, "length": length }))
        .collect();
    let logged = lines::of_exchange(&exchange);
    if list.is_empty() {
        assert!(logged.is_empty(), "{exchange}");
    } else {
        assert_eq!(logged.len(), 1, "{exchange}");
        assert_eq!(logged[0]["event"], "request_id_rejected", "{exchange}");
        assert_eq!(logged[0]["refused"], Value::Array(list), "{exchange}");
        assert_eq!(logged[0]["request_id"], *got, "{exchange}");
    }
    let after = counted(host);
    let counted = [id.is_some().into(), id.is_none().into(), refused.len() as u64];
    assert_eq!(
        std::array::from_fn(|at| after[at] - before[at]),
        counted,
        "{exchange}"
    );
}

/// As `check`, on a fresh host with the defaults.
#[track_caller]
fn with_defaults(headers: &[(&str, &str)], id: Option<&str>, refused: &[(&str, &str, u64)]) {
    check(&host(json!({})), headers, id, refused);
}

#[test]
fn without_any_header_an_id_is_generated() {
    with_defaults(&[], None, &[]);
    with_defaults(&[("x-other", "id-1")], None, &[]);
}

#[test]
fn each_carrier_brings_an_id() {
    let b3 = |rest: &str| format!("{TRACE}-00f067aa0ba902b7{rest}");
    with_defaults(&[("x-request-id", "order-42")], Some("order-42"), &[]);
    with_defaults(
        &[("x-request-id", "a!#$%&()*+-./:<=>?@[]^_{|}~z")],
        Some("a!#$%&()*+-./:<=>?@[]^_{|}~z"),
        &[],
    );
    with_defaults(&[("x-correlation-id", "c-1")], Some("c-1"), &[]);
    with_defaults(&[("traceparent", PARENT)], Some(TRACE), &[]);
    with_defaults(&[("b3", &b3(""))], Some(TRACE), &[]);
    with_defaults(&[("b3", &b3("-1"))], Some(TRACE), &[]);
    with_defaults(&[("b3", &b3("-d-05e3ac9a4f6e3b90"))], Some(TRACE), &[]);
    with_defaults(&[("b3", &b3("-1").to_uppercase())], Some(TRACE), &[]);
    with_defaults(
        &[("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-0")],
        Some("463ac35c9f6413ad"),
        &[],
    );
    with_defaults(
        &[("x-b3-traceid", "463AC35C9F6413AD")],
        Some("463ac35c9f6413ad"),
        &[],
    );
    with_defaults(&[("x-b3-traceid", TRACE)], Some(TRACE), &[]);
    let root = "Root=1-67891233-abcdef012345678912345678";
    for value in [
        root.to_owned(),
        format!("{root};Parent=53995c3f42cd8ad8;Sampled=1"),
        format!("Self=1-2-3;{root}"),
    ] {
        with_defaults(
            &[("x-amzn-trace-id", &value)],
            Some("67891233abcdef012345678912345678"),
            &[],
        );
    }
}

#[test]
fn a_header_that_rightly_holds_no_id_is_neither_taken_nor_refused() {
    for decision in ["0", "1", "d"] {
        with_defaults(&[("b3", decision)], None, &[]);
    }
    with_defaults(
        &[("x-amzn-trace-id", "Self=1-67891234-12456789abcdef012345678")],
        None,
        &[],
    );
    with_defaults(&[("x-b3-sampled", "1")], None, &[]);
}

#[test]
fn the_order_of_the_list_decides_and_not_that_of_the_headers() {
    let all = [
        ("x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678"),
        ("x-b3-traceid", "463ac35c9f6413ad"),
        ("b3", "563ac35c9f6413ad-a2fb4a1d1a96d312"),
        ("traceparent", PARENT),
        ("x-correlation-id", "c-1"),
        ("x-request-id", "r-1"),
    ];
    let expect = [
        "r-1",
        "c-1",
        TRACE,
        "563ac35c9f6413ad",
        "463ac35c9f6413ad",
        "67891233abcdef012345678912345678",
    ];
    for (missing, id) in expect.into_iter().enumerate() {
        with_defaults(&all[..all.len() - missing], Some(id), &[]);
    }
    let turned = policy(json!({ "accept": ["b3", "x-tenant-request", "x-request-id"] }));
    check(&turned, &all, Some("563ac35c9f6413ad"), &[]);
    check(
        &turned,
        &[("x-request-id", "r-1"), ("X-Tenant-Request", "t-1")],
        Some("t-1"),
        &[],
    );
    check(&turned, &[("x-correlation-id", "c-1")], None, &[]);
}

#[test]
fn with_an_empty_list_an_id_is_always_generated() {
    check(
        &policy(json!({ "accept": [] })),
        &[("x-request-id", "r-1")],
        None,
        &[],
    );
}

#[test]
fn the_name_of_a_header_has_no_case() {
    with_defaults(&[("X-Request-ID", "r-1")], Some("r-1"), &[]);
    check(
        &policy(json!({ "accept": ["X-Trace-Me"] })),
        &[("x-trace-ME", "t-1")],
        Some("t-1"),
        &[],
    );
}

#[test]
fn what_is_refused_is_removed_and_the_next_is_taken() {
    let x_request_id = |value| [("x-request-id", value), ("x-correlation-id", "c-1")];
    for (value, reason) in [
        ("", "empty"),
        ("a;b", "character"),
        ("a b", "character"),
        ("\u{e9}", "character"),
    ] {
        let refused = ("x-request-id", reason, value.len() as u64);
        with_defaults(&x_request_id(value), Some("c-1"), &[refused]);
        with_defaults(&[("x-request-id", value)], None, &[refused]);
    }
    with_defaults(
        &[
            ("x-request-id", "a,b"),
            ("x-correlation-id", "'"),
            ("traceparent", "00-0-0-0"),
            ("b3", "2"),
            ("x-b3-traceid", "g"),
        ],
        None,
        &[
            ("x-request-id", "character", 3),
            ("x-correlation-id", "character", 1),
            ("traceparent", "malformed", 8),
            ("b3", "malformed", 1),
            ("x-b3-traceid", "malformed", 1),
        ],
    );
    with_defaults(
        &[("x-amzn-trace-id", "Root=1-0-0")],
        None,
        &[("x-amzn-trace-id", "malformed", 10)],
    );
}

#[test]
fn each_forbidden_character_is_refused() {
    let host = policy(json!({ "accept": ["x-correlation-id"] }));
    for value in [
        &b"a\"z"[..],
        b"a'z",
        b"a`z",
        b"a\\z",
        b"a,z",
        b"a;z",
        b"a z",
        b"a\tz",
        b"a\x80z",
        b"a\xffz",
    ] {
        // Ten lines a second are written.
        host.advance(host::secs(1));
        check(
            &host,
            &[("x-correlation-id", value)],
            None,
            &[("x-correlation-id", "character", 3)],
        );
    }
}

#[test]
fn a_repeated_header_leaves_one_id() {
    // The proxy joins a repeated x-request-id with a comma, which no id has.
    with_defaults(
        &[("x-request-id", "a"), ("x-request-id", "b")],
        None,
        &[("x-request-id", "character", 3)],
    );
    with_defaults(
        &[("x-correlation-id", "ab"), ("x-correlation-id", "ab")],
        None,
        &[("x-correlation-id", "repeated", 4)],
    );
    with_defaults(
        &[("b3", "0"), ("b3", "0"), ("x-b3-traceid", "463ac35c9f6413ad")],
        Some("463ac35c9f6413ad"),
        &[("b3", "repeated", 2)],
    );
}

#[test]
fn headers_behind_the_accepted_one_are_not_judged() {
    let host = host(json!({}));
    let headers = [
        ("x-request-id", "r-1"),
        ("x-correlation-id", "a;b"),
        ("b3", "nonsense"),
    ];
    check(&host, &headers, Some("r-1"), &[]);
}

#[test]
fn a_plain_id_is_bounded_by_max_length_at_that_length_and_not_before() {
    for max_length in [1, 8, 128, 1024] {
        let host = policy(json!({ "max_length": max_length }));
        let longest = "i".repeat(max_length);
        check(&host, &[("x-request-id", &longest)], Some(&longest), &[]);
        let refused = ("x-request-id", "too_long", max_length as u64 + 1);
        check(&host, &[("x-request-id", longest + "i")], None, &[refused]);
    }
}

#[test]
fn max_length_bounds_neither_trace_ids_nor_generated_ones() {
    let host = policy(json!({ "max_length": 4 }));
    check(&host, &[("traceparent", PARENT)], Some(TRACE), &[]);
    check(&host, &[] as &[(&str, &str)], None, &[]);
}
