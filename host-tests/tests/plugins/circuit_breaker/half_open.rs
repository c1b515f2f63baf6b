//! Half-open: a few requests find out, in all workers together, and nothing that is lost or late can spoil it.

use super::{expect_admitted, expect_rejected, policy, strikes_with, tell, transitions};
use host::{Answer, Exchange, Host, Route, millis, secs};
use serde_json::{Value, json};

/// A host whose breaker is half-open, with these settings of `half_open` (without them one probe, one success).
fn half_open(settings: Value) -> Host {
    half_open_with(json!({ "half_open": settings }))
}

fn half_open_with(settings: Value) -> Host {
    let host = policy(strikes_with(settings)).workers(4).routes([patient()]);
    tell(host.worker(0), "fff");
    host.advance(secs(10));
    host
}

/// A route whose time-out is longer than any test.
fn patient() -> Route {
    Route::new("orders").timeout_ms(86_400_000)
}

/// A probe, waiting at the upstream.
#[track_caller]
fn probe(host: &Host, worker: usize) -> Exchange {
    host.worker(worker).get("/orders").expect_forwarded()
}

#[test]
fn so_many_probes_are_in_flight_in_all_workers_together() {
    for max_calls in [1, 2, 3, 10, 100] {
        let host = half_open(json!({ "max_calls": max_calls, "successes": 1000 }));
        let probes: Vec<_> = (0..max_calls).map(|number| probe(&host, number % 4)).collect();
        for worker in 0..4 {
            host.worker(worker).get("/orders").expect_rejected(503);
        }
        drop(probes);
    }
}

#[test]
fn a_probe_that_is_over_gives_its_place_to_the_next() {
    let host = half_open(json!({ "max_calls": 2, "successes": 3 }));
    let (first, second) = (probe(&host, 0), probe(&host, 1));
    expect_rejected(&host);
    first.answer(200);
    let third = probe(&host, 2);
    expect_rejected(&host);
    second.client_aborts();
    let fourth = probe(&host, 3);
    expect_rejected(&host);
    third.answer(200);
    fourth.answer(200);
    expect_admitted(&host);
    assert_eq!(transitions(&host, "half_open", "closed", "probes_succeeded"), 1);
}

#[test]
fn so_many_successes_close_it_and_one_fewer_does_not() {
    for successes in [1, 2, 7] {
        let host = half_open(json!({ "max_calls": 1, "successes": successes }));
        for _ in 1..successes {
            tell(host.worker(1), "s");
            let held = probe(&host, 0);
            expect_rejected(&host);
            drop(held);
        }
        tell(host.worker(1), "s");
        let (first, second) = (probe(&host, 0), probe(&host, 1));
        drop((first, second));
    }
}

#[test]
fn one_failure_opens_it_again_whatever_succeeded_before() {
    let host = half_open(json!({ "max_calls": 3, "successes": 5 }));
    tell(host.worker(0), "ssssf");
    expect_rejected(&host).header("retry-after", "20");
    assert_eq!(transitions(&host, "half_open", "open", "probe_failed"), 1);
}

#[test]
fn what_says_nothing_of_the_upstream_decides_nothing() {
    let host = half_open(json!({ "max_calls": 1, "successes": 1 }));
    for answer in [Answer::new(429), Answer::overflow()] {
        host.get("/orders").run(answer);
        tell(host.worker(0), "i");
        let held = probe(&host, 0);
        expect_rejected(&host);
        drop(held);
    }
}

#[test]
fn a_slow_probe_is_a_failed_one_where_slowness_counts() {
    for (slow_rate, opens) in [(json!({ "slower_than": "1s" }), true), (Value::Null, false)] {
        let host = half_open_with(json!({ "trip": { "slow_rate": slow_rate } }));
        let slow = probe(&host, 0);
        host.advance(millis(1001));
        slow.answer(200);
        if opens {
            drop(expect_rejected(&host))
        } else {
            expect_admitted(&host)
        }
    }
}

#[test]
fn a_place_is_free_again_when_its_lease_ends_and_not_before() {
    let host = half_open(json!({ "lease": "5s" }));
    let held = probe(&host, 0);
    host.advance(millis(4_999));
    host.worker(1)
        .get("/orders")
        .expect_rejected(503)
        .header("retry-after", "1");
    host.advance(millis(1));
    let next = probe(&host, 1);
    host.worker(2).get("/orders").expect_rejected(503);
    drop((held, next));
}

