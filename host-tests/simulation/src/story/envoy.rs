//! An Envoy of the fleet: the host that plays it, and the model that it is held to.

use crate::checks::budget::Traffic;
use crate::checks::probes::Probes;
use crate::checks::{Broken, degradations, metrics, secrets, transitions};
use crate::model::roots::{BreakerName, PLUGINS};
use crate::model::{Model, Seat};
use crate::modules::Modules;
use crate::world::settings::{ROUTE_TIMEOUT, Settings};
use crate::world::{EnvoyDrawn, WAYS};
use host::{Cluster, Due, FailurePolicy, Host, Plugin, Route, millis};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How long after its start a worker's VM can surely be started anew.
pub(super) const RELOADS_AFTER: u64 = 1_500;

/// What the one module is called as a filter.
const ONE: &str = "policies";

pub(super) struct Envoy {
    pub(super) host: Host,
    pub(super) model: Model,
    pub(super) settings: Rc<Settings>,
    pub(super) workers: usize,
    one_pass: bool,
    pub(super) in_clusters: bool,
    /// What each cluster has seen.
    pub(super) traffic: BTreeMap<&'static str, Traffic>,
    clock: u64,
    /// When each worker's VMs were started, and which of them are dead.
    pub(super) loaded: Vec<u64>,
    pub(super) dead: Vec<bool>,
    pub(super) deaths: usize,
    /// The ids of all requests that it has had.
    pub(super) ids: BTreeSet<String>,
    /// How its breakers moved, where that is not told yet.
    pub(super) moves: Vec<String>,
    pub(super) probes: BTreeMap<BreakerName, Probes>,
}

impl Envoy {
    pub(super) fn new(drawn: &EnvoyDrawn, modules: &Modules) -> Envoy {
        let plugin = |name: &str, configuration: Value| {
            Plugin::new(modules.get(name))
                .name(name)
                .root_id(name)
                .vm_id("fleet")
                .config(configuration)
                .failure_policy(FailurePolicy::Reload)
        };
        let chain: Vec<Plugin> = match drawn.one_pass {
            true => vec![plugin(ONE, one(&drawn.settings))],
            false => {
                let sections = drawn.settings.sections();
                sections
                    .into_iter()
                    .map(|(name, section)| plugin(name, section))
                    .collect()
            }
        };
        let routes = WAYS.map(|way| {
            let route = Route::new(way.route).prefix(way.prefix).cluster(way.cluster);
            route.timeout_ms(ROUTE_TIMEOUT).include_request_attempt_count()
        });
        let clusters = WAYS.map(|way| {
            let its = plugin("retry", drawn.settings.in_cluster()).name(&format!("{}-retry", way.cluster));
            let cluster = Cluster::new(way.cluster).max_retries(1_000_000);
            cluster.filters(drawn.in_clusters.then_some(its))
        });
        let host = Host::chain(chain)
            .workers(drawn.workers)
            .seed(drawn.seed)
            .routes(routes)
            .clusters(clusters)
            .allow_vm_death()
            .allow_memory_growth()
            // Clients of a story have secrets of their own, and an idempotency key means something here.
            .plant_nothing()
            .without_records();
        host.start();
        Envoy {
            host,
            model: Model::new(drawn.workers, &drawn.settings),
            settings: Rc::clone(&drawn.settings),
            workers: drawn.workers,
            one_pass: drawn.one_pass,
            in_clusters: drawn.in_clusters,
            traffic: BTreeMap::new(),
            clock: 0,
            loaded: vec![0; drawn.workers],
            dead: vec![false; drawn.workers],
            deaths: 0,
            ids: BTreeSet::new(),
            moves: Vec::new(),
            probes: BTreeMap::new(),
        }
    }

    /// When it has something to do.
    pub(super) fn due(&self) -> Option<u64> {
        let wait = self.host.next_due()?;
        Some(self.clock + wait.as_millis() as u64)
    }

