//! What one Envoy's plugins must do, told of what happens to it: a naive reader of their documentation.

pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod retries;
pub(crate) mod roots;
mod window;

use crate::world::settings::{Key, Settings};
use breaker::{Breaker, Outcome, Permit, State, Verdict};
use budget::Budget;
use roots::{BreakerName, PLUGINS, Untold, Workers};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where the host's monotonic clock begins, in milliseconds: as a machine's that has run for a while. Tenths of windows begin by
/// that clock.
const CLOCK_BEGAN: u64 = 1_000_000;

/// The places of plugins that count with the tick.
const REQUEST_ID: usize = 1;
const CIRCUIT_BREAKER: usize = 2;
const RETRY: usize = 3;

/// One Envoy as it must be.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) workers: Workers,
    pub(crate) breakers: BTreeMap<BreakerName, Breaker>,
    /// By cluster and interval.
    budgets: BTreeMap<(&'static str, u64), Budget>,
    /// What the metrics must be.
    pub(crate) metrics: BTreeMap<String, u64>,
}

/// Where a request runs: the worker, and the configuration that it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) worker: usize,
    pub(crate) root: u64,
}

/// The breaker of a request for this cluster, by this route.
pub(crate) fn breaker_of(settings: &Settings, cluster: &'static str, route: &'static str) -> BreakerName {
    match settings.breaker.key {
        Key::Cluster => ("cluster", cluster),
        Key::Route => ("route", route),
        Key::Name => ("name", "shared"),
    }
}

impl Model {
    pub(crate) fn new(workers: usize, settings: &Rc<Settings>) -> Model {
        Model {
            workers: Workers::new(workers, settings),
            breakers: BTreeMap::new(),
            budgets: BTreeMap::new(),
            metrics: BTreeMap::new(),
        }
    }

    /// Decides on a request.
    pub(crate) fn admit(&mut self, seat: Seat, name: BreakerName, now: u64) -> Option<Verdict> {
        if let Some(root) = self.workers.root(seat.worker, seat.root) {
            let known = root.breakers.entry(name).or_default();
            known.used = now;
            known.calls += 1;
        }
        let mut verdict = None;
        self.change(seat, name, false, now, |breaker, settings| {
            verdict = Some(breaker.admit(&settings.breaker, now));
        });
        verdict
    }

    /// What a request has met is known, also where it was drawn.
    pub(crate) fn met(&mut self, seat: Seat, name: BreakerName, permit: Option<Permit>) {
        match permit {
            None => self.count_call(seat, name, "rejected", false),
            Some(permit) if permit.is_probe() => {
                self.count(format!("circuit_breaker_probes_total.breaker={};", name.1), 1)
            }
            Some(_) => {}
        }
    }

    /// A probe's response headers were good.
    pub(crate) fn answered(&mut self, seat: Seat, name: BreakerName, permit: Permit, now: u64) {
        if permit.is_probe() {
            self.change(seat, name, true, now, |breaker, settings| {
                breaker.advance(&settings.breaker, now);
                breaker.answered(permit);
            });
        }
    }

    /// What came of an admitted request.
    pub(crate) fn settle(
        &mut self,
        seat: Seat,
        name: BreakerName,
        permit: Permit,
        outcome: Outcome,
        retry_after: Option<u64>,
        now: u64,
    ) {
        let gathered = self.workers.root(seat.worker, seat.root).is_some_and(|root| {
            let known = root.breakers.entry(name).or_default();
            known.gathered.takes(permit, outcome)
        });
        if !gathered && (permit.is_probe() || outcome != Outcome::Ignored) {
            self.change(seat, name, true, now, |breaker, settings| {
                breaker.settle(&settings.breaker, permit, outcome, retry_after, now);
            });
        }
        match outcome {
            Outcome::Success | Outcome::TooMany => self.count_call(seat, name, "success", true),
            Outcome::Failure => self.count_call(seat, name, "failure", false),
            Outcome::Slow => self.count_call(seat, name, "slow", false),
            Outcome::Ignored => self.count_call(seat, name, "ignored", false),
        }
    }

