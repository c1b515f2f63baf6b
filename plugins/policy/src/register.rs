//! Which records there are in shared data.
//!
//! Nobody can list the names in shared data. So a worker that first meets a breaker or a budget enters it here, once for each
//! configuration, and whoever wants to show all of them reads it. Requests never do.
//!
//! One list would be read and written as a whole for each of thousands of clusters. So it lies in buckets, each a record
//! of its own, and the name of what is entered says which bucket is its. What is entered under one name is there once,
//! and the names are bounded by configuration, as are the records: so are the buckets.

mod entry;

pub use entry::{BreakerEntry, BudgetEntry};

use crate::binary::{put_text, seal, unseal};
use crate::breaker_key::hash;

/// The version of the form. It also stands in the names of the buckets.
const VERSION: u8 = 1;

/// So many buckets are there for each kind of record.
pub const BUCKETS: u64 = 64;
/// So many entries are in one. What comes after them is not listed.
pub const MOST_ENTRIES: usize = 256;
/// The longest name that is entered, in bytes.
pub const LONGEST_NAME: usize = 512;
/// The longest entry, in bytes.
pub const LONGEST_ENTRY: usize = 1_024;

/// What is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Breakers.
    Breakers,
    /// Budgets of retries.
    Budgets,
}

impl Registered {
    /// The names of all its buckets in shared data.
    pub fn buckets(self) -> impl Iterator<Item = String> {
        (0..BUCKETS).map(move |bucket| self.bucket(bucket))
    }

    /// The name of the bucket in which the record of this name is entered.
    pub fn bucket_of(self, name: &str) -> String {
        self.bucket(hash(name.as_bytes()) % BUCKETS)
    }

    fn bucket(self, bucket: u64) -> String {
        let of = match self {
            Self::Breakers => "circuit_breaker",
            Self::Budgets => "retry_budget",
        };
        [of, "/register/", &VERSION.to_string(), "/", &bucket.to_string()].concat()
    }
}

/// What came of entering a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// It is new, or another than before: the bucket is to be written.
    Changed,
    /// It was there.
    Known,
    /// There is no room for it.
    Full,
}

/// A bucket of the register. The default has no entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Names and entries, in the order of the names, and so each name once.
    entries: Vec<(String, Vec<u8>)>,
}

impl Bucket {
    /// The bucket that these bytes are. What is none is an empty one.
    pub fn decode(bytes: &[u8]) -> Self {
        read(bytes).unwrap_or_default()
    }

    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = vec![VERSION];
        for (name, entry) in &self.entries {
            put_text(&mut to, name);
            to.extend_from_slice(&(entry.len() as u16).to_le_bytes());
            to.extend_from_slice(entry);
        }
        seal(to)
    }

    /// Enters what is said of the record of this name, in the place of what was said before.
    pub fn enter(&mut self, name: &str, entry: &[u8]) -> Entered {
        if name.len() > LONGEST_NAME || entry.len() > LONGEST_ENTRY {
            return Entered::Full;
        }
        let place = self.entries.partition_point(|(other, _)| other.as_str() < name);
        let known = self.entries.get_mut(place).filter(|(other, _)| other == name);
        if let Some((_, known)) = known {
            if known == entry {
                return Entered::Known;
            }
            *known = entry.to_vec();
            return Entered::Changed;
        }
        if self.entries.len() >= MOST_ENTRIES {
            return Entered::Full;
        }
        self.entries.insert(place, (name.to_owned(), entry.to_vec()));
        Entered::Changed
    }

    /// Names and entries, in the order of the names.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.as_slice()))
    }
}

fn read(bytes: &[u8]) -> Option<Bucket> {
    let mut from = unseal(bytes, VERSION)?;
    let mut bucket = Bucket::default();
    while !from.is_empty() {
        let name = from.text_up_to(LONGEST_NAME)?;
        let length = from
            .u16()
            .map(usize::from)
            .filter(|length| *length <= LONGEST_ENTRY)?;
        let entry = from.bytes(length)?.to_vec();
        let follows = bucket.entries.last().is_none_or(|(last, _)| *last < name);
        if !follows || bucket.entries.len() >= MOST_ENTRIES {
            return None;
        }
        bucket.entries.push((name, entry));
    }
    Some(bucket)
}

#[cfg(test)]
mod tests;
