//! The breakers and budgets that there are, as their records say it.

use kit::Worker;
use policy::breaker::Record;
use policy::breaker_key::{Value, named};
use policy::register::{BreakerEntry, Bucket, BudgetEntry, Registered};
use policy::retry_budget;
use std::rc::Rc;

/// When something is looked at, by both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// By the one that all workers share.
    pub(crate) now_millis: u64,
    /// Since the Unix epoch.
    pub(crate) unix_millis: u64,
}

impl Moment {
    /// `None`: the host has no clock.
    pub(crate) fn of(worker: &Worker) -> Option<Self> {
        Some(Self {
            now_millis: worker.monotonic_millis()?,
            unix_millis: worker.unix_millis()?,
        })
    }
}

/// A breaker, and its record.
#[derive(Clone)]
pub(crate) struct Breaker {
    /// The name of its record.
    pub(crate) name: String,
    pub(crate) direction: String,
    pub(crate) position: String,
    /// What its key is, with the name of a header.
    pub(crate) kind: String,
    pub(crate) is_slot: bool,
    /// What tells it from all others.
    pub(crate) id: String,
    pub(crate) entry: BreakerEntry,
    pub(crate) record: Record,
}

impl Breaker {
    fn of(name: &str, entry: &[u8], bytes: Option<&[u8]>) -> Option<Self> {
        let (parts, entry) = (named(name)?, BreakerEntry::decode(entry)?);
        let id = [parts.direction, parts.position, parts.kind, &entry.value].join("/");
        let breaker = Self {
            name: name.to_owned(),
            direction: parts.direction.to_owned(),
            position: parts.position.to_owned(),
            kind: parts.kind.to_owned(),
            is_slot: parts.is_slot,
            id,
            entry,
            // One that nothing has happened to has no record.
            record: bytes.map(Record::decode).unwrap_or_default(),
        };
        breaker.owns(&breaker.record).then_some(breaker)
    }

    /// Whether this names it.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        self.entry.value == wanted || self.id == wanted
    }

    /// Whether this is a record of its own: a slot may be another's by now.
    pub(crate) fn owns(&self, record: &Record) -> bool {
        !self.is_slot || record.owner == Value::known(&self.entry.value).owner()
    }
}

/// All breakers, in the order of their ids, and whether they are all.
pub(crate) fn breakers(worker: &Worker) -> (Vec<Rc<Breaker>>, bool) {
    let mut breakers: Vec<Rc<Breaker>> = Vec::new();
    // (Put where it belongs, and not sorted afterwards: that would be more code than all of this.)
    let complete = each(worker, Registered::Breakers, &mut |name, entry, bytes| {
        let Some(breaker) = Breaker::of(name, entry, bytes) else {
            return;
        };
        match breakers.binary_search_by(|other| other.id.cmp(&breaker.id)) {
            Err(place) => breakers.insert(place, Rc::new(breaker)),
            // A value that the configuration names by now may still have the slot that it had.
            Ok(place) if !breaker.is_slot => {
                if let Some(other) = breakers.get_mut(place) {
                    *other = Rc::new(breaker);
                }
            }
            Ok(_) => {}
        }
    });
    (breakers, complete)
}

/// A budget, and its record.
pub(crate) struct Budget {
    pub(crate) entry: BudgetEntry,
    pub(crate) record: retry_budget::Record,
}

impl Budget {
    fn key(&self) -> (&str, u64) {
        (&self.entry.cluster, self.entry.settings.interval_millis)
    }
}

/// All budgets, in the order of their clusters, and whether they are all.
pub(crate) fn budgets(worker: &Worker) -> (Vec<Rc<Budget>>, bool) {
    let mut budgets: Vec<Rc<Budget>> = Vec::new();
    let complete = each(worker, Registered::Budgets, &mut |_, entry, bytes| {
        if let Some(entry) = BudgetEntry::decode(entry) {
            let record = bytes.map(retry_budget::Record::decode).unwrap_or_default();
            let budget = Budget { entry, record };
            let place = budgets.partition_point(|other| other.key() <= budget.key());
            budgets.insert(place, Rc::new(budget));
        }
    });
    (budgets, complete)
}

type Each<'e> = dyn FnMut(&str, &[u8], Option<&[u8]>) + 'e;

/// Reads the register, and the record of each entry. False where the host did not hand over all of it.
fn each(worker: &Worker, of: Registered, each: &mut Each<'_>) -> bool {
    let mut complete = true;
    for name in of.buckets() {
        let Ok(bucket) = worker.read_shared(&name) else {
            complete = false;
            continue;
        };
        let bucket = bucket.as_deref().map(Bucket::decode).unwrap_or_default();
        for (name, entry) in bucket.entries() {
            match worker.read_shared(name) {
                Ok(record) => each(name, entry, record.as_deref()),
                Err(_) => complete = false,
            }
        }
    }
    complete
}
