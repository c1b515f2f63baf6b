//! The sets that `policyctl doctor --emit` writes: nothing is found in them, and what was given is in them. The real Envoy
//! runs them in its own tests.

use super::ids;
use crate::called::{Called, policyctl};
use serde_json::{Value, json};

/// A configuration with all that a set depends on: names of routes, a fallback, numbers of the budget.
pub(super) fn policies() -> Value {
    json!({
        "error-envelope": { "service_name": "shop" },
        "request-id": { "default": { "response_headers": ["x-request-id", "x-correlation-id"] } },
        "circuit-breaker": {
            "default": { "trip": { "consecutive_failures": 3 } },
            "routes": [{
                "match": { "route": "recommendations" },
                "policy": { "key": "route", "reject": { "reroute": { "header": "x-fallback", "value": "bestsellers" } } },
            }],
        },
        "retry": {
            "default": { "timeout": "3s", "budget": { "percent": 30 } },
            "routes": [{ "match": { "route": "orders" }, "policy": { "idempotency_key": { "unlocks": ["POST"] } } }],
        },
    })
}

#[track_caller]
fn emitted(proxy: &str, configuration: &Value, more: &[&str]) -> Called {
    let arguments = ["doctor", "--emit", proxy, "-"]
        .into_iter()
        .chain(more.iter().copied());
    policyctl(arguments).input(configuration.to_string()).ends_with(0)
}

#[test]
fn nothing_is_found_in_a_bootstrap_that_was_emitted() {
    let whole = policies();
    let alone = whole.as_object().expect("it is an object").iter();
    let mut sets: Vec<(Value, &[&str])> = alone
        .map(|(name, section)| (json!({ name.as_str(): section }), &[][..]))
        .collect();
    sets.push((whole.clone(), &["--chain"]));
    let mut operated = whole.clone();
    operated["admin"] = json!({ "cidrs": ["127.0.0.1/32"] });
    sets.push((operated.clone(), &[]));
    sets.push((operated, &["--chain"]));
    sets.push((whole.clone(), &["--upstream", "orders.shop.example:80"]));
    sets.push((whole, &["--upstream", "[::1]:80"]));
    for (set, more) in sets {
        let emitted = emitted("envoy", &set, more);
        let found = policyctl(["doctor", "--strict", "-"])
            .input(emitted.out.clone())
            .run();
        assert_eq!(
            found.out, "nothing found\n",
            "{more:?} of {set}: {}\n{}",
            found.err, emitted.out
        );
    }
}

#[test]
fn no_warning_is_found_in_manifests_that_were_emitted() {
    for proxy in ["istio", "envoy-gateway"] {
        for more in [&[][..], &["--chain"]] {
            let emitted = emitted(proxy, &policies(), more);
            let found = policyctl(["doctor", "--strict", "-", "--json"])
                .input(emitted.out.clone())
                .ends_with(0);
            let mut found = ids(&found);
            found.dedup();
            // There is no reload in Envoy Gateway.
            let expected: &[&str] = if proxy == "istio" { &[] } else { &["fails-open"] };
            assert_eq!(found, expected, "{proxy} {more:?}: {}", emitted.out);
        }
    }
}

#[test]
fn what_is_given_by_flags_is_in_the_set() {
    let text = emitted(
        "envoy",
        &policies(),
        &[
            "--name",
            "shop-edge",
            "--listener-port",
            "8443",
            "--upstream",
            "shop.example:80",
            "--modules",
            "/etc/envoy",
        ],
    )
    .out;
    for told in [
        "name: shop-edge",
        "port_value: 8443",
        "address: \"shop.example\", port_value: 80",
        "type: STRICT_DNS",
        "filename: /etc/envoy/policies.wasm",
        "budget_percent: { value: 30 }, min_retry_concurrency: 10",
        "- name: \"orders\"",
        "- remove: x-fallback",
        "service_name: \"shop\"",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let digest = "0123456789abcdef".repeat(4);
    let flags = [
        "--chain",
        "--image",
        "registry.example:5000/team/policies:1.2.3",
        "--sha256",
        &digest,
    ];
    for proxy in ["istio", "envoy-gateway"] {
        let text = emitted(proxy, &policies(), &flags).out;
        assert!(
            text.contains("registry.example:5000/team/circuit-breaker:1.2.3\n"),
            "{text}"
        );
        assert_eq!(text.matches(&digest).count(), 4, "{text}");
    }
}

#[test]
fn what_the_plugins_refuse_or_what_makes_no_sense_is_not_written() {
    for (input, more, told) in [
        (
            json!({ "unknown_keys": "warn" }),
            &[][..],
            "has a section for none of the plugins",
        ),
        (
            policies(),
            &["--upstream", "nowhere"],
            "--upstream `nowhere`: is no host with a port",
        ),
        (policies(), &["--name", "a: b"], "--name `a: b`: is no name"),
        (policies(), &["--sha256", "abc"], "is no digest"),
    ] {
        let arguments = ["doctor", "--emit", "envoy", "-"]
            .into_iter()
            .chain(more.iter().copied());
        let called = policyctl(arguments).input(input.to_string()).ends_with(2);
        assert!(
            called.err.contains(told) && called.out.is_empty(),
            "{}",
            called.err
        );
    }
    let refused = json!({ "retry": { "default": { "attempts": 0 } } }).to_string();
    let called = policyctl(["doctor", "--emit", "envoy", "-"])
        .input(refused)
        .ends_with(1);
    assert!(
        called.err.contains("default.attempts: ") && called.out.is_empty(),
        "{}",
        called.err
    );
    let gateway = emitted("envoy-gateway", &policies(), &[]);
    assert!(
        gateway
            .err
            .starts_with("warning: Envoy Gateway generates the names of routes"),
        "{}",
        gateway.err
    );
}
