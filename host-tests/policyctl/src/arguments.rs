//! The command line.

use crate::command;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Tries policies before they meet traffic, and asks them while they do.
///
/// It runs the very modules that Envoy loads, in a host that behaves as Envoy does: what it says is what they do.
#[derive(Parser)]
#[command(name = "policyctl", version, max_term_width = 100, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 all is well, 1 something is to be mended, 2 the question could not be answered.";

/// What can be asked.
#[derive(Subcommand)]
pub(crate) enum Command {
    Check(command::check::Arguments),
    Run(command::run::Arguments),
    Explain(Box<command::explain::Arguments>),
    Replay(command::replay::Arguments),
    Doctor(command::doctor::Arguments),
    State(command::state::Arguments),
    Force(command::force::Arguments),
    Schema(command::schema::Arguments),
    Completions(command::completions::Arguments),
}

/// How it is told.
#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// When to use colour. NO_COLOR in the environment means never.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Arguments {
    pub(crate) fn output(&self) -> Output {
        self.output
    }
}
