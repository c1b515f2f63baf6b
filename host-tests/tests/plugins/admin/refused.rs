//! What makes no sense.

use super::{
    breaker, expect_error, met, outcomes, running, shown, strikes_with, succeed, the_breaker, three_strikes,
};
use host::{Cluster, Host};
use serde_json::{Value, json};

#[track_caller]
fn post(host: &Host, rest: &str, status: u16, code: &str) -> Value {
    let exchange = host.post(format!("/.policy{rest}")).run(200);
    assert!(!exchange.reached_upstream());
    expect_error(&exchange, status, code)
}

#[test]
fn every_fault_is_told_and_nothing_is_changed() {
    let host = met();
    let before = the_breaker(host.worker(0));
    let body = post(&host, "/force?state=ajar&for=forever&x=1", 400, "BAD_REQUEST");
    let expected = json!([
        { "parameter": "x", "fault": "is not known here" },
        { "parameter": "breaker", "fault": "must be a breaker's name or id" },
        { "parameter": "reason", "fault": "must be 1 to 200 bytes of visible text" },
        { "parameter": "state", "fault": "must be open or closed" },
        { "parameter": "for", "fault": "must be how long it is forced, from 1s to 24h, such as 90s, 10m or 2h" },
    ]);
    assert_eq!(body["context"]["faults"], expected, "{body:#}");
    assert_eq!(body["retryable"], false);
    assert_eq!(the_breaker(host.worker(1)), before);
    assert_eq!(outcomes(&host, "bad_request"), 1);
}

#[test]
fn an_unknown_breaker_is_answered_with_those_that_there_are() {
    let host = met();
    let body = post(&host, "/reset?breaker=orders&reason=x", 404, "BREAKER_UNKNOWN");
    assert_eq!(
        body["context"]["breakers"],
        json!(["any/downstream/cluster/upstream"])
    );
    let body = post(
        &running(three_strikes()),
        "/force?breaker=orders&state=open&for=1s&reason=x",
        404,
        "BREAKER_UNKNOWN",
    );
    assert_eq!(body["context"]["breakers"], json!([]));
    assert_eq!(outcomes(&host, "breaker_unknown"), 1);
}

#[test]
fn of_many_breakers_a_hundred_are_named() {
    let host = running(strikes_with(json!({ "key": { "header": "x-tenant" } })));
    for tenant in 0..120 {
        host.get("/")
            .header("x-tenant", format!("t{tenant}"))
            .answered_with(200);
    }
    assert_eq!(
        shown(host.worker(0))["breakers"].as_array().map(Vec::len),
        Some(121)
    );
    let body = post(&host, "/reset?breaker=x&reason=x", 404, "BREAKER_UNKNOWN");
    assert_eq!(body["context"]["breakers"].as_array().map(Vec::len), Some(100));
}

#[test]
fn a_name_of_several_breakers_is_answered_with_their_ids() {
    let in_cluster = breaker(three_strikes()).name("in-the-cluster");
    let host = running(three_strikes()).clusters([Cluster::new("upstream").filters([in_cluster])]);
    succeed(host.worker(0));
    let body = post(
        &host,
        "/reset?breaker=upstream&reason=x",
        409,
        "BREAKER_AMBIGUOUS",
    );
    let ids = ["any/downstream/cluster/upstream", "any/upstream/cluster/upstream"];
    assert_eq!(body["context"]["breakers"], json!(ids));
    assert_eq!(outcomes(&host, "breaker_ambiguous"), 1);
}

#[test]
fn other_methods_are_told_which_there_are() {
    let host = met();
    for (method, path, allowed) in [
        ("POST", "/.policy", "GET, HEAD"),
        ("DELETE", "/.policy?breaker=upstream", "GET, HEAD"),
        ("GET", "/.policy/force?breaker=upstream", "POST"),
        ("PUT", "/.policy/reset", "POST"),
    ] {
        let exchange = host.request(method, path).run(200);
        expect_error(&exchange, 405, "METHOD_NOT_ALLOWED");
        exchange.header("allow", allowed);
    }
    assert_eq!(outcomes(&host, "method_not_allowed"), 4);
}

#[test]
fn other_paths_below_its_own_are_nothing() {
    let host = met();
    for path in [
        "/",
        "/x",
        "/force/",
        "/FORCE?breaker=upstream&state=open&for=1m&reason=x",
    ] {
        post(&host, path, 404, "NOT_FOUND");
    }
    assert_eq!(outcomes(&host, "not_found"), 4);
}
