//! The clock that all workers share, read once in a callback, whichever plugin of the module asks first.

use crate::host::{self, Status};
use std::cell::Cell;

/// The clock that never goes back, for all plugins of a module.
#[derive(Default)]
pub struct Clock {
    /// What it showed in the callback that runs, once somebody has looked.
    seen_nanos: Cell<Option<u64>>,
}

impl Clock {
    /// Nanoseconds since some moment, the same all through a callback.
    pub(crate) fn nanos(&self) -> Result<u64, Status> {
        match self.seen_nanos.get() {
            Some(nanos) => Ok(nanos),
            None => host::monotonic().inspect(|nanos| self.seen_nanos.set(Some(*nanos))),
        }
    }

    /// Another callback begins.
    pub(crate) fn begin(&self) {
        self.seen_nanos.set(None);
    }
}
