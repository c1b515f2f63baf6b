//! The budget of a cluster's retries: every request and every retry of it is kept, with the tenth of the interval in which
//! it was counted.

use super::CLOCK_BEGAN;
use crate::world::settings::Budget as Settings;

/// What all workers know of the requests of a cluster, under an interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    requests: Vec<(u64, u64)>,
    retries: Vec<(u64, u64)>,
}

fn tenth(settings: &Settings, at: u64) -> u64 {
    (CLOCK_BEGAN + at) / settings.interval.div_ceil(10)
}

impl Budget {
    /// A worker tells of requests, the first of which was at `since`, and of the retries among them.
    pub(crate) fn merge(&mut self, settings: &Settings, requests: u64, since: u64, retries: u64, now: u64) {
        self.requests.push((tenth(settings, since), requests));
        self.retries.push((tenth(settings, now), retries));
    }

    /// How many retries are left. Requests count for ten tenths of the interval, retries for eleven.
    pub(crate) fn left(&self, settings: &Settings, now: u64) -> u64 {
        let now = tenth(settings, now);
        let sum = |all: &[(u64, u64)], tenths: u64| -> u64 {
            all.iter()
                .filter(|(at, _)| at + tenths > now)
                .map(|(_, count)| count)
                .sum()
        };
        let intervals = settings.interval as f64 / settings.min_interval as f64;
        let allowed = settings.percent as f64 * sum(&self.requests, 10) as f64 / 100.0
            + settings.min_count as f64 * intervals;
        (allowed - sum(&self.retries, 11) as f64).max(0.0) as u64
    }
}
