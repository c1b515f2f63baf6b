//! A record as bytes: fixed, and of one version.
//!
//! The version also stands in the record's name, so that two versions of a plugin never spoil each other's. A newer one
//! takes over what the older one knew where it has no record of its own yet ([`Record::import`]).

use super::State;
use super::counts::Counts;
use super::forced::{Forced, LONGEST_FORCE_MILLIS, is_reason};
use super::leases::{LONGEST_MILLIS, Lease, Leases, MOST_PROBES};
use super::open_time::LONGEST_OPEN_MILLIS;
use super::record::{Phase, Record};
use super::settings::Span;
use super::window::Window;
use crate::binary::{Rest, put, put32, seal, unseal};

/// The version of the form.
pub(crate) const VERSION: u8 = if cfg!(feature = "next-record-version") {
    2
} else {
    1
};

/// The version before it, if there is one: the only other one that can be read.
pub(crate) const VERSION_BEFORE: Option<u8> = match VERSION {
    0 | 1 => None,
    version => Some(version - 1),
};

/// The greatest generation and number that are believed: whatever counts on from there comes to no end.
const LAST: u64 = u64::MAX / 2;

impl Record {
    /// As bytes: at most 3 KiB, and usually a few hundred bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = vec![VERSION];
        put(&mut to, self.owner);
        put(&mut to, self.used_millis);
        put(&mut to, self.generation);
        put32(&mut to, self.reopenings);
        match &self.phase {
            Phase::Closed { since_millis, counts } => {
                to.push(0);
                put_time(&mut to, *since_millis);
                put32(&mut to, counts.consecutive);
                put_window(&mut to, &counts.failures);
                put_window(&mut to, &counts.slow);
            }
            Phase::Open {
                since_millis,
                lasts_millis,
            } => {
                to.push(1);
                put(&mut to, *since_millis);
                put(&mut to, *lasts_millis);
            }
            Phase::HalfOpen {
                since_millis,
                successes,
                leases,
            } => {
                to.push(2);
                put_time(&mut to, *since_millis);
                put32(&mut to, *successes);
                put(&mut to, leases.next);
                to.push(leases.held.len() as u8);
                for lease in &leases.held {
                    put(&mut to, lease.number);
                    put(&mut to, lease.granted_millis);
                    put(&mut to, lease.lasts_millis);
                    to.push(lease.answered.into());
                }
            }
        }
        to.push(self.forced.is_some().into());
        if let Some(forced) = &self.forced {
            put(&mut to, forced.since_millis);
            put(&mut to, forced.lasts_millis);
            to.push(forced.reason.len() as u8);
            to.extend_from_slice(forced.reason.as_bytes());
        }
        seal(to)
    }

    /// The record that these bytes are. What is none is a closed breaker that has seen nothing.
    pub fn decode(bytes: &[u8]) -> Self {
        read(bytes, VERSION).unwrap_or_default()
    }

    /// The record that these bytes of the version before are ([`crate::breaker_key::Family::named_before`]), with all that
    /// it knew. What is none is nothing to import, and so is everything where there was no version before.
    ///
    /// Both versions may be at work: each goes its own way from then on. Probes that are in flight under the older record
    /// keep their places in the new one until their leases end.
    pub fn import(bytes: &[u8]) -> Option<Self> {
        // A version that changes the fields has a reader of its own for the older ones here.
        VERSION_BEFORE.and_then(|version| read(bytes, version))
    }

    /// The bytes to write, where this is another record than what it was; `None`: there is nothing to write.
    pub fn changed_from(&self, before: &Self) -> Option<Vec<u8>> {
        (self != before).then(|| self.encode())
    }
}

fn read(bytes: &[u8], version: u8) -> Option<Record> {
    let mut from = unseal(bytes, version)?;
    let record = Record {
        owner: from.u64()?,
        used_millis: from.u64()?,
        generation: from.u64().filter(|generation| *generation <= LAST)?,
        reopenings: from.u32()?,
        phase: from.phase()?,
        forced: from.forced()?,
    };
    // Nothing is forced to be half-open.
    let sound = record.forced.is_none() || record.state() != State::HalfOpen;
    (sound && from.is_empty()).then_some(record)
}

