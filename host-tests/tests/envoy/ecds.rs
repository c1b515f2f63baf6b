//! A fleet's configuration changes without a restart: filters that Envoy discovers, here from files.

mod first_start;
pub mod fleet;
mod refused;

use fleet::{FILTERS, Filters, Fleet, error, eventually, file_with, of_service};
use host_tests::plugin::{CIRCUIT_BREAKER, REQUEST_ID};
use live::client::{Connection, Request};
use live::wire::{Acceptor, Attempt, Kind, Peer};
use live::{Sample, values};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The file of request-id, with the id under these names on responses.
fn ids_as(headers: &[&str]) -> String {
    file_with(REQUEST_ID.name, |configuration| {
        configuration["default"]["response_headers"] = json!(headers);
    })
}

/// Whether responses have the id under this name, as a new connection sees it.
fn has_ids_as(fleet: &Fleet, header: &str) -> bool {
    fleet.get("/orders").values(header).len() == 1
}

#[test]
fn the_sample_does_what_its_comment_says() {
    let (fleet, _upstream) = Fleet::as_it_is();
    for _ in 0..3 {
        assert_eq!(fleet.get("/status/503").status, 503);
    }
    let rejected = error(&fleet.get("/orders"));
    assert_eq!(
        [&rejected["error_code"], &rejected["service_name"]],
        ["CIRCUIT_OPEN", "edge"]
    );
    for filter in FILTERS {
        fleet.filters.put(filter, &of_service(filter, json!("edge-2")));
    }
    fleet.errors_are_of("edge-2");
    eventually("rejections of edge-2", || {
        let rejected = error(&fleet.get("/orders"));
        assert_eq!(rejected["error_code"], "CIRCUIT_OPEN");
        (rejected["service_name"] == "edge-2").then_some(())
    });
    let bad = of_service("error-envelope", json!(42));
    fleet.filters.put("error-envelope", &bad);
    fleet.counts("error-envelope", "config_fail", 1);
    fleet.errors_are_of("edge-2");
    for filter in FILTERS {
        fleet.filters.put(filter, &fleet::file(filter));
    }
    fleet.errors_are_of("edge");
}

