//! The circuit-breaker plugin: an upstream that fails gets no more requests until it works again.
//!
//! All workers share one record for each breaker. A request looks at it once and is admitted or rejected; what comes of it
//! is told back, at once where it is a failure, and with the next tick where it is a success that can wait.
#![forbid(unsafe_code)]

mod breaker;
mod breakers;
mod call;
mod exchange;
mod gauges;
mod key;
mod labels;
mod passage;
mod reject;
mod report;
mod settings;
mod shared;

use breaker::Breaker;
use breakers::Breakers;
use config::Plugin;
use config::circuit_breaker::Policy;
use exchange::Exchange;
use kit::{CounterFamily, Filter, Ids, Root, Worker};
use policy::breaker::{Moment, Record, State, Transition};
use shared::Merges;
use std::rc::Rc;

#[cfg(feature = "module")]
kit::module!(CircuitBreaker);

/// The plugin in one worker.
pub struct CircuitBreaker {
    configuration: Plugin<Policy>,
    worker: Rc<Worker>,
    breakers: Breakers,
    transitions: CounterFamily,
}

impl Root for CircuitBreaker {
    const NAME: &'static str = "circuit-breaker";
    const REGISTERS: bool = true;
    type Configuration = Plugin<Policy>;

    fn new(configuration: Plugin<Policy>, worker: Rc<Worker>) -> Self {
        if configuration.can_apply() {
            worker.ask_for_ticks();
        }
        Self {
            configuration,
            breakers: Breakers::new(&worker),
            worker,
            transitions: CounterFamily::new("circuit_breaker_transitions_total"),
        }
    }

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Exchange::new(self))
    }

    fn tick(&self) {
        let Some(now_millis) = self.worker.monotonic_millis() else {
            return;
        };
        for breaker in self.breakers.all() {
            self.move_on(&breaker, now_millis);
        }
        gauges::vouch(self, now_millis);
    }

    fn over(&self) {
        // What was gathered since the last one.
        self.tick();
    }
}

impl CircuitBreaker {
    /// The moment of a decision; `None` if the host has no clock, without which nothing can be decided.
    fn moment(&self) -> Option<Moment> {
        Some(Moment {
            now_millis: self.worker.monotonic_millis()?,
            draw: self.worker.draw(),
        })
    }

    /// Lets time move a breaker on, merges and counts what the worker has gathered for it, and shows its state.
    fn move_on(&self, breaker: &Rc<Breaker>, now_millis: u64) {
        breaker.count_successes(&self.worker);
        breaker.register(&self.worker);
        let settings = settings::of(&breaker.policy);
        let at = Moment {
            now_millis,
            draw: self.worker.draw(),
        };
        let mut advance = |record: &mut Record| record.advance(&settings, at);
        let moved = shared::change(&self.worker, breaker, &settings, at, Merges::Always, &mut advance);
        match moved {
            Ok(change) => {
                self.tell(breaker, change.transition, None);
                breaker.show_at_tick(change.state, &self.worker);
                let idle = now_millis.saturating_sub(breaker.used_millis.get());
                // Beside those that it knows, and this tick, only a request that is under way has it. What comes of that
                // is still to be told.
                let is_waited_for = Rc::strong_count(breaker) > 2;
                let is_idle = idle >= breaker.policy.evict_idle.millis() && !is_waited_for;
                if change.state == State::Closed && is_idle {
                    self.breakers.forget(breaker);
                }
            }
            Err(shared::Missed::GivenAway) => self.breakers.forget(breaker),
            Err(shared::Missed::Unread) => {}
        }
    }

    /// Counts and logs what happened to a breaker. `ids` are those of the request that did it.
    fn tell(&self, breaker: &Breaker, transition: Option<Transition>, ids: Option<&Ids>) {
        let Some(transition) = transition else {
            return;
        };
        let labels = breaker.labels.with(&[
            ("from", transition.from.as_str()),
            ("to", transition.to.as_str()),
            ("reason", transition.reason.as_str()),
        ]);
        self.transitions.increment(&self.worker, &labels);
        report::transition_line(&self.worker, breaker, &transition, ids);
        breaker.show(transition.to, &self.worker);
    }
}
