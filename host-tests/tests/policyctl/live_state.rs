//! `policyctl state` and `policyctl force`, in front of a server that says what the admin plugin says. That the plugin says it
//! is shown on the real Envoy.

use crate::called::policyctl;
use live::{Answer, Upstream};
use serde_json::{Value, json};

fn state() -> Value {
    json!({
        "timestamp": "2026-11-22T16:40:35.123Z", "version": "0.1.0", "complete": true,
        "breakers": [
            { "id": "outbound/downstream/cluster/orders", "breaker": "orders", "key": "cluster", "direction": "outbound",
              "position": "downstream", "state": "open", "since_ms": 5_022, "open": { "left_ms": 24_978 }, "window": null,
              "probes": null, "forced": null, "configuration": "c1a5b0d3f2e49786", "plugin_version": "0.1.0" },
            { "id": "any/upstream/name/payments", "breaker": "payments", "key": "name", "direction": "any",
              "position": "upstream", "state": "closed", "since_ms": null, "open": null,
              "window": { "consecutive_failures": 2, "failures": { "window_ms": 60_000, "calls": 40, "hits": 3 }, "slow": null },
              "probes": null, "forced": { "state": "closed", "left_ms": 598_012, "reason": "known" },
              "configuration": "77d0c2a1b3e4f598", "plugin_version": "0.1.0" },
            { "id": "any/downstream/host/x", "breaker": "x", "key": "host", "direction": "any", "position": "downstream",
              "state": "half_open", "since_ms": 400, "open": null, "window": null,
              "probes": { "in_flight": 1, "succeeded": 0 }, "forced": null, "configuration": "77d0c2a1b3e4f598",
              "plugin_version": "0.1.0" },
        ],
        "retry_budgets": [
            { "cluster": "orders", "interval_ms": 10_000, "requests": 120, "retries": 9, "remaining": 115,
              "configuration": "77d0c2a1b3e4f598", "plugin_version": "0.1.0" },
        ],
    })
}

/// A server that answers this to whoever asks for that path, and its address.
fn server(path: &str, status: u16, body: impl ToString) -> (Upstream, String) {
    let upstream = Upstream::start().expect("a server can be started");
    let answer = Answer::status(status).expect("a status").body(body.to_string());
    upstream.answer(path, answer);
    let url = format!("http://{}/.policy", upstream.address());
    (upstream, url)
}

#[test]
fn state_is_a_table_for_people() {
    let (_server, url) = server("/.policy", 200, state());
    let called = policyctl(["state", "--admin", &url]).ends_with(0);
    let lines: Vec<Vec<&str>> = called
        .out
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|cell| !cell.is_empty())
                .collect()
        })
        .collect();
    assert_eq!(
        lines,
        [
            vec!["breaker", "key", "traffic", "state", "forced", "configuration"],
            vec![
                "orders",
                "cluster",
                "outbound",
                "open for 24s more",
                "c1a5b0d3 (0.1.0)"
            ],
            vec![
                "payments",
                "name",
                "any, each attempt",
                "closed",
                "3 of 40 failed in 1m, 2 failures in a row",
                "closed for 9m 58s more: known",
                "77d0c2a1 (0.1.0)",
            ],
            vec![
                "x",
                "host",
                "any",
                "half-open since 400ms",
                "1 probes in flight, 0 succeeded",
                "77d0c2a1 (0.1.0)",
            ],
            vec![],
            vec![
                "retry budget",
                "requests",
                "retries",
                "remaining",
                "within",
                "configuration"
            ],
            vec!["orders", "120", "9", "115", "10s", "77d0c2a1 (0.1.0)"],
        ],
        "{}",
        called.out
    );
}

#[test]
fn what_is_open_is_red_where_there_is_colour() {
    let (_server, url) = server("/.policy", 200, state());
    let coloured = policyctl(["state", "--color", "always", "--admin", &url])
        .ends_with(0)
        .out;
    let red: Vec<&str> = coloured
        .lines()
        .filter(|line| line.contains("\u{1b}[31m"))
        .collect();
    assert!(red.len() == 1 && red[0].contains("orders"), "{coloured}");
    let plain = policyctl(["state", "--admin", &url]).ends_with(0).out;
    assert!(!plain.contains('\u{1b}'));
}

