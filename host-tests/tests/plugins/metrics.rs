//! The reference of the metrics is complete: the modules emit nothing that it has not, and it has nothing that they do
//! not emit. (What they emit after any fault of the host is held to it where the faults are injected.)

use host::{Cluster, Direction, Edge, Host, Plugin, Route, secs};
use host_tests::exchange::{circuit_breaker, error_envelope, request_id, retry};
use host_tests::metrics::{Reference, Series};
use host_tests::plugin::{ADMIN, ALL, CIRCUIT_BREAKER, ERROR_ENVELOPE, MODULES, REQUEST_ID, RETRY};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All that this host's plugins have emitted is in the reference.
#[track_caller]
pub(crate) fn assert_declared(host: &Host) {
    let reference = Reference::read();
    for raw in host.metrics().keys() {
        let fault = match Series::of_raw(raw) {
            Some(series) => reference.fault(&series),
            None => Some("its labels cannot be told".to_owned()),
        };
        assert_eq!(fault, None, "{raw}");
    }
}

/// What the exchanges that host and Envoy agree on emit.
fn of_the_exchanges() -> impl Iterator<Item = String> {
    let plugins = [
        (&REQUEST_ID, request_id::exchanges()),
        (&ERROR_ENVELOPE, error_envelope::exchanges()),
        (&CIRCUIT_BREAKER, circuit_breaker::exchanges()),
        (&RETRY, retry::exchanges()),
    ];
    plugins.into_iter().flat_map(|(plugin, exchanges)| {
        exchanges.into_iter().flat_map(move |exchange| {
            let host = exchange.host(plugin);
            exchange.run(&host);
            host.advance(secs(1));
            host.metrics().into_keys()
        })
    })
}

fn breaker(configuration: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(configuration)
}

/// What a breaker with these conditions emits, whose bad answers have this status and are slow: it opens, stays half-open to no end, fails a probe, and closes.
fn of_a_life(trip: &Value, bad: u16, mode: &str, direction: Direction) -> Vec<String> {
    let configuration = json!({ "mode": mode, "default": {
        "trip": trip, "open": { "for": "1s", "max": "1s" }, "half_open": { "max_wait": "2s", "successes": 1 }, "ramp": null,
    } });
    let host = Host::chain([breaker(configuration.clone())])
        .edge(Edge::default().direction(direction))
        .clusters([Cluster::new("upstream").filters([breaker(configuration).name("in-the-cluster")])]);
    for _ in 0..3 {
        let slow = host.get("/").send();
        host.advance(secs(2));
        if slow.is_at_upstream() {
            drop(slow.answer(bad));
        }
    }
    drop(host.get("/").send());
    host.advance(secs(2));
    let undecided = host.get("/").send();
    host.advance(secs(3));
    drop(undecided);
    for answer in [503, 200, 200] {
        host.advance(secs(2));
        host.get("/").run(answer);
    }
    host.advance(secs(2));
    host.metrics().into_keys().collect()
}

/// What is left: a breaker that is forced, each retry of ten attempts, retries that are in shadow or held back by a half-open
/// breaker, and a key of the configuration that no plugin knows.
fn of_the_rest() -> Vec<String> {
    let mut seen = Vec::new();
    for state in ["open", "closed"] {
        let host = Host::chain([breaker(json!({ "default": { "force": state } }))]);
        host.get("/").run(200);
        seen.extend(host.metrics().into_keys());
    }
    for mode in ["enforce", "shadow"] {
        let configuration =
            json!({ "mode": mode, "default": { "attempts": 10, "statuses": [503], "budget": null } });
        let retry = Plugin::new(RETRY.module()).name("retry").config(configuration);
        let host = Host::chain([retry]).routes([Route::new("").timeout_ms(0)]);
        let mut exchange = host.get("/").send();
        while exchange.is_at_upstream() {
            exchange = exchange.begin_answer(503);
            host.advance(secs(10));
        }
        host.post("/").run(503);
        seen.extend(host.metrics().into_keys());
    }
    let retry = Plugin::new(RETRY.module()).name("retry").config(json!({}));
    let opens = json!({ "trip": { "consecutive_failures": 1 }, "open": { "for": "1s" } });
    let host = Host::chain([breaker(json!({ "default": opens })), retry]);
    host.get("/").run(500);
    host.advance(secs(2));
    host.get("/").run(503);
    seen.extend(host.metrics().into_keys());
    for plugin in ALL.iter().chain(&[&ADMIN]) {
        let host = Host::new(plugin.module()).config(json!({ "unknown_keys": "warn", "unknown": 1 }));
        host.start();
        seen.extend(host.metrics().into_keys());
    }
    seen
}

