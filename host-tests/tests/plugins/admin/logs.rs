//! What it logs: who changed what, until when and why; and who was refused.

use super::{admin, breaker, met, three_strikes};
use crate::lines;
use host::{Host, Request};
use serde_json::{Value, json};

fn line(severity: &str, event: &str, members: Value) -> Value {
    let mut line = json!({
        "timestamp": "2026-01-01T00:00:00.000Z", "severity": severity, "plugin": "admin", "event": event,
        "request_id": "r-1", "trace_id": "r-1", "source": "127.0.0.1",
    });
    let members = members.as_object().expect("it is one").clone();
    line.as_object_mut().expect("it is one").extend(members);
    line
}

fn named(request: Request) -> Request {
    request.header("x-request-id", "r-1")
}

const ID: &str = "any/downstream/cluster/upstream";

#[test]
fn a_force_is_told_with_the_operators_words_his_address_and_the_time() {
    let host = met();
    let path = "/.policy/force?breaker=upstream&state=open&for=10m&reason=moving+%22orders%22";
    let exchange = named(host.post(path)).run(500);
    let members = json!({
        "breaker": "upstream", "id": ID, "from": "closed", "to": "open", "state": "open", "for_ms": 600_000,
        "reason": "moving \"orders\"",
    });
    assert_eq!(
        lines::only(&exchange),
        line("WARN", "forced", members),
        "{exchange}"
    );
    let exchange = named(host.post(path)).run(500);
    let members = json!({
        "breaker": "upstream", "id": ID, "state": "open", "for_ms": 600_000, "reason": "moving \"orders\"",
    });
    assert_eq!(
        lines::only(&exchange),
        line("WARN", "forced", members),
        "it was open"
    );
}

#[test]
fn so_is_a_reset() {
    let host = met();
    let exchange = named(host.post("/.policy/reset?breaker=upstream&reason=fixed")).run(500);
    let members = json!({ "breaker": "upstream", "id": ID, "reason": "fixed" });
    assert_eq!(
        lines::only(&exchange),
        line("WARN", "reset", members),
        "{exchange}"
    );
}

#[test]
fn who_is_refused_is_told_and_no_more_often_than_a_worker_may_write() {
    let host = met();
    let exchange = named(host.get("/.policy").from("[2001:db8::1]:4000")).run(200);
    let because = "This address is none of those that are answered.";
    let members = json!({ "source": "2001:0db8:0000:0000:0000:0000:0000:0001", "because": because });
    assert_eq!(
        lines::only(&exchange),
        line("WARN", "refused", members),
        "{exchange}"
    );
    let lines = |host: &Host| {
        host.logs()
            .iter()
            .filter(|line| line.message.contains("\"refused\""))
            .count()
    };
    for _ in 0..100 {
        host.get("/.policy").from("10.0.0.1:4000").run(200);
    }
    assert_eq!(lines(&host), 10);
}

#[test]
fn what_is_shown_and_what_makes_no_sense_is_not_told() {
    let host = met();
    for (method, path) in [
        ("GET", "/.policy"),
        ("GET", "/.policy/x"),
        ("POST", "/.policy/force"),
        ("POST", "/.policy/reset?breaker=x&reason=x"),
    ] {
        assert_eq!(host.request(method, path).run(200).logs().len(), 0, "{path}");
    }
}

#[test]
fn lines_and_errors_have_the_services_name() {
    let host = Host::chain([admin(json!({ "service_name": "edge" })), breaker(three_strikes())]);
    let exchange = named(host.get("/.policy").from("10.0.0.1:4000")).run(200);
    assert_eq!(lines::only(&exchange)["service_name"], "edge");
    let body: Value = serde_json::from_slice(&exchange.body()).expect("it is JSON");
    assert_eq!(
        (&body["service_name"], &body["request_id"]),
        (&json!("edge"), &json!("r-1"))
    );
}