#[test]
fn state_as_json_is_what_the_plugin_says() {
    let (server, url) = server("/.policy", 200, state());
    let called = policyctl(["state", "a/b c", "--json", "--admin", &url]).ends_with(0);
    assert_eq!(called.json(), state());
    let received = server.received();
    assert_eq!(
        (received[0].method.as_str(), received[0].path.as_str()),
        ("GET", "/.policy?breaker=a%2Fb%20c")
    );
}

#[test]
fn force_asks_for_what_was_said() {
    for (arguments, asked) in [
        (
            &["orders", "open", "--for", "10m", "--reason", "moved & gone"][..],
            "/.policy/force?breaker=orders&reason=moved%20%26%20gone&state=open&for=10m",
        ),
        (
            &["orders", "closed", "--for", "5s", "--reason", "known"],
            "/.policy/force?breaker=orders&reason=known&state=closed&for=5s",
        ),
        (
            &["orders", "reset", "--reason", "fixed"],
            "/.policy/reset?breaker=orders&reason=fixed",
        ),
    ] {
        let (path, _) = asked.split_once('?').expect("it has a query");
        let (server, url) = server(path, 200, state());
        let all = ["force", "--admin", &url]
            .into_iter()
            .chain(arguments.iter().copied());
        let called = policyctl(all).ends_with(0);
        assert!(called.out.contains("open for 24s more"), "{}", called.out);
        let received = server.received();
        assert_eq!(
            (received[0].method.as_str(), received[0].path.as_str()),
            ("POST", asked)
        );
    }
}

#[test]
fn nothing_is_forced_for_ever_or_without_a_reason() {
    for arguments in [
        &["force", "orders", "open", "--reason", "x"][..],
        &["force", "orders", "closed", "--for", "1m"],
        &["force", "orders", "reset", "--for", "1m", "--reason", "x"],
        &["force", "orders", "ajar", "--for", "1m", "--reason", "x"],
    ] {
        let called = policyctl(arguments.iter().copied()).ends_with(2);
        assert!(called.err.starts_with("error: "), "{}", called.err);
    }
}

#[test]
fn a_refusal_is_told_with_all_that_is_wrong_and_what_there_is() {
    let refusal = json!({
        "error_code": "BAD_REQUEST", "message": "The request is not valid.", "status_code": 400,
        "context": { "faults": [{ "parameter": "for", "fault": "must be from 1s to 24h" }] },
    });
    let (_server, url) = server("/.policy/reset", 400, &refusal);
    let reset = ["force", "a", "reset", "--reason", "b", "--admin", &url];
    let called = policyctl(reset).ends_with(1);
    assert_eq!(
        called.err,
        "error: The request is not valid. (BAD_REQUEST, 400)\n  for: must be from 1s to 24h\n"
    );
    assert_eq!(
        policyctl(reset.into_iter().chain(["--json"])).ends_with(1).json(),
        refusal
    );
    let unknown = json!({
        "error_code": "BREAKER_UNKNOWN", "message": "There is no such breaker.",
        "context": { "breakers": ["any/downstream/cluster/a", "any/downstream/cluster/b"] },
    });
    let (_server, url) = server("/.policy", 404, &unknown);
    let called = policyctl(["state", "c", "--admin", &url]).ends_with(1);
    assert_eq!(
        called.err,
        "error: There is no such breaker. (BREAKER_UNKNOWN, 404)\n  there are: any/downstream/cluster/a, any/downstream/cluster/b\n"
    );
}

#[test]
fn whoever_is_not_the_plugin_is_told_so() {
    let (server, url) = server("/.policy", 200, "<html>");
    let called = policyctl(["state", "--admin", &url]).ends_with(2);
    assert!(
        called
            .err
            .contains("/.policy: answered 200, but that was not the admin plugin\nhelp: "),
        "{}",
        called.err
    );
    drop(server);
    let called = policyctl(["state", "--admin", &url]).ends_with(2);
    assert!(called.err.contains("help: is Envoy running"), "{}", called.err);
    for wrong in [
        "127.0.0.1:1",
        "https://127.0.0.1:1/x",
        "http://x/?y",
        "file:///etc/passwd",
        "",
    ] {
        let called = policyctl(["state", "--admin", wrong]).ends_with(2);
        assert!(
            called.err.contains("is no address of the admin plugin"),
            "{wrong}: {}",
            called.err
        );
    }
}
