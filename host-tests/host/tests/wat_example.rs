//! A plugin written by hand, `examples/api-key.wat`. Its first test is the one that the README shows.

use host::{Host, Module};

#[test]
fn a_request_without_a_key_is_refused() {
    let plugin = Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    let host = Host::new(plugin);
    host.get("/orders").expect_rejected(401);
    host.get("/orders").header("x-api-key", "k").answered_with(200);
    assert_eq!(host.metric("keyless_requests"), 1);
}

use host::{Exchange, faults};
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
