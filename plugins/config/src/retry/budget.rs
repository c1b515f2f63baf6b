//! What retries may add to the load of an upstream.

use crate::setting::{Merged, settings};
use crate::value::{Duration, Int, Percent};

settings! {
    /// What retries may add to the load of a cluster, for all workers together. Rules that differ in `interval` have a
    /// budget each.
    pub struct Budget {
        /// So many retries, as a share of the requests of the interval.
        percent: Percent = Percent::of::<20>(),
        /// Of which requests: those of the last time.
        interval: Duration<1_000, 3_600_000> = Duration::of::<10_000>(),
        /// So many retries beside that, where there are few requests.
        min_retry_rate: RetryRate = RetryRate::default(),
    }
}

settings! {
    /// A number of retries in a time.
    pub struct RetryRate {
        /// So many. 0: none.
        count: Int<0, 1_000_000> = Int::of::<10>(),
        /// In so long a time, at most the budget's `interval`.
        interval: Duration<1, 3_600_000> = Duration::of::<1_000>(),
    }
}

impl Budget {
    /// Reports what cannot stand together.
    pub(super) fn check(&self, merged: &mut Merged<'_>) {
        if self.min_retry_rate.interval.millis() > self.interval.millis() {
            merged.refuse(
                &["budget.interval", "budget.min_retry_rate.interval"],
                "min_retry_rate.interval must not be above interval",
            );
        }
        if self.percent == Percent::NONE && self.min_retry_rate.count.get() == 0 {
            merged.refuse(
                &["budget.percent", "budget.min_retry_rate.count"],
                "percent and min_retry_rate.count must not both be 0, or there are no retries; attempts: 1 is for that",
            );
        }
    }
}
