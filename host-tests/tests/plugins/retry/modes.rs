//! Enforced, shadowed, disabled; per rule, and by route metadata.

use super::{attempts, host, suppressed, tried};
use host::{Answer, Exchange, Host, RetryPolicy, Route, secs};
use serde_json::{Value, json};

fn in_shadow(host: &Host, reason: &str) -> u64 {
    host.metric(&format!(
        "retry_suppressed_total.route=orders;.reason={reason};.mode=shadow;"
    ))
}

/// A route that tries again by itself, with this configuration of the plugin.
fn on_a_route(configuration: Value) -> Host {
    host(configuration)
        .edge(super::trusting())
        .routes([Route::new("orders").retry(RetryPolicy::on("5xx").num_retries(1))])
}

/// What a client and an upstream saw.
#[derive(Debug, PartialEq)]
struct Seen {
    response: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    request: Vec<(String, Vec<u8>)>,
    attempts: usize,
}

impl Seen {
    /// But for what the clock and the draw of a back-off decide.
    fn of(exchange: &Exchange) -> Self {
        let steady = |headers: Vec<(String, Vec<u8>)>| {
            let varies = [
                "date",
                "x-envoy-upstream-service-time",
                "x-envoy-expected-rq-timeout-ms",
            ];
            let stays = |(name, _): &(String, Vec<u8>)| !varies.contains(&name.as_str());
            headers.into_iter().filter(stays).collect()
        };
        Self {
            response: steady(exchange.response_headers()),
            body: exchange.body(),
            request: steady(exchange.upstream_headers()),
            attempts: exchange.attempts().len(),
        }
    }
}

#[test]
fn shadow_and_disabled_change_nothing() {
    let policy = json!({
        "attempts": 5, "timeout": "1s", "per_try_timeout": "500ms", "deadline_headers": ["x-deadline"],
        "idempotency_key": { "required_for": ["POST"] },
    });
    for mode in ["shadow", "disabled"] {
        let host = on_a_route(json!({ "mode": mode, "default": policy }));
        let left_alone = on_a_route(json!({ "default": null }));
        for method in ["GET", "POST"] {
            for (name, value) in [
                ("x-own", "1"),
                ("x-deadline", "0"),
                ("x-deadline", "soon"),
                ("idempotency-key", "a b"),
                ("x-envoy-max-retries", "3"),
                ("x-envoy-retry-on", "5xx"),
                ("x-envoy-upstream-rq-timeout-ms", "700"),
                ("x-envoy-attempt-count", "3"),
            ] {
                for status in [200, 429, 503] {
                    let sent = |host: &Host| {
                        let request = host.request(method, "/orders").header(name, value);
                        Seen::of(&tried(request, status))
                    };
                    assert_eq!(
                        sent(&host),
                        sent(&left_alone),
                        "{mode}, {method}, {name}: {value}, {status}"
                    );
                }
            }
        }
        assert_eq!(suppressed(&host, "method"), 0);
    }
}

#[test]
fn shadow_counts_what_it_would_not_have_had_tried_again() {
    let host = on_a_route(json!({ "mode": "shadow" }));
    tried(host.post("/orders"), 503);
    tried(host.get("/orders").header("x-envoy-attempt-count", "2"), 503);
    tried(host.get("/orders"), 200);
    assert_eq!(
        (in_shadow(&host, "method"), in_shadow(&host, "inbound_retry")),
        (1, 1)
    );
    assert_eq!(host.metric("retry_attempts_total.route=orders;.attempt=2;"), 2);
}

#[test]
fn shadow_leaves_no_filter_state() {
    let host = on_a_route(json!({ "mode": "shadow", "default": { "deadline_headers": ["x-deadline"] } }));
    let exchange = tried(host.post("/orders").header("x-deadline", "900"), 503);
    for state in ["policy.retry", "policy.deadline", "policy.error_code"] {
        exchange.filter_state(state).is_absent();
    }
}

