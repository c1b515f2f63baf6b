//! The four settings that users of libraries know, read from the samples: each transition, at each boundary, in two
//! workers.

use host::{Host, Request, millis, secs};
use host_tests::plugin::CIRCUIT_BREAKER;
use live::Sample;
use serde_json::Value;

const FIVE_IN_A_ROW: &str = "circuit-breaker-five-in-a-row.yaml";
const TWO_TO_CLOSE: &str = "circuit-breaker-two-to-close.yaml";
const HALF_OF_A_MINUTE: &str = "circuit-breaker-half-of-a-minute.yaml";
const THREE_IN_A_ROW: &str = "circuit-breaker-three-in-a-row.yaml";

/// Two workers with the plugin's configuration of this sample.
#[track_caller]
fn host_of(sample: &str) -> Host {
    let tree = Sample::load(sample).expect("the sample is YAML").tree().clone();
    let filters = tree
        .pointer("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters")
        .and_then(Value::as_array)
        .expect("the sample has filters");
    let plugin = filters
        .iter()
        .find(|filter| filter["name"] == "circuit-breaker")
        .expect("the plugin is one of them");
    let configuration = plugin["typed_config"]["config"]["configuration"]["value"]
        .as_str()
        .expect("its configuration is a text");
    Host::new(CIRCUIT_BREAKER.module())
        .workers(2)
        .config(configuration)
}

/// Lets so many requests fail, one worker after the other.
#[track_caller]
fn fail(host: &Host, times: usize) {
    for number in 0..times {
        on(host, number).answered_with(503).expect_status(503);
    }
}

/// Lets so many succeed, likewise.
#[track_caller]
fn succeed(host: &Host, times: usize) {
    for number in 0..times {
        on(host, number).answered_with(200).expect_status(200);
    }
}

/// One worker's request, and the next time the other's.
#[track_caller]
fn on(host: &Host, number: usize) -> Request {
    host.worker(number % 2).get("/orders")
}

/// Both workers reject, and tell to come back after so many seconds.
#[track_caller]
fn assert_open(host: &Host, seconds: &str) {
    for worker in 0..2 {
        on(host, worker)
            .expect_rejected(503)
            .header("retry-after", seconds);
    }
}

/// What happened to the breaker so far, and how often.
fn transitions(host: &Host) -> Vec<String> {
    let metrics = host.metrics();
    let counted = metrics.iter().filter_map(|(name, count)| {
        let labels = name.strip_prefix("circuit_breaker_transitions_total.")?;
        let [_, from, to, reason] = labels.split(";.").collect::<Vec<_>>().try_into().ok()?;
        let value = |label: &str| {
            label
                .split('=')
                .nth(1)
                .map(|value| value.trim_end_matches(';').to_owned())
        };
        Some(format!(
            "{} {} {} {count}",
            value(from)?,
            value(to)?,
            value(reason)?
        ))
    });
    counted.collect()
}

/// It opens at this failure in a row, not at the one before, and a success in between begins a new row.
#[track_caller]
fn opens_after_a_row(sample: &str, row: usize, seconds: &str) {
    let host = host_of(sample);
    fail(&host, row - 1);
    succeed(&host, 1);
    fail(&host, row - 1);
    assert_eq!(transitions(&host), Vec::<String>::new());
    fail(&host, 1);
    assert_eq!(transitions(&host), ["closed open consecutive_failures 1"]);
    assert_open(&host, seconds);
}

/// It is open to the millisecond, and then one request of one worker finds out.
#[track_caller]
fn lets_one_probe_through(host: &Host, open_millis: u64, in_flight: &str) {
    host.advance(millis(open_millis - 1));
    assert_open(host, "1");
    host.advance(millis(1));
    let probe = on(host, 1).expect_forwarded();
    assert_open(host, in_flight);
    probe.answer(200).expect_status(200);
    fail(host, 2);
    assert_eq!(
        transitions(host)[1..],
        [
            "half_open closed probes_succeeded 1",
            "open half_open open_elapsed 1"
        ]
    );
}

/// Each probe that fails opens it again, for no longer than before.
#[track_caller]
fn opens_again_for_as_long(host: &Host, open_millis: u64, seconds: &str) {
    for times in 1..=3 {
        host.advance(millis(open_millis - 1));
        assert_open(host, "1");
        host.advance(millis(1));
        on(host, times).answered_with(500).expect_status(500);
        assert_open(host, seconds);
        let reopened = format!("half_open open probe_failed {times}");
        assert_eq!(transitions(host)[1], reopened);
    }
}

#[test]
fn five_in_a_row_opens_at_the_fifth_failure() {
    opens_after_a_row(FIVE_IN_A_ROW, 5, "60");
}

#[test]
fn five_in_a_row_opens_though_a_worker_has_yet_to_tell_of_a_success_before() {
    let host = host_of(FIVE_IN_A_ROW);
    host.worker(1).get("/orders").answered_with(200);
    for _ in 0..4 {
        host.worker(0).get("/orders").answered_with(503);
    }
    host.worker(1).get("/orders").answered_with(503);
    assert_open(&host, "60");
}

#[test]
fn five_in_a_row_lets_one_probe_through_after_sixty_seconds() {
    let host = host_of(FIVE_IN_A_ROW);
    fail(&host, 5);
    lets_one_probe_through(&host, 60_000, "30");
}

