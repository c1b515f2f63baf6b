//! What it does where the host does not do what it should: the request goes on, and that is counted.

use super::{expect_admitted, expect_rejected, host, policy, strikes_with, tell, three_strikes, transitions};
use host::{Host, HostCall, Status, secs};
use serde_json::{Value, json};

fn degraded(host: &Host, what: &str) -> u64 {
    host.metric(&format!(
        "policy_degradations_total.plugin=circuit-breaker;.what={what};"
    ))
}

/// A host whose breaker was told this story, and on which the next call of this name by such a request fails.
#[track_caller]
fn failing(story: &str, advance: u64, call: &str, request: fn(&Host)) -> Host {
    let told = || {
        let host = policy(strikes_with(json!({ "half_open": { "lease": "5s" } })));
        tell(host.worker(0), story);
        host.advance(secs(advance));
        host
    };
    let host = told();
    let before = host.host_calls().len();
    request(&host);
    let is_it = |(number, made): &(usize, &HostCall)| *number >= before && made.name == call;
    let calls = host.host_calls();
    let (number, _) = calls
        .iter()
        .enumerate()
        .find(is_it)
        .expect("the request makes this call");
    let host = policy(strikes_with(json!({ "half_open": { "lease": "5s" } })))
        .fail_host_call(number, Status::INTERNAL_FAILURE);
    tell(host.worker(0), story);
    host.advance(secs(advance));
    host
}

fn sent(host: &Host) {
    drop(host.get("/orders").send());
}

#[test]
fn a_record_that_cannot_be_read_stops_no_request() {
    let host = failing("fff", 0, "proxy_get_shared_data", sent);
    host.get("/orders").answered_with(200);
    assert_eq!(degraded(&host, "shared_data_read"), 1);
    expect_rejected(&host);
}

#[test]
fn a_probes_place_that_cannot_be_written_stops_no_request() {
    let host = failing("fff", 10, "proxy_set_shared_data", sent);
    host.get("/orders").answered_with(200);
    assert_eq!(degraded(&host, "shared_data_write"), 1);
    // Nothing came of it: it still finds out.
    let probe = host.get("/orders").expect_forwarded();
    expect_rejected(&host);
    probe.answer(200);
    expect_admitted(&host);
}

#[test]
fn a_trip_that_cannot_be_written_has_not_happened() {
    let fails = |host: &Host| drop(host.get("/orders").answered_with(503));
    let host = failing("ff", 0, "proxy_set_shared_data", fails);
    fails(&host);
    assert_eq!(degraded(&host, "shared_data_write"), 1);
    assert_eq!(transitions(&host, "closed", "open", "consecutive_failures"), 0);
    let told: Vec<Value> = crate::lines::of(&host.logs());
    assert!(told.iter().all(|line| line["event"] == "degradation"), "{told:?}");
    expect_admitted(&host);
    fails(&host);
    expect_rejected(&host);
    assert_eq!(transitions(&host, "closed", "open", "consecutive_failures"), 1);
}

#[test]
fn without_a_clock_nothing_is_decided() {
    let host = failing("fff", 0, "clock_time_get", sent);
    host.get("/orders").answered_with(200);
    assert_eq!(degraded(&host, "monotonic_clock"), 1, "{:?}", host.metrics());
    expect_rejected(&host);
}

/// The record of the breaker `payments`.
const RECORD: &str = "circuit_breaker/1/any/downstream/name/=payments";

fn payments() -> Host {
    policy(strikes_with(json!({ "key": { "name": "payments" } })))
}

#[test]
fn a_record_of_nonsense_neither_opens_nor_wedges_it() {
    let host = payments();
    tell(host.worker(0), "fff");
    let sound = host.shared_data(RECORD).expect("the record is there");
    let mut nonsense: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![0xff; 40],
        b"{}".to_vec(),
        vec![0; 4096],
        [&sound[..], b"x"].concat(),
    ];
    nonsense.extend((1..sound.len()).map(|length| sound[..length].to_vec()));
    for nonsense in nonsense {
        host.set_shared_data(RECORD, &nonsense);
        tell(host.worker(0), "sff");
        tell(host.worker(0), "f");
        expect_rejected(&host);
        host.set_shared_data(RECORD, &nonsense);
        tell(host.worker(0), "s");
        host.advance(secs(1));
    }
}

#[test]
fn a_record_of_another_clock_lasts_no_longer_than_it_was_to_last() {
    let earlier = payments();
    earlier.advance(secs(86_400));
    tell(earlier.worker(0), "fff");
    let from_the_future = earlier.shared_data(RECORD).expect("the record is there");
    let host = payments();
    host.set_shared_data(RECORD, from_the_future);
    expect_rejected(&host).header("retry-after", "10");
    host.advance(secs(10));
    tell(host.worker(0), "s");
    expect_admitted(&host);
}

#[test]
fn more_values_than_max_keys_share_a_breaker_which_is_told_once() {
    let key =
        json!({ "key": { "header": "x-tenant" }, "max_keys": 2, "trip": { "consecutive_failures": 2 } });
    let host = host(json!({ "default": strikes_with(key) }));
    let get = |tenant: &str| host.get("/orders").header("x-tenant", tenant);
    for tenant in ["a", "b", "c", "d", "c", "d"] {
        get(tenant).answered_with(200);
    }
    assert_eq!(degraded(&host, "max_keys"), 1);
    let told: Vec<Value> = crate::lines::of(&host.logs());
    let whats: Vec<_> = told.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(whats, ["max_keys"]);
    get("c").answered_with(503);
    get("d").answered_with(503);
    get("e").expect_rejected(503);
    get("a").answered_with(200);
    get("b").answered_with(200);
}

#[test]
fn what_goes_well_degrades_nothing() {
    let host = policy(three_strikes()).workers(2);
    tell(host.worker(0), "sifff");
    expect_rejected(&host);
    host.advance(secs(10));
    tell(host.worker(1), "s");
    host.advance(secs(5));
    assert!(
        host.metrics()
            .keys()
            .all(|name| !name.starts_with("policy_degradations_total")),
        "{:?}",
        host.metrics()
    );
}
