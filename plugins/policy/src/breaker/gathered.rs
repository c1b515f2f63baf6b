//! Successes that a worker keeps to itself for a while.
//!
//! To write each success into the shared record would cost every request two calls of the host and a race with all
//! other workers. While the record shows no failure, a success changes no decision: it may wait. From the first failure
//! on, each one counts, and is written at once.
//!
//! What that permits: a breaker may open early by what the other workers gathered since their last tick, and what a
//! dead worker had gathered is lost. With a tick a second and a minute's window, the failure rate that is seen is beside
//! the true one by less than half a point, at 2 workers as at 64, once there were a few seconds of traffic. In the first
//! second it can be beside it by more, which is what `min_calls` is for.

use super::machine::Permit;
use super::record::Record;

/// The successes of one breaker that a worker has not merged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Gathered {
    generation: u64,
    successes: u32,
    clean: bool,
}

impl Gathered {
    /// Takes notice of the record, each time that the worker has read or written it. Says whether what is gathered must
    /// be merged before anything is decided: another worker has seen a failure meanwhile.
    pub fn saw(&mut self, record: &Record, now_millis: u64) -> bool {
        if record.generation() != self.generation {
            // What was gathered is of an older generation, and would change nothing.
            self.successes = 0;
            self.generation = record.generation();
        }
        self.clean = record.is_clean(now_millis);
        !self.clean && self.successes > 0
    }

    /// Gathers the success of a request, if it may wait; if not, it has to be settled in the record at once.
    pub fn take(&mut self, permit: Permit) -> bool {
        // A half-open record is never clean: a probe's success does not wait.
        let may_wait = self.clean && permit.generation == self.generation;
        if may_wait {
            self.successes = self.successes.saturating_add(1);
        }
        may_wait
    }

    /// Forgets what has been merged. To be called once the merged record has been written.
    pub fn merged(&mut self) {
        self.successes = 0;
    }

    /// How many successes there are to be merged.
    pub fn successes(&self) -> u32 {
        self.successes
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }
}
