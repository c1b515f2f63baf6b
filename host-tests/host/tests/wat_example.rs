//! Plugins written by hand, `examples/api-key.wat` and `examples/ask-first.wat`. The first test is the one that the README
//! shows.

use host::{Host, Module};

#[test]
fn a_request_without_a_key_is_refused() {
    let plugin = Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    let host = Host::new(plugin);
    host.get("/orders").expect_rejected(401);
    host.get("/orders").header("x-api-key", "k").answered_with(200);
    assert_eq!(host.metric("keyless_requests"), 1);
}

use host::{Answer, Cluster, Exchange, cost, faults, millis};
use std::panic::catch_unwind;
use std::sync::LazyLock;

static PLUGIN: LazyLock<Module> =
    LazyLock::new(|| Module::new(&wat::parse_file("examples/api-key.wat").unwrap()));

#[test]
fn the_refusal_says_why_to_the_client_and_to_the_access_log() {
    let exchange = Host::new(&*PLUGIN).get("/orders").expect_rejected(401);
    exchange
        .header("www-authenticate", "ApiKey")
        .expect_body("an API key is needed\n");
    assert_eq!(exchange.details(), "no_api_key");
}

#[test]
fn a_request_with_a_key_costs_one_host_call() {
    let exchange = Host::new(&*PLUGIN)
        .get("/orders")
        .header("x-api-key", "k")
        .answered_with(200);
    assert_eq!(exchange.cost().calls(), 1, "{}", exchange.cost());
}

#[test]
fn all_workers_count_in_one_metric() {
    let host = Host::new(&*PLUGIN).workers(2);
    host.worker(0).get("/").expect_rejected(401);
    host.worker(1).get("/").expect_rejected(401);
    assert_eq!(host.metric("keyless_requests"), 2);
}

#[test]
fn no_status_of_the_host_traps_it() {
    let report = faults::inject_everywhere(
        || Host::new(&*PLUGIN),
        |host| {
            host.get("/").run(200);
        },
    );
    assert!(report.runs > report.refused, "{report}");
}

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_shows_the_first_test_as_it_stands_here() {
    let here = include_str!("wat_example.rs");
    let start = here.find("use host::").unwrap();
    let end = here.find("\n}\n").unwrap();
    assert!(README.contains(&here[start..end]));
}

#[test]
fn the_readme_shows_what_a_failed_expectation_prints() {
    let expects_too_much = || -> Exchange {
        Host::new(&*PLUGIN)
            .post("/orders")
            .header("content-type", "application/json")
            .body("{}")
            .answered_with(200)
    };
    let panic = catch_unwind(expects_too_much).unwrap_err();
    let printed = panic.downcast_ref::<String>().unwrap();
    let trimmed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    assert!(README.contains(&trimmed.join("\n")), "{printed}");
}

/// A plugin that asks the cluster `authz` first.
fn asks_first() -> Module {
    Module::new(&wat::parse_file("examples/ask-first.wat").unwrap())
}

fn asking(answers: impl IntoIterator<Item = Answer>) -> Host {
    Host::new(asks_first()).clusters([Cluster::new("authz").answers(answers), Cluster::new("upstream")])
}

#[test]
fn only_what_the_other_service_admits_goes_on() {
    let outcome = |answer| asking([answer]).get("/").run(200).status();
    assert_eq!(outcome(Answer::new(200)), 200);
    for refusal in [
        Answer::new(401),
        Answer::new(500),
        Answer::new(201),
        Answer::timeout(),
    ] {
        assert_eq!(outcome(refusal), 403);
    }
    for failure in [Answer::no_healthy_upstream(), Answer::new(200).cut_off()] {
        assert_eq!(outcome(failure), 503);
    }
    assert_eq!(
        Host::new(asks_first()).get("/").run(200).status(),
        503,
        "there is no such cluster"
    );
}

#[test]
fn many_requests_may_wait_at_once_and_each_gets_its_own_answer() {
    // The later a request comes, the sooner it is answered; every third one is refused.
    let answer = |number: u64| {
        Answer::new(if number.is_multiple_of(3) { 403 } else { 200 }).after(millis(100 - number))
    };
    let host = asking((0..50).map(answer));
    let waiting: Vec<_> = (0..50).map(|_| host.get("/").send()).collect();
    assert_eq!(
        host.call_outs()
            .iter()
            .filter(|call_out| call_out.is_waiting())
            .count(),
        50
    );
    host.advance(millis(100));
    for (number, exchange) in waiting.into_iter().enumerate() {
        let status = if number.is_multiple_of(3) {
            exchange.status()
        } else {
            exchange.answer(200).status()
        };
        assert_eq!(
            status,
            if number.is_multiple_of(3) { 403 } else { 200 },
            "request {number}"
        );
    }
}

#[test]
fn asking_costs_the_same_each_time_and_keeps_nothing() {
    let cost = cost::usual(&asking([Answer::new(200)]), |host| {
        host.get("/").answered_with(200)
    });
    assert_eq!((cost.first.calls(), cost.usual.calls()), (4, 4), "{}", cost.usual);
    let growth = cost::growth(&asking([Answer::new(200)]), 2000, |host| {
        host.get("/").answered_with(200);
    });
    assert_eq!(growth, 0);
}
