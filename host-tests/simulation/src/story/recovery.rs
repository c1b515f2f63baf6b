//! The end of each story: all is well from now on, and must come to be so.

use super::Story;
use super::client::Asked;
use crate::checks::Broken;
use crate::model::breaker::State;
use crate::world::WAYS;
use crate::world::settings::Settings;

const PROMISE: &str = "when the upstream works again, every breaker closes, and every request passes";

/// How long a request may at most be waited for at the end: the route's time-out and that of lease and body.
const DRAIN: u64 = 60_000;

impl Story {
    /// The upstreams work, nobody interferes: within the time that the configuration gives, all is well.
    pub(super) fn recover(&mut self) -> Result<(), Broken> {
        self.tell("from now on all is well".to_owned());
        self.recovering = true;
        for envoy in 0..self.envoys.len() {
            let settings = Settings::clone(&self.envoys[envoy].settings);
            if settings.breaker.force.is_some() {
                self.envoys[envoy].until(self.now);
                let number = self.next_configuration;
                self.next_configuration += 1;
                let mut settings = Settings { number, ..settings };
                settings.breaker.force = None;
                self.updated(envoy, settings)?;
                self.compare(envoy)?;
            }
        }
        // An Envoy is well only once what is behind it is. Asked from outside alone, breakers of which each judges the next can
        // keep each other from finding out.
        let envoys: Vec<usize> = (0..self.envoys.len()).rev().collect();
        for envoy in envoys {
            self.recovers(envoy)?;
        }
        self.pass_time(DRAIN)?;
        self.must_pass = true;
        for _ in 0..3 {
            let envoys = if self.world.chained { 1 } else { self.envoys.len() };
            (0..envoys).try_for_each(|envoy| self.round(envoy))?;
            self.pass_time(1_100)?;
        }
        Ok(())
    }

    /// An Envoy behind which all is well is asked, until it is well.
    fn recovers(&mut self, envoy: usize) -> Result<(), Broken> {
        let millis = self.recovery_time(envoy);
        let ends = self.now + millis;
        while !self.is_well(envoy) {
            let (now, states) = (self.now, self.states());
            Broken::unless(now <= ends, PROMISE, || {
                format!("Envoy {envoy}, {millis} ms after that: {states}")
            })?;
            self.round(envoy)?;
            let wait = self.pause(envoy);
            self.pass_time(wait)?;
        }
        Ok(())
    }

    /// The longest that it may take, by what the configuration says.
    fn recovery_time(&self, envoy: usize) -> u64 {
        let breaker = &self.envoys[envoy].settings.breaker;
        let open = (breaker.open_max as f64 * (1.0 + breaker.jitter)) as u64;
        let ramp = breaker.ramp.map_or(0, |(over, _)| over);
        DRAIN + self.envoys[envoy].longest_open() + 2 * open + breaker.max_wait + breaker.lease + ramp
    }

    fn is_well(&self, envoy: usize) -> bool {
        let envoys = &self.envoys[envoy];
        let ramp = envoys.settings.breaker.ramp.map_or(0, |(over, _)| over);
        let mut breakers = envoys.model.breakers.values();
        // What has failed before counts until it has left the windows.
        self.flights.is_empty()
            && breakers.all(|breaker| breaker.is_closed_for(self.now, ramp) && breaker.is_clean(self.now))
    }

    /// How long until the next requests: short while somebody wants to find out.
    fn pause(&self, envoy: usize) -> u64 {
        let mut breakers = self.envoys[envoy].model.breakers.values();
        match breakers.any(|breaker| breaker.state == State::HalfOpen) {
            true => 20,
            false => 400,
        }
    }

    fn states(&self) -> String {
        let envoys = self.envoys.iter().enumerate();
        let all = envoys.flat_map(|(number, envoy)| {
            let breakers = envoy.model.breakers.iter();
            breakers.map(move |((_, value), breaker)| {
                format!("{value} of Envoy {number} is {}", breaker.state.word())
            })
        });
        all.collect::<Vec<_>>().join(", ")
    }

    /// A request for each way. Once all is well, none is rejected.
    fn round(&mut self, envoy: usize) -> Result<(), Broken> {
        for way in WAYS.into_iter().take(self.world.ways) {
            self.asked += 1;
            let worker = self.asked as usize % self.envoys[envoy].workers;
            let number = self.send(envoy, worker, Asked::plain(self.asked, way), None)?;
            Broken::unless(!self.must_pass || number.is_some(), PROMISE, || {
                format!("a request is rejected: {}", self.states())
            })?;
        }
        Ok(())
    }

    /// Lets time pass, with all that happens meanwhile.
    fn pass_time(&mut self, millis: u64) -> Result<(), Broken> {
        let ends = self.now + millis;
        while self.step(ends)? {}
        self.now = ends;
        Ok(())
    }
}
