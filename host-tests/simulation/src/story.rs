//! One story: a fleet, its clients and its upstreams, from event to event.
//!
//! All that happens has an order: what hosts have to do at a moment comes before what the story has planned for it, and the
//! hosts are asked in their order. So a seed is told the same way each time.

mod acts;
pub(crate) mod client;
mod ends;
mod envoy;
mod flight;
mod look;
mod recovery;

use crate::checks::Broken;
use crate::checks::ramp::Ramp;
use crate::dice::Dice;
use crate::modules::Modules;
use crate::world::upstream::{Answer, Mood};
use crate::world::{WAYS, World};
use client::Asked;
use envoy::Envoy;
use flight::Flight;
use host::{Due, Thread};
use std::collections::BTreeMap;

/// What is to happen.
#[derive(Debug)]
enum Event {
    /// A client comes.
    Arrival,
    /// It comes again.
    Again(Asked),
    /// An attempt of a request reaches the next Envoy.
    Forward(u64, usize),
    /// An upstream answers an attempt.
    Answer(u64, usize, Answer),
    /// The next Envoy has answered an attempt.
    Pass(u64, usize, Box<flight::Passed>),
    /// The rest of an answer's body comes, or its connection breaks.
    Rest(u64, bool),
    /// A client gives up; or an Envoy, of the next one.
    GiveUp(u64),
    /// An upstream changes.
    Mood(usize),
    /// Something happens to an Envoy.
    Trouble,
}

/// What came of a story.
#[derive(Debug)]
pub struct Told {
    /// Its seed.
    pub seed: u64,
    /// What happened, a line for each thing.
    pub lines: Vec<String>,
    /// The promise that was broken, if one was.
    pub broken: Option<Broken>,
    /// How much happened.
    pub counts: Counts,
    /// The requests that met a ramping breaker.
    pub(crate) ramp: Ramp,
}

/// How much happened in stories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that an Envoy got.
    pub requests: u64,
    /// Attempts that an upstream got.
    pub attempts: u64,
    /// Times that a breaker went from state to state.
    pub transitions: u64,
    /// Workers that died.
    pub deaths: u64,
    /// Configurations that came.
    pub updates: u64,
    /// Steps after which the promises were checked.
    pub steps: u64,
}

impl Counts {
    /// Both together.
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            requests: self.requests + other.requests,
            attempts: self.attempts + other.attempts,
            transitions: self.transitions + other.transitions,
            deaths: self.deaths + other.deaths,
            updates: self.updates + other.updates,
            steps: self.steps + other.steps,
        }
    }
}

pub(crate) struct Story {
    dice: Dice,
    world: World,
    envoys: Vec<Envoy>,
    now: u64,
    planned: u64,
    events: BTreeMap<(u64, u64), Event>,
    flights: BTreeMap<u64, Flight>,
    moods: [Mood; WAYS.len()],
    asked: u64,
    next_configuration: u64,
    recovering: bool,
    must_pass: bool,
    pub(crate) lines: Vec<String>,
    pub(crate) counts: Counts,
    pub(crate) ramp: Ramp,
}

impl Story {
    pub(crate) fn new(seed: u64, modules: &Modules) -> Story {
        let mut dice = Dice::new(seed);
        let world = World::drawn(&mut dice);
        let envoys: Vec<Envoy> = world
            .envoys
            .iter()
            .map(|drawn| Envoy::new(drawn, modules))
            .collect();
        let mut story = Story {
            dice,
            next_configuration: envoys.len() as u64,
            envoys,
            world,
            now: 0,
            planned: 0,
            events: BTreeMap::new(),
            flights: BTreeMap::new(),
            moods: [Mood::Well; WAYS.len()],
            asked: 0,
            recovering: false,
            must_pass: false,
            lines: Vec::new(),
            counts: Counts::default(),
            ramp: Ramp::default(),
        };
        let shape = if story.world.chained {
            "one behind the other"
        } else {
            "side by side"
        };
        story.tell(format!(
            "seed {seed}: {} Envoys {shape}, {} requests",
            story.envoys.len(),
            story.world.requests
        ));
        for number in 0..story.envoys.len() {
            let drawn = &story.world.envoys[number];
            let modules = if drawn.one_pass {
                "in one pass"
            } else {
                "a chain of four modules"
            };
            let said = format!(
                "Envoy {number}: {} workers, {modules}, {:?}",
                drawn.workers, drawn.settings
            );
            story.tell(said);
        }
        story
    }

    /// Plays it, until it ends or a promise is broken.
    pub(crate) fn play(&mut self) -> Result<(), Broken> {
        self.plan(0, Event::Arrival);
        for upstream in 0..WAYS.len() {
            let wait = self.dice.between(100, 4_000);
            self.plan(wait, Event::Mood(upstream));
        }
        let wait = self.dice.between(500, 20_000);
        self.plan(wait, Event::Trouble);
        while !self.events.is_empty() {
            self.step(u64::MAX)?;
        }
        self.recover()?;
        self.envoys.iter().for_each(|envoy| envoy.host.shut_down());
        Ok(())
    }

    /// What is due next happens, if that is by then. Says whether anything was.
    fn step(&mut self, ends: u64) -> Result<bool, Broken> {
        self.counts.steps += 1;
        let planned = self.events.first_key_value().map(|((due, _), _)| *due);
        let hosts = self.envoys.iter().enumerate();
        let next = hosts
            .filter_map(|(number, envoy)| Some((envoy.due()?, number)))
            .min();
        match (next, planned) {
            (Some((due, number)), planned) if due <= ends && planned.is_none_or(|planned| due <= planned) => {
                self.now = due;
                self.host_goes_on(number)?;
            }
            (_, Some(planned)) if planned <= ends => {
                self.now = planned;
                if let Some((_, event)) = self.events.pop_first() {
                    self.act(event)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// A host does what is due.
    fn host_goes_on(&mut self, number: usize) -> Result<(), Broken> {
        let now = self.now;
        let ran = self.envoys[number].run_next(now);
        match ran {
            Some(Due::Tick(Thread::Worker(worker), plugin)) => {
                self.envoys[number].ticked(worker, &plugin, now)?;
                self.look_at_worker(number, worker)
            }
            Some(Due::Timer(Thread::Worker(worker))) => self.look_at_worker(number, worker),
            _ => self.compare(number),
        }
    }

    /// Compares all that the plugins of an Envoy say of themselves with what must be.
    fn compare(&mut self, envoy: usize) -> Result<(), Broken> {
        let compared = self.envoys[envoy].compare();
        for moved in std::mem::take(&mut self.envoys[envoy].moves) {
            self.counts.transitions += 1;
            self.tell(format!("Envoy {envoy}: {moved}"));
        }
        compared
    }

    fn plan(&mut self, wait: u64, event: Event) {
        self.events.insert((self.now + wait, self.planned), event);
        self.planned += 1;
    }

    fn tell(&mut self, what: String) {
        self.lines.push(format!("{:>9} ms  {what}", self.now));
    }
}
