//! Bytes in shared data: whatever they are, a record is made of them on which all goes on.

mod breaker;

use crate::input::Input;
use policy::breaker_gauges::Gauges;
use policy::register::{BreakerEntry, Bucket, BudgetEntry};
use policy::retry_budget::{Gathered, Record as Budget, Settings};

/// The first byte says of which kind the record is, the second whether its checksum is to be set right.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    match input.byte() % 6 {
        0 => breaker::run(input),
        1 => budget(input),
        2 => gauges(input),
        3 => register(input),
        4 => {
            if let Some(entry) = BreakerEntry::decode(input.0) {
                assert_eq!(entry.encode(), input.0);
            }
        }
        _ => {
            if let Some(entry) = BudgetEntry::decode(input.0) {
                assert_eq!(entry.encode(), input.0);
            }
        }
    }
}

/// The bytes of a record: any, or those of a version and with a checksum that is right, so that more than the checksum is
/// tried.
fn record(input: &mut Input<'_>) -> Vec<u8> {
    match input.flag() {
        false => input.0.to_vec(),
        true => sealed(input.0),
    }
}

/// What the checksum is of records (FNV-1a), written down a second time.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    const VERSION: u8 = 1;
    let mut bytes = [&[VERSION], body].concat();
    let sum = bytes.iter().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// What was a record is written as it was read.
#[track_caller]
fn is_as_read<T: Default + PartialEq + std::fmt::Debug>(bytes: &[u8], record: &T, encode: fn(&T) -> Vec<u8>) {
    if *record != T::default() {
        assert_eq!(encode(record), bytes, "{record:?}");
    }
}

fn budget(mut input: Input<'_>) {
    let settings = Settings {
        percent: input.draw() * 100.0,
        interval_millis: input.number(),
        min_count: input.u32(),
        min_interval_millis: input.number(),
    };
    let mut deeds = Input(input.bytes());
    let bytes = record(&mut input);
    let mut record = Budget::decode(&bytes);
    is_as_read(&bytes, &record, Budget::encode);
    let mut gathered = Gathered::default();
    while !deeds.is_empty() {
        let (deed, now) = (deeds.byte(), deeds.number());
        let before = record.remaining(&settings, now);
        match deed % 3 {
            0 => {
                gathered.add(deeds.u32(), now);
            }
            1 => {
                record.merge(&settings, &gathered, now);
                gathered.merged();
            }
            _ => assert_eq!(record.take_one(&settings, now), before > 0, "{record:?}"),
        }
        let (requests, retries) = record.counted(&settings, now);
        assert!(requests <= 11 * u64::from(u32::MAX) && retries <= 11 * u64::from(u32::MAX));
        assert_eq!(Budget::decode(&record.encode()), record);
    }
}

fn gauges(mut input: Input<'_>) {
    let mut deeds = Input(input.bytes());
    let bytes = record(&mut input);
    let mut gauges = Gauges::decode(&bytes);
    is_as_read(&bytes, &gauges, Gauges::encode);
    while !deeds.is_empty() {
        let (deed, now) = (deeds.byte(), deeds.number());
        let name = String::from_utf8_lossy(deeds.bytes()).into_owned();
        let before = gauges.entries().len();
        match deed % 3 {
            0 => {
                gauges.vouch(&name, &name, now);
                assert!(gauges.entries().len() <= before + 1);
            }
            1 => gauges.vouch_for_all(now, &|record| record < name.as_str()),
            _ => {
                let stale = gauges.take_stale(now);
                assert!(gauges.entries().len() + stale.len() <= before);
                let is_listed = |name: &String| gauges.entries().iter().any(|gauge| gauge.name == *name);
                assert!(!stale.iter().any(is_listed));
            }
        }
        assert_eq!(Gauges::decode(&gauges.encode()), gauges);
    }
}

fn register(mut input: Input<'_>) {
    let name = String::from_utf8_lossy(input.bytes()).into_owned();
    let entry = input.bytes();
    let bytes = record(&mut input);
    let mut bucket = Bucket::decode(&bytes);
    is_as_read(&bytes, &bucket, Bucket::encode);
    let before = bucket.entries().count();
    bucket.enter(&name, entry);
    assert!(bucket.entries().count() <= before + 1);
    assert!(bucket.entries().is_sorted_by(|one, other| one.0 < other.0));
    assert_eq!(Bucket::decode(&bucket.encode()), bucket);
}
