//! What the program can be asked, a file for each.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod force;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod state;

use crate::arguments::{Arguments, Command};
use crate::problem::Problem;
use crate::screen::Screen;
use crate::{Ending, Modules};

/// Does what was asked.
pub(crate) fn run(arguments: &Arguments, modules: &Modules, screen: &Screen) -> Result<Ending, Problem> {
    match &arguments.command {
        Command::Check(arguments) => arguments.run(modules, screen),
        Command::Run(arguments) => arguments.run(modules, screen),
        Command::Explain(arguments) => arguments.run(modules, screen),
        Command::Replay(arguments) => arguments.run(modules, screen),
        Command::Doctor(arguments) => arguments.run(modules, screen),
        Command::State(arguments) => arguments.run(screen),
        Command::Force(arguments) => arguments.run(screen),
        Command::Schema(arguments) => arguments.run(modules, screen),
        Command::Completions(arguments) => arguments.run(screen),
    }
}
