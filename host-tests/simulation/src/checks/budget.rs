//! Where the plugin also stands in a cluster, retries are within the budget over every interval that ends with one, whatever comes
//! at once.
//!
//! It counts what upstreams get and what requests came to, and knows nothing of how the plugin keeps its books.

use super::Broken;
use crate::world::settings::Budget as Settings;

const PROMISE: &str = "retries are within the budget, over every interval";

/// What a cluster has seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    requests: Vec<u64>,
    retries: Vec<u64>,
}

impl Traffic {
    /// It is known how often a request was tried.
    pub(crate) fn asked(&mut self, now: u64) {
        self.requests.push(now);
    }

    /// A retry reaches the upstream.
    pub(crate) fn retried(&mut self, settings: &Settings, now: u64) -> Result<(), Broken> {
        self.retries.push(now);
        let within = |times: &[u64]| {
            times
                .iter()
                .filter(|time| **time + settings.interval > now)
                .count() as u64
        };
        let (requests, retries) = (within(&self.requests), within(&self.retries));
        let intervals = settings.interval as f64 / settings.min_interval as f64;
        let most = settings.percent as f64 * requests as f64 / 100.0 + settings.min_count as f64 * intervals;
        Broken::unless(retries as f64 <= most, PROMISE, || {
            format!(
                "{retries} retries of {requests} requests in {} ms, where {most} may be",
                settings.interval
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_retry_too_many_in_an_interval_breaks_the_promise() {
        let settings = Settings {
            percent: 50,
            interval: 1_000,
            min_count: 1,
            min_interval: 1_000,
        };
        let mut traffic = Traffic::default();
        (0..4).for_each(|at| traffic.asked(at));
        for at in [10, 20, 30] {
            assert_eq!(traffic.retried(&settings, at), Ok(()));
        }
        assert!(traffic.clone().retried(&settings, 40).is_err());
        // The requests are over, and the retries with them.
        assert_eq!(traffic.clone().retried(&settings, 1_030), Ok(()));
        assert!(traffic.retried(&settings, 1_020).is_err());
    }
}
