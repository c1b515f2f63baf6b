//! What retries may add to an upstream's load, for all workers together.

use super::stage::{Stage, eventually};
use live::client::{Connection, Request};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

/// 20 % in two seconds, and five a second.
pub fn policy() -> Value {
    json!({ "budget": { "percent": 20, "interval": "2s", "min_retry_rate": { "count": 5, "interval": "1s" } } })
}

/// So many clients, each with a connection of its own on which it sends requests one after the other: this one at each turn.
pub fn load(stage: &Stage, clients: usize, turns: usize, request: impl Fn(usize, usize) -> Request + Sync) {
    let address = stage.envoy.address().expect("there is a listener");
    let (start, request) = (Barrier::new(clients), &request);
    thread::scope(|scope| {
        for client in 0..clients {
            let start = &start;
            scope.spawn(move || {
                let connection = Connection::open(address).expect("Envoy listens");
                let mut connection = connection.patience(super::stage::BOUND);
                start.wait();
                for turn in 0..turns {
                    connection
                        .send(&request(client, turn))
                        .expect("there is an answer");
                }
            });
        }
    });
}

/// An upstream that answers nothing but errors, and far more requests than the budget has retries for.
#[track_caller]
pub fn outage(stage: &Stage) {
    const CLIENTS: usize = 48;
    const TURNS: usize = 60;
    let start = Instant::now();
    load(stage, CLIENTS, TURNS, |_, _| Request::get("/slow/50?status=503"));
    let (requests, seconds) = (CLIENTS * TURNS, start.elapsed().as_secs_f64());
    let seen = stage.upstream.take_received().len();
    // The minimum rate counts for the interval before the first request, too.
    let bound = 1.2 * requests as f64 + 5.0 * (seconds + 2.0);
    let figures = format!("{seen} of at most {bound:.0} attempts of {requests} requests in {seconds:.1} s");
    println!("{figures}");
    assert!(seen as f64 <= bound, "{figures}");
    assert!(seen > requests, "some are tried again: {figures}");
    let withheld = "retry_suppressed_total{route=\"all\",reason=\"budget\",mode=\"enforce\"}";
    let withheld = stage.envoy.metric(withheld).expect("there are metrics");
    assert!(withheld > Some(0), "it is the budget that bounds them");

    let failing = Request::get("/status/503");
    eventually("retries as before", || (stage.tries(&failing) == 3).then_some(()));
}

#[test]
fn in_an_outage_under_load_retries_add_a_fifth_and_the_minimum_rate_and_afterwards_they_come_back() {
    outage(&Stage::new(&policy()));
}

/// The bound is the router's, of retries that are under way at one time: it holds for as long as an attempt takes. A burst
/// whose answers are spread over the time of several attempts can add more, until the first of them are charged.
#[test]
fn a_burst_that_fails_as_one_adds_no_more_than_that_although_no_request_of_it_knows_of_the_others() {
    const CLIENTS: usize = 96;
    let stage = Stage::new(&policy());
    load(&stage, CLIENTS, 1, |_, _| Request::get("/slow/1000?status=503"));
    let seen = stage.upstream.take_received().len();
    // 20 %, and ten in two seconds.
    let bound = CLIENTS * 12 / 10 + 10;
    let figures = format!("{seen} of at most {bound} attempts of {CLIENTS} requests at once");
    println!("{figures}");
    assert!(seen <= bound, "{figures}");
}

/// An upstream that takes its time, and fails now and then.
#[track_caller]
pub fn slow_and_healthy(stage: &Stage) {
    const CLIENTS: usize = 40;
    const TURNS: usize = 6;
    // Of twenty requests one fails, at each attempt: retries are a tenth of the requests.
    load(stage, CLIENTS, TURNS, |client, turn| {
        let fails = (client + 7 * turn).is_multiple_of(20);
        Request::get(if fails {
            "/slow/300?status=503"
        } else {
            "/slow/300"
        })
    });
    let received = stage.upstream.take_received();
    let failing = received
        .iter()
        .filter(|received| received.path.contains("503"))
        .count();
    assert_eq!((failing, received.len() - failing), (12 * 3, 228));
}

#[test]
fn a_slow_upstream_that_works_loses_no_retry_to_the_budget() {
    slow_and_healthy(&Stage::new(&policy()));
}

/// A new connection to this worker, 0 or 1.
#[track_caller]
fn connection_to(stage: &Stage, worker: usize) -> Connection {
    let connections = || {
        let statistics = stage.envoy.stats().expect("Envoy tells its statistics");
        [0, 1].map(|worker| {
            let name = format!("listener.127.0.0.1_0.worker_{worker}.downstream_cx_total");
            statistics.get(&name).copied().unwrap_or_default()
        })
    };
    // The system deals connections out at random: this bound is never reached.
    for _ in 0..200 {
        let before = connections();
        let address = stage.envoy.address().expect("there is a listener");
        let connection = Connection::open(address).expect("Envoy listens");
        let after = eventually("a connection being counted", || {
            Some(connections()).filter(|after| *after != before)
        });
        if after[worker] > before[worker] {
            return connection;
        }
    }
    panic!("no connection reaches worker {worker}");
}

#[test]
fn what_one_worker_spends_no_other_has() {
    // Three in an hour.
    let rate = json!({ "count": 3, "interval": "1h" });
    let stage = Stage::new(&json!({ "budget": { "percent": 0, "interval": "1h", "min_retry_rate": rate } }));
    let mut workers = [0, 1].map(|worker| connection_to(&stage, worker));
    let mut tries = |worker: usize| {
        let response = workers[worker].send(&Request::get("/status/503"));
        assert_eq!(response.expect("there is an answer").status, 503);
        stage.upstream.take_received().len()
    };
    assert_eq!([tries(0), tries(1), tries(0), tries(1)], [3, 2, 1, 1]);
    stage.metric(
        "retry_suppressed_total{route=\"all\",reason=\"budget\",mode=\"enforce\"}",
        3,
    );
    stage.metric("retry_budget_remaining{cluster=\"upstream\"}", 0);
    let log = stage.envoy.access_log_of(4).expect("each request is logged");
    let both = log
        .iter()
        .filter(|entry| entry["retry"] == "retried:1,suppressed:budget");
    assert_eq!(both.count(), 1, "{log:?}");
}
