//! Ids that are made here.

use super::policy;
use crate::valid::assert_uuid;
use host::{Host, millis, secs};
use serde_json::json;
use std::collections::HashSet;
use std::time::{Duration, UNIX_EPOCH};

#[track_caller]
fn id(host: &Host, worker: usize) -> String {
    host.worker(worker)
        .get("/")
        .answered_with(200)
        .upstream_header("x-request-id")
        .text()
}

#[test]
fn a_uuid7_begins_with_the_time_of_the_proxy() {
    let host = policy(json!({ "generate": "uuid7" }));
    // 2026-01-01T00:00:00Z is 1767225600000 ms.
    assert!(id(&host, 0).starts_with("019b76da-a800-7"));
    host.advance(millis(1234));
    assert!(id(&host, 0).starts_with("019b76da-acd2-7"));
}

#[test]
fn a_uuid7_keeps_its_form_at_the_ends_of_time() {
    let at = |time: Duration| id(&policy(json!({})).starts_at(UNIX_EPOCH + time), 0);
    assert!(at(Duration::ZERO).starts_with("00000000-0000-7"));
    assert!(at(millis(1)).starts_with("00000000-0001-7"));
    // The host's clock ends in 2554.
    assert_uuid(&at(secs(18_400_000_000)), '7');
}

#[test]
fn later_uuid7s_sort_later() {
    let host = policy(json!({ "generate": "uuid7" }));
    let ids: Vec<String> = (0..200)
        .map(|_| {
            host.advance(millis(1));
            id(&host, 0)
        })
        .collect();
    assert!(ids.is_sorted(), "{ids:#?}");
}

#[test]
fn a_uuid4_does_not_tell_the_time() {
    let host = policy(json!({ "generate": "uuid4" }));
    let ids: Vec<String> = (0..100).map(|_| id(&host, 0)).collect();
    for id in &ids {
        assert_uuid(id, '4');
    }
    // Whatever is fixed in a UUID of version 4, its first 8 digits are not.
    let starts: HashSet<&str> = ids.iter().map(|id| &id[..8]).collect();
    assert_eq!(starts.len(), 100);
}

#[test]
fn no_two_ids_are_the_same_on_any_worker() {
    for generate in ["uuid7", "uuid4"] {
        // The clock stands still: nothing but randomness keeps the ids apart.
        let host = policy(json!({ "generate": generate })).workers(3);
        let ids: HashSet<String> = (0..1500).map(|request| id(&host, request % 3)).collect();
        assert_eq!(ids.len(), 1500, "{generate}");
    }
}

#[test]
fn ids_are_as_random_as_the_host_is() {
    let first = |seed| id(&policy(json!({})).seed(seed), 0);
    assert_eq!(first(1), first(1), "the same randomness, the same id");
    assert_ne!(first(1), first(2));
}