/// What an operator has counted: each answer that there is.
fn of_admin() -> Vec<String> {
    let admin = || Plugin::new(ADMIN.module()).name("admin").config(json!({}));
    let cluster = || Cluster::new("upstream").filters([breaker(json!({})).name("in-the-cluster")]);
    let life = |host: &Host| {
        host.get("/").run(200);
        for (method, path) in [
            ("GET", "/.policy"),
            ("GET", "/.policy?x"),
            ("PUT", "/.policy"),
            ("GET", "/.policy/x"),
            ("POST", "/.policy/reset?breaker=x&reason=x"),
            ("POST", "/.policy/reset?breaker=upstream&reason=x"),
            (
                "POST",
                "/.policy/reset?breaker=any/downstream/cluster/upstream&reason=x",
            ),
            (
                "POST",
                "/.policy/force?breaker=any/downstream/cluster/upstream&state=open&for=1s&reason=x",
            ),
        ] {
            host.request(method, path).run(200);
        }
        host.get("/.policy").from("10.0.0.1:1").run(200);
    };
    let make = || Host::chain([admin(), breaker(json!({}))]).clusters([cluster()]);
    let host = make();
    life(&host);
    let clock = host.host_calls().len();
    host.get("/.policy").run(200);
    let calls = host.host_calls();
    let clock = clock
        + calls[clock..]
            .iter()
            .position(|call| call.name == "clock_time_get")
            .expect("it asks");
    let without = make().fail_host_call(clock, host::Status::INTERNAL_FAILURE);
    life(&without);
    without.get("/.policy").run(200);
    host.metrics()
        .into_keys()
        .chain(without.metrics().into_keys())
        .collect()
}

#[test]
fn the_reference_has_what_the_modules_emit_and_nothing_else() {
    let reference = Reference::read();
    let trips = [
        (503, json!({ "consecutive_failures": 2 })),
        (503, json!({ "failure_rate": { "min_calls": 2 } })),
        (
            200,
            json!({ "failure_rate": null, "slow_rate": { "slower_than": "1s", "min_calls": 2 } }),
        ),
    ];
    let mut seen: BTreeSet<String> = of_the_exchanges()
        .chain(of_the_rest())
        .chain(of_admin())
        .collect();
    for (bad, trip) in trips {
        for (mode, direction) in [
            ("enforce", Direction::Inbound),
            ("enforce", Direction::Outbound),
            ("shadow", Direction::Unspecified),
        ] {
            seen.extend(of_a_life(&trip, bad, mode, direction));
        }
    }
    let mut entries = BTreeSet::new();
    for raw in &seen {
        let series = Series::of_raw(raw).unwrap_or_else(|| panic!("{raw}: its labels cannot be told"));
        assert_eq!(reference.fault(&series), None, "{raw}");
        entries.extend(reference.entries_of(&series));
    }
    // What a plugin gives up on takes a host that fails: the next test looks for those words in the modules.
    let unseen: Vec<String> = reference
        .entries()
        .difference(&entries)
        .filter(|entry| !entry.starts_with("policy_degradations_total{what="))
        .cloned()
        .collect();
    assert_eq!(unseen, Vec::<String>::new(), "nothing emitted these");
}

#[test]
fn each_step_that_may_be_given_up_on_is_one_of_a_module() {
    let modules: Vec<Vec<u8>> = MODULES.iter().map(|module| module.bytes()).collect();
    let reference = Reference::read().entries();
    let steps: Vec<&str> = reference
        .iter()
        .filter_map(|entry| {
            entry
                .strip_prefix("policy_degradations_total{what=")?
                .strip_suffix('}')
        })
        .collect();
    assert!(steps.len() > 30, "{steps:?}");
    for step in steps {
        let is_within = |module: &Vec<u8>| module.windows(step.len()).any(|window| window == step.as_bytes());
        assert!(modules.iter().any(is_within), "no module has {step}");
    }
}

#[test]
fn each_plugin_may_give_up() {
    let entries = Reference::read().entries();
    for plugin in ALL.iter().chain(&[&ADMIN]) {
        let entry = format!("policy_degradations_total{{plugin={}}}", plugin.name);
        assert!(entries.contains(&entry), "{entry}");
    }
}

#[test]
fn a_series_that_is_not_in_the_reference_is_told() {
    let fault = |raw: &str| Reference::read().fault(&Series::of_raw(raw).expect("it has labels"));
    assert_eq!(fault("request_ids_total.source=accepted;"), None);
    assert_eq!(
        fault("request_ids_total.source=lost;").as_deref(),
        Some("request_ids_total: source is never \"lost\"")
    );
    assert_eq!(
        fault("request_ids_total.source=accepted;.mode=shadow;").as_deref(),
        Some("request_ids_total: no label is called mode")
    );
    assert_eq!(
        fault("retry_suppressed_total.route=a.b;.reason=method;").as_deref(),
        Some("retry_suppressed_total: no label \"mode\"")
    );
    assert_eq!(
        fault("requests_total").as_deref(),
        Some("no metric is called requests_total")
    );
}
