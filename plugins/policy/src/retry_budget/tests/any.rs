//! Any settings, any steps of workers and any clock, for the properties.

use proptest::prelude::*;

use super::*;

pub(super) const WORKERS: usize = 4;

pub(super) fn any_settings() -> impl Strategy<Value = Settings> {
    (0.0..=100.0f64, 1_000u64..30_000, 0u32..5, 0.01..=1.0f64).prop_map(
        |(percent, interval_millis, min_count, part)| Settings {
            percent,
            interval_millis,
            min_count,
            min_interval_millis: ((interval_millis as f64 * part) as u64).max(1),
        },
    )
}

/// Steps in workers, and the milliseconds that pass before each.
pub(super) fn steps<S: core::fmt::Debug>(
    step: impl Strategy<Value = S>,
    passes: impl Strategy<Value = i64>,
) -> impl Strategy<Value = Vec<(usize, S, i64)>> {
    prop::collection::vec((0..WORKERS, step, passes), 0..300)
}

pub(super) fn some_time() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0i64), 4 => 0i64..300, 1 => 0i64..5_000]
}

/// Mostly as clocks do, and sometimes not.
pub(super) fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![8 => some_time(), 1 => -2_000i64..0, 1 => -1_000_000i64..1_000_000]
}

/// A clock that goes on and jumps. As time counts what it goes on, from the latest that it has said or from where it jumped
/// back to.
pub(super) struct Clock {
    bucket: u64,
    time: u64,
    now: i64,
    latest: u64,
}

impl Clock {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            bucket: settings.interval_millis.div_ceil(10),
            time: 0,
            now: 2_000_000_000,
            latest: 0,
        }
    }

    /// Lets so many milliseconds pass. The time by then, and what the clock says.
    pub(super) fn passes(&mut self, millis: i64) -> (u64, u64) {
        self.now += millis;
        let clock = self.now as u64;
        let is_jump_back = (self.latest / self.bucket).saturating_sub(clock / self.bucket) > 10;
        self.time += clock.saturating_sub(self.latest);
        if clock > self.latest || is_jump_back {
            self.latest = clock;
        }
        (self.time, clock)
    }
}
