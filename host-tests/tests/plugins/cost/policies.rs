//! What a request costs that all plugins see in one pass, against what it costs in a chain of them.

use super::request;
use host::cost::usual;
use host::{Answer, Cost, Exchange, Host, Plugin, secs};
use host_tests::plugin::{CIRCUIT_BREAKER, ERROR_ENVELOPE, POLICIES, REQUEST_ID, RETRY};
use serde_json::{Value, json};

fn one_pass(configuration: Value) -> Host {
    Host::new(POLICIES.module())
        .plugin_name("policies")
        .root_id("policies")
        .config(configuration)
        .seed(1)
        .plant_nothing()
}

/// The same plugins, each in its own module.
fn chain(configuration: &Value) -> Host {
    let of_its_own = |module: &host_tests::plugin::Plugin| {
        Plugin::new(module.module())
            .name(module.name)
            .config(configuration[module.name].clone())
    };
    Host::chain([&ERROR_ENVELOPE, &REQUEST_ID, &CIRCUIT_BREAKER, &RETRY].map(of_its_own))
        .seed(1)
        .plant_nothing()
}

fn all() -> Value {
    json!({ "error-envelope": {}, "request-id": {}, "circuit-breaker": {}, "retry": {} })
}

fn open() -> Value {
    let mut all = all();
    all["circuit-breaker"] = json!({ "default": { "force": "open" } });
    all
}

/// A request that is tried once gets this answer.
fn answered(host: &Host, answer: &Answer) -> Exchange {
    request(host)
        .header("x-request-id", "order-42")
        .header("x-envoy-max-retries", "0")
        .run(answer.clone())
}

fn cost(host: &Host, answer: &Answer) -> Cost {
    usual(host, |host| answered(host, answer)).usual
}

/// The cost of a 200 where the breaker and the budget have records: a 200, and a tick, went before.
fn after_a_tick() -> Cost {
    let host = one_pass(all());
    answered(&host, &ok());
    host.advance(secs(1));
    cost(&host, &ok())
}

fn ok() -> Answer {
    Answer::new(200)
        .header("content-type", "text/plain")
        .body("hello")
}

fn missing() -> Answer {
    Answer::new(404).header("content-type", "text/plain").body("none")
}

/// What each way through all of them costs, as the golden file has it.
pub(super) fn policies() -> String {
    let ways = [
        ("all in one pass, and a 200", cost(&one_pass(all()), &ok())),
        (
            "all in one pass, and a 200 after a tick, when there are records",
            after_a_tick(),
        ),
        (
            "all in one pass, and a 404 that is replaced",
            cost(&one_pass(all()), &missing()),
        ),
        (
            "all in one pass, and a breaker that is open",
            cost(&one_pass(open()), &ok()),
        ),
        (
            "all in one pass, and none of them on",
            cost(&one_pass(json!({})), &ok()),
        ),
    ];
    ways.iter()
        .map(|(what, cost)| format!("{what}\n{cost}\n"))
        .collect()
}

/// All host calls of these names.
fn calls(cost: &Cost, names: &[&str]) -> u64 {
    let all = cost.callbacks.iter().flat_map(|spent| &spent.calls);
    all.filter(|(name, _)| names.contains(name))
        .map(|(_, count)| *count)
        .sum()
}

#[test]
fn one_pass_reads_each_header_map_once_and_asks_less_of_the_host_than_a_chain() {
    let readings = ["proxy_get_header_map_pairs"];
    for (configuration, answer, in_one_pass, in_chain) in [
        (all(), ok(), (2, 15), (6, 24)),
        (all(), missing(), (2, 28), (7, 40)),
        (open(), ok(), (2, 31), (4, 33)),
    ] {
        let one = cost(&one_pass(configuration.clone()), &answer);
        let four = cost(&chain(&configuration), &answer);
        let told = |cost: &Cost| (calls(cost, &readings), cost.calls());
        assert_eq!(
            (told(&one), told(&four)),
            (in_one_pass, in_chain),
            "{one}\n{four}"
        );
    }
}
