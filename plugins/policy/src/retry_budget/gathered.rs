//! Requests that a worker keeps to itself for a while.
//!
//! To write each request into the shared record would cost every request a call of the host and a race with all other
//! workers. A request that was tried once only enlarges the budget: that may wait.
//!
//! What that permits: a budget is smaller than it could be by what the workers gathered since their last tick, and by what a
//! dead worker had gathered. It is never larger: requests count from when the worker began to gather, and a retry is merged
//! at once.

/// The requests of one cluster that a worker has not merged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    pub(super) requests: u32,
    pub(super) retries: u32,
    pub(super) since_millis: u64,
}

impl Gathered {
    /// Adds a request that was tried so often. Says whether it must be merged at once, for it was tried again.
    ///
    /// One whose attempts are not known (0) was tried once.
    pub fn add(&mut self, attempts: u32, now_millis: u64) -> bool {
        if self.requests == 0 {
            self.since_millis = now_millis;
        }
        self.requests = self.requests.saturating_add(1);
        self.retries = self.retries.saturating_add(attempts.saturating_sub(1));
        self.retries > 0
    }

    /// Whether there is nothing to merge.
    pub fn is_empty(&self) -> bool {
        self.requests == 0
    }

    /// Forgets what has been merged. To be called once the merged record has been written; where it could not be, the
    /// next merge takes it along.
    pub fn merged(&mut self) {
        *self = Self::default();
    }
}
