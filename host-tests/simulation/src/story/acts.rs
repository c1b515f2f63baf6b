//! What the story does: clients come and give up, upstreams answer and change, workers die, configurations come.

use super::client::Asked;
use super::envoy::RELOADS_AFTER;
use super::flight::{Got, Passed};
use super::{Event, Story};
use crate::checks::Broken;
use crate::world::WAYS;
use crate::world::settings::Settings;
use crate::world::upstream::{Answer, Mood, Rest};
use serde_json::json;
use std::rc::Rc;

impl Story {
    pub(super) fn act(&mut self, event: Event) -> Result<(), Broken> {
        match event {
            Event::Arrival => self.arrival(),
            Event::Again(asked) => self.comes(asked),
            Event::Forward(outer, attempt) => self.forward(outer, attempt),
            Event::Answer(number, attempt, answer) => self.answer(number, attempt, &answer),
            Event::Pass(number, attempt, passed) => self.pass(number, attempt, &passed),
            Event::Rest(number, breaks) => self.rest(number, breaks),
            Event::GiveUp(number) => self.give_up(number),
            Event::Mood(upstream) => {
                self.mood(upstream);
                Ok(())
            }
            Event::Trouble => self.trouble(),
        }
    }

    fn arrival(&mut self) -> Result<(), Broken> {
        if self.recovering || self.asked >= self.world.requests {
            return Ok(());
        }
        let wait = match self.dice.between(0, 99) {
            0..=54 => self.dice.between(1, 60),
            55..=84 => self.dice.between(60, 1_200),
            85..=96 => self.dice.between(1_200, 6_000),
            _ => self.dice.between(10_000, 70_000),
        };
        self.plan(wait, Event::Arrival);
        self.asked += 1;
        let asked = Asked::drawn(&mut self.dice, self.asked, self.world.ways);
        self.comes(asked)
    }

    /// A client asks one of the Envoys that it knows.
    fn comes(&mut self, asked: Asked) -> Result<(), Broken> {
        let envoys = if self.world.chained { 1 } else { self.envoys.len() };
        let envoy = self.dice.between(0, envoys as u64 - 1) as usize;
        let worker = self.dice.between(0, self.envoys[envoy].workers as u64 - 1) as usize;
        let number = self.send(envoy, worker, asked, None)?;
        if let Some(number) = number
            && self.dice.in_100(8)
        {
            let patience = self.dice.one_of([30, 400, 1_200, 5_000]);
            self.plan(patience, Event::GiveUp(number));
        }
        Ok(())
    }

    /// An attempt reaches the next Envoy.
    fn forward(&mut self, outer: u64, attempt: usize) -> Result<(), Broken> {
        let Some(flight) = self
            .flights
            .get(&outer)
            .filter(|flight| flight.is_waiting && flight.attempts == attempt)
        else {
            return Ok(());
        };
        let envoy = flight.envoy + 1;
        let told = flight.exchange.upstream_header("x-deadline-ms").all();
        let told = told
            .first()
            .and_then(|text| str::from_utf8(text).ok()?.parse().ok());
        let asked = Asked {
            deadline: told,
            id: Some(flight.id.clone()),
            correlation: None,
            attempt: attempt as u64,
            ..flight.asked.clone()
        };
        let worker = self.dice.between(0, self.envoys[envoy].workers as u64 - 1) as usize;
        let inner = self.send(envoy, worker, asked, Some((outer, attempt)))?;
        if let Some(flight) = self.flights.get_mut(&outer) {
            flight.inner = inner;
        }
        Ok(())
    }

    /// An attempt has reached an upstream, or the next Envoy.
    pub(super) fn reaches_upstream(&mut self, number: u64, envoy: usize, attempt: usize, cluster: &str) {
        if self.world.chained && envoy + 1 < self.envoys.len() {
            return self.plan(0, Event::Forward(number, attempt));
        }
        self.counts.attempts += 1;
        let upstream = WAYS
            .iter()
            .position(|way| way.cluster == cluster)
            .unwrap_or_default();
        let (answer, wait) = match self.recovering {
            true => (Answer::WELL, 0),
            false => self.moods[upstream].answer(&mut self.dice),
        };
        if answer != Answer::Never {
            self.plan(wait, Event::Answer(number, attempt, answer));
        }
    }

