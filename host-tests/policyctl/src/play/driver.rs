//! The order of events: what is to happen in the scenario, and what becomes due in the host on the way there.

use super::clients::{Caller, Loss, Next};
use super::flights::{self, Flight};
use super::seen::{Happened, Played, Try, name_answers};
use super::setting::Setting;
use super::transitions::Breakers;
use crate::scenario::{self, Scenario};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

/// What is to happen.
enum Event {
    /// A client makes a request by its rate.
    Arrival(usize),
    /// A client makes so many requests at once.
    Burst(usize, u32),
    /// A client tries again.
    Again(usize, Next),
    /// The connection of a try breaks.
    Break(u64),
    /// The client of a try gives up.
    GiveUp(u64),
    /// Something changes.
    Change(usize),
}

/// How long what is under way at the end is waited for: longer than Envoy's default time-out. Then its clients leave.
const DRAIN: Duration = Duration::from_secs(30);

/// When a connection breaks that does.
const BREAKS_AFTER: Duration = Duration::from_millis(1);

pub(crate) struct Driver<'a, P> {
    pub(super) scenario: &'a Scenario,
    pub(super) setting: Setting,
    progress: P,
    began: SystemTime,
    names: Vec<String>,
    callers: Vec<Caller<'a>>,
    events: BTreeMap<(Duration, u64), Event>,
    planned: u64,
    /// By their connections.
    under_way: BTreeMap<u64, Flight>,
    tries: Vec<Try>,
    breakers: Breakers,
    pub(super) happened: Vec<Happened>,
    pub(super) deaths_seen: usize,
}

