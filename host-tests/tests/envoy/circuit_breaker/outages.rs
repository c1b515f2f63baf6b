//! An upstream that fails, gets slow, resets, and works again, before two workers.

use super::stage::{
    Stage, alone, answer_to, answered, calls, eventually, is_rejection, start, three_strikes, transitions,
};
use live::client::{Connection, Request};
use live::{Upstream, values};
use serde_json::{Value, json};
use std::thread;

const DOZENS: usize = 48;

#[test]
fn what_one_worker_sees_fail_the_other_rejects_with_its_next_request() {
    let stage = Stage::new(&three_strikes(
        &json!({ "open": { "for": "1000s", "max": "1000s" } }),
    ));
    let [failing, other] = [0, 1];
    // It knows the breaker, and knows it as closed.
    let before = stage.connect_to(other);
    Stage::get_on(&before);
    stage.answer(0, 200);
    assert_eq!(answer_to(&before).status(), 200);
    for failure in 1..=3 {
        let client = stage.connect_to(failing);
        Stage::get_on(&client);
        stage.answer(failure, 500);
        assert_eq!(answer_to(&client).status(), 500);
    }
    let next = stage.connect_to(other);
    Stage::get_on(&next);
    assert!(is_rejection(&answer_to(&next)));
    assert_eq!(stage.burst(DOZENS).rejected(), DOZENS);
    assert_eq!(stage.reached(), 4, "one success and three failures");
    stage.metric(&transitions("closed", "open", "consecutive_failures"), 1);
}

#[test]
fn failures_that_come_at_once_open_it_once_and_each_is_counted() {
    let stage = Stage::new(&three_strikes(
        &json!({ "open": { "for": "1000s", "max": "1000s" } }),
    ));
    let burst = stage.burst(DOZENS);
    assert_eq!(burst.reached, DOZENS);
    (0..DOZENS).for_each(|number| stage.answer(number, 503));
    stage.metric(&calls("failure"), DOZENS as u64);
    stage.metric(&transitions("closed", "open", "consecutive_failures"), 1);
    assert_eq!(stage.burst(DOZENS).rejected(), DOZENS);
}

/// Both workers change one record at once, all the time. One failure fewer would not open it.
#[test]
fn not_one_of_a_thousand_failures_on_both_workers_is_lost() {
    const CONNECTIONS: usize = 40;
    const REQUESTS: usize = 25;
    let policy = three_strikes(&json!({
        "trip": { "consecutive_failures": CONNECTIONS * REQUESTS }, "open": { "for": "1000s", "max": "1000s" },
    }));
    let upstream = Upstream::start().expect("an upstream can be started");
    let envoy = start(&alone(&json!({ "default": policy }), upstream.address()));
    let address = envoy.address().expect("the sample has a listener");
    let failing = |_| {
        thread::spawn(move || {
            let mut connection = Connection::open(address).expect("Envoy listens");
            for _ in 0..REQUESTS {
                let response = connection
                    .send(&Request::get("/status/500"))
                    .expect("there is an answer");
                assert_eq!(response.status, 500, "it is admitted");
            }
        })
    };
    let clients: Vec<_> = (0..CONNECTIONS).map(failing).collect();
    for client in clients {
        client.join().expect("no client failed");
    }
    let next = envoy.send(&Request::get("/")).expect("there is an answer");
    assert_eq!(
        (next.status, next.values("x-error-code")),
        (503, vec![&b"CIRCUIT_OPEN"[..]])
    );
    let prometheus = envoy.prometheus().expect("Envoy tells its metrics");
    assert!(!prometheus.contains("policy_degradations_total"), "{prometheus}");
}

#[test]
fn an_upstream_that_resets_its_connections_opens_it() {
    let stage = Stage::new(&three_strikes(
        &json!({ "open": { "for": "1000s", "max": "1000s" } }),
    ));
    stage.tell(200, 1);
    let burst = stage.burst(3);
    assert_eq!(burst.reached, 3);
    (1..=3).for_each(|number| stage.reset(number));
    stage.metric(&transitions("closed", "open", "consecutive_failures"), 1);
    for client in &burst.clients {
        assert_eq!(answer_to(client).status(), 503);
    }
    assert_eq!(burst.rejected(), 0, "what was in flight got Envoy's own answer");
    assert_eq!(stage.burst(DOZENS).rejected(), DOZENS);
    assert_eq!(stage.reached(), 4);
}

#[test]
fn an_upstream_that_gets_slow_opens_it_though_it_answers_well() {
    let slow_rate = json!({ "percent": 50, "slower_than": "1s", "min_calls": 8, "window": "1000s" });
    let policy = three_strikes(&json!({
        "trip": { "slow_rate": slow_rate }, "open": { "for": "1000s", "max": "1000s", "jitter": 0 },
    }));
    let upstream = Upstream::start().expect("an upstream can be started");
    let envoy = start(&alone(&json!({ "default": policy }), upstream.address()));
    let address = envoy.address().expect("the sample has a listener");
    let slow = |_| {
        thread::spawn(move || {
            let mut connection = Connection::open(address).expect("Envoy listens");
            connection
                .send(&Request::get("/slow/1100"))
                .expect("there is an answer")
                .status
        })
    };
    let clients: Vec<_> = (0..8).map(slow).collect();
    for client in clients {
        assert_eq!(client.join().expect("no client failed"), 200);
    }
    let next = envoy.send(&Request::get("/")).expect("there is an answer");
    assert_eq!(
        (next.status, next.values("x-error-code")),
        (503, vec![&b"CIRCUIT_OPEN"[..]])
    );
    assert_eq!(upstream.received().len(), 8);
    for (series, value) in [
        (calls("slow"), 8),
        (transitions("closed", "open", "slow_rate"), 1),
        ("circuit_breaker_state{breaker=\"upstream\"}".to_owned(), 1),
    ] {
        envoy
            .metric_reaches(&series, value)
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A stage whose breaker has just closed, with this ramp.
fn closed_again(ramp: &Value) -> Stage {
    let stage = Stage::new(&three_strikes(&json!({ "ramp": ramp })));
    stage.tell(500, 3);
    stage.half_open();
    stage.tell(200, 1);
    stage.metric(&transitions("half_open", "closed", "probes_succeeded"), 1);
    stage
}

#[test]
fn an_upstream_that_works_again_gets_a_share_of_the_requests_at_first() {
    let stage = closed_again(&json!({ "over": "10000s", "from_percent": 50 }));
    let burst = stage.burst(DOZENS);
    assert!(
        (1..DOZENS).contains(&burst.reached),
        "{} of {DOZENS}",
        burst.reached
    );
    let answers = burst.clients.iter().filter_map(answered);
    let ramping = answers.map(|answer| {
        assert_eq!(values(&answer.headers, "x-error-code"), [b"CIRCUIT_RAMPING"]);
        assert_eq!(values(&answer.headers, "retry-after"), [b"1"]);
    });
    assert_eq!(ramping.count(), DOZENS - burst.reached);
    stage.metric("circuit_breaker_state{breaker=\"upstream\"}", 0);
}

#[test]
fn an_upstream_that_works_again_gets_all_requests_in_the_end() {
    let stage = closed_again(&json!({ "over": "1s", "from_percent": 1 }));
    eventually("all of them being admitted", || {
        let burst = stage.burst(DOZENS);
        burst.leave();
        (burst.reached == DOZENS).then_some(())
    });
}