#[test]
fn five_in_a_row_opens_again_for_sixty_seconds_each_time() {
    let host = host_of(FIVE_IN_A_ROW);
    fail(&host, 5);
    opens_again_for_as_long(&host, 60_000, "60");
}

#[test]
fn five_in_a_row_counts_afresh_once_it_has_closed() {
    let host = host_of(FIVE_IN_A_ROW);
    fail(&host, 5);
    host.advance(secs(60));
    succeed(&host, 1);
    fail(&host, 4);
    succeed(&host, 2);
    fail(&host, 5);
    assert_open(&host, "60");
}

#[test]
fn three_in_a_row_opens_at_the_third_failure() {
    opens_after_a_row(THREE_IN_A_ROW, 3, "30");
}

#[test]
fn three_in_a_row_lets_one_probe_through_after_thirty_seconds() {
    let host = host_of(THREE_IN_A_ROW);
    fail(&host, 3);
    lets_one_probe_through(&host, 30_000, "30");
}

#[test]
fn three_in_a_row_opens_again_for_thirty_seconds_each_time() {
    let host = host_of(THREE_IN_A_ROW);
    fail(&host, 3);
    opens_again_for_as_long(&host, 30_000, "30");
}

#[test]
fn two_to_close_opens_at_the_fifth_failure() {
    opens_after_a_row(TWO_TO_CLOSE, 5, "60");
}

#[test]
fn two_to_close_opens_again_for_sixty_seconds_each_time() {
    let host = host_of(TWO_TO_CLOSE);
    fail(&host, 5);
    opens_again_for_as_long(&host, 60_000, "60");
}

#[test]
fn two_to_close_lets_three_probes_through_and_closes_at_the_second_success() {
    let host = host_of(TWO_TO_CLOSE);
    fail(&host, 5);
    host.advance(millis(59_999));
    assert_open(&host, "1");
    host.advance(millis(1));
    let [first, second, third] = [0, 1, 0].map(|worker| on(&host, worker).expect_forwarded());
    assert_open(&host, "30");
    first.answer(200).expect_status(200);
    assert_eq!(
        transitions(&host)[1..],
        ["open half_open open_elapsed 1"],
        "one success is not enough"
    );
    second.answer(200).expect_status(200);
    assert_eq!(
        transitions(&host)[1..],
        [
            "half_open closed probes_succeeded 1",
            "open half_open open_elapsed 1"
        ]
    );
    // What the third came to is of before.
    third.answer(503).expect_status(503);
    fail(&host, 4);
    succeed(&host, 2);
    fail(&host, 5);
    assert_open(&host, "60");
}

#[test]
fn two_to_close_takes_one_failure_after_a_success_for_its_answer() {
    let host = host_of(TWO_TO_CLOSE);
    fail(&host, 5);
    host.advance(secs(60));
    succeed(&host, 1);
    fail(&host, 1);
    assert_open(&host, "60");
    host.advance(secs(60));
    // The success of before does not count any more.
    succeed(&host, 1);
    assert_eq!(
        transitions(&host).last().map(String::as_str),
        Some("open half_open open_elapsed 2")
    );
    assert!(
        !transitions(&host)
            .iter()
            .any(|transition| transition.starts_with("half_open closed"))
    );
    succeed(&host, 1);
    assert!(transitions(&host).contains(&"half_open closed probes_succeeded 1".to_owned()));
}

#[test]
fn half_of_a_minute_opens_at_half_of_twenty() {
    let host = host_of(HALF_OF_A_MINUTE);
    succeed(&host, 10);
    // Both workers tell of what they have gathered.
    host.advance(secs(1));
    fail(&host, 9);
    assert_eq!(transitions(&host), Vec::<String>::new(), "9 of 19: too few calls");
    fail(&host, 1);
    assert_eq!(transitions(&host), ["closed open failure_rate 1"], "10 of 20");
    assert_open(&host, "30");
}

#[test]
fn half_of_a_minute_stays_closed_below_half() {
    let host = host_of(HALF_OF_A_MINUTE);
    succeed(&host, 51);
    host.advance(secs(1));
    fail(&host, 50);
    assert_eq!(transitions(&host), Vec::<String>::new(), "50 of 101");
    fail(&host, 1);
    assert_eq!(transitions(&host), ["closed open failure_rate 1"], "51 of 102");
}

#[test]
fn half_of_a_minute_never_opens_for_fewer_than_twenty() {
    let host = host_of(HALF_OF_A_MINUTE);
    fail(&host, 19);
    assert_eq!(transitions(&host), Vec::<String>::new());
    fail(&host, 1);
    assert_open(&host, "30");
}

#[test]
fn half_of_a_minute_remembers_for_a_minute_in_tenths() {
    for (later, expected) in [(54_000, vec!["closed open failure_rate 1"]), (60_000, vec![])] {
        let host = host_of(HALF_OF_A_MINUTE);
        fail(&host, 19);
        host.advance(millis(later));
        fail(&host, 1);
        assert_eq!(transitions(&host), expected, "after {later} ms");
    }
}

#[test]
fn half_of_a_minute_lets_one_probe_through_after_thirty_seconds() {
    let host = host_of(HALF_OF_A_MINUTE);
    fail(&host, 20);
    lets_one_probe_through(&host, 30_000, "30");
}

#[test]
fn half_of_a_minute_opens_again_for_thirty_seconds_each_time() {
    let host = host_of(HALF_OF_A_MINUTE);
    fail(&host, 20);
    opens_again_for_as_long(&host, 30_000, "30");
}
