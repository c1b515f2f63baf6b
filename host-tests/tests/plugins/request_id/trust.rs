//! Whose ids and trace context are believed.

use super::{PARENT, TRACE, counted, policy};
use crate::valid::assert_uuid;
use host::{Edge, Host};
use serde_json::{Value, json};

/// Where this trust is configured, this peer's ids are believed, and its trace context is.
#[track_caller]
fn check(trust: Value, peer: &str, ids: bool, trace: bool) {
    let host = policy(json!({ "trust": trust })).edge(Edge::default().use_remote_address(true));
    believes(&host, peer, ids, trace);
}

#[track_caller]
fn believes(host: &Host, peer: &str, ids: bool, trace: bool) {
    let exchange = host
        .get("/")
        .from(peer)
        .header("x-request-id", "mine")
        .header("x-correlation-id", "also-mine")
        .header("traceparent", PARENT)
        .header("tracestate", "a=1")
        .answered_with(200);
    let id = exchange.upstream_header("x-request-id").text();
    assert_eq!(id == "mine", ids, "{exchange}");
    assert_eq!(
        exchange.upstream_header("x-correlation-id").option().is_some(),
        ids,
        "{exchange}"
    );
    if !ids {
        assert_uuid(&id, '7');
    }
    exchange.header("x-request-id", id);
    if trace {
        exchange.upstream_header("traceparent").is(PARENT);
        exchange.upstream_header("tracestate").is("a=1");
        exchange.filter_state("policy.trace_id").is(TRACE);
    } else {
        exchange.upstream_header("traceparent").is_absent();
        exchange.upstream_header("tracestate").is_absent();
        exchange.filter_state("policy.trace_id").is_absent();
    }
    // An id that is ignored is not a bad one.
    assert_eq!(counted(host), [u64::from(ids), u64::from(!ids), 0]);
    assert!(exchange.logs().is_empty(), "{exchange}");
}

#[test]
fn always_and_never_need_no_address() {
    for peer in ["192.0.2.1:1", "[2001:db8::1]:1"] {
        check(json!("always"), peer, true, true);
        check(json!("never"), peer, false, false);
    }
}

#[test]
fn networks_of_ipv4() {
    let trusted = |cidr: &str, peer: &str, is: bool| {
        check(json!({ "cidrs": [cidr] }), &format!("{peer}:40000"), is, is)
    };
    for (cidr, first, last, before, after) in [
        (
            "10.0.0.0/8",
            "10.0.0.0",
            "10.255.255.255",
            "9.255.255.255",
            "11.0.0.0",
        ),
        (
            "192.168.16.0/20",
            "192.168.16.0",
            "192.168.31.255",
            "192.168.15.255",
            "192.168.32.0",
        ),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.7", "192.0.2.6", "192.0.2.8"),
        (
            "128.0.0.0/1",
            "128.0.0.0",
            "255.255.255.255",
            "127.255.255.255",
            "0.0.0.0",
        ),
    ] {
        trusted(cidr, first, true);
        trusted(cidr, last, true);
        trusted(cidr, before, false);
        trusted(cidr, after, false);
    }
    trusted("0.0.0.0/0", "203.0.113.9", true);
}

