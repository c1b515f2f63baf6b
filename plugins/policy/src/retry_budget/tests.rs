#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

mod any;
mod bound;
mod codec;
mod one_by_one;

/// What the documentation says.
const DEFAULT: Settings = Settings {
    percent: 20.0,
    interval_millis: 10_000,
    min_count: 10,
    min_interval_millis: 1_000,
};

/// A share alone.
const SHARE: Settings = Settings {
    min_count: 0,
    ..DEFAULT
};

fn charge(record: &mut Record, settings: &Settings, attempts: &[u32], now_millis: u64) {
    let mut gathered = Gathered::default();
    for attempts in attempts {
        gathered.add(*attempts, now_millis);
    }
    record.merge(settings, &gathered, now_millis);
}

#[test]
fn without_requests_there_is_the_minimum_rate() {
    assert_eq!(Record::default().remaining(&DEFAULT, 5_000), 100);
    assert_eq!(Record::default().remaining(&SHARE, 5_000), 0);
    let slow = Settings {
        min_count: 1,
        min_interval_millis: 4_000,
        ..SHARE
    };
    assert_eq!(Record::default().remaining(&slow, 5_000), 2);
}

#[test]
fn a_share_of_the_requests_can_be_retried() {
    let mut record = Record::default();
    for (requests, left) in [(4, 0), (1, 1), (4, 1), (1, 2)] {
        charge(&mut record, &SHARE, &vec![1; requests], 5_000);
        assert_eq!(record.remaining(&SHARE, 5_000), left);
    }
}

#[test]
fn retries_are_taken_from_it_and_more_of_them_than_are_left_leave_none() {
    let mut record = Record::default();
    charge(&mut record, &SHARE, &[1; 20], 5_000);
    assert_eq!(record.remaining(&SHARE, 5_000), 4);
    charge(&mut record, &SHARE, &[3, 2, 1, 1, 1], 5_100);
    assert_eq!(record.remaining(&SHARE, 5_100), 2);
    assert!(!record.is_overdrawn(&SHARE, 5_100));
    charge(&mut record, &SHARE, &[10], 5_200);
    assert_eq!(record.remaining(&SHARE, 5_200), 0);
    assert!(record.is_overdrawn(&SHARE, 5_200));
}

#[test]
fn requests_are_over_within_the_interval_and_retries_after_it() {
    let mut record = Record::default();
    charge(&mut record, &SHARE, &[1; 20], 5_500);
    assert_eq!(record.remaining(&SHARE, 14_999), 4);
    assert_eq!(record.remaining(&SHARE, 15_000), 0);
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[101], 5_500);
    assert_eq!(record.remaining(&DEFAULT, 14_999), 0);
    assert_eq!(record.remaining(&DEFAULT, 15_999), 0);
    assert_eq!(record.remaining(&DEFAULT, 16_000), 100);
}

#[test]
fn a_request_whose_attempts_are_not_known_was_tried_once() {
    let (mut known, mut unknown) = (Gathered::default(), Gathered::default());
    assert!(!known.add(1, 5_000) && !unknown.add(0, 5_000));
    assert_eq!(known, unknown);
    assert!(known.add(2, 5_000));
}

#[test]
fn what_is_gathered_counts_from_its_first_request() {
    let mut gathered = Gathered::default();
    assert!(gathered.is_empty());
    for at in 0..20 {
        gathered.add(1, 5_500 + at * 100);
    }
    let mut record = Record::default();
    record.merge(&SHARE, &gathered, 7_500);
    assert_eq!(record.remaining(&SHARE, 7_500), 4);
    assert_eq!(record.remaining(&SHARE, 14_999), 4);
    assert_eq!(record.remaining(&SHARE, 15_000), 0);
    let mut late = Record::default();
    late.merge(&SHARE, &gathered, 15_000);
    assert_eq!(
        late.remaining(&SHARE, 15_000),
        0,
        "what is over is not counted any more"
    );
}

#[test]
fn what_could_not_be_written_is_merged_the_next_time() {
    let mut gathered = Gathered::default();
    assert!(gathered.add(3, 5_000));
    assert!(gathered.add(1, 5_100), "still to be merged at once");
    let mut record = Record::default();
    record.merge(&DEFAULT, &gathered, 5_100);
    gathered.merged();
    assert!(gathered.is_empty() && !gathered.add(1, 5_200));
    assert_eq!(record.remaining(&DEFAULT, 5_100), 98);
}

#[test]
fn a_worker_whose_clock_is_a_little_behind_spoils_nothing() {
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[51], 15_000);
    charge(&mut record, &DEFAULT, &[1], 14_900);
    charge(&mut record, &DEFAULT, &[1], 5_000);
    assert_eq!(record.remaining(&DEFAULT, 5_000), 50);
    assert_eq!(record.remaining(&DEFAULT, 25_999), 50);
    assert_eq!(record.remaining(&DEFAULT, 26_000), 100);
}

#[test]
fn a_clock_that_jumps_back_neither_wedges_a_budget_nor_refills_it() {
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[1; 100], 1_000_000);
    charge(&mut record, &DEFAULT, &[121], 1_000_000);
    assert_eq!(record.remaining(&DEFAULT, 5_000), 0);
    charge(&mut record, &DEFAULT, &[1], 5_000);
    assert_eq!(record.remaining(&DEFAULT, 15_999), 0);
    assert_eq!(record.remaining(&DEFAULT, 16_000), 100);
}

#[test]
fn a_clock_that_jumps_ahead_begins_anew() {
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[101], 5_000);
    charge(&mut record, &DEFAULT, &[1], u64::MAX);
    assert_eq!(record.remaining(&DEFAULT, u64::MAX), 100);
}

#[test]
fn rules_that_share_a_cluster_judge_it_by_their_own_numbers() {
    let mut record = Record::default();
    charge(&mut record, &DEFAULT, &[1, 1, 1, 1, 1, 1, 1, 3], 5_000);
    let half = Settings {
        percent: 50.0,
        ..SHARE
    };
    let left = [DEFAULT, SHARE, half].map(|settings| record.remaining(&settings, 5_000));
    assert_eq!(left, [99, 0, 2]);
}
