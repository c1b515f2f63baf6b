//! The admin plugin: what it shows of breakers and budgets, how it forces and resets a breaker, and whom it refuses.

mod access;
mod bytes;
mod degradations;
mod forced;
mod logs;
mod metrics;
mod refused;
mod registered;
mod reset;
mod shown;

use crate::circuit_breaker::{strikes_with, three_strikes};
use host::{Exchange, Host, Plugin, Worker};
use host_tests::plugin::{ADMIN, CIRCUIT_BREAKER, RETRY};
use serde_json::{Value, json};

/// The plugin with this configuration.
fn admin(configuration: Value) -> Plugin {
    Plugin::new(ADMIN.module()).name("admin").config(configuration)
}

fn breaker(policy: Value) -> Plugin {
    Plugin::new(CIRCUIT_BREAKER.module())
        .name("circuit-breaker")
        .config(json!({ "default": policy }))
}

fn retry() -> Plugin {
    Plugin::new(RETRY.module()).name("retry").config(json!({}))
}

/// The plugin in one chain with a breaker of this policy: that they stand on two listeners, only Envoy can show.
fn running(policy: Value) -> Host {
    Host::chain([admin(json!({})), breaker(policy), retry()]).workers(2)
}

/// The same, with a breaker that has been met.
fn met() -> Host {
    let host = running(three_strikes());
    succeed(host.worker(0));
    host
}

#[track_caller]
fn succeed(worker: Worker<'_>) {
    worker.get("/orders").answered_with(200).expect_status(200);
}

#[track_caller]
fn fail(worker: Worker<'_>, times: usize) {
    for _ in 0..times {
        worker.post("/orders").answered_with(500).expect_status(500);
    }
}

#[track_caller]
fn body(exchange: &Exchange) -> Value {
    exchange
        .header("content-type", "application/json")
        .header("cache-control", "no-store");
    serde_json::from_slice(&exchange.body()).unwrap_or_else(|error| panic!("{error}: {exchange}"))
}

/// What a GET shows.
#[track_caller]
fn shown(worker: Worker<'_>) -> Value {
    let exchange = worker.get("/.policy").run(500);
    exchange.expect_status(200);
    body(&exchange)
}

/// What it shows of the only breaker.
#[track_caller]
fn the_breaker(worker: Worker<'_>) -> Value {
    let mut shown = shown(worker);
    let breakers = shown["breakers"].as_array_mut().expect("it is a list");
    assert_eq!(breakers.len(), 1, "{breakers:#?}");
    breakers.remove(0)
}

/// Forces the breaker `upstream`.
#[track_caller]
fn force(worker: Worker<'_>, state: &str, time: &str) -> Value {
    let path = format!("/.policy/force?breaker=upstream&state={state}&for={time}&reason=a+test");
    let exchange = worker.post(path).run(500);
    exchange.expect_status(200);
    body(&exchange)
}

#[track_caller]
fn expect_rejected(worker: Worker<'_>, retry_after: &str) {
    let exchange = worker.get("/orders").expect_rejected(503);
    exchange
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", retry_after);
}

/// An error of the standard form, and the rest of its body.
#[track_caller]
fn expect_error(exchange: &Exchange, status: u16, code: &str) -> Value {
    exchange.expect_status(status).header("x-error-code", code);
    let body = body(exchange);
    assert_eq!(body["error_code"], code, "{body:#}");
    assert_eq!(body["status_code"], status, "{body:#}");
    body
}

fn outcomes(host: &Host, outcome: &str) -> u64 {
    host.metric(&format!("admin_requests_total.outcome={outcome};"))
}

fn transitions(host: &Host, from: &str, to: &str) -> u64 {
    let labels = format!(".breaker=upstream;.from={from};.to={to};.reason=forced;");
    host.metric(&format!("circuit_breaker_transitions_total{labels}"))
}
