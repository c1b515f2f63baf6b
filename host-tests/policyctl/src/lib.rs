//! `policyctl`, the desk tool: try a configuration before it meets traffic, and ask it while it does.
//!
//! It never guesses what a plugin would do. What a configuration means, which rule a request meets and when a breaker
//! opens is decided by the very modules that people load, which it runs in the test host. So there is no second
//! implementation here that could be wrong in its own way: this crate reads files, sets up the host, and tells what came of
//! it.
//!
//! The binary is built by `host-tests`, which has the modules that were just built; this crate knows none of them.

#![forbid(unsafe_code)]

mod arguments;
mod command;
mod document;
mod finding;
mod installed;
mod judge;
mod live_state;
mod modules;
mod play;
mod problem;
mod proxy;
mod scenario;
mod screen;
mod shipped_scenarios;
mod told;
mod verdict;
mod web;

pub use modules::Shipped;

use arguments::Arguments;
use clap::Parser;
use modules::Modules;
use screen::Screen;
use std::process::ExitCode;

/// How the program ends, for those who call it in a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What was asked for was done, and nothing was found.
    Fine,
    /// What was asked for was done, and there is something to mend: a fault in a configuration, an expectation that did
    /// not hold, a refused change.
    Found,
    /// A part of what was asked could not be answered, and it has been said why.
    Unanswered,
}

/// Does what the command line says, with these modules.
///
/// The exit code is 0 where all is well, 1 where something was found that is to be mended, and 2 where the question could
/// not be answered: a wrong argument, a file that cannot be read, a server that does not answer.
pub fn main(shipped: &'static [Shipped]) -> ExitCode {
    let arguments = Arguments::parse();
    let screen = Screen::new(arguments.output());
    match command::run(&arguments, &Modules::new(shipped), &screen) {
        Ok(Ending::Fine) => ExitCode::SUCCESS,
        Ok(Ending::Found) => ExitCode::from(1),
        Ok(Ending::Unanswered) => ExitCode::from(2),
        Err(problem) => {
            screen.problem(&problem);
            ExitCode::from(2)
        }
    }
}
