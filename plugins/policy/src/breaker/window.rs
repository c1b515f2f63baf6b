//! The calls that a share is taken of: those of the last minute, or the last hundred.
//!
//! A window of time has ten buckets and not every call, so that it fits into a record whatever the traffic is. It
//! covers the bucket of now and the nine before: between nine and ten tenths of its time.

use super::settings::{Rate, Span};

/// Buckets of a window of time.
pub(super) const BUCKETS: usize = 10;
/// The most calls that a window of calls has.
pub(super) const MOST_CALLS: u16 = 1000;
/// Words of the bits of a window of calls.
const WORDS: usize = (MOST_CALLS as usize).div_ceil(64);

/// Calls, and which of them count (failures, or slow ones).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) calls: u64,
    pub(super) hits: u64,
}

impl Share {
    /// Whether it is too large.
    pub(super) fn reaches(self, rate: &Rate) -> bool {
        let enough = self.calls >= u64::from(rate.min_calls) && self.hits > 0;
        enough && self.hits as f64 * 100.0 >= rate.percent * self.calls as f64
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Window {
    Time(TimeWindow),
    Calls(CallWindow),
}

impl Window {
    pub(super) fn new(span: Span) -> Self {
        match span {
            Span::Millis(millis) => Self::Time(TimeWindow {
                millis,
                newest: 0,
                buckets: [Bucket::default(); BUCKETS],
            }),
            Span::Calls(size) => Self::Calls(CallWindow {
                size: size.clamp(1, MOST_CALLS),
                next: 0,
                filled: 0,
                bits: [0; WORDS],
            }),
        }
    }

    /// Whether it is of this shape.
    pub(super) fn is_of(&self, span: Span) -> bool {
        match (self, span) {
            (Self::Time(window), Span::Millis(millis)) => window.millis == millis,
            (Self::Calls(window), Span::Calls(size)) => window.size == size.clamp(1, MOST_CALLS),
            _ => false,
        }
    }

    /// Counts so many calls, all of them hits or none.
    pub(super) fn add(&mut self, times: u32, hit: bool, now_millis: u64) {
        match self {
            Self::Time(window) => window.add(times, hit, now_millis),
            Self::Calls(window) => window.add(times, hit),
        }
    }

    /// What is in it.
    pub(super) fn share(&self, now_millis: u64) -> Share {
        match self {
            Self::Time(window) => window.share(now_millis),
            Self::Calls(window) => window.share(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TimeWindow {
    pub(super) millis: u64,
    /// The number of the newest bucket that was written, counted from the clock's zero. Bucket `n` stands at `n` modulo
    /// their number.
    pub(super) newest: u64,
    pub(super) buckets: [Bucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) calls: u32,
    pub(super) hits: u32,
}

impl TimeWindow {
    fn number(&self, now_millis: u64) -> u64 {
        now_millis / self.millis.div_ceil(BUCKETS as u64).max(1)
    }

    fn add(&mut self, times: u32, hit: bool, now_millis: u64) {
        let number = self.number(now_millis);
        let all = BUCKETS as u64;
        if number >= self.newest.saturating_add(all) || self.newest >= number.saturating_add(all) {
            // All of it is over, or of a clock that has jumped back since.
            self.buckets = [Bucket::default(); BUCKETS];
            self.newest = number;
        }
        // Where another worker has seen a little more of the clock, its bucket takes this, too.
        while self.newest < number {
            self.newest += 1;
            if let Some(bucket) = self.bucket(self.newest) {
                *bucket = Bucket::default();
            }
        }
        if let Some(bucket) = self.bucket(self.newest) {
            bucket.calls = bucket.calls.saturating_add(times);
            bucket.hits = bucket.hits.saturating_add(if hit { times } else { 0 });
        }
    }

    fn bucket(&mut self, number: u64) -> Option<&mut Bucket> {
        self.buckets.get_mut((number % BUCKETS as u64) as usize)
    }

    fn share(&self, now_millis: u64) -> Share {
        let (number, all) = (self.number(now_millis), BUCKETS as u64);
        if self.newest >= number.saturating_add(all) {
            return Share::default();
        }
        let over = number.saturating_sub(self.newest).min(all);
        // From the oldest on, those that are over come first.
        (0..all - over).fold(Share::default(), |share, age| {
            let place = self.newest.wrapping_sub(age) % all;
            let bucket = self.buckets.get(place as usize).filter(|_| age <= self.newest);
            let bucket = bucket.copied().unwrap_or_default();
            Share {
                calls: share.calls + u64::from(bucket.calls),
                hits: share.hits + u64::from(bucket.hits),
            }
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CallWindow {
    pub(super) size: u16,
    /// Where the next call goes: what is there is the oldest.
    pub(super) next: u16,
    pub(super) filled: u16,
    /// A bit for each call: whether it is a hit. Those that are not filled are 0.
    pub(super) bits: [u64; WORDS],
}

impl CallWindow {
    fn add(&mut self, times: u32, hit: bool) {
        for _ in 0..times.min(u32::from(self.size)) {
            if let Some(word) = self.bits.get_mut(usize::from(self.next / 64)) {
                let bit = 1 << (self.next % 64);
                *word = if hit { *word | bit } else { *word & !bit };
            }
            self.next = (self.next + 1) % self.size;
            self.filled = (self.filled + 1).min(self.size);
        }
    }

    fn share(&self) -> Share {
        Share {
            calls: self.filled.into(),
            hits: self.bits.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }

    /// Whether it could have come from adding calls.
    pub(super) fn is_sound(&self) -> bool {
        let mut beyond = (0..).zip(&self.bits).map(|(place, word)| {
            let kept = u32::from(self.filled).saturating_sub(place * 64);
            word.checked_shr(kept).unwrap_or(0)
        });
        (1..=MOST_CALLS).contains(&self.size)
            && self.next < self.size
            && self.filled <= self.size
            && (self.filled == self.size || self.next == self.filled)
            && beyond.all(|bits| bits == 0)
    }
}

#[cfg(test)]
mod tests;