fn put_time(to: &mut Vec<u8>, time: Option<u64>) {
    to.push(time.is_some().into());
    put(to, time.unwrap_or_default());
}

fn put_window(to: &mut Vec<u8>, window: &Option<Window>) {
    match window {
        None => to.push(0),
        Some(Window::Time(window)) => {
            to.push(1);
            put(to, window.millis);
            put(to, window.newest);
            for bucket in window.buckets {
                put32(to, bucket.calls);
                put32(to, bucket.hits);
            }
        }
        Some(Window::Calls(window)) => {
            to.push(2);
            for number in [window.size, window.next, window.filled] {
                to.extend_from_slice(&number.to_le_bytes());
            }
            for word in window.bits {
                put(to, word);
            }
        }
    }
}

impl Rest<'_> {
    fn time(&mut self) -> Option<Option<u64>> {
        let (is_some, time) = (self.flag()?, self.u64()?);
        (is_some || time == 0).then_some(is_some.then_some(time))
    }

    fn phase(&mut self) -> Option<Phase> {
        Some(match self.byte()? {
            0 => Phase::Closed {
                since_millis: self.time()?,
                counts: Counts {
                    consecutive: self.u32()?,
                    failures: self.window()?,
                    slow: self.window()?,
                },
            },
            1 => Phase::Open {
                since_millis: self.u64()?,
                lasts_millis: self.u64().filter(|lasts| *lasts <= LONGEST_OPEN_MILLIS)?,
            },
            2 => Phase::HalfOpen {
                since_millis: self.time()?,
                successes: self.u32()?,
                leases: self.leases()?,
            },
            _ => return None,
        })
    }

    /// What an operator forces, if one does. `None`: it makes no sense.
    fn forced(&mut self) -> Option<Option<Box<Forced>>> {
        if !self.flag()? {
            return Some(None);
        }
        Some(Some(Box::new(Forced {
            since_millis: self.u64()?,
            lasts_millis: self
                .u64()
                .filter(|lasts| (1..=LONGEST_FORCE_MILLIS).contains(lasts))?,
            reason: {
                let length = self.byte()?;
                let reason = self.text(length.into()).filter(|text| is_reason(text))?;
                reason.to_owned()
            },
        })))
    }

    fn leases(&mut self) -> Option<Leases> {
        let next = self.u64().filter(|next| *next <= LAST)?;
        let count = self.byte().filter(|count| u32::from(*count) <= MOST_PROBES)?;
        let held: Option<Vec<Lease>> = (0..count)
            .map(|_| {
                Some(Lease {
                    number: self.u64().filter(|number| *number < next)?,
                    granted_millis: self.u64()?,
                    lasts_millis: self.u64().filter(|lasts| *lasts <= LONGEST_MILLIS)?,
                    answered: self.flag()?,
                })
            })
            .collect();
        let held = held?;
        // In the order in which they were given, and so each number once.
        held.is_sorted_by(|one, other| one.number < other.number)
            .then_some(Leases { next, held })
    }

    /// A window, if there is one. `None`: it makes no sense.
    fn window(&mut self) -> Option<Option<Window>> {
        match self.byte()? {
            0 => Some(None),
            1 => {
                let mut window = Window::new(Span::Millis(self.u64()?));
                if let Window::Time(window) = &mut window {
                    window.newest = self.u64()?;
                    for bucket in &mut window.buckets {
                        bucket.calls = self.u32()?;
                        bucket.hits = self.u32().filter(|hits| *hits <= bucket.calls)?;
                    }
                }
                Some(Some(window))
            }
            2 => {
                let mut window = Window::new(Span::Calls(self.u16().filter(|size| *size > 0)?));
                if let Window::Calls(window) = &mut window {
                    window.next = self.u16()?;
                    window.filled = self.u16()?;
                    for word in &mut window.bits {
                        *word = self.u64()?;
                    }
                    if !window.is_sound() {
                        return None;
                    }
                }
                Some(Some(window))
            }
            _ => None,
        }
    }
}