#[test]
fn no_request_is_lost_and_no_connection_closed_while_configurations_change() {
    let (fleet, upstream) = Fleet::as_it_is();
    let address = fleet.envoy.address().expect("it has a listener");
    let over = AtomicBool::new(false);
    let sent: Vec<usize> = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = Connection::open(address).expect("Envoy listens");
                    let mut sent = 0;
                    while !over.load(Ordering::Relaxed) {
                        let response = connection.send(&Request::get("/orders")).expect("an answer");
                        assert_eq!(response.status, 200);
                        let ids =
                            ["x-request-id", "x-correlation-id"].map(|name| response.values(name).len());
                        assert!(ids == [1, 0] || ids == [1, 1], "{ids:?}");
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        for (number, headers) in [&["x-request-id", "x-correlation-id"][..], &["x-request-id"]]
            .into_iter()
            .cycle()
            .take(10)
            .enumerate()
        {
            fleet.filters.put(REQUEST_ID.name, &ids_as(headers));
            fleet.counts(REQUEST_ID.name, "config_reload", number as u64 + 2);
            eventually("the change", || {
                (has_ids_as(&fleet, "x-correlation-id") == (headers.len() == 2)).then_some(())
            });
        }
        over.store(true, Ordering::Relaxed);
        let ended = clients.into_iter().map(|client| client.join());
        ended
            .map(|sent| sent.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    assert!(sent.iter().all(|sent| *sent > 10), "{sent:?}");
    assert!(upstream.received().len() > sent.iter().sum());
    // What a configuration has counted and not told, it tells when it ends.
    let all = upstream.received().len() as u64;
    let counted = fleet
        .envoy
        .metric_reaches("request_ids_total{source=\"generated\"}", all);
    counted.unwrap_or_else(|error| panic!("{error}"));
    let statistics = fleet.envoy.stats().expect("Envoy tells its statistics");
    for name in [
        "listener_manager.listener_modified",
        "http.edge.downstream_cx_drain_close",
        "http.edge.downstream_rq_rx_reset",
    ] {
        assert_eq!(statistics.get(name).copied().unwrap_or_default(), 0, "{name}");
    }
}

#[test]
fn a_request_under_way_ends_by_the_configuration_that_it_began_with() {
    let upstream = Acceptor::start().expect("an upstream can listen");
    let fleet = Fleet::of_one_worker(Filters::new(), upstream.address());
    let address = fleet.envoy.address().expect("a listener");
    let send = || {
        let client = Peer::connect(address).expect("Envoy listens");
        let before = upstream.attempts().len();
        client.send(&Request::get("/orders").to_bytes());
        let at_upstream = eventually("the request at the upstream", || {
            let attempt = upstream.attempts().into_iter().nth(before)?;
            attempt.request()?.complete.then_some(attempt)
        });
        let Attempt::Http1(at_upstream) = at_upstream else {
            panic!("the cluster speaks HTTP/1.1");
        };
        (client, at_upstream)
    };
    // The names under which the answer has the id, once it is answered.
    let answered = |(client, at_upstream): &(Peer, Peer)| {
        at_upstream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let answer = eventually("its answer", || {
            let answer = client.received(Kind::Response { head: false });
            answer.filter(|answer| answer.complete)
        });
        assert_eq!(answer.status(), 200);
        ["x-request-id", "x-correlation-id"].map(|name| values(&answer.headers, name).len())
    };
    let under_way = send();
    fleet.filters.put(REQUEST_ID.name, &ids_as(&["x-correlation-id"]));
    eventually("the change", || (answered(&send()) == [0, 1]).then_some(()));
    assert_eq!(answered(&under_way), [1, 0]);
}

#[test]
fn an_open_breaker_stays_open_when_its_configuration_changes() {
    let (fleet, upstream) = Fleet::as_it_is();
    for _ in 0..3 {
        fleet.get("/status/503");
    }
    let reached = upstream.take_received().len();
    assert_eq!(reached, 3);
    let changed = file_with(CIRCUIT_BREAKER.name, |configuration| {
        configuration["default"]["trip"]["consecutive_failures"] = json!(50);
        configuration["default"]["reject"] = json!({ "message": "Changed." });
    });
    fleet.filters.put(CIRCUIT_BREAKER.name, &changed);
    fleet.counts(CIRCUIT_BREAKER.name, "config_reload", 2);
    eventually("a rejection in the new words", || {
        let rejected = error(&fleet.get("/orders"));
        assert_eq!(rejected["error_code"], "CIRCUIT_OPEN");
        (rejected["message"] == "Changed.").then_some(())
    });
    assert_eq!(upstream.received().len(), 0);
    let state = "circuit_breaker_state{breaker=\"upstream\"}";
    fleet
        .envoy
        .metric_reaches(state, 1)
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_mounted_config_map_changes_all_filters_at_once() {
    let upstream = live::Upstream::start().expect("an upstream can be started");
    let fleet = Fleet::new(Filters::mounted(), upstream.address());
    fleet.errors_are_of("edge");
    fleet
        .filters
        .mount("second", |filter| of_service(filter, json!("edge-2")));
    fleet.errors_are_of("edge-2");
    for filter in FILTERS {
        fleet.counts(filter, "config_reload", 2);
        assert_eq!(fleet.counted(filter, "config_fail"), 0);
    }
}

#[test]
fn what_has_not_changed_is_not_loaded_again() {
    let (fleet, _upstream) = Fleet::as_it_is();
    fleet.rename("edge-2");
    for filter in FILTERS {
        let is_changed = filter == "error-envelope";
        // All four files were read again.
        fleet.counts(filter, "update_attempt", 2);
        fleet.counts(filter, "config_reload", if is_changed { 2 } else { 1 });
    }
}

#[test]
fn each_filter_of_the_chain_has_its_file_and_a_default() {
    let mut sample = Sample::load("ecds/envoy.yaml").expect("it is YAML");
    let chain = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters";
    let chain = sample
        .tree()
        .pointer(chain)
        .and_then(|chain| chain.as_array())
        .cloned();
    let chain = chain.expect("it has filters");
    let names: Vec<_> = chain
        .iter()
        .filter_map(|filter| filter["name"].as_str())
        .collect();
    assert_eq!(
        names,
        [
            "error-envelope",
            "request-id",
            "circuit-breaker",
            "retry",
            "envoy.filters.http.router"
        ]
    );
    for filter in chain.iter().take(FILTERS.len()) {
        let name = filter["name"].as_str().expect("a name");
        let default = &filter["config_discovery"]["default_config"]["config"];
        let path = live::repository().join(format!("envoy/ecds/filters/{name}.yaml"));
        let mut file = Sample::open(&path).expect("it is YAML");
        let resource = file.tree()["resources"][0].take();
        assert_eq!(resource["name"], name);
        let config = &resource["typed_config"]["config"];
        for part in ["name", "root_id", "failure_policy", "vm_config"] {
            assert_eq!(config[part], default[part], "{part} of {name}");
        }
    }
}
