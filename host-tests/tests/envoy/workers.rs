//! Several workers, each with a virtual machine of its own.

use crate::stand::sample;
use host_tests::plugin;
use live::client::{Connection, Request, Response};
use live::{Envoy, Upstream};
use std::collections::BTreeSet;
use std::thread;

const CONNECTIONS: usize = 16;
const REQUESTS: usize = 50;

/// Sends requests on many connections at once, and returns what is made of each answer.
fn at_once<T: Send + 'static>(envoy: &Envoy, path: &'static str, read: fn(Response) -> T) -> Vec<T> {
    let address = envoy.address().expect("the sample has a listener");
    let client = move || {
        let mut connection = Connection::open(address).expect("Envoy listens");
        let mut exchange = || read(connection.send(&Request::get(path)).expect("there is an answer"));
        (0..REQUESTS).map(|_| exchange()).collect::<Vec<_>>()
    };
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| thread::spawn(client)).collect();
    clients
        .into_iter()
        .flat_map(|client| client.join().expect("no client failed"))
        .collect()
}

fn assert_both_workers_served(envoy: &Envoy) {
    let statistics = envoy.stats().expect("Envoy tells its statistics");
    let of_worker = |n| {
        let name = format!("listener.127.0.0.1_0.worker_{n}.downstream_cx_total");
        statistics.get(&name).copied().unwrap_or_default()
    };
    assert!(
        of_worker(0) > 0 && of_worker(1) > 0,
        "connections: {} and {}",
        of_worker(0),
        of_worker(1)
    );
}

#[test]
fn two_workers_give_no_id_twice_and_count_together() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let envoy = Envoy::with(&sample(&upstream).to_yaml());
    let envoy = envoy
        .concurrency(2)
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let ids = at_once(&envoy, "/status/204", |response| {
        String::from_utf8(response.values("x-request-id")[0].to_vec()).expect("an id is text")
    });
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        CONNECTIONS * REQUESTS,
        "every id is new"
    );
    let all = (CONNECTIONS * REQUESTS) as u64;
    envoy
        .metric_reaches("request_ids_total{source=\"generated\"}", all)
        .expect("the workers share the counter");
    assert_both_workers_served(&envoy);
}

#[test]
fn two_workers_that_count_in_shared_data_lose_nothing() {
    let upstream = Upstream::start().expect("an upstream can be started");
    let sample = sample(&upstream)
        .module("request-id", plugin::PROBE.path())
        .and_then(|sample| sample.without_configuration("request-id"))
        .expect("the sample has a plugin, in whose place the probe can stand");
    let envoy = Envoy::with(&sample.to_yaml());
    let envoy = envoy
        .concurrency(2)
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    at_once(&envoy, "/status/204", |response| assert_eq!(response.status, 204));
    let number = |header: &[u8]| {
        String::from_utf8_lossy(header)
            .parse::<usize>()
            .expect("it is a number")
    };
    let received = upstream.received();
    let counts: BTreeSet<_> = received
        .iter()
        .map(|request| number(request.values("x-count")[0]))
        .collect();
    assert_eq!(
        counts,
        (1..=CONNECTIONS * REQUESTS).collect(),
        "each request has a number of its own"
    );
    assert_both_workers_served(&envoy);
}