#[test]
fn a_result_after_the_lease_changes_nothing() {
    for late in [200, 503] {
        let host = half_open(json!({ "lease": "5s" }));
        let held = probe(&host, 0);
        host.advance(secs(5));
        let next = probe(&host, 1);
        held.answer(late);
        host.worker(2)
            .get("/orders")
            .expect_rejected(503)
            .header("retry-after", "5");
        next.answer(200);
        expect_admitted(&host);
    }
}

#[test]
fn a_result_of_an_older_generation_changes_nothing() {
    for late in [200, 503] {
        let host = policy(strikes_with(json!({ "half_open": { "max_wait": "5s" } }))).routes([patient()]);
        let before = host.get("/orders").expect_forwarded();
        tell(host.worker(0), "fff");
        host.advance(secs(10));
        let held = probe(&host, 0);
        // From when it was closed.
        before.answer(late);
        expect_rejected(&host).header("retry-after", "10");
        host.advance(secs(5));
        expect_rejected(&host).header("retry-after", "20");
        host.advance(secs(20));
        let next = probe(&host, 0);
        // From when it was half-open the last time.
        held.answer(late);
        expect_rejected(&host).header("retry-after", "10");
        next.answer(200);
        expect_admitted(&host);
        assert_eq!(transitions(&host, "half_open", "open", "probe_failed"), 0);
    }
}

#[test]
fn a_probe_that_failed_takes_the_others_results_with_it() {
    let host = half_open(json!({ "max_calls": 3, "successes": 1 }));
    let (first, second) = (probe(&host, 0), probe(&host, 1));
    first.answer(503);
    second.answer(200);
    expect_rejected(&host).header("retry-after", "20");
}

#[test]
fn without_a_decision_it_opens_again_so_long_after_the_first_probe() {
    let host = half_open(json!({ "max_calls": 2, "successes": 2, "max_wait": "8s", "lease": "60s" }));
    host.advance(secs(3_600));
    let first = probe(&host, 0);
    host.advance(millis(5_000));
    tell(host.worker(1), "s");
    host.advance(millis(2_999));
    let second = probe(&host, 1);
    expect_rejected(&host);
    host.advance(millis(1));
    expect_rejected(&host).header("retry-after", "20");
    assert_eq!(transitions(&host, "half_open", "open", "half_open_timeout"), 1);
    drop((first, second));
}

#[test]
fn without_traffic_it_waits() {
    let host = half_open(json!({ "max_wait": "1s" }));
    host.advance(secs(86_400));
    tell(host.worker(2), "s");
    expect_admitted(&host);
    assert_eq!(transitions(&host, "half_open", "open", "half_open_timeout"), 0);
}

#[test]
fn a_probe_that_was_answered_well_is_a_success_when_its_lease_ends() {
    let host = half_open(json!({ "lease": "5s" }));
    let endless = probe(&host, 0).begin_answer(Answer::new(200).unfinished());
    host.advance(millis(4_999));
    expect_rejected(&host);
    host.advance(millis(1));
    expect_admitted(&host);
    assert_eq!(transitions(&host, "half_open", "closed", "probes_succeeded"), 1);
    // What becomes of the rest of it is too late to tell.
    endless.upstream_resets();
    expect_admitted(&host);
}

#[test]
fn a_probe_whose_answer_breaks_off_within_its_lease_has_failed() {
    let host = half_open(json!({ "lease": "5s" }));
    let probe = probe(&host, 0).begin_answer(Answer::new(200).unfinished());
    host.advance(millis(4_999));
    probe.upstream_resets();
    expect_rejected(&host).header("retry-after", "20");
}

#[test]
fn a_probe_of_whose_answer_the_client_has_enough_decides_nothing() {
    let host = half_open(json!({}));
    probe(&host, 0)
        .begin_answer(Answer::new(200).unfinished())
        .client_aborts();
    let held = probe(&host, 1);
    expect_rejected(&host);
    drop(held);
}

#[test]
fn it_probes_at_the_very_end_of_the_open_time() {
    let host = policy(strikes_with(json!({})));
    tell(host.worker(0), "fff");
    host.advance(millis(9_999));
    expect_rejected(&host).header("retry-after", "1");
    host.advance(millis(1));
    tell(host.worker(0), "s");
    assert_eq!(transitions(&host, "open", "half_open", "open_elapsed"), 1);
}
