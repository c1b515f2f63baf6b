//! A budget for retries: what they may add to the load of an upstream.
//!
//! Why a budget, and not a number of attempts alone? Three attempts of each request are three times the load, and they
//! come when the upstream can bear it least. A budget is a share of the requests: a few that fail are tried again, and of
//! many that fail, few are.
//!
//! All workers of a proxy share one [`Record`] for each cluster, as bytes that they read, change and write back by
//! compare-and-swap. It counts what happened: requests, and the attempts that were retries. A request may be tried again as
//! often as there is something left ([`Record::remaining`]), and is charged when it is known how often it was. A worker
//! gathers the requests that were tried once, and merges them with each tick and each retry ([`Gathered`]).
//!
//! **The bound.** In the interval that ends with any retry, the retries that were charged are at most `percent` of the
//! requests of that interval and the minimum rate. It holds for any number of workers, whatever each has gathered and
//! whoever of them dies, and for any clock: where one is seen to jump back, retries count for an interval from then on. For that,
//! requests count for nine to ten tenths of the interval and retries for ten to eleven: in the long run a budget is about a
//! tenth smaller than its numbers.
//!
//! **What that does not bound** is what has been let go and not been charged yet: of requests that leave at the same time,
//! none knows of the others' retries. To hold in advance what a request might need would bound that, too, and take the
//! retries from an upstream that is slow and healthy: many requests are under way to it, and each would hold what it does not
//! use. What bounds it is to charge each retry just before it is made ([`Record::take_one`]), which only a filter behind the
//! router can: it is told of each attempt.
//!
//! ```
//! use policy::retry_budget::{Gathered, Record, Settings};
//!
//! let settings = Settings { percent: 20.0, interval_millis: 10_000, min_count: 1, min_interval_millis: 10_000 };
//! let (mut record, mut gathered) = (Record::default(), Gathered::default());
//! for _ in 0..9 {
//!     gathered.add(1, 5_000);
//! }
//! gathered.add(3, 5_200);
//! record.merge(&settings, &gathered, 5_200);
//! assert_eq!(record.remaining(&settings, 5_200), 1, "20 % of 10 requests, and one, but for the two that were made");
//!
//! let other_worker = Record::decode(&record.encode());
//! assert_eq!(other_worker, record);
//! ```

mod gathered;
mod record;

pub use gathered::Gathered;
pub use record::{Record, record_name};

/// How large a budget is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// So many retries, as a share of the requests of the interval: 0 to 100.
    pub percent: f64,
    /// The interval, in milliseconds. It is a multiple of 10, or rounded up to one.
    pub interval_millis: u64,
    /// So many retries beside that,
    pub min_count: u32,
    /// in so many milliseconds.
    pub min_interval_millis: u64,
}

impl Settings {
    /// The retries that so many requests in an interval allow.
    fn allowed(&self, requests: u64) -> f64 {
        let intervals = self.interval_millis as f64 / self.min_interval_millis.max(1) as f64;
        self.percent * requests as f64 / 100.0 + f64::from(self.min_count) * intervals
    }
}

#[cfg(test)]
mod tests;
