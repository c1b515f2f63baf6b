//! A breaker, as a worker knows it: where its record is, what the worker has gathered, what it is called in metrics.

use crate::key::{self, Belongs};
use crate::labels::Labels;
use config::circuit_breaker::Policy;
use kit::{Carried, Counter, Gauge, Worker, raw_name};
use policy::breaker::{Gathered, Outcome, Record, State};
use policy::breaker_key::{Direction, Family, Position, Value};
use policy::register::{BreakerEntry, Registered};
use std::cell::Cell;
use std::rc::Rc;

/// The gauge of a breaker's state.
pub(crate) const STATE: &str = "circuit_breaker_state";

/// A gauge that ticks find as it was is set anew by the next one after so many: by the tenth.
const LAST_TICK: u8 = 9;

/// What the calls of a breaker are counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Success,
    Failure,
    Slow,
    Ignored,
    Rejected,
}

impl Counted {
    /// The word for it, in metrics and logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Slow => "slow",
            Self::Ignored => "ignored",
            Self::Rejected => "rejected",
        }
    }
}

impl From<Outcome> for Counted {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            // An upstream that has had enough of requests works.
            Outcome::Success | Outcome::TooMany => Self::Success,
            Outcome::Failure => Self::Failure,
            Outcome::Slow => Self::Slow,
            Outcome::Ignored => Self::Ignored,
        }
    }
}

/// A breaker, as a worker knows it.
pub(crate) struct Breaker {
    direction: Direction,
    position: Position,
    record: String,
    /// The name that it had before the record's form changed, if there was another.
    record_before: Option<String>,
    /// Whether the record lies in a slot, and must be its owner's.
    is_in_slot: bool,
    /// A hash of the value, by which it is found, and by which its record in a slot is known to be its own.
    pub(crate) owner: u64,
    /// What tells it from others of its family.
    pub(crate) value: Value,
    /// The word for what the value is: `cluster`, `route`, `host`, `header`, `name`.
    pub(crate) kind: &'static str,
    /// As metrics are labelled with it.
    pub(crate) labels: Labels,
    /// The policy of the request that first met it, by which time moves it on.
    pub(crate) policy: Rc<Policy>,
    /// When a request last met it.
    pub(crate) used_millis: Cell<u64>,
    /// Whether it is in the register.
    is_registered: Cell<bool>,
    /// Successes that are not in the record yet.
    pub(crate) gathered: Cell<Gathered>,
    /// Successes that are not in the metrics yet.
    successes: [Cell<u64>; 2],
    calls: Cell<[Option<Counter>; 10]>,
    probes: Cell<Option<Counter>>,
    /// The raw name of the gauge of its state. `None`: it has none, for it shares its label with others.
    pub(crate) gauge_name: Option<String>,
    gauge: Cell<Option<Gauge>>,
    /// What this worker last set the gauge to, and how many ticks have found it so since.
    shown: Cell<(Option<State>, u8)>,
}

impl Breaker {
    pub(crate) fn new(policy: &Rc<Policy>, belongs: &Belongs, slot: Option<u32>, now_millis: u64) -> Self {
        let (family, value) = (belongs.family(policy), belongs.value.clone());
        let labels = Labels::new(family, value.label(family.kind, key::is_known(policy, &value)));
        Self {
            direction: family.direction,
            position: family.position,
            record: slot.map_or_else(|| family.named(&value), |slot| family.in_slot(slot)),
            record_before: match slot {
                Some(slot) => family.in_slot_before(slot),
                None => family.named_before(&value),
            },
            is_in_slot: slot.is_some(),
            owner: value.owner(),
            kind: family.kind.as_str(),
            gauge_name: (labels.breaker == value.as_str()).then(|| raw_name(STATE, &labels.with(&[]))),
            labels,
            value,
            policy: Rc::clone(policy),
            used_millis: Cell::new(now_millis),
            is_registered: Cell::default(),
            gathered: Cell::default(),
            successes: Default::default(),
            calls: Cell::default(),
            probes: Cell::default(),
            gauge: Cell::default(),
            shown: Cell::default(),
        }
    }

