//! What all workers know of a cluster's requests and retries.

use super::{Gathered, Settings};
use crate::binary::{put, put32, seal, unseal};
use crate::breaker_key::Value;

/// Buckets of an interval.
const BUCKETS: u64 = 10;
/// One more than that, so that retries count for no less than the interval.
const KEPT: usize = BUCKETS as usize + 1;
/// The version of the record's form.
const VERSION: u8 = 1;

/// What all workers know of a cluster's requests and retries. The default is one that has seen none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The number of the newest bucket, counted from the clock's zero.
    newest: u64,
    /// The newest first.
    buckets: [Bucket; KEPT],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bucket {
    requests: u32,
    retries: u32,
}

/// The name under which the record of a cluster lives in shared data.
///
/// The version stands in it: two versions of a plugin, side by side, spoil nothing of each other's. So does the interval:
/// rules that differ in it have a budget each, and none wipes out what the other's buckets hold.
pub fn record_name(cluster: &[u8], settings: &Settings) -> String {
    let (version, interval) = (VERSION.to_string(), settings.interval_millis.to_string());
    let value = Value::of(cluster);
    ["retry_budget/", &version, "/", &interval, "/=", value.as_str()].concat()
}

impl Record {
    /// Counts what a worker has gathered.
    pub fn merge(&mut self, settings: &Settings, gathered: &Gathered, now_millis: u64) {
        self.advance(number(settings, now_millis));
        // Requests count from the first of them, retries from the last: neither then ever makes the budget larger.
        let age = self.newest.checked_sub(number(settings, gathered.since_millis));
        for (bucket, its_age) in self.buckets.iter_mut().zip(0..) {
            if Some(its_age) == age {
                bucket.requests = bucket.requests.saturating_add(gathered.requests);
            }
            if its_age == 0 {
                bucket.retries = bucket.retries.saturating_add(gathered.retries);
            }
        }
    }

    /// Charges a retry before it is made, if one is left. Whether there was: if not, it is not to be made.
    pub fn take_one(&mut self, settings: &Settings, now_millis: u64) -> bool {
        self.advance(number(settings, now_millis));
        let is_left = self.remaining(settings, now_millis) > 0;
        if let Some(newest) = self.buckets.first_mut().filter(|_| is_left) {
            newest.retries = newest.retries.saturating_add(1);
        }
        is_left
    }

    /// How many retries are left. None where there have been as many as may be, or more.
    pub fn remaining(&self, settings: &Settings, now_millis: u64) -> u32 {
        let (requests, retries) = self.counted(settings, now_millis);
        // What is negative, and what is no number, is 0.
        (settings.allowed(requests) - retries as f64) as u32
    }

    /// Requests and retries of the interval that ends now.
    pub fn counted(&self, settings: &Settings, now_millis: u64) -> (u64, u64) {
        let mut now = self.clone();
        now.advance(number(settings, now_millis));
        let sum = |buckets: u64, of: fn(&Bucket) -> u32| {
            let counted = now.buckets.iter().zip(0..buckets);
            counted.map(|(bucket, _)| u64::from(of(bucket))).sum::<u64>()
        };
        (
            sum(BUCKETS, |bucket| bucket.requests),
            sum(KEPT as u64, |bucket| bucket.retries),
        )
    }

    /// Whether none are left.
    pub fn is_overdrawn(&self, settings: &Settings, now_millis: u64) -> bool {
        self.remaining(settings, now_millis) == 0
    }

    /// As bytes: 101 of them.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = vec![VERSION];
        put(&mut to, self.newest);
        for bucket in self.buckets {
            put32(&mut to, bucket.requests);
            put32(&mut to, bucket.retries);
        }
        seal(to)
    }

    /// The record that these bytes are. What is none is a cluster that has seen no request.
    pub fn decode(bytes: &[u8]) -> Self {
        read(bytes).unwrap_or_default()
    }

    /// Lets time pass, up to the bucket of this number.
    fn advance(&mut self, number: u64) {
        let old = self.buckets;
        match number.checked_sub(self.newest) {
            Some(passed) => {
                self.buckets = core::array::from_fn(|age| {
                    let before = (age as u64).checked_sub(passed);
                    let bucket = before.and_then(|age| old.get(age as usize));
                    bucket.copied().unwrap_or_default()
                });
            }
            // Another worker has seen a little more of the clock.
            None if self.newest - number <= BUCKETS => return,
            // The clock has jumped back, and nobody knows how old anything is: retries are as of now, requests as of long ago.
            None => {
                let retries = old
                    .iter()
                    .fold(0u32, |sum, bucket| sum.saturating_add(bucket.retries));
                self.buckets = Default::default();
                if let Some(newest) = self.buckets.first_mut() {
                    newest.retries = retries;
                }
            }
        }
        self.newest = number;
    }
}

fn read(bytes: &[u8]) -> Option<Record> {
    let mut from = unseal(bytes, VERSION)?;
    let mut record = Record {
        newest: from.u64()?,
        ..Record::default()
    };
    for bucket in &mut record.buckets {
        bucket.requests = from.u32()?;
        bucket.retries = from.u32()?;
    }
    from.is_empty().then_some(record)
}

fn number(settings: &Settings, millis: u64) -> u64 {
    millis / settings.interval_millis.div_ceil(BUCKETS).max(1)
}
