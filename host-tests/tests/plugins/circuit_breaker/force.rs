//! A state that the operator wants, whatever the upstream does.

use super::{breaker, expect_rejected, host, strikes_with, tell, transitions};
use host::{Host, secs};
use serde_json::{Value, json};

fn forced(force: Value) -> Value {
    json!({ "default": strikes_with(json!({ "force": force })) })
}

fn running(force: Value) -> Host {
    Host::chain([breaker(forced(force))]).workers(2)
}

#[track_caller]
fn force(host: &Host, state: Value) {
    host.update("circuit-breaker", forced(state))
        .expect("it is accepted");
}

#[test]
fn forced_open_rejects_all_for_as_long_as_it_is_forced() {
    let host = running(json!("open"));
    for _ in 0..3 {
        for worker in [0, 1] {
            let exchange = host.worker(worker).get("/orders").expect_rejected(503);
            exchange
                .header("retry-after", "10")
                .header("x-error-code", "CIRCUIT_OPEN");
        }
        host.advance(secs(60));
    }
    assert_eq!(transitions(&host, "closed", "open", "forced"), 1);
    assert_eq!(host.metric("circuit_breaker_state.breaker=upstream;"), 1);
}

#[test]
fn what_was_forced_open_finds_out_once_it_is_no_longer() {
    let host = running(json!("open"));
    expect_rejected(&host);
    host.advance(secs(60));
    expect_rejected(&host);
    force(&host, Value::Null);
    let probe = host.worker(1).get("/orders").expect_forwarded();
    expect_rejected(&host);
    probe.answer(200);
    tell(host.worker(0), "ss");
}

#[test]
fn forced_closed_admits_all_and_never_opens() {
    let host = running(json!("closed"));
    tell(host.worker(0), "fffffffffffffffffffff");
    tell(host.worker(1), "fs");
    assert_eq!(super::calls(&host, "failure", "enforce"), 22);
    assert_eq!(host.metric("circuit_breaker_state.breaker=upstream;"), 0);
}

#[test]
fn forcing_it_closed_ends_an_open_time() {
    let host = running(Value::Null);
    tell(host.worker(0), "fff");
    expect_rejected(&host);
    force(&host, json!("closed"));
    tell(host.worker(1), "sff");
    assert_eq!(transitions(&host, "open", "closed", "forced"), 1);
}

#[test]
fn forcing_it_open_ends_what_is_half_open() {
    let host = running(Value::Null);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    let probe = host.get("/orders").expect_forwarded();
    force(&host, json!("open"));
    expect_rejected(&host);
    probe.answer(200);
    expect_rejected(&host);
    assert_eq!(transitions(&host, "half_open", "open", "forced"), 1);
}

#[test]
fn forced_open_in_shadow_rejects_nobody() {
    let policy = strikes_with(json!({ "force": "open" }));
    let host = host(json!({ "mode": "shadow", "default": policy }));
    tell(host.worker(0), "sss");
    assert_eq!(super::calls(&host, "rejected", "shadow"), 3);
}
