//! Playing a scenario: its clients send, its upstreams answer, and the modules between them do what they do.
//!
//! Time is the host's, which moves from one event to the next, so minutes take a moment and the same file gives the same
//! result. What a plugin decides is seen in what comes out of it: answers, filter state, metrics and log lines.

mod changes;
mod clients;
mod driver;
mod filters;
mod flights;
mod seen;
mod setting;
mod transitions;
mod upstreams;

pub(crate) use seen::{Arrival, Breaker, Got, Kind, Played, Transition, Try};

use crate::modules::Modules;
use crate::problem::Problem;
use crate::scenario::Scenario;
use setting::Setting;
use std::path::Path;

/// Plays a scenario from this file. `progress` is told now and then which part of its time is over, 0 to 1.
pub(crate) fn play(
    scenario: &Scenario,
    file: &Path,
    modules: &Modules,
    progress: impl FnMut(f64),
) -> Result<Played, Problem> {
    let setting = Setting::new(scenario, file, modules)?;
    Ok(driver::Driver::new(scenario, setting, progress).play())
}
