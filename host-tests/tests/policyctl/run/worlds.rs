//! What a scenario can say: clients, upstreams, changes, and what is made of expectations.

use super::{each, known, played};
use serde_json::json;

/// A breaker that opens at the third failure in a row, for ten seconds.
const BREAKER: &str = "
policies:
  error-envelope: {}
  request-id: {}
  circuit-breaker:
    default:
      trip: { consecutive_failures: 3 }
      open: { for: 10s, jitter: 0 }
      half_open: { max_calls: 1, successes: 1 }
      ramp: null
";

#[test]
fn a_scenario_of_a_few_lines_is_enough() {
    let told = played("{ title: small, policies: {}, clients: [{}], for: 3s }", 0).out;
    assert!(
        told.contains("3s: 2 requests in 2 tries, 2 attempts at upstreams"),
        "{told}"
    );
}

#[test]
fn upstreams_refuse_reset_never_answer_and_have_no_host() {
    let scenario = "
title: ways to fail
policies: {}
for: 5s
routes: [{ name: all, timeout: 500ms }]
upstream:
  - { from: 0s, answer: refuse }
  - { from: 1500ms, answer: reset }
  - { from: 2500ms, answer: never }
  - { from: 3500ms, answer: no_host }
clients: [{ rate: 1 }]
";
    let known = known(scenario, 0);
    assert_eq!(each(&known, "flags"), ["UF", "UC", "UT", "UH"]);
    assert_eq!(each(&known, "status"), [503, 503, 504, 503]);
    assert_eq!(each(&known, "took_ms"), [5.0, 5.0, 500.0, 0.0]);
}

#[test]
fn an_upstream_answers_some_flaps_and_has_a_capacity() {
    let scenario = "
title: three upstreams
policies: {}
for: 100s
routes:
  - { name: some, path: /some, cluster: some }
  - { name: flaps, path: /flaps, cluster: flaps }
  - { name: all }
upstream: [{ capacity: 3 }]
clusters:
  some: { phases: [{ answer: 500, percent: 25 }] }
  flaps: { phases: [{ answer: 500, flaps: { for: 10s, every: 50s }, otherwise: { answer: 204 } }] }
clients:
  - { name: some, rate: 10, path: /some }
  - { name: flaps, rate: 1, path: /flaps }
  - { name: burst, rate: 0, bursts: [{ at: 5s, requests: 10 }, { at: 6s, requests: 2 }] }
expect:
  - answers: { client: some, status: 500, percent: { at_least: 20, at_most: 30 } }
  - answers: { client: flaps, status: 500, from: 1s, until: 10s, percent: { at_least: 100 } }
  - answers: { client: flaps, status: 204, from: 10s, until: 50s, percent: { at_least: 100 } }
  - answers: { client: flaps, status: 500, from: 50s, until: 60s, percent: { at_least: 100 } }
  - answers: { client: burst, status: 200, count: { at_least: 5, at_most: 5 } }
  - answers: { client: burst, status: 503, count: { at_least: 7, at_most: 7 } }
";
    played(scenario, 0);
}

#[test]
fn a_client_tries_again_as_it_says() {
    let scenario = "
title: a client that tries again
policies: {}
for: 10s
upstream: [{ answer: 503, headers: { retry-after: '3' } }]
clients:
  - { name: waits, rate: 0, bursts: [{ at: 1s, requests: 1 }], retries: { at_most: 2, jitter: 0 } }
  - name: hurries
    rate: 0
    bursts: [{ at: 1s, requests: 1 }]
    retries: { at_most: 3, on: [503], wait: 100ms, multiplier: 3, longest: 500ms, jitter: 0, honor_retry_after: false }
";
    let known = known(scenario, 0);
    let at = |client: &str| -> Vec<f64> {
        let tries = known["tries"].as_array().expect("tries");
        let theirs = tries.iter().filter(|made| made["client"] == client);
        theirs.filter_map(|made| made["at_ms"].as_f64()).collect()
    };
    assert_eq!(at("waits"), [1000.0, 4005.0, 7010.0]);
    assert_eq!(at("hurries"), [1000.0, 1105.0, 1410.0, 1915.0]);
}

#[test]
fn the_network_loses_answers_connections_and_bodies() {
    let client = |what: &str| {
        format!(
            "{{ name: {what}, rate: 0, bursts: [{{ at: 1s, requests: 1 }}], method: POST, body: abcdef, \
             loses: {{ {what}: 100 }} }}"
        )
    };
    let clients = ["answers", "connections", "bodies"].map(client).join(", ");
    let known = known(
        &format!("{{ title: losses, policies: {{}}, for: 2s, clients: [{clients}] }}"),
        0,
    );
    assert_eq!(
        each(&known, "got"),
        ["answer_lost", "connection_broken", "connection_broken"]
    );
    assert_eq!(each(&known, "flags"), ["-", "DC", "DC"]);
    assert_eq!(each(&known, "took_ms"), [5.0, 1.0, 1.0]);
}

