//! Exchanges that lack a phase, and workers that share what there is.

use super::{ACCEPTED, GENERATED, REJECTED, counted, host};
use crate::valid::assert_uuid;
use host::{Answer, Edge, Host};
use serde_json::json;

fn telling() -> Host {
    host(json!({ "log": { "requests": true }, "explain": "all" }))
}

#[test]
fn a_request_that_the_codec_refuses_is_nobodys_affair() {
    let host = telling();
    let refused = [
        host.get("/\x7f").expect_rejected(400),
        host.get("/")
            .header("x-request-id", b"a\x7f")
            .expect_rejected(400),
        host.get("/")
            .header("x-long", "a".repeat(64 * 1024))
            .expect_rejected(431),
    ];
    for exchange in refused {
        exchange.no_header("x-request-id");
        exchange.filter_state("policy.request_id").is_absent();
        assert!(exchange.logs().is_empty(), "{exchange}");
    }
    assert_eq!(counted(&host), [0, 0, 0]);
    assert_uuid(
        &host
            .get("/")
            .answered_with(200)
            .response_header("x-request-id")
            .text(),
        '7',
    );
}

#[test]
fn a_client_that_goes_away_leaves_no_trace() {
    let host = telling();
    for _ in 0..3 {
        let exchange = host
            .get("/")
            .header("x-request-id", "r-1")
            .expect_forwarded()
            .client_aborts();
        exchange.filter_state("policy.request_id").is("r-1");
        drop(host.get("/").expect_forwarded());
    }
    assert_eq!(counted(&host), [3, 3, 0]);
    host.get("/")
        .header("x-request-id", "r-2")
        .answered_with(200)
        .header("x-request-id", "r-2");
}

#[test]
fn exchanges_that_overlap_keep_their_ids() {
    let host = telling();
    let mut live: Vec<_> = (0..20)
        .map(|number| {
            (
                number,
                host.get("/")
                    .header("x-request-id", format!("r-{number}"))
                    .expect_forwarded(),
            )
        })
        .collect();
    // Answered in another order than they came.
    live.sort_by_key(|(number, _)| number % 7);
    for (number, exchange) in live {
        exchange.answer(200).header("x-request-id", format!("r-{number}"));
    }
}

#[test]
fn all_workers_count_in_the_same_metrics() {
    let host = telling().workers(4);
    for worker in 0..4 {
        for _ in 0..=worker {
            host.worker(worker).get("/").answered_with(200);
        }
        host.worker(worker)
            .get("/")
            .header("x-request-id", "r")
            .header("x-request-id", "r")
            .answered_with(200);
        host.worker(worker)
            .get("/")
            .header("x-request-id", "r")
            .run(Answer::reset());
    }
    assert_eq!(counted(&host), [4, 14, 4]);
}

#[test]
fn metrics_are_defined_before_the_first_request() {
    let host = host(json!({}));
    host.start();
    let zero = [ACCEPTED, GENERATED, REJECTED].map(|name| (name.to_owned(), 0));
    assert_eq!(Vec::from_iter(host.metrics()), zero);
}

#[test]
fn an_id_that_the_proxy_made_is_accepted_like_any_other() {
    let made = || Edge::default().generate_request_id(true);
    let fresh = host(json!({})).edge(made());
    let exchange = fresh
        .get("/")
        .header("x-correlation-id", "c-1")
        .answered_with(200);
    let id = exchange.upstream_header("x-request-id").text();
    assert_uuid(&id, '4');
    exchange
        .header("x-request-id", &id)
        .filter_state("policy.request_id")
        .is(&id);
    assert_eq!(counted(&fresh), [1, 0, 0]);
    // Listed behind another header, it is overwritten by what that one brings.
    let behind = json!({ "default": { "accept": ["x-correlation-id", "x-request-id"] } });
    let exchange = host(behind)
        .edge(made())
        .get("/")
        .header("x-correlation-id", "c-1")
        .answered_with(200);
    exchange.upstream_header("x-request-id").is("c-1");
    exchange.header("x-request-id", "c-1");
}
