//! What each worker keeps to itself, under each configuration that still has a request under way.
//!
//! A worker gathers what decides nothing yet, and tells of it with its tick: a second after its configuration came to it,
//! and each second from then on. A configuration that another has replaced goes with its last request, and tells then what
//! it has gathered; a worker that dies tells nothing any more.

use super::breaker::{Outcome, Permit};
use crate::world::settings::Settings;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How often a worker ticks, in milliseconds.
const TICK: u64 = 1_000;

/// Which breaker: by what it is told apart, and its value.
pub(crate) type BreakerName = (&'static str, &'static str);

/// The plugins, in the order of the chain.
pub(crate) const PLUGINS: [&str; 4] = ["error-envelope", "request-id", "circuit-breaker", "retry"];

/// Successes of a breaker that a worker has not told yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) generation: u64,
    pub(crate) successes: u64,
    clean: bool,
}

impl Gathered {
    /// The worker sees the breaker. Says whether what it has gathered decides something by now.
    pub(crate) fn sees(&mut self, generation: u64, clean: bool) -> bool {
        if generation != self.generation {
            *self = Gathered {
                generation,
                ..Gathered::default()
            };
        }
        self.clean = clean;
        !clean && self.successes > 0
    }

    /// Gathers what may wait: a success, as long as the worker knows of no failure.
    pub(crate) fn takes(&mut self, permit: Permit, outcome: Outcome) -> bool {
        let may_wait = match outcome {
            Outcome::Success => true,
            Outcome::TooMany => !permit.is_probe(),
            Outcome::Failure | Outcome::Slow | Outcome::Ignored => false,
        };
        let takes = may_wait && self.clean && permit.generation == self.generation;
        self.successes += u64::from(takes);
        takes
    }
}

/// A breaker that a worker has met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    pub(crate) gathered: Gathered,
    /// When a request last met it, and how many of those are under way.
    pub(crate) used: u64,
    pub(crate) calls: u64,
}

/// Requests of a cluster that a worker has not told yet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Untold {
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    pub(crate) since: u64,
}

/// What a worker keeps under one configuration.
#[derive(Debug)]
pub(crate) struct Root {
    pub(crate) id: u64,
    pub(crate) settings: Rc<Settings>,
    born: u64,
    pub(crate) in_flight: u64,
    pub(crate) retired: bool,
    /// When each plugin last ticked.
    ticked: [u64; 4],
    pub(crate) breakers: BTreeMap<BreakerName, Known>,
    pub(crate) budgets: BTreeMap<&'static str, Untold>,
    /// Counters that wait for the tick, by the plugin whose they are.
    pub(crate) uncounted: [BTreeMap<String, u64>; 4],
}

/// The workers of an Envoy.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Vec<Vec<Root>>,
    next: u64,
}

impl Workers {
    pub(crate) fn new(count: usize, settings: &Rc<Settings>) -> Workers {
        let mut workers = Workers {
            workers: (0..count).map(|_| Vec::new()).collect(),
            next: 0,
        };
        for worker in 0..count {
            workers.begin(worker, settings, 0);
        }
        workers
    }

    /// A worker takes a configuration, beside those that still have requests.
    pub(crate) fn begin(&mut self, worker: usize, settings: &Rc<Settings>, now: u64) {
        let id = self.next;
        self.next += 1;
        self.workers[worker].push(Root {
            id,
            settings: Rc::clone(settings),
            born: now,
            in_flight: 0,
            retired: false,
            ticked: [now; 4],
            breakers: BTreeMap::new(),
            budgets: BTreeMap::new(),
            uncounted: Default::default(),
        });
    }

    /// The one that new requests of a worker get; none where the worker is dead.
    pub(crate) fn newest(&mut self, worker: usize) -> Option<&mut Root> {
        self.workers[worker].iter_mut().rfind(|root| !root.retired)
    }

    pub(crate) fn root(&mut self, worker: usize, id: u64) -> Option<&mut Root> {
        self.workers[worker].iter_mut().find(|root| root.id == id)
    }

    /// The worker dies with all that it keeps.
    pub(crate) fn die(&mut self, worker: usize) {
        self.workers[worker].clear();
    }

    /// All configurations are replaced. Gives those that no request holds: they end now.
    pub(crate) fn retire(&mut self, but: u64) -> Vec<(usize, u64)> {
        let mut over = Vec::new();
        for (worker, roots) in self.workers.iter_mut().enumerate() {
            for root in roots.iter_mut().filter(|root| root.settings.number != but) {
                if !std::mem::replace(&mut root.retired, true) && root.in_flight == 0 {
                    over.push((worker, root.id));
                }
            }
        }
        over
    }

    pub(crate) fn forget(&mut self, worker: usize, id: u64) {
        self.workers[worker].retain(|root| root.id != id);
    }

    /// A plugin ticks on a worker: under which configuration. None must.
    pub(crate) fn ticks(&mut self, worker: usize, plugin: usize, now: u64) -> Option<u64> {
        let due = |root: &&mut Root| {
            root.ticked[plugin] != now && now > root.born && (now - root.born).is_multiple_of(TICK)
        };
        let root = self.workers[worker].iter_mut().find(due)?;
        root.ticked[plugin] = now;
        Some(root.id)
    }
}
