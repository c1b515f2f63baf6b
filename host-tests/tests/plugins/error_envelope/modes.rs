//! Enforced, shadowed, disabled; and a roll-out between the first two.

use super::{assert_enveloped, host, text};
use crate::lines;
use host::{Answer, Exchange, Host, Route};
use serde_json::{Value, json};

fn counted(host: &Host, mode: &str) -> u64 {
    let metrics = host.metrics().into_iter();
    metrics
        .filter(|(name, _)| name.starts_with("errors_total.") && name.ends_with(&format!(".mode={mode};")))
        .map(|(_, n)| n)
        .sum()
}

/// One of each way in which errors go: unread, read, without a body, the proxy's own, structured, with trailers.
fn errors() -> Vec<Answer> {
    vec![
        text(503, "secret"),
        text(404, "no such order"),
        Answer::new(404),
        Answer::new(500)
            .header("set-cookie", "a")
            .header("set-cookie", "b"),
        Answer::timeout(),
        Answer::no_healthy_upstream(),
        super::json_error(404, r#"{"message":"m"}"#),
        Answer::new(404)
            .header("content-type", "text/html")
            .pieces(["<p>", "no"])
            .trailer("x-t", "1"),
    ]
}

#[track_caller]
fn assert_untouched(exchange: &Exchange, plain: &Exchange) {
    assert_eq!(
        exchange.response_headers(),
        plain.response_headers(),
        "{exchange}"
    );
    assert_eq!(exchange.pieces(), plain.pieces(), "{exchange}");
    assert_eq!(
        exchange.response_trailers(),
        plain.response_trailers(),
        "{exchange}"
    );
    assert_eq!(exchange.details(), plain.details(), "{exchange}");
    for state in ["policy.error_code", "policy.error_origin"] {
        exchange.filter_state(state).is_absent();
    }
}

#[test]
fn shadow_decides_counts_and_logs_and_changes_nothing() {
    for passthrough in ["structured", "enveloped", "never"] {
        let shadow = host(
            json!({ "mode": "shadow", "log": { "errors": "all", "max_per_second": 100 }, "default": { "passthrough": passthrough } }),
        );
        let plain = host(json!({ "mode": "disabled" }));
        for answer in errors() {
            let exchange = shadow.get("/").run(answer.clone());
            assert_untouched(&exchange, &plain.get("/").run(answer));
            assert_eq!(lines::only(&exchange)["mode"], "shadow");
        }
        assert_eq!((counted(&shadow, "shadow"), counted(&shadow, "enforce")), (8, 0));
    }
}

#[test]
fn disabled_asks_the_host_for_nothing() {
    for disabled in [json!("disabled"), json!(false)] {
        let host = host(json!({ "mode": disabled, "explain": "all", "log": { "errors": "all" } }));
        for answer in errors() {
            let exchange = host.get("/").run(answer);
            assert_eq!(exchange.cost().calls(), 0, "{exchange}");
        }
        assert!(
            host.metrics()
                .keys()
                .all(|name| !name.starts_with("errors_total"))
        );
    }
}

#[test]
fn where_nothing_applies_the_host_is_asked_for_nothing() {
    let host = host(json!({ "default": null }));
    let exchange = host.get("/").answered_with(text(503, "mine"));
    exchange.expect_body("mine");
    assert_eq!(exchange.cost().calls(), 0, "{exchange}");
}

#[test]
fn the_mode_of_a_rule_takes_the_place_of_the_plugins() {
    for plugin in ["enforce", "shadow", "disabled"] {
        for rule in ["enforce", "shadow", "disabled"] {
            let host =
                host(json!({ "mode": plugin, "routes": [{ "match": { "path": "/" }, "mode": rule }] }));
            let exchange = host.get("/").answered_with(text(503, "mine"));
            if rule == "enforce" {
                assert_enveloped(&exchange, 503, "SERVICE_UNAVAILABLE");
            } else {
                exchange.expect_body("mine").no_header("x-error-code");
            }
            assert_eq!(
                counted(&host, "enforce"),
                u64::from(rule == "enforce"),
                "{plugin}, {rule}"
            );
            assert_eq!(
                counted(&host, "shadow"),
                u64::from(rule == "shadow"),
                "{plugin}, {rule}"
            );
        }
    }
}

#[test]
fn the_requests_id_decides_whether_it_is_among_those_enforced() {
    // The same ids as those of request-id's roll-out: computed elsewhere.
    for (percent, expected) in [
        (json!(0), vec![]),
        (json!(20), vec![0, 5, 8, 12]),
        (json!(50), vec![0, 1, 3, 5, 7, 8, 12, 15, 17]),
        (json!(100), Vec::from_iter(0..20)),
    ] {
        let host = host(json!({ "enforce_percent": percent }));
        let is_enforced = |number: &u64| {
            let exchange = host
                .get("/")
                .header("x-request-id", format!("order-{number}"))
                .answered_with(text(503, "mine"));
            exchange.response_header("x-error-code").option().is_some()
        };
        let enforced: Vec<u64> = (0..20).filter(is_enforced).collect();
        assert_eq!(enforced, expected, "{percent} %");
        assert_eq!(counted(&host, "enforce"), expected.len() as u64);
        assert_eq!(counted(&host, "shadow"), 20 - expected.len() as u64);
    }
}

#[test]
fn route_metadata_picks_a_profile_or_switches_off() {
    let metadata = |value: Value| json!({ "policy": { "error-envelope": value } });
    let host = host(json!({
        "route_metadata": true,
        "profiles": { "plain": { "format": "problem" } },
    }))
    .routes([
        Route::new("a").path("/plain").metadata(metadata(json!("plain"))),
        Route::new("b").path("/off").metadata(metadata(json!(false))),
        Route::new("c")
            .path("/unknown")
            .metadata(metadata(json!("nonsense"))),
    ]);
    super::problem(&host.get("/plain").answered_with(text(503, "mine")));
    host.get("/off")
        .answered_with(text(503, "mine"))
        .expect_body("mine")
        .no_header("x-error-code");
    assert_enveloped(
        &host.get("/unknown").answered_with(text(503, "mine")),
        503,
        "SERVICE_UNAVAILABLE",
    );
    assert_eq!(
        host.metric("policy_degradations_total.plugin=error-envelope;.what=unknown_profile;"),
        1
    );
}
