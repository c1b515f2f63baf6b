//! Metrics. The ABI has no labels: they are written into the name, from which the proxy's `stats_tags` takes them out.

use crate::host;
use crate::worker::Worker;
use std::cell::Cell;

/// A counter of the proxy, shared by all workers.
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// `None` where the host did not define it, which was counted then.
    id: Option<u32>,
}

impl Counter {
    pub(crate) fn define(worker: &Worker, name: &str, labels: &[(&str, &str)]) -> Self {
        Self {
            id: worker.tolerate("define_metric", host::define_counter(&raw_name(name, labels))),
        }
    }

    /// Without a degradation if it fails, since this is what counts degradations.
    pub(crate) fn define_quietly(name: &str, labels: &[(&str, &str)]) -> Self {
        Self {
            id: host::define_counter(&raw_name(name, labels)).ok(),
        }
    }

    /// Adds one.
    pub fn increment(self, worker: &Worker) {
        self.add(worker, 1);
    }

    /// Adds so many; 0 adds nothing.
    pub fn add(self, worker: &Worker, by: u64) {
        // By 0 is an error to the host.
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        if let Some(id) = self.id.filter(|_| by > 0) {
            worker.tolerate("increment_metric", host::increment(id, by));
        }
    }

    pub(crate) fn increment_quietly(self) {
        if let Some(id) = self.id {
            let _ = host::increment(id, 1);
        }
    }
}

/// A counter of what happens to every request: the worker adds it up, and the proxy is told with the tick. What a worker has
/// not told when it dies is lost.
pub struct Tally {
    counter: Counter,
    untold: Cell<u64>,
}

impl Tally {
    /// A tally for this counter.
    pub fn new(counter: Counter) -> Self {
        Self {
            counter,
            untold: Cell::default(),
        }
    }

    /// Adds one.
    pub fn increment(&self) {
        self.untold.set(self.untold.get().saturating_add(1));
    }

    /// Tells the proxy.
    pub fn tell(&self, worker: &Worker) {
        self.counter.add(worker, self.untold.take());
    }
}

/// A gauge of the proxy, shared by all workers: the last one that sets it wins.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    /// `None` where the host did not define it, which was counted then.
    id: Option<u32>,
}

impl Gauge {
    pub(crate) fn define(worker: &Worker, raw_name: &str) -> Self {
        Self {
            id: worker.tolerate("define_metric", host::define_gauge(raw_name)),
        }
    }

    /// Sets it.
    pub fn set(self, worker: &Worker, value: u64) {
        if let Some(id) = self.id {
            worker.tolerate("record_metric", host::record(id, value));
        }
    }
}

/// Counters of one name, defined as their labels are first seen. The labels' values must be bounded by configuration:
/// the host never forgets a counter.
pub struct CounterFamily {
    name: &'static str,
    defined: Cell<Vec<(String, Counter)>>,
}

impl CounterFamily {
    /// A family of which no counter is defined yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            defined: Cell::default(),
        }
    }

    /// Adds one to the counter with these labels.
    pub fn increment(&self, worker: &Worker, labels: &[(&str, &str)]) {
        self.add(worker, labels, 1);
    }

    /// Adds so many to the counter with these labels; 0 adds nothing.
    pub fn add(&self, worker: &Worker, labels: &[(&str, &str)], by: u64) {
        let raw_name = raw_name(self.name, labels);
        let mut defined = self.defined.take();
        let counter = match defined.iter().find(|(name, _)| *name == raw_name) {
            Some((_, counter)) => *counter,
            None => {
                let counter = Counter::define(worker, self.name, labels);
                defined.push((raw_name, counter));
                counter
            }
        };
        self.defined.set(defined);
        counter.add(worker, by);
    }
}

/// The name that says a metric's labels: `<name>.<label>=<value>;.<label>=<value>;`. A `;` ends a value, so one within it
/// becomes `_`.
pub fn raw_name(name: &str, labels: &[(&str, &str)]) -> String {
    let mut raw = name.to_owned();
    for (label, value) in labels {
        raw.push('.');
        raw.push_str(label);
        raw.push('=');
        raw.extend(
            value
                .chars()
                .map(|character| if character == ';' { '_' } else { character }),
        );
        raw.push(';');
    }
    raw
}
