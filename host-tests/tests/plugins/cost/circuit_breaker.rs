//! What a request costs that meets a breaker.

use super::request;
use host::cost::usual;
use host::{Answer, Cost, Exchange, Host, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use serde_json::{Value, json};

fn breaker(configuration: Value) -> Host {
    Host::new(CIRCUIT_BREAKER.module())
        .plugin_name("circuit-breaker")
        .config(configuration)
        .seed(1)
        .plant_nothing()
}

fn policy(more: Value) -> Value {
    let mut policy = json!({ "open": { "for": "1h", "max": "1h", "jitter": 0 } });
    let members = policy.as_object_mut().expect("a policy is an object");
    members.extend(more.as_object().expect("so is what is laid over it").clone());
    json!({ "default": policy })
}

fn answered(host: &Host, answer: Answer) -> Exchange {
    request(host).header("x-request-id", "order-42").run(answer)
}

fn cost(configuration: Value, answer: &Answer) -> Cost {
    usual(&breaker(configuration), |host| answered(host, answer.clone())).usual
}

/// The cost of a success where the breaker has a record: an exchange with this status, and a tick, went before.
fn after_a_tick(status: u16) -> Cost {
    let host = breaker(json!({}));
    answered(&host, Answer::new(status).body("hello"));
    host.advance(secs(1));
    usual(&host, |host| answered(host, Answer::new(200).body("hello"))).usual
}

/// The cost of a probe that succeeds: the breaker opens and closes before each.
fn probe() -> Cost {
    let host = breaker(policy(json!({
        "trip": { "consecutive_failures": 1, "failure_rate": null },
        "open": { "for": "1s", "max": "1s", "jitter": 0 },
        "half_open": { "successes": 1 },
        "ramp": null,
    })));
    usual(&host, |host| {
        answered(host, Answer::new(503));
        host.advance(secs(2));
        answered(host, Answer::new(200).body("hello"))
    })
    .usual
}

/// The cost of a success for a value that shares a breaker, because all places are taken.
fn without_a_place() -> Cost {
    let key = json!({ "key": { "header": "x-user" }, "max_keys": 16 });
    let host = breaker(policy(key));
    for tenant in 0..16 {
        host.get("/").header("x-user", format!("t{tenant}")).run(200);
    }
    usual(&host, |host| answered(host, Answer::new(200).body("hello"))).usual
}

/// What each way through a breaker costs, as the golden file has it.
pub(super) fn breakers() -> String {
    let ok = Answer::new(200).body("hello");
    let ways = [
        ("closed, and a success", cost(json!({}), &ok)),
        (
            "closed, and a success after a tick, when there is a record",
            after_a_tick(200),
        ),
        (
            "closed, and a success while a failure is in the window",
            after_a_tick(503),
        ),
        (
            "closed, and a success without a body",
            cost(json!({}), &Answer::new(204)),
        ),
        (
            "closed, and a success by route",
            cost(policy(json!({ "key": "route" })), &ok),
        ),
        (
            "closed, and a success by a header's value",
            cost(policy(json!({ "key": { "header": "x-user" } })), &ok),
        ),
        (
            "closed, and a success without a place of its own",
            without_a_place(),
        ),
        (
            "closed, and a failure",
            cost(
                policy(json!({ "trip": { "failure_rate": { "min_calls": 1_000_000 } } })),
                &Answer::new(503),
            ),
        ),
        ("half-open, and a probe's success", probe()),
        ("open", cost(policy(json!({ "force": "open" })), &ok)),
        (
            "open, and re-routed",
            cost(
                policy(json!({ "force": "open", "reject": { "reroute": {} } })),
                &ok,
            ),
        ),
        (
            "a breaker that is disabled",
            cost(json!({ "mode": "disabled" }), &ok),
        ),
    ];
    ways.iter()
        .map(|(what, cost)| format!("{what}\n{cost}\n"))
        .collect()
}

#[test]
fn the_usual_path_reads_shared_data_once_and_writes_nothing() {
    let cost = cost(json!({}), &Answer::new(200).body("hello"));
    let of = |name: &str| {
        let calls = cost.callbacks.iter().flat_map(|spent| &spent.calls);
        calls
            .filter(|(called, _)| **called == name)
            .map(|(_, count)| *count)
            .sum::<u64>()
    };
    assert_eq!(of("proxy_get_shared_data"), 1, "{cost}");
    assert_eq!(
        of("proxy_set_shared_data") + of("proxy_increment_metric"),
        0,
        "{cost}"
    );
    assert_eq!(cost.calls(), 8, "{cost}");
}

#[test]
fn a_breaker_that_is_disabled_costs_nothing() {
    assert_eq!(cost(json!({ "mode": "disabled" }), &Answer::new(503)).calls(), 0);
}

#[test]
fn a_worker_does_not_grow_with_its_breakers() {
    let host = breaker(json!({
        "explain": "all", "log": { "requests": true, "errors": "all" },
        "default": { "key": { "header": "x-tenant" }, "max_keys": 8, "evict_idle": "1s" },
    }));
    let mut grown = 0;
    for round in 0..2_000u32 {
        let answer = Answer::new(if round % 3 == 0 { 503 } else { 200 }).body("hello");
        let exchange = request(&host)
            .header("x-tenant", format!("t{}", round % 700))
            .run(answer);
        grown += if round < 700 {
            0
        } else {
            exchange.cost().pages_grown()
        };
        if round % 16 == 0 {
            host.advance(secs(1));
        }
    }
    assert_eq!(grown, 0);
}