#[test]
fn networks_of_ipv6() {
    let trusted = |cidr: &str, peer: &str, is: bool| {
        check(json!({ "cidrs": [cidr] }), &format!("[{peer}]:40000"), is, is)
    };
    trusted("fd00::/8", "fd00::", true);
    trusted("fd00::/8", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true);
    trusted("fd00::/8", "fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false);
    trusted("fd00::/8", "fe00::", false);
    trusted("2001:db8:0:8000::/49", "2001:db8:0:8000::1", true);
    trusted("2001:db8:0:8000::/49", "2001:db8::7fff:0:0:1", false);
    trusted("::1/128", "::1", true);
    trusted("::1/128", "::2", false);
    trusted("::/0", "2001:db8::1", true);
}

#[test]
fn an_ipv4_address_in_ipv6_form_is_that_ipv4_address() {
    check(
        json!({ "cidrs": ["10.0.0.0/8"] }),
        "[::ffff:10.0.0.7]:40000",
        true,
        true,
    );
    check(
        json!({ "cidrs": ["10.0.0.0/8"] }),
        "[::ffff:11.0.0.7]:40000",
        false,
        false,
    );
    check(json!({ "cidrs": ["::/0"] }), "10.0.0.7:40000", false, false);
    check(
        json!({ "cidrs": ["0.0.0.0/0"] }),
        "[2001:db8::1]:40000",
        false,
        false,
    );
}

#[test]
fn any_of_several_networks_will_do() {
    let networks = || json!({ "cidrs": ["10.0.0.0/8", "fd00::/8", "192.0.2.7/32"] });
    check(networks(), "[fd00::7]:1", true, true);
    check(networks(), "192.0.2.7:1", true, true);
    check(networks(), "192.0.2.8:1", false, false);
}

#[test]
fn ids_and_traces_are_trusted_apart() {
    let inside = || json!({ "cidrs": ["10.0.0.0/8"] });
    for (ids, trace, expect) in [
        (json!("always"), json!("never"), (true, false)),
        (json!("never"), json!("always"), (false, true)),
        (inside(), json!("never"), (true, false)),
        (json!("never"), inside(), (false, true)),
        (inside(), json!({ "cidrs": ["192.0.2.0/24"] }), (true, false)),
        (json!({ "cidrs": ["192.0.2.0/24"] }), inside(), (false, true)),
    ] {
        check(
            json!({ "ids": ids, "trace": trace }),
            "10.0.0.7:1",
            expect.0,
            expect.1,
        );
    }
}

#[test]
fn an_id_in_a_trace_header_needs_both() {
    for (trust, taken) in [
        (json!("always"), true),
        (json!({ "ids": "always", "trace": "never" }), false),
        (json!({ "ids": "never", "trace": "always" }), false),
    ] {
        for (header, value) in [
            ("traceparent", PARENT),
            ("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-0"),
            ("x-b3-traceid", "463ac35c9f6413ad"),
            ("x-amzn-trace-id", "Root=1-67891233-abcdef012345678912345678"),
        ] {
            let host = policy(json!({ "trust": trust }));
            let exchange = host.get("/").header(header, value).answered_with(200);
            assert_eq!(counted(&host)[0] == 1, taken, "{trust} {header}\n{exchange}");
            assert_eq!(counted(&host)[2], 0, "{trust} {header}\n{exchange}");
        }
    }
}

#[test]
fn the_address_is_the_one_that_the_listener_trusts() {
    let send = |use_remote_address: bool| {
        let edge = Edge::default().use_remote_address(use_remote_address);
        let host = policy(json!({ "trust": { "cidrs": ["10.0.0.0/8"] } })).edge(edge);
        let exchange = host
            .get("/")
            .from("192.0.2.1:1")
            .header("x-forwarded-for", "10.0.0.7")
            .header("x-correlation-id", "mine")
            .answered_with(200);
        exchange.upstream_header("x-request-id").text()
    };
    assert_eq!(send(false), "mine");
    assert_uuid(&send(true), '7');
}

#[test]
fn a_peer_that_the_proxy_does_not_know_is_not_trusted() {
    use super::degradations::failing;
    let configuration = || json!({ "default": { "trust": { "cidrs": ["0.0.0.0/0", "::/0"] } } });
    let request = |host: &Host| {
        host.get("/")
            .header("x-request-id", "mine")
            .header("traceparent", PARENT)
            .run(200)
    };
    let (host, exchange) = failing(
        configuration,
        "proxy_on_request_headers",
        "proxy_get_property",
        0,
        request,
    );
    assert_uuid(&exchange.upstream_header("x-request-id").text(), '7');
    exchange.upstream_header("traceparent").is_absent();
    assert_eq!(counted(&host)[1], 1);
    assert_eq!(
        host.metric("policy_degradations_total.plugin=request-id;.what=source_address;"),
        1
    );
}
