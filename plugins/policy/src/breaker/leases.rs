//! The places of probes: so many requests are in flight while a breaker is half-open, in all workers together.
//!
//! A counter would be smaller, and would lose a place for ever with each worker that dies while it holds one.

/// The most places that there can be: what a record has room for.
pub const MOST_PROBES: u32 = 100;

/// The longest lease that is believed, in milliseconds: a day.
pub(super) const LONGEST_MILLIS: u64 = 86_400_000;

/// One place that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) number: u64,
    pub(super) granted_millis: u64,
    pub(super) lasts_millis: u64,
    /// Whether good response headers have come.
    pub(super) answered: bool,
}

impl Lease {
    pub(super) fn ends_millis(self) -> u64 {
        self.granted_millis.saturating_add(self.lasts_millis)
    }
}

/// The places that are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leases {
    /// The number of the next one.
    pub(super) next: u64,
    pub(super) held: Vec<Lease>,
}

impl Leases {
    /// Takes a place, unless `max_calls` are taken. Gives its number.
    pub(super) fn take(&mut self, max_calls: u32, lasts_millis: u64, now_millis: u64) -> Option<u64> {
        let places = max_calls.clamp(1, MOST_PROBES);
        if self.held.len() >= places as usize {
            return None;
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        self.held.push(Lease {
            number,
            granted_millis: now_millis,
            lasts_millis: lasts_millis.clamp(1, LONGEST_MILLIS),
            answered: false,
        });
        Some(number)
    }

    /// Gives a place back. Whether it was still taken.
    pub(super) fn give_back(&mut self, number: u64) -> bool {
        let before = self.held.len();
        self.held.retain(|lease| lease.number != number);
        self.held.len() < before
    }

    /// Remembers that good response headers came.
    pub(super) fn answered(&mut self, number: u64) {
        for lease in self.held.iter_mut().filter(|lease| lease.number == number) {
            lease.answered = true;
        }
    }

    /// Frees the places whose leases have ended. How many of them had been answered.
    pub(super) fn expire(&mut self, now_millis: u64) -> u32 {
        let mut answered = 0;
        self.held.retain(|lease| {
            let ended = now_millis >= lease.ends_millis();
            answered += u32::from(ended && lease.answered);
            !ended
        });
        answered
    }

    /// When the next place is free at the latest.
    pub(super) fn earliest_end(&self) -> Option<u64> {
        self.held.iter().map(|lease| lease.ends_millis()).min()
    }
}