#[test]
fn a_client_gives_up_and_another_keeps_to_its_limit() {
    let scenario = "
title: patience
policies: {}
for: 10s
upstream: [{ after: 2s }]
clients:
  - { name: impatient, rate: 0, bursts: [{ at: 0s, requests: 1 }], gives_up_after: 1s }
  - { name: careful, rate: 0, bursts: [{ at: 0s, requests: 3 }], at_most: 2 }
";
    let known = known(scenario, 0);
    assert_eq!(each(&known, "got"), ["gave_up", "answer", "answer", "answer"]);
    assert_eq!(each(&known, "at_ms"), [0.0, 0.0, 0.0, 2000.0]);
}

#[test]
fn the_states_that_are_told_are_those_of_the_gauge_and_of_the_counters() {
    let known = known(
        &format!(
            "title: t\nfor: 60s\nupstream: [{{ answer: 503 }}, {{ from: 30s }}]\nclients: [{{ rate: 10 }}]\n{BREAKER}"
        ),
        0,
    );
    let transitions = known["breakers"][0]["transitions"]
        .as_array()
        .expect("transitions");
    let of_metrics = |name: &str| -> u64 {
        let metrics = known["metrics"].as_object().expect("metrics");
        metrics
            .iter()
            .filter(|(raw, _)| raw.starts_with(name))
            .filter_map(|(_, value)| value.as_u64())
            .sum()
    };
    assert_eq!(
        transitions.len() as u64,
        of_metrics("circuit_breaker_transitions_total.")
    );
    assert_eq!(transitions.last().map(|last| &last["to"]), Some(&json!("closed")));
    assert_eq!(of_metrics("circuit_breaker_state."), 0);
}

#[test]
fn a_worker_that_dies_takes_no_breaker_with_it() {
    let scenario = format!(
        "title: t\nfor: 20s\nupstream: [{{ answer: 503 }}]\nclients: [{{ rate: 10 }}]\n{BREAKER}\
         changes: [{{ at: 5s, kill_worker: 0 }}]\n\
         expect:\n  - state: {{ is: open, from: 1s, until: 10s }}\n  \
         - answers: {{ from: 5s, until: 10s, rejected: true, percent: {{ at_least: 100 }} }}\n"
    );
    let told = played(&scenario, 0).out;
    assert!(told.contains("5.000s  the VMs of worker 0 die"), "{told}");
}

#[test]
fn a_change_that_the_plugin_refuses_changes_nothing_and_is_a_fault() {
    let scenario = format!(
        "title: t\nfor: 5s\nclients: [{{ rate: 10 }}]\n{BREAKER}\
         changes: [{{ at: 1s, policies: {{ circuit-breaker: {{ default: {{ trip: {{ consecutive_failure: 1 }} }} }} }} }}]\n"
    );
    let told = played(&scenario, 1).out;
    assert!(
        told.contains("policies refuses the new configuration and keeps the old one: "),
        "{told}"
    );
    assert!(told.contains("consecutive_failure"), "{told}");
}

#[test]
fn plugins_stand_one_by_one_and_in_clusters() {
    let scenario = "
title: a breaker of attempts
for: 5s
filters:
  - { plugin: error-envelope }
  - { plugin: request-id }
clusters:
  upstream:
    phases: [{ answer: 503 }]
    filters:
      - plugin: circuit-breaker
        config: { default: { trip: { consecutive_failures: 3 } } }
clients: [{ rate: 10 }]
expect:
  - state: { breaker: upstream (attempts), is: open, by: 1s }
  - attempts: { count: { at_most: 3 } }
";
    played(scenario, 0);
}

#[test]
fn the_plugins_of_an_envoys_configuration_are_taken_from_it() {
    let root = host_tests::document::root();
    let bootstrap = root.join("envoy/circuit-breaker-three-in-a-row.yaml");
    let scenario = format!(
        "title: the sample\nfor: 5s\nbootstrap: {}\nupstream: [{{ answer: 503 }}]\nclients: [{{ rate: 10 }}]\n\
         expect:\n  - transitions: {{ to: [open], because: [consecutive_failures] }}\n  \
         - attempts: {{ count: {{ at_least: 3, at_most: 3 }} }}\n",
        bootstrap.display()
    );
    played(&scenario, 0);
}

#[test]
fn tens_of_thousands_of_requests_are_played() {
    let scenario = "{ title: many, policies: {}, for: 100s, clients: [{ rate: 300, arrivals: random }] }";
    let told = played(scenario, 0).out;
    let requests = told
        .split_once(": ")
        .and_then(|(_, rest)| rest.split_once(" requests"));
    let requests: usize = requests
        .and_then(|(count, _)| count.trim().parse().ok())
        .unwrap_or(0);
    assert!(requests > 29_000, "{told}");
}
