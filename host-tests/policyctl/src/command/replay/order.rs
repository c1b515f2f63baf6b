//! Requests in the order in which they began. A log has them in the order in which they ended.

use super::logged::Logged;
use super::time::Nanos;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// So many lines are held back, so that one that ended late still finds its place: ten seconds of a log with 10 000
/// requests a second, and an hour of one with 30.
pub(super) const READ_AHEAD: usize = 100_000;

/// Puts requests in the order in which they began.
pub(super) struct Order {
    read_ahead: usize,
    held: BinaryHeap<Reverse<Held>>,
    taken: u64,
    /// When the last one began that was handed on.
    handed_on: Nanos,
}

struct Held {
    start: Nanos,
    /// Of those that began at the same time, the first in the log comes first.
    number: u64,
    logged: Logged,
}

impl Order {
    pub(super) fn new(read_ahead: usize) -> Self {
        Self {
            read_ahead,
            held: BinaryHeap::new(),
            taken: 0,
            handed_on: 0,
        }
    }

    /// Takes the next one of the log, and gives the one whose turn it is, if so many are held that none can come before.
    ///
    /// # Errors
    /// When it began before one that was handed on.
    pub(super) fn put(&mut self, logged: Logged) -> Result<Option<Logged>, TooLate> {
        if logged.start < self.handed_on {
            return Err(TooLate);
        }
        self.taken += 1;
        self.held.push(Reverse(Held {
            start: logged.start,
            number: self.taken,
            logged,
        }));
        Ok(if self.held.len() > self.read_ahead {
            self.next()
        } else {
            None
        })
    }

    /// At the log's end: the next one of those that are held.
    pub(super) fn next(&mut self) -> Option<Logged> {
        let Reverse(held) = self.held.pop()?;
        self.handed_on = held.start;
        Some(held.logged)
    }
}

/// It began before one that was handed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLate;

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Held {
    fn key(&self) -> (Nanos, u64) {
        (self.start, self.number)
    }
}
