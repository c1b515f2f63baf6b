//! What is to happen on a thread later, by the virtual clock.

use std::collections::BTreeMap;
use std::time::Duration;

use super::flow::SharedStream;
use crate::answer::Outcome;

/// Something that happens once its time has come.
pub(super) enum Timer {
    /// The upstream of an exchange answers this attempt.
    Answer(SharedStream, u32, Outcome),
    /// The time is over that the route gives a request.
    Timeout(SharedStream),
    /// The time is over that one attempt has.
    PerTryTimeout(SharedStream, u32),
    /// The back-off after this attempt is over.
    Retry(SharedStream, u32),
}

impl Timer {
    fn stream(&self) -> &SharedStream {
        match self {
            Timer::Answer(stream, ..)
            | Timer::Timeout(stream)
            | Timer::PerTryTimeout(stream, _)
            | Timer::Retry(stream, _) => stream,
        }
    }
}

/// The timers of one thread. Those that are due at the same time go off in the order in which they were set.
#[derive(Default)]
pub(super) struct Timers {
    set: BTreeMap<(Duration, u64), Timer>,
    next: u64,
}

impl Timers {
    /// Sets a timer for a time since the host was made.
    pub(super) fn set(&mut self, due: Duration, timer: Timer) {
        let key = (due, self.next);
        timer.stream().borrow_mut().timers.push(key);
        self.set.insert(key, timer);
        self.next += 1;
    }

    /// When the first of them is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.set.keys().next().map(|(due, _)| *due)
    }

    /// Takes the first one, if it is due by now.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let first = self.set.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// An exchange is over: nothing is to happen to it later.
    pub(super) fn forget(&mut self, stream: &SharedStream) {
        for key in std::mem::take(&mut stream.borrow_mut().timers) {
            self.set.remove(&key);
        }
    }
}