    /// The name of its record in shared data.
    pub(crate) fn record(&self) -> &str {
        &self.record
    }

    /// Whether it is that of a value of this family and this hash. Of values in slots the hash is all that their record
    /// knows: those with the same one share it, and are one breaker here, too, or strangers could have a worker remember
    /// as many as they find.
    pub(crate) fn is_of(&self, family: Family<'_>, value: &Value) -> bool {
        let own = Family {
            direction: self.direction,
            position: self.position,
            kind: key::kind(&self.policy),
        };
        own == family && (self.is_in_slot || self.value == *value)
    }

    /// Enters it in the register, unless it is there.
    pub(crate) fn register(&self, worker: &Worker) {
        if !self.is_registered.get() {
            let entry = BreakerEntry {
                value: self.value.as_str().to_owned(),
                label: self.labels.breaker.clone(),
                configuration: worker.configuration(),
                plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
            };
            let is_registered = worker.register(Registered::Breakers, &self.record, &entry.encode());
            self.is_registered.set(is_registered);
        }
    }

    /// What these bytes of its record say. Where there are none, what a version of the plugin knew whose records have
    /// another form.
    pub(crate) fn read(&self, bytes: Option<&[u8]>, worker: &Worker) -> Record {
        let imported = || {
            let bytes = worker.read_shared(self.record_before.as_ref()?).ok()??;
            Record::import(&bytes)
        };
        match bytes {
            Some(bytes) => Record::decode(bytes),
            None => imported().unwrap_or_default(),
        }
    }

    /// Whether the record that was found there is its own.
    pub(crate) fn owns(&self, record: &Record) -> bool {
        !self.is_in_slot || record.owner == self.owner
    }

    /// Counts a call.
    pub(crate) fn count(&self, counted: Counted, carried: Carried, by: u64, worker: &Worker) {
        let mut calls = self.calls.get();
        let Some(counter) = calls.get_mut(counted as usize * 2 + carried as usize) else {
            return;
        };
        let counter = *counter.get_or_insert_with(|| {
            let labels = self
                .labels
                .with(&[("outcome", counted.as_str()), ("mode", carried.as_str())]);
            worker.counter("circuit_breaker_calls_total", &labels)
        });
        self.calls.set(calls);
        counter.add(worker, by);
    }

    /// Counts a success, at the next tick.
    pub(crate) fn count_success_later(&self, carried: Carried) {
        if let Some(successes) = self.successes.get(carried as usize) {
            successes.set(successes.get().saturating_add(1));
        }
    }

    /// Counts the successes that waited for a tick.
    pub(crate) fn count_successes(&self, worker: &Worker) {
        for (successes, carried) in self.successes.iter().zip([Carried::Out, Carried::Shadowed]) {
            match successes.take() {
                0 => {}
                count => self.count(Counted::Success, carried, count, worker),
            }
        }
    }

    /// Counts a request that is let through to find out.
    pub(crate) fn count_probe(&self, worker: &Worker) {
        let mut probes = self.probes.get();
        let counter = *probes
            .get_or_insert_with(|| worker.counter("circuit_breaker_probes_total", &self.labels.with(&[])));
        self.probes.set(probes);
        counter.increment(worker);
    }

    /// Shows the state, if it has a gauge.
    pub(crate) fn show(&self, state: State, worker: &Worker) {
        if let Some(name) = &self.gauge_name {
            let gauge = self.gauge.get().unwrap_or_else(|| worker.gauge(name));
            self.gauge.set(Some(gauge));
            self.shown.set((Some(state), 0));
            gauge.set(worker, state.as_number());
        }
    }

    /// Shows the state that a tick has found, if it is another than the last that this worker has shown, or was not shown
    /// for long: of two workers that show what they did to a breaker, the earlier one may come later, and die.
    pub(crate) fn show_at_tick(&self, state: State, worker: &Worker) {
        match self.shown.get() {
            (Some(shown), ticks @ ..LAST_TICK) if shown == state => self.shown.set((Some(shown), ticks + 1)),
            _ => self.show(state, worker),
        }
    }
}
