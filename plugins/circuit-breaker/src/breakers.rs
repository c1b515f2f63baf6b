//! The breakers that a worker has met.
//!
//! What a request can choose is not to fill memory, shared data or metrics: a value gets a breaker of its own only with a
//! slot, and a worker remembers only those that have one.

use crate::breaker::Breaker;
use crate::key::{self, Belongs};
use config::circuit_breaker::Policy;
use kit::Worker;
use policy::breaker::Record;
use policy::breaker_key::{Found, look_for};
use std::cell::Cell;
use std::rc::Rc;

/// The breakers that a worker has met.
pub(crate) struct Breakers {
    worker: Rc<Worker>,
    /// In the order of their values' hashes. To compare names would cost a request more the more of them there are. (A hash
    /// table would be many times this code, and new ones are rare.)
    met: Cell<Vec<Rc<Breaker>>>,
    told_full: Cell<bool>,
}

/// The breaker of a request.
pub(crate) struct Met {
    pub(crate) breaker: Rc<Breaker>,
    /// What the value would need to have one of its own. `None`: it has one.
    pub(crate) lacks: Option<Lacks>,
}

/// Why a value shares the breaker of those without a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lacks {
    /// No upstream has answered for it yet.
    Answer,
    /// No slot is free.
    Slot,
}

impl Breakers {
    pub(crate) fn new(worker: &Rc<Worker>) -> Self {
        Self {
            worker: Rc::clone(worker),
            met: Cell::default(),
            told_full: Cell::default(),
        }
    }

    /// The breaker that a request belongs to.
    pub(crate) fn find(&self, policy: &Rc<Policy>, belongs: &Belongs, now_millis: u64) -> Met {
        let own = match self.known(policy, belongs, now_millis) {
            Some(known) => Ok(known),
            None if key::is_named(policy, &belongs.value) => {
                Ok(self.remember(policy, belongs, None, now_millis))
            }
            None => self.take_slot(policy, belongs, !key::is_strangers(policy), now_millis),
        };
        match own {
            Ok(breaker) => Met { breaker, lacks: None },
            Err(lacks) => Met {
                breaker: self.other(policy, belongs, now_millis),
                lacks: Some(lacks),
            },
        }
    }

    /// An upstream has answered for a value: gives it its slot, if there is one.
    pub(crate) fn earn(&self, policy: &Rc<Policy>, belongs: &Belongs, lacks: Lacks, now_millis: u64) {
        let lacks = match lacks {
            Lacks::Answer => self.take_slot(policy, belongs, true, now_millis).err(),
            // To look again would be dear, and that is what a scan of invented values would have it do.
            Lacks::Slot => Some(Lacks::Slot),
        };
        if lacks == Some(Lacks::Slot) {
            self.tell_full();
        }
    }

    /// Once is enough: it is so until somebody changes the configuration.
    fn tell_full(&self) {
        if !self.told_full.replace(true) {
            self.worker.degrade(
                "max_keys",
                "there are more values than max_keys: those without a slot share the breaker `other`",
            );
        }
    }

    /// Forgets a breaker: its slot was given to another, or nobody has met it for long.
    pub(crate) fn forget(&self, breaker: &Breaker) {
        let mut met = self.met.take();
        met.retain(|other| !std::ptr::eq(&**other, breaker));
        self.met.set(met);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Rc<Breaker>> {
        let met = self.met.take();
        let all = met.clone();
        self.met.set(met);
        all
    }

    fn known(&self, policy: &Policy, belongs: &Belongs, now_millis: u64) -> Option<Rc<Breaker>> {
        let (family, owner) = (belongs.family(policy), belongs.value.owner());
        let met = self.met.take();
        let known = met
            .iter()
            .skip(place(&met, owner))
            .take_while(|breaker| breaker.owner == owner)
            .find(|breaker| breaker.is_of(family, &belongs.value))
            .cloned();
        self.met.set(met);
        known.inspect(|breaker| breaker.used_millis.set(now_millis))
    }

    fn remember(
        &self,
        policy: &Rc<Policy>,
        belongs: &Belongs,
        slot: Option<u32>,
        now_millis: u64,
    ) -> Rc<Breaker> {
        // Of two requests under way, each may have brought its value the slot.
        if let Some(known) = self.known(policy, belongs, now_millis) {
            return known;
        }
        let breaker = Rc::new(Breaker::new(policy, belongs, slot, now_millis));
        breaker.register(&self.worker);
        let mut met = self.met.take();
        met.insert(place(&met, breaker.owner), Rc::clone(&breaker));
        self.met.set(met);
        breaker
    }

    /// The breaker of those that have no slot.
    fn other(&self, policy: &Rc<Policy>, belongs: &Belongs, now_millis: u64) -> Rc<Breaker> {
        let other = belongs.other();
        self.known(policy, &other, now_millis)
            .unwrap_or_else(|| self.remember(policy, &other, None, now_millis))
    }

    /// Finds the slot of a value, or takes one for it where it may.
    fn take_slot(
        &self,
        policy: &Rc<Policy>,
        belongs: &Belongs,
        may_take: bool,
        now_millis: u64,
    ) -> Result<Rc<Breaker>, Lacks> {
        let family = belongs.family(policy);
        let owner = belongs.value.owner();
        let idle_millis = policy.evict_idle.millis();
        let read_record = |name: &str| self.worker.read_shared(name).ok().flatten();
        // Where the record's form has changed, values keep the slots that they had.
        let read = |slot| {
            let imported = || Record::import(&read_record(&family.in_slot_before(slot)?)?);
            read_record(&family.in_slot(slot)).or_else(|| Some(imported()?.encode()))
        };
        let slot = match look_for(owner, policy.max_keys.get(), idle_millis, now_millis, read) {
            Found::Own(slot) => slot,
            Found::Free(slot) if may_take => {
                let mut is_its = false;
                let taken = self.worker.change_shared(&family.in_slot(slot), |bytes| {
                    let record = bytes.map(Record::decode).unwrap_or_default();
                    let is_free = record.owner == 0 || record.is_idle(idle_millis, now_millis);
                    is_its = is_free || record.owner == owner;
                    (is_free && record.owner != owner).then(|| record.handed_over(owner, now_millis).encode())
                });
                if taken.is_err() || !is_its {
                    return Err(Lacks::Answer);
                }
                slot
            }
            Found::Free(_) => return Err(Lacks::Answer),
            Found::Full => return Err(Lacks::Slot),
        };
        Ok(self.remember(policy, belongs, Some(slot), now_millis))
    }
}

/// Where the breakers of values with this hash begin among those that were met, or would have to.
fn place(met: &[Rc<Breaker>], owner: u64) -> usize {
    met.partition_point(|breaker| breaker.owner < owner)
}