#[test]
fn shadow_charges_what_is_really_tried() {
    let budget =
        json!({ "percent": 0, "interval": "10s", "min_retry_rate": { "count": 2, "interval": "10s" } });
    let host = on_a_route(json!({ "mode": "shadow", "default": { "attempts": 2, "budget": budget } }));
    for times in [0, 0, 0, 1, 2] {
        assert_eq!(in_shadow(&host, "budget"), times);
        assert_eq!(attempts(host.get("/orders"), 503), 2);
    }
}

#[test]
fn disabled_asks_the_host_for_nothing() {
    for disabled in [json!("disabled"), json!(false)] {
        let host = host(json!({ "mode": disabled, "explain": "all" }));
        for status in [200, 503] {
            let exchange = host.get("/orders").answered_with(status);
            assert_eq!(exchange.cost().calls(), 0, "{exchange}");
        }
        let before = host.host_calls().len();
        host.advance(secs(10));
        assert_eq!(host.host_calls().len(), before, "there are no ticks");
    }
}

#[test]
fn where_no_policy_applies_the_routes_own_holds() {
    let rules = json!([{ "match": { "path": "/never" }, "policy": { "attempts": 1 } }]);
    let host = on_a_route(json!({ "default": null, "routes": rules }));
    assert_eq!(attempts(host.post("/orders"), 503), 2);
    assert_eq!(attempts(host.get("/never"), 503), 1);
}

#[test]
fn the_mode_of_a_rule_takes_the_place_of_the_plugins() {
    for plugin in ["enforce", "shadow", "disabled"] {
        for (rule, made) in [("enforce", 3), ("shadow", 2), ("disabled", 2)] {
            let rules = json!([{ "match": { "path": "/orders" }, "mode": rule }]);
            let host = on_a_route(json!({ "mode": plugin, "routes": rules }));
            assert_eq!(attempts(host.get("/orders"), 503), made, "{plugin}, {rule}");
        }
    }
}

#[test]
fn part_of_the_requests_is_enforced_by_their_ids() {
    for percent in [0, 30, 100] {
        let host = host(json!({ "enforce_percent": percent, "default": { "budget": null } }));
        let enforced = |number: u32| {
            attempts(
                host.get("/orders").header("x-request-id", format!("r-{number}")),
                503,
            ) == 3
        };
        let count = (0..200).filter(|number| enforced(*number)).count();
        assert!(
            count.abs_diff(percent * 2) <= if percent == 30 { 20 } else { 0 },
            "{percent} %: {count}"
        );
        let again = (0..200).filter(|number| enforced(*number)).count();
        assert_eq!(again, count, "they are the same ones");
    }
}

#[test]
fn rules_have_policies_of_their_own() {
    let host = host(json!({
        "default": { "attempts": 2 },
        "profiles": { "never": { "attempts": 1 } },
        "routes": [
            { "match": { "path": "/often", "methods": ["PUT"] }, "policy": { "attempts": 5 } },
            { "match": { "path": "/never" }, "profile": "never" },
        ],
    }));
    assert_eq!(attempts(host.request("PUT", "/often"), 503), 5);
    assert_eq!(attempts(host.get("/often"), 503), 2);
    assert_eq!(attempts(host.get("/never"), Answer::connection_failure()), 1);
}

#[test]
fn route_metadata_picks_a_profile_or_switches_off() {
    let metadata = |value: Value| json!({ "policy": { "retry": value } });
    let host = host(json!({ "route_metadata": true, "profiles": { "often": { "attempts": 5 } } })).routes([
        Route::new("a").path("/often").metadata(metadata(json!("often"))),
        Route::new("b")
            .path("/disabled")
            .metadata(metadata(json!("disabled"))),
        Route::new("c")
            .path("/unknown")
            .metadata(metadata(json!("nonsense"))),
    ]);
    let made = ["/often", "/disabled", "/unknown"].map(|path| attempts(host.get(path), 503));
    assert_eq!(made, [5, 1, 3]);
}
