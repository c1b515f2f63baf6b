//! The retry plugin: it tells the proxy's router what may be tried again, and how often.
//!
//! The router tries again by itself; the plugin only writes the request headers by which it is told. What it decides by is
//! the request itself, the state of its breaker, and a budget that all workers share. When the answer has come, the attempts
//! that were made are charged to the budget.
#![forbid(unsafe_code)]

mod attempt;
mod budgets;
mod exchange;
mod planned;
mod refuse;
mod report;

use budgets::Budgets;
use config::Plugin;
use config::retry::Policy;
use exchange::Exchange;
use kit::{CounterFamily, Root, Worker};
use planned::AllPlanned;
use std::rc::Rc;

kit::plugin!(Retry);

/// How often what was gathered is merged, in milliseconds.
const TICK_MILLIS: u32 = 1_000;

/// The plugin in one worker.
struct Retry {
    configuration: Plugin<Policy>,
    planned: AllPlanned,
    worker: Rc<Worker>,
    budgets: Budgets,
    attempts: CounterFamily,
    suppressed: CounterFamily,
}

impl Root for Retry {
    const NAME: &'static str = "retry";
    type Policy = Policy;
    type Filter = Exchange;

    fn new(configuration: Plugin<Policy>, worker: Rc<Worker>) -> Self {
        let planned = AllPlanned::of(configuration.policies());
        if configuration.can_apply() && planned.has_budget() {
            worker.tick_every(TICK_MILLIS);
        }
        Self {
            planned,
            configuration,
            budgets: Budgets::new(&worker),
            worker,
            attempts: CounterFamily::new("retry_attempts_total"),
            suppressed: CounterFamily::new("retry_suppressed_total"),
        }
    }

    fn filter(self: &Rc<Self>) -> Exchange {
        Exchange::new(self)
    }

    fn tick(&self) {
        if let Some(now_millis) = self.worker.monotonic_millis() {
            self.budgets.tick(now_millis);
        }
    }

    fn over(&self) {
        // What was gathered since the last one.
        self.tick();
    }
}