    fn answer(&mut self, number: u64, attempt: usize, answer: &Answer) -> Result<(), Broken> {
        let got = Got::of_upstream(answer, self.asked_of(number));
        let host_answer = match answer {
            Answer::Status {
                status,
                retry_after,
                rest,
                ..
            } => {
                let mut made = host::Answer::new(*status);
                if let Some(after) = retry_after {
                    made = made.header("retry-after", after);
                }
                if let Some(kind) = &got.content_type {
                    made = made.header("content-type", kind);
                }
                match rest {
                    Rest::Nothing => made,
                    Rest::Whole => made.body(&got.body),
                    Rest::Later(_) | Rest::Breaks(_) => {
                        let half = got.body.len() / 2;
                        made.pieces([&got.body[..half]]).unfinished()
                    }
                }
            }
            Answer::Refused => host::Answer::connection_failure(),
            Answer::Reset => host::Answer::reset(),
            Answer::Garbage => host::Answer::protocol_error(),
            Answer::NoHost => host::Answer::no_healthy_upstream(),
            Answer::Overflow => host::Answer::overflow(),
            Answer::Never => host::Answer::never(),
        };
        self.gets(number, attempt, got, host_answer, &answer.in_words())?;
        let rest = match answer {
            Answer::Status {
                rest: Rest::Later(wait),
                ..
            } => Some((*wait, false)),
            Answer::Status {
                rest: Rest::Breaks(wait),
                ..
            } => Some((*wait, true)),
            _ => None,
        };
        if let Some((wait, breaks)) = rest
            && self.flights.get(&number).is_some_and(|flight| flight.has_headers)
        {
            self.plan(wait, Event::Rest(number, breaks));
        }
        Ok(())
    }

    /// The next Envoy has answered.
    fn pass(&mut self, number: u64, attempt: usize, passed: &Passed) -> Result<(), Broken> {
        let mut made = host::Answer::new(passed.status);
        let framing = [
            "content-length",
            "transfer-encoding",
            "connection",
            "date",
            "server",
            "x-request-id",
        ];
        for (name, value) in &passed.headers {
            if !name.starts_with(':') && !framing.contains(&name.as_str()) {
                made = made.header(name, value);
            }
        }
        made = match (passed.broke_off, passed.body.is_empty()) {
            (true, _) => made.pieces([&passed.body]).cut_off(),
            (false, true) => made,
            (false, false) => made.body(&passed.body),
        };
        self.gets(
            number,
            attempt,
            Got::of_envoy(passed),
            made,
            &format!("{} of the next Envoy", passed.status),
        )
    }

    /// The rest of an answer comes, or its connection breaks.
    fn rest(&mut self, number: u64, breaks: bool) -> Result<(), Broken> {
        let Some(mut flight) = self.flights.remove(&number) else {
            return Ok(());
        };
        self.envoys[flight.envoy].until(self.now);
        self.tell(format!(
            "#{number} the rest of the answer {}",
            if breaks {
                "never comes: the connection breaks"
            } else {
                "comes"
            }
        ));
        let rest = flight
            .got
            .as_ref()
            .map(|got| got.body[got.body.len() / 2..].to_vec())
            .unwrap_or_default();
        flight.exchange = match breaks {
            true => flight.exchange.upstream_resets(),
            false => flight.exchange.upstream_sends(rest),
        };
        if !breaks && !flight.exchange.is_finished() {
            flight.exchange = flight.exchange.upstream_ends();
        }
        let envoy = flight.envoy;
        self.flights.insert(number, flight);
        self.look(number)?;
        self.compare(envoy)
    }

