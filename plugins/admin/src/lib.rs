//! The admin plugin: what the breakers and budgets are in right now, and a way to force a breaker.
//!
//! It stands on a listener of its own, for operators. The filters of the traffic do not have it: what they share with it
//! are their records in shared data, which it finds by their register, and changes as they do, by compare-and-swap.
#![forbid(unsafe_code)]

mod change;
mod exchange;
mod listed;
mod refuse;
mod report;
mod show;

use config::admin::{Admin as Configuration, Settings};
use exchange::Exchange;
use kit::{CounterFamily, Filter, Root, Worker};
use std::rc::Rc;

#[cfg(feature = "module")]
kit::module!(Admin);

/// The plugin in one worker.
pub struct Admin {
    settings: Settings,
    worker: Rc<Worker>,
    requests: CounterFamily,
    transitions: CounterFamily,
}

impl Root for Admin {
    const NAME: &'static str = config::admin::NAME;
    type Configuration = Configuration;

    fn new(configuration: Configuration, worker: Rc<Worker>) -> Self {
        Self {
            settings: configuration.settings,
            worker,
            requests: CounterFamily::new("admin_requests_total"),
            transitions: CounterFamily::new("circuit_breaker_transitions_total"),
        }
    }

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Exchange::new(self))
    }
}
