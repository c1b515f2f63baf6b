//! Whom it answers.

use super::{admin, breaker, expect_error, met, outcomes, running, the_breaker, three_strikes};
use host::{Edge, Host, Request};
use serde_json::json;

const FORCE: &str = "/.policy/force?breaker=upstream&state=open&for=1m&reason=x";

#[track_caller]
fn refused(host: &Host, request: Request) {
    let exchange = request.run(200);
    assert!(!exchange.reached_upstream());
    let before = outcomes(host, "access_denied");
    assert!(before > 0);
    expect_error(&exchange, 403, "ACCESS_DENIED");
}

#[test]
fn peers_of_other_networks_are_refused_whatever_they_ask() {
    let host = met();
    for peer in [
        "10.0.0.7:4000",
        "127.0.0.2:4000",
        "[::2]:4000",
        "[2001:db8::1]:4000",
    ] {
        refused(&host, host.get("/.policy").from(peer));
        refused(&host, host.post(FORCE).from(peer));
        refused(&host, host.get("/.policy/nowhere").from(peer));
    }
    assert_eq!(outcomes(&host, "access_denied"), 12);
    assert_eq!(the_breaker(host.worker(0))["state"], "closed");
}

#[test]
fn this_machine_is_answered_by_both_families() {
    let host = met();
    for peer in ["127.0.0.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
        host.get("/.policy").from(peer).run(500).expect_status(200);
    }
}

#[test]
fn the_networks_are_those_of_the_configuration() {
    let configuration = json!({ "path": "/live", "cidrs": ["10.0.0.0/8"] });
    let host = Host::chain([admin(configuration), breaker(three_strikes())]);
    host.get("/live")
        .from("10.1.2.3:4000")
        .run(500)
        .expect_status(200);
    refused(&host, host.get("/live"));
    assert!(host.get("/.policy").answered_with(200).reached_upstream());
}

#[test]
fn what_has_passed_a_proxy_is_refused_whoever_it_names() {
    let host = met();
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-for", ""),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        refused(&host, host.get("/.policy").header(name, value));
        refused(&host, host.post(FORCE).header(name, value));
    }
    // What it names is believed where the listener does not go by the connection, and that is why.
    let named = host.get("/.policy").from("10.0.0.7:4000");
    refused(&host, named.header("x-forwarded-for", "127.0.0.1"));
}

#[test]
fn a_listener_that_says_itself_where_a_request_came_from_answers_nobody() {
    // Without skip_xff_append, Envoy adds the address of every peer.
    let host = running(three_strikes()).edge(Edge::default().use_remote_address(true));
    refused(&host, host.get("/.policy"));
}

#[test]
fn a_web_page_changes_nothing() {
    let host = met();
    for (name, value) in [
        ("origin", "http://127.0.0.1:10002"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
    ] {
        refused(&host, host.post(FORCE).header(name, value));
        host.get("/.policy")
            .header(name, value)
            .run(500)
            .expect_status(200);
    }
    assert_eq!(the_breaker(host.worker(0))["state"], "closed");
    host.post(FORCE)
        .header("sec-fetch-site", "none")
        .run(500)
        .expect_status(200);
}
