//! The clock of a host. It moves only when a test moves it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

/// 2026-01-01T00:00:00Z, unless a test says otherwise.
const DEFAULT_START: Duration = Duration::from_secs(1_767_225_600);

/// The monotonic clock does not start at 0, as a machine that runs for a while does not.
const MONOTONIC_START: Duration = Duration::from_secs(1_000);

pub(crate) struct Clock {
    start: Mutex<Duration>,
    elapsed: Mutex<Duration>,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock {
            start: Mutex::new(DEFAULT_START),
            elapsed: Mutex::new(Duration::ZERO),
        }
    }

    #[track_caller]
    pub(crate) fn starts_at(&self, time: SystemTime) {
        let since_epoch = time
            .duration_since(UNIX_EPOCH)
            .expect("a host's clock cannot start before 1970");
        *self.start.lock() = since_epoch;
    }

    /// Nanoseconds since 1970.
    pub(crate) fn realtime_nanos(&self) -> u64 {
        nanos(*self.start.lock() + *self.elapsed.lock())
    }

    /// Nanoseconds of a clock that only goes forward.
    pub(crate) fn monotonic_nanos(&self) -> u64 {
        nanos(MONOTONIC_START + *self.elapsed.lock())
    }

    pub(crate) fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + *self.start.lock() + *self.elapsed.lock()
    }

    /// Time since the host was made.
    pub(crate) fn elapsed(&self) -> Duration {
        *self.elapsed.lock()
    }

    pub(crate) fn set_elapsed(&self, elapsed: Duration) {
        *self.elapsed.lock() = elapsed;
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("a host's clock ends in the year 2554")
}
