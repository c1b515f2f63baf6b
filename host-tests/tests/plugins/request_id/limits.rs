//! How many lines a worker writes.

use super::{counted, host};
use crate::lines;
use host::{Host, millis, secs};
use serde_json::{Value, json};

fn limited(max_per_second: u32) -> Host {
    host(json!({ "log": { "requests": true, "max_per_second": max_per_second } }))
}

/// The line of the next request on this worker, if it is written.
#[track_caller]
fn line(host: &Host, worker: usize) -> Option<Value> {
    let mut lines = lines::of_exchange(&host.worker(worker).get("/").answered_with(200));
    assert!(lines.len() < 2);
    lines.pop()
}

#[test]
fn a_worker_writes_so_many_lines_a_second_and_says_what_it_held_back() {
    let host = limited(2);
    let written = |count: usize| (0..count).filter_map(|_| line(&host, 0)).collect::<Vec<_>>();
    let first = written(7);
    assert_eq!(first.len(), 2);
    assert!(
        first.iter().all(|line| line.get("held_back").is_none()),
        "{first:?}"
    );
    host.advance(millis(999));
    assert_eq!(written(1), [] as [Value; 0]);
    host.advance(millis(1));
    let next = written(3);
    assert_eq!(next.len(), 2);
    assert_eq!(next[0]["held_back"], 6);
    assert!(next[1].get("held_back").is_none(), "it is said once");
    host.advance(secs(3600));
    assert_eq!(written(1)[0]["held_back"], 1);
}

#[test]
fn ten_lines_a_second_is_the_default() {
    let host = host(json!({ "log": { "requests": true } }));
    assert_eq!((0..25).filter_map(|_| line(&host, 0)).count(), 10);
}

#[test]
fn each_worker_has_a_limit_of_its_own() {
    let host = limited(1).workers(2);
    assert!(line(&host, 0).is_some());
    assert!(line(&host, 0).is_none());
    assert!(line(&host, 1).is_some());
    host.advance(secs(1));
    assert_eq!(line(&host, 0).expect("a new second")["held_back"], 1);
    assert!(line(&host, 1).expect("a new second").get("held_back").is_none());
}

#[test]
fn what_is_held_back_is_still_counted_and_done() {
    let host = limited(1);
    for _ in 0..5 {
        let exchange = host.get("/").header("x-request-id", "a;b").answered_with(200);
        exchange.response_header("x-request-id").value();
    }
    assert_eq!(counted(&host)[1..], [5, 5]);
    let worker = |line: &&host::LogLine| matches!(line.thread, host::Thread::Worker(_));
    assert_eq!(host.logs().iter().filter(worker).count(), 1);
}
