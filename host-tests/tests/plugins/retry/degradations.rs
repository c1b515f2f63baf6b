//! What it does where the host does not do what it should: the request goes on, and that is counted.

use super::{attempts, host, policy};
use host::{Host, HostCall, Status, secs};
use serde_json::{Value, json};

fn degraded(host: &Host, what: &str) -> u64 {
    host.metric(&format!("policy_degradations_total.plugin=retry;.what={what};"))
}

/// Three retries in ten seconds.
fn three() -> Host {
    let budget =
        json!({ "percent": 0, "interval": "10s", "min_retry_rate": { "count": 3, "interval": "10s" } });
    policy(json!({ "budget": budget }))
}

/// A host that has met one request, and whose first call of this name by the next fails.
#[track_caller]
fn failing(make: fn() -> Host, call: &str) -> Host {
    let host = make();
    host.get("/orders").answered_with(200);
    let before = host.host_calls().len();
    attempts(host.get("/orders"), 503);
    let calls = host.host_calls();
    let is_it = |(number, made): &(usize, &HostCall)| *number >= before && made.name == call;
    let (number, _) = calls
        .iter()
        .enumerate()
        .find(is_it)
        .expect("the request makes this call");
    let host = make().fail_host_call(number, Status::INTERNAL_FAILURE);
    host.get("/orders").answered_with(200);
    host
}

#[test]
fn a_budget_that_cannot_be_read_keeps_no_retry_back() {
    let host = failing(three, "proxy_get_shared_data");
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    assert_eq!(degraded(&host, "shared_data_read"), 1);
    assert_eq!(attempts(host.get("/orders"), 503), 2);
}

#[test]
fn a_charge_that_cannot_be_written_is_written_with_the_next() {
    let host = failing(three, "proxy_set_shared_data");
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    assert_eq!(degraded(&host, "shared_data_write"), 1);
    host.advance(secs(1));
    assert_eq!(attempts(host.get("/orders"), 503), 2);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
}

#[test]
fn without_a_clock_there_is_no_budget_and_requests_go_on() {
    let host = failing(three, "clock_time_get");
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    assert_eq!(degraded(&host, "monotonic_clock"), 1, "{:?}", host.metrics());
}

#[test]
fn a_header_that_cannot_be_written_stops_no_request() {
    let host = failing(three, "proxy_replace_header_map_value");
    assert_eq!(host.get("/orders").answered_with(200).status(), 200);
    let counted = host
        .metrics()
        .into_iter()
        .any(|(name, times)| name.starts_with("policy_degradations_total") && times > 0);
    assert!(counted, "{:?}", host.metrics());
    assert_eq!(attempts(host.get("/orders"), 503), 3);
}

/// The record of the budget of the cluster `upstream`.
const RECORD: &str = "retry_budget/1/10000/=upstream";

#[test]
fn a_record_of_nonsense_is_one_of_a_cluster_without_requests() {
    let host = three();
    assert_eq!(attempts(host.get("/orders"), 503), 3);
    let sound = host.shared_data(RECORD).expect("the record is there");
    let mut nonsense: Vec<Vec<u8>> = vec![
        vec![],
        vec![0],
        vec![0xff; 101],
        b"{}".to_vec(),
        vec![0; 4096],
        [&sound[..], b"x"].concat(),
    ];
    nonsense.extend((1..sound.len()).map(|length| sound[..length].to_vec()));
    for nonsense in nonsense {
        host.set_shared_data(RECORD, &nonsense);
        assert_eq!(attempts(host.get("/orders"), 503), 3);
        assert_eq!(attempts(host.get("/orders"), 503), 2);
        assert_eq!(attempts(host.get("/orders"), 503), 1);
    }
}

#[test]
fn a_record_of_another_clock_counts_for_no_longer_than_an_interval() {
    let earlier = three();
    earlier.advance(secs(86_400));
    assert_eq!(attempts(earlier.get("/orders"), 503), 3);
    assert_eq!(attempts(earlier.get("/orders"), 503), 2);
    let of_another_time = earlier.shared_data(RECORD).expect("the record is there");
    let host = three();
    host.set_shared_data(RECORD, of_another_time);
    assert_eq!(attempts(host.get("/orders"), 503), 1);
    host.advance(secs(12));
    assert_eq!(attempts(host.get("/orders"), 503), 3);
}

#[test]
fn a_deadline_that_makes_no_sense_is_told_without_what_it_said() {
    let host = host(json!({ "default": { "deadline_headers": ["x-deadline"] } }));
    let exchange = host
        .get("/orders")
        .header("x-deadline", "hunter2")
        .answered_with(200);
    let line: Value = crate::lines::only(&exchange);
    assert_eq!(
        (&line["event"], &line["what"]),
        (&json!("degradation"), &json!("deadline_header"))
    );
    assert!(!line.to_string().contains("hunter2"), "{line}");
}

#[test]
fn what_goes_well_degrades_nothing() {
    let host = three();
    for status in [200, 503, 429, 404] {
        attempts(host.get("/orders"), status);
        attempts(host.post("/orders"), status);
        host.advance(secs(1));
    }
    assert!(
        host.metrics()
            .keys()
            .all(|name| !name.starts_with("policy_degradations_total")),
        "{:?}",
        host.metrics()
    );
    assert!(
        host.logs()
            .iter()
            .all(|line| line.message.contains("retry_suppressed")),
        "{:?}",
        host.logs()
    );
}