    /// A worker sees a breaker, tells what it has gathered where it must, and something is done with the breaker.
    fn change(
        &mut self,
        seat: Seat,
        name: BreakerName,
        always: bool,
        now: u64,
        act: impl FnOnce(&mut Breaker, &Settings),
    ) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        let settings = Rc::clone(&root.settings);
        let breaker = self.breakers.entry(name).or_default();
        let gathered = &mut root.breakers.entry(name).or_default().gathered;
        let must = gathered.sees(breaker.generation, breaker.is_clean(now));
        if must || (always && gathered.successes > 0) {
            breaker.merge(&settings.breaker, gathered.generation, gathered.successes, now);
            gathered.successes = 0;
        }
        act(breaker, &settings);
        gathered.sees(breaker.generation, breaker.is_clean(now));
    }

    /// How many retries the budget of a cluster has left; none: there is no budget.
    pub(crate) fn left(&self, settings: &Settings, cluster: &'static str, now: u64) -> Option<u64> {
        let budget = settings.retry.budget()?;
        let known = self.budgets.get(&(cluster, budget.interval));
        Some(known.cloned().unwrap_or_default().left(budget, now))
    }

    /// A request meets its budget, which has a gauge from then on.
    pub(crate) fn meets_budget(&mut self, seat: Seat, cluster: &'static str) {
        if let Some(root) = self.workers.root(seat.worker, seat.root)
            && root.settings.retry.budget().is_some()
        {
            root.budgets.entry(cluster).or_default();
        }
    }

    /// A request was tried so often.
    pub(crate) fn charge(&mut self, seat: Seat, cluster: &'static str, attempts: u64, now: u64) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        if root.settings.retry.budget().is_none() || attempts == 0 {
            return;
        }
        let untold = root.budgets.entry(cluster).or_default();
        if untold.requests == 0 {
            untold.since = now;
        }
        untold.requests += 1;
        untold.retries += attempts - 1;
        if untold.retries > 0 {
            self.tell_budget(seat, cluster, now);
        }
    }

    fn tell_budget(&mut self, seat: Seat, cluster: &'static str, now: u64) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        let Some(settings) = root.settings.retry.budget().cloned() else {
            return;
        };
        let untold = root.budgets.entry(cluster).or_default();
        let Untold {
            requests,
            retries,
            since,
        } = std::mem::take(untold);
        let budget = self.budgets.entry((cluster, settings.interval)).or_default();
        if requests > 0 {
            budget.merge(&settings, requests, since, retries, now);
        }
    }

    /// A plugin of a worker ticks, under this configuration.
    pub(crate) fn tick(&mut self, seat: Seat, plugin: usize, now: u64) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        let uncounted = std::mem::take(&mut root.uncounted[plugin]);
        let breakers: Vec<BreakerName> = root.breakers.keys().copied().collect();
        let clusters: Vec<&'static str> = root.budgets.keys().copied().collect();
        let settings = Rc::clone(&root.settings);
        for (name, count) in uncounted {
            self.count(name, count);
        }
        if plugin == CIRCUIT_BREAKER {
            for name in breakers {
                self.change(seat, name, true, now, |breaker, settings| {
                    breaker.advance(&settings.breaker, now)
                });
                self.forget_if_idle(seat, name, now);
            }
        }
        if plugin == RETRY {
            for cluster in clusters {
                self.tell_budget(seat, cluster, now);
                if let Some(left) = self.left(&settings, cluster, now) {
                    self.metrics
                        .insert(format!("retry_budget_remaining.cluster={cluster};"), left);
                }
            }
        }
    }

    /// A worker forgets a closed breaker that nobody has asked for in a while, and that no request of it waits for.
    fn forget_if_idle(&mut self, seat: Seat, name: BreakerName, now: u64) {
        let is_closed = self
            .breakers
            .get(&name)
            .is_some_and(|breaker| breaker.state == State::Closed);
        if let Some(root) = self.workers.root(seat.worker, seat.root).filter(|_| is_closed) {
            let evict_idle = root.settings.breaker.evict_idle;
            root.breakers
                .retain(|other, known| *other != name || known.calls > 0 || now - known.used < evict_idle);
        }
    }

    /// A configuration of a worker ends, and tells what it has gathered.
    pub(crate) fn over(&mut self, seat: Seat, now: u64) {
        for plugin in 0..PLUGINS.len() {
            self.tick(seat, plugin, now);
        }
        self.workers.forget(seat.worker, seat.root);
    }

    /// A request of a worker is over.
    pub(crate) fn leaves(&mut self, seat: Seat, name: BreakerName, now: u64) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        if let Some(known) = root.breakers.get_mut(&name) {
            known.calls -= 1;
        }
        root.in_flight -= 1;
        if root.retired && root.in_flight == 0 {
            self.over(seat, now);
        }
    }

    /// Counts an id, with the next tick.
    pub(crate) fn count_id(&mut self, seat: Seat, accepted: bool, refused: u64) {
        let source = if accepted { "accepted" } else { "generated" };
        if let Some(root) = self.workers.root(seat.worker, seat.root) {
            let name = format!("request_ids_total.source={source};");
            *root.uncounted[REQUEST_ID].entry(name).or_default() += 1;
        }
        self.count("request_ids_total.source=rejected;".to_owned(), refused);
    }

    fn count_call(&mut self, seat: Seat, name: BreakerName, outcome: &str, later: bool) {
        let Some(root) = self.workers.root(seat.worker, seat.root) else {
            return;
        };
        let mode = if root.settings.breaker.shadow {
            "shadow"
        } else {
            "enforce"
        };
        let name = format!(
            "circuit_breaker_calls_total.breaker={};.outcome={outcome};.mode={mode};",
            name.1
        );
        match later {
            true => *root.uncounted[CIRCUIT_BREAKER].entry(name).or_default() += 1,
            false => self.count(name, 1),
        }
    }

    pub(crate) fn count(&mut self, name: String, by: u64) {
        if by > 0 {
            *self.metrics.entry(name).or_default() += by;
        }
    }
}
