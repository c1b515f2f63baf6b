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
use kit::{CounterFamily, Filter, Root, Worker};
use planned::AllPlanned;
use std::rc::Rc;

#[cfg(feature = "module")]
kit::module!(Retry);

/// The plugin in one worker.
pub struct Retry {
    configuration: Plugin<Policy>,
    planned: AllPlanned,
    worker: Rc<Worker>,
    budgets: Budgets,
    attempts: CounterFamily,
    suppressed: CounterFamily,
}

impl Root for Retry {
    const NAME: &'static str = "retry";
    const REGISTERS: bool = true;
    type Configuration = Plugin<Policy>;

    fn new(configuration: Plugin<Policy>, worker: Rc<Worker>) -> Self {
        let planned = AllPlanned::of(configuration.policies());
        if configuration.can_apply() && planned.has_budget() {
            worker.ask_for_ticks();
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

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Exchange::new(self))
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