    fn give_up(&mut self, number: u64) -> Result<(), Broken> {
        let Some(mut flight) = self.flights.remove(&number) else {
            return Ok(());
        };
        self.envoys[flight.envoy].until(self.now);
        self.tell(format!("#{number} its client gives up"));
        flight.client_left = true;
        flight.exchange = flight.exchange.client_aborts();
        let envoy = flight.envoy;
        self.flights.insert(number, flight);
        self.look(number)?;
        self.compare(envoy)
    }

    fn mood(&mut self, upstream: usize) {
        if self.recovering || self.asked >= self.world.requests {
            return;
        }
        self.moods[upstream] = Mood::drawn(&mut self.dice);
        self.tell(format!(
            "{} is {:?}",
            WAYS[upstream].cluster, self.moods[upstream]
        ));
        let wait = self.dice.between(200, 12_000);
        self.plan(wait, Event::Mood(upstream));
    }

    /// Something happens to an Envoy: a worker dies, a configuration comes, somebody sets the clock.
    fn trouble(&mut self) -> Result<(), Broken> {
        if self.recovering || self.asked >= self.world.requests {
            return Ok(());
        }
        let wait = self.dice.between(1_000, 25_000);
        self.plan(wait, Event::Trouble);
        let envoy = self.dice.between(0, self.envoys.len() as u64 - 1) as usize;
        self.envoys[envoy].until(self.now);
        match self.dice.between(0, 9) {
            0..=3 if self.world.deadly => self.kill(envoy),
            0..=5 => self.update(envoy)?,
            6 => {
                let which = self.dice.between(0, 3) as usize;
                let wrong = [
                    json!({ "default": { "surprise": 1 } }),
                    json!({ "mode": "often" }),
                    json!([]),
                ];
                let section = wrong[self.dice.between(0, 2) as usize].clone();
                self.tell(format!("Envoy {envoy} gets a configuration that is wrong"));
                self.envoys[envoy].update_wrongly(which, section)?;
            }
            _ => self.set_clock(envoy),
        }
        self.compare(envoy)
    }

    fn kill(&mut self, envoy: usize) {
        let worker = self.dice.between(0, self.envoys[envoy].workers as u64 - 1) as usize;
        let its = &mut self.envoys[envoy];
        // One that died just after it was started stays dead for a while of which nobody knows how long it is.
        if its.dead[worker] || self.now < its.loaded[worker] + RELOADS_AFTER {
            return;
        }
        its.host.kill_worker(worker);
        its.deaths = its.host.deaths().len();
        its.dead[worker] = true;
        its.model.workers.die(worker);
        self.counts.deaths += 1;
        self.tell(format!("worker {worker} of Envoy {envoy} dies"));
    }

    pub(super) fn update(&mut self, envoy: usize) -> Result<(), Broken> {
        let number = self.next_configuration;
        self.next_configuration += 1;
        let settings =
            self.envoys[envoy]
                .settings
                .changed(&mut self.dice, number, self.world.chained && envoy > 0);
        let settings = match self.envoys[envoy].in_clusters {
            // The budget of the clusters' own filters stays, and with it what may be in an interval.
            true => Settings {
                retry: self.envoys[envoy].settings.retry.clone(),
                ..settings
            },
            false => settings,
        };
        self.updated(envoy, settings)
    }

    pub(super) fn updated(&mut self, envoy: usize, settings: Settings) -> Result<(), Broken> {
        self.tell(format!("Envoy {envoy} gets another configuration: {settings:?}"));
        self.counts.updates += 1;
        self.envoys[envoy].update(Rc::new(settings), self.now)
    }

    fn set_clock(&mut self, envoy: usize) {
        let by = host::secs(self.dice.one_of([1, 60, 3_600, 86_400 * 365]));
        let host = &self.envoys[envoy].host;
        let (time, which) = match self.dice.in_100(50) {
            true => (host.now() + by, "on"),
            false => (host.now() - by, "back"),
        };
        host.set_time_of_day(time);
        self.tell(format!(
            "the time of day of Envoy {envoy} is set {which} by {by:?}"
        ));
    }

    fn asked_of(&self, number: u64) -> u64 {
        self.flights.get(&number).map_or(0, |flight| flight.asked.number)
    }
}