    /// It does what is due now.
    pub(super) fn run_next(&mut self, now: u64) -> Option<Due> {
        let wait = millis(now - self.clock);
        self.clock = now;
        self.host.run_next(wait)
    }

    /// Its clock goes on: nothing is due before then.
    pub(super) fn until(&mut self, now: u64) {
        self.host.advance(millis(now - self.clock));
        self.clock = now;
    }

    /// A plugin of a worker has ticked.
    pub(super) fn ticked(&mut self, worker: usize, plugin: &str, now: u64) -> Result<(), Broken> {
        let parts = PLUGINS.into_iter().enumerate();
        for (part, _) in parts.filter(|(_, part)| [ONE, part].contains(&plugin)) {
            let Some(root) = self.model.workers.ticks(worker, part, now) else {
                let words = format!("{plugin} ticks on worker {worker}, where no tick is due");
                return Err(Broken::new("a worker ticks once a second", words));
            };
            self.model.tick(Seat { worker, root }, part, now);
        }
        Ok(())
    }

    /// It gets another configuration.
    pub(super) fn update(&mut self, settings: Rc<Settings>, now: u64) -> Result<(), Broken> {
        let refused =
            |refused: host::Refused| Broken::new("a good configuration is accepted", refused.to_string());
        match self.one_pass {
            true => self.host.update(ONE, one(&settings)).map_err(refused)?,
            false => {
                for (name, section) in settings.sections() {
                    self.host.update(name, section).map_err(refused)?;
                }
            }
        }
        self.settings = Rc::clone(&settings);
        for worker in 0..self.workers {
            self.model.workers.begin(worker, &settings, now);
            self.loaded[worker] = now;
            self.dead[worker] = false;
        }
        for (worker, root) in self.model.workers.retire(settings.number) {
            self.model.over(Seat { worker, root }, now);
        }
        Ok(())
    }

    /// It gets a configuration that is wrong, and must go on as it was.
    pub(super) fn update_wrongly(&mut self, which: usize, section: Value) -> Result<(), Broken> {
        let (name, configuration) = match self.one_pass {
            true => {
                let mut all = one(&self.settings);
                all[PLUGINS[which]] = section;
                (ONE, all)
            }
            false => (PLUGINS[which], section),
        };
        match self.host.update(name, configuration) {
            Err(_) => Ok(()),
            Ok(()) => Err(Broken::new(
                "a wrong configuration is refused",
                format!("{name} accepts it"),
            )),
        }
    }

    /// For how long one of its breakers is, or was, open.
    pub(super) fn longest_open(&self) -> u64 {
        self.model
            .breakers
            .values()
            .map(|breaker| breaker.open_time())
            .max()
            .unwrap_or_default()
    }

    /// What its breakers do is what they must do, as far as lines tell of it.
    pub(super) fn compare_transitions(&mut self) -> Result<(), Broken> {
        let lines = self.host.take_logs();
        for (breaker, words) in transitions::check(&mut self.model, &lines)? {
            self.moves.push(words);
            self.probes.entry(breaker).or_default().forget();
        }
        degradations::check(&lines)?;
        secrets::check(&lines)?;
        crate::checks::ids::of_lines(&lines, &self.ids)
    }

    /// Everything that its plugins say of themselves is what happened.
    pub(super) fn compare(&mut self) -> Result<(), Broken> {
        self.compare_transitions()?;
        let deaths = self.host.deaths();
        if let Some(death) = deaths.get(self.deaths..).and_then(|new| new.first()) {
            return Err(Broken::new(
                "no worker dies but those that are killed",
                death.clone(),
            ));
        }
        let metrics = self.host.metrics();
        degradations::of_metrics(&metrics)?;
        metrics::compare(&self.model.metrics, &metrics, !self.in_clusters)
    }
}

fn one(settings: &Settings) -> Value {
    let sections = settings.sections().into_iter();
    let sections: Map<String, Value> = sections
        .map(|(name, section)| (name.to_owned(), section))
        .collect();
    json!(sections)
}
