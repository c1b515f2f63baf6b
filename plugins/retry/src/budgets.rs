//! The budgets of the clusters that a worker has met.

use kit::{Gauge, GaveUp, Worker, raw_name};
use policy::breaker_key::hash;
use policy::register::{BudgetEntry, Registered};
use policy::retry_budget::{Gathered, Record, Settings, record_name};
use std::cell::Cell;
use std::rc::Rc;

/// After so long without a request, a worker forgets a cluster, in milliseconds.
const IDLE_MILLIS: u64 = 600_000;

/// The budget of one cluster, as a worker knows it.
pub(crate) struct Budget {
    record: String,
    settings: Settings,
    gauge_name: String,
    gauge: Cell<Option<Gauge>>,
    /// As the proxy names it. It need not be UTF-8.
    cluster: Box<[u8]>,
    /// A hash of the cluster, by which it is found.
    hash: u64,
    is_registered: Cell<bool>,
    gathered: Cell<Gathered>,
    used_millis: Cell<u64>,
}

/// The budgets that a worker has met, in the order of their clusters' hashes: to compare names would cost a request more the
/// more of them there are. Clusters are the operator's: there are as many as he configures.
pub(crate) struct Budgets {
    worker: Rc<Worker>,
    met: Cell<Vec<Rc<Budget>>>,
}

impl Budgets {
    pub(crate) fn new(worker: &Rc<Worker>) -> Self {
        Self {
            worker: Rc::clone(worker),
            met: Cell::default(),
        }
    }

    /// The budget of a cluster.
    pub(crate) fn find(&self, cluster: &[u8], settings: &Settings, now_millis: u64) -> Rc<Budget> {
        let hash = hash(cluster);
        let mut met = self.met.take();
        let place = met.partition_point(|budget| budget.hash < hash);
        let known = met
            .iter()
            .skip(place)
            .take_while(|budget| budget.hash == hash)
            // The interval is part of the record's name, and the rest of the settings are judged by who reads it.
            .find(|budget| {
                *budget.cluster == *cluster && budget.settings.interval_millis == settings.interval_millis
            })
            .cloned();
        let budget = known.unwrap_or_else(|| {
            let labels = [("cluster", &*String::from_utf8_lossy(cluster))];
            let new = Rc::new(Budget {
                record: record_name(cluster, settings),
                settings: *settings,
                gauge_name: raw_name("retry_budget_remaining", &labels),
                gauge: Cell::default(),
                cluster: cluster.into(),
                hash,
                is_registered: Cell::default(),
                gathered: Cell::default(),
                used_millis: Cell::default(),
            });
            new.register(&self.worker);
            met.insert(place, Rc::clone(&new));
            new
        });
        self.met.set(met);
        budget.used_millis.set(now_millis);
        budget
    }

    /// Merges what was gathered, shows what is left, and forgets clusters that nobody asks for.
    pub(crate) fn tick(&self, now_millis: u64) {
        let mut met = self.met.take();
        met.retain(|budget| now_millis.saturating_sub(budget.used_millis.get()) < IDLE_MILLIS);
        let all = met.clone();
        self.met.set(met);
        for budget in all {
            budget.register(&self.worker);
            if let Some(left) = budget.merge(&self.worker, now_millis) {
                let gauge = budget
                    .gauge
                    .get()
                    .unwrap_or_else(|| self.worker.gauge(&budget.gauge_name));
                budget.gauge.set(Some(gauge));
                gauge.set(&self.worker, u64::from(left));
            }
        }
    }
}

impl Budget {
    /// Enters it in the register, unless it is there.
    fn register(&self, worker: &Worker) {
        if !self.is_registered.get() {
            let entry = BudgetEntry {
                cluster: String::from_utf8_lossy(&self.cluster).into_owned(),
                settings: self.settings,
                configuration: worker.configuration(),
                plugin_version: env!("CARGO_PKG_VERSION").to_owned(),
            };
            let is_registered = worker.register(Registered::Budgets, &self.record, &entry.encode());
            self.is_registered.set(is_registered);
        }
    }

    /// How many retries are left. Where the host does not say, as if there were no budget: the proxy's own bounds what is
    /// under way.
    pub(crate) fn left(&self, worker: &Worker, now_millis: u64) -> Option<u32> {
        let bytes = worker.read_shared(&self.record).ok()?;
        let record = bytes.as_deref().map(Record::decode).unwrap_or_default();
        Some(record.remaining(&self.settings, now_millis))
    }

    /// Charges a request that was tried so often.
    pub(crate) fn charge(&self, attempts: u32, worker: &Worker, now_millis: u64) {
        let mut gathered = self.gathered.get();
        let must = gathered.add(attempts, now_millis);
        self.gathered.set(gathered);
        if must {
            self.merge(worker, now_millis);
        }
    }

    /// Charges a retry that is about to be made. Whether there was one left; where the host does not say, it may be made.
    pub(crate) fn take_one(&self, worker: &Worker, now_millis: u64) -> bool {
        let gathered = self.gathered.get();
        let mut is_left = true;
        let written = worker.change_shared(&self.record, |bytes| {
            let mut record = bytes.map(Record::decode).unwrap_or_default();
            record.merge(&self.settings, &gathered, now_millis);
            is_left = record.take_one(&self.settings, now_millis);
            Some(record.encode())
        });
        match written {
            Ok(()) => self.gathered.set(Gathered::default()),
            Err(GaveUp::Refused) => is_left = true,
            // Others were faster each time, and took what there was.
            Err(GaveUp::Contended) => is_left = false,
        }
        is_left
    }

    /// Merges what was gathered. Says how many retries are left then.
    fn merge(&self, worker: &Worker, now_millis: u64) -> Option<u32> {
        let gathered = self.gathered.get();
        if gathered.is_empty() {
            return self.left(worker, now_millis);
        }
        let mut left = None;
        let written = worker.change_shared(&self.record, |bytes| {
            let mut record = bytes.map(Record::decode).unwrap_or_default();
            record.merge(&self.settings, &gathered, now_millis);
            left = Some(record.remaining(&self.settings, now_millis));
            Some(record.encode())
        });
        // What could not be written, the next merge takes along.
        written.ok()?;
        self.gathered.set(Gathered::default());
        left
    }
}
