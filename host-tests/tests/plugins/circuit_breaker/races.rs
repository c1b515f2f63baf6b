//! Two workers at the same record, one host call at a time: whoever is faster, nothing is lost and nothing is given twice.

use super::{
    calls, expect_admitted, expect_rejected, policy, strikes_with, tell, three_strikes, transitions,
};
use host::{Exchange, Host, secs};
use serde_json::json;
use std::sync::Mutex;

/// More host calls than a request makes.
const MOST_CALLS: usize = 40;

/// Worker 0 is stopped after each of its host calls in turn, and worker 1 does all of its work there.
fn overtaken(host: impl Fn() -> Host, work: impl Fn(host::Worker<'_>) + Sync, after: impl Fn(&Host)) {
    for calls in 0..MOST_CALLS {
        let host = host();
        let order = [vec![0; calls], vec![1; MOST_CALLS]].concat();
        host.step(order, &work);
        after(&host);
    }
}

#[test]
fn no_failure_is_lost_and_the_breaker_opens_once() {
    let host = || {
        let host = policy(three_strikes()).workers(2);
        tell(host.worker(0), "f");
        tell(host.worker(1), "s");
        tell(host.worker(0), "f");
        host
    };
    let work = |worker: host::Worker<'_>| {
        let _ = worker.get("/orders").run(503);
    };
    overtaken(host, work, |host| {
        expect_rejected(host);
        assert_eq!(transitions(host, "closed", "open", "consecutive_failures"), 1);
    });
}

#[test]
fn of_two_requests_one_is_the_probe() {
    let host = || {
        let host = policy(three_strikes()).workers(2);
        tell(host.worker(0), "fff");
        host.advance(secs(10));
        host
    };
    let sent: Mutex<Vec<Exchange>> = Mutex::default();
    let work = |worker: host::Worker<'_>| {
        let exchange = worker.get("/orders").send();
        sent.lock().expect("nobody has panicked").push(exchange);
    };
    overtaken(host, work, |host| {
        let mut sent = std::mem::take(&mut *sent.lock().expect("nobody has panicked"));
        sent.sort_by_key(Exchange::is_at_upstream);
        let probe = sent.pop().expect("two were sent");
        assert!(probe.is_at_upstream(), "{probe}");
        sent[0].expect_status(503).header("retry-after", "10");
        assert_eq!(host.metric("circuit_breaker_probes_total.breaker=upstream;"), 1);
        assert_eq!(calls(host, "rejected", "enforce"), 1);
        probe.answer(200);
        expect_admitted(host);
    });
}

#[test]
fn a_success_that_is_overtaken_by_a_failure_still_counts() {
    let failure_rate = json!({ "percent": 50, "min_calls": 4 });
    let trip = json!({ "trip": { "failure_rate": failure_rate }, "open": { "jitter": 0 } });
    let host = || policy(trip.clone()).workers(2);
    let work = |worker: host::Worker<'_>| tell(worker, if worker.number() == 0 { "sss" } else { "f" });
    for calls in 0..3 * MOST_CALLS {
        let host = host();
        host.step([vec![0; calls], vec![1; MOST_CALLS]].concat(), work);
        host.advance(secs(1));
        // Three of four succeeded, so it takes three failures, and two are not enough.
        tell(host.worker(1), "f");
        expect_admitted(&host);
        tell(host.worker(1), "f");
        expect_rejected(&host);
    }
}

/// What worker 0 gets for a request that loses each race for the record: whenever it has read it, worker 1 changes it
/// by a request of this kind.
fn outrun(host: impl Fn() -> Host, slow: fn(host::Worker<'_>) -> Exchange, fast: &str) -> (Host, Exchange) {
    let like = host();
    let before = like.host_calls().len();
    let waiting = slow(like.worker(0));
    let calls = like.host_calls();
    let last_read = calls[before..]
        .iter()
        .rposition(|call| call.name == "proxy_get_shared_data");
    let up_to_the_read = last_read.expect("it reads the record") + 1;
    drop(waiting);
    let like = host();
    let before = like.host_calls().len();
    tell(like.worker(1), fast);
    let whole = like.host_calls().len() - before;

    let host = host();
    let lost = [vec![1; whole], vec![0; 2]].concat();
    let order = [vec![0; up_to_the_read], lost.repeat(16)].concat();
    let sent: Mutex<Vec<Exchange>> = Mutex::default();
    host.step(order, |worker| match worker.number() {
        0 => sent.lock().expect("nobody has panicked").push(slow(worker)),
        _ => tell(worker, &fast.repeat(17)),
    });
    let exchange = sent.into_inner().expect("nobody has panicked").remove(0);
    assert_eq!(
        host.metric("policy_degradations_total.plugin=circuit-breaker;.what=shared_data_contention;"),
        1,
        "{exchange}"
    );
    (host, exchange)
}

#[test]
fn a_failure_that_loses_sixteen_races_is_given_up_and_counted_and_hurts_no_request() {
    let host = || {
        let host = policy(strikes_with(json!({ "trip": { "consecutive_failures": 22 } }))).workers(2);
        tell(host.worker(0), "ff");
        tell(host.worker(1), "ff");
        host
    };
    let (host, exchange) = outrun(host, |worker| worker.get("/orders").run(503), "f");
    assert_eq!(exchange.details(), "via_upstream");
    // 4 and 17 were told. The one that was given up is missing.
    expect_admitted(&host);
    tell(host.worker(0), "f");
    expect_rejected(&host);
}

#[test]
fn a_probe_that_loses_sixteen_races_for_a_place_is_rejected() {
    let half_open = json!({ "max_calls": 100, "successes": 1000 });
    let host = || {
        let host = policy(strikes_with(json!({ "half_open": half_open }))).workers(2);
        tell(host.worker(0), "fff");
        host.advance(secs(10));
        tell(host.worker(0), "ii");
        tell(host.worker(1), "ii");
        host
    };
    let (host, exchange) = outrun(host, |worker| worker.get("/orders").send(), "i");
    exchange
        .expect_status(503)
        .header("retry-after", "1")
        .header("x-error-code", "CIRCUIT_OPEN");
    expect_admitted(&host);
}