impl<'a, P: FnMut(f64)> Driver<'a, P> {
    pub(crate) fn new(scenario: &'a Scenario, setting: Setting, progress: P) -> Driver<'a, P> {
        let clients = scenario.clients.iter().enumerate();
        let seed = |index: usize| scenario.seed.wrapping_mul(1_000_003).wrapping_add(index as u64);
        Driver {
            names: clients
                .clone()
                .map(|(at, client)| scenario::client_name(at, client))
                .collect(),
            callers: clients
                .map(|(at, client)| Caller::new(client, seed(at)))
                .collect(),
            began: setting.host.now(),
            scenario,
            setting,
            progress,
            events: BTreeMap::new(),
            planned: 0,
            under_way: BTreeMap::new(),
            tries: Vec::new(),
            breakers: Breakers::default(),
            happened: Vec::new(),
            deaths_seen: 0,
        }
    }

    pub(crate) fn play(mut self) -> Played {
        self.plan_all();
        let lasts = self.scenario.lasts.get();
        let mut steps: u32 = 0;
        loop {
            let now = self.now();
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(256) {
                (self.progress)((now.as_secs_f64() / lasts.as_secs_f64()).min(1.0));
            }
            let due = self.events.first_key_value().map(|((due, _), _)| *due);
            match due {
                Some(due) if due <= now => {
                    if let Some((_, event)) = self.events.pop_first() {
                        self.act(event, now);
                    }
                }
                Some(due) => {
                    self.setting.host.advance_to_next(due - now);
                }
                None if now < lasts => {
                    self.setting.host.advance_to_next(lasts - now);
                }
                None if !self.under_way.is_empty() && now < lasts + DRAIN => {
                    self.setting.host.advance_to_next(lasts + DRAIN - now);
                }
                None => break,
            }
            self.look();
        }
        let rest: Vec<u64> = self.under_way.keys().copied().collect();
        for connection in rest {
            self.leave(connection, true);
        }
        self.look();
        self.end()
    }

    fn now(&self) -> Duration {
        self.setting
            .host
            .now()
            .duration_since(self.began)
            .unwrap_or_default()
    }

    fn plan(&mut self, at: Duration, event: Event) {
        self.events.insert((at, self.planned), event);
        self.planned += 1;
    }

    fn plan_all(&mut self) {
        for (index, change) in self.scenario.changes.iter().enumerate() {
            self.plan(change.at.get(), Event::Change(index));
        }
        for client in 0..self.scenario.clients.len() {
            let set = &self.scenario.clients[client].value;
            for burst in &set.bursts {
                self.plan(burst.at.get(), Event::Burst(client, burst.requests));
            }
            self.plan_arrival(client, set.from.get());
        }
    }

    fn plan_arrival(&mut self, client: usize, after: Duration) {
        let set = &self.scenario.clients[client].value;
        let lasts = self.scenario.lasts.get();
        let until = set.until.map_or(lasts, |until| until.get().min(lasts));
        if let Some(next) = self.callers[client].next_arrival(after)
            && next < until
        {
            self.plan(next, Event::Arrival(client));
        }
    }

    fn act(&mut self, event: Event, now: Duration) {
        match event {
            Event::Arrival(client) => {
                let next = self.callers[client].next_request();
                self.try_or_wait(client, next, now);
                self.plan_arrival(client, now);
            }
            Event::Burst(client, requests) => {
                for _ in 0..requests {
                    let next = self.callers[client].next_request();
                    self.try_or_wait(client, next, now);
                }
            }
            Event::Again(client, next) => self.try_or_wait(client, next, now),
            Event::Break(connection) => self.leave(connection, false),
            Event::GiveUp(connection) => self.leave(connection, true),
            Event::Change(index) => self.change(index, now),
        }
    }

    fn try_or_wait(&mut self, client: usize, next: Next, now: Duration) {
        let caller = &mut self.callers[client];
        match caller.set.at_most {
            Some(most) if caller.under_way >= most.max(1) => caller.waiting.push_back(next),
            _ => self.send(client, next, now),
        }
    }

    fn send(&mut self, client: usize, next: Next, now: Duration) {
        let caller = &mut self.callers[client];
        caller.under_way += 1;
        let loss = caller.draw_loss();
        let (set, name) = (caller.set, &self.names[client]);
        let worker = self.setting.host.worker(self.tries.len() % self.scenario.workers);
        let exchange = flights::send(worker, set, name, next, loss);
        let connection = exchange.connection();
        let made = flights::begun(client, set, name, next, &exchange, now, loss);
        if matches!(loss, Loss::Body | Loss::Connection) {
            self.plan(now + BREAKS_AFTER, Event::Break(connection));
        } else if let Some(patience) = set.gives_up_after {
            self.plan(now + patience.get(), Event::GiveUp(connection));
        }
        let index = self.tries.len();
        self.tries.push(made);
        self.under_way.insert(
            connection,
            Flight {
                exchange,
                index,
                loss,
            },
        );
    }

    /// A client goes away, if its try is still under way.
    fn leave(&mut self, connection: u64, gave_up: bool) {
        if let Some(mut flight) = self.under_way.remove(&connection) {
            flight.exchange = flight.exchange.client_aborts();
            self.over(&flight, gave_up);
        }
    }

    /// Looks what became of what is under way, and what the plugins wrote.
    fn look(&mut self) {
        let finished =
            |(connection, flight): (&u64, &Flight)| flight.exchange.is_finished().then_some(*connection);
        let finished: Vec<u64> = self.under_way.iter().filter_map(finished).collect();
        for connection in finished {
            if let Some(flight) = self.under_way.remove(&connection) {
                self.over(&flight, false);
            }
        }
        let now = self.now();
        let lines = self.setting.host.take_logs();
        for line in &lines {
            self.breakers.read(now, line, &self.setting.of_clusters);
        }
        let deaths = self.setting.host.deaths();
        for death in deaths.iter().skip(self.deaths_seen) {
            let killed = death.starts_with("killed on ");
            self.happened.push(Happened {
                at: now,
                what: format!("a VM died: {death}"),
                is_fault: !killed,
            });
        }
        self.deaths_seen = deaths.len();
    }

    fn over(&mut self, flight: &Flight, gave_up: bool) {
        let now = self.now();
        let lasts = self.scenario.lasts.get();
        let made = &mut self.tries[flight.index];
        flight.read(made, now, gave_up);
        let client = made.client;
        let caller = &mut self.callers[client];
        caller.under_way -= 1;
        let wait = caller.tries_again(made, flight.retry_after());
        let next = Next {
            request: made.request,
            number: made.number + 1,
        };
        let waiting = match caller.set.at_most {
            Some(_) => caller.waiting.pop_front(),
            None => None,
        };
        if let Some(wait) = wait
            && now + wait < lasts
        {
            self.plan(now + wait, Event::Again(client, next));
        }
        if let Some(waiting) = waiting
            && now < lasts
        {
            self.plan(now, Event::Again(client, waiting));
        }
    }

    fn end(self) -> Played {
        let metrics = self.setting.host.metrics();
        self.setting.host.shut_down();
        let mut arrived = self
            .setting
            .arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let arrivals = std::mem::take(&mut *arrived);
        let mut tries = self.tries;
        name_answers(&mut tries, &arrivals);
        Played {
            lasts: self.scenario.lasts.get(),
            workers: self.scenario.workers,
            seed: self.scenario.seed,
            clients: self.names,
            clusters: self.setting.clusters.clone(),
            tries,
            arrivals,
            breakers: self.breakers.all(&metrics),
            happened: self.happened,
            metrics,
        }
    }
}
