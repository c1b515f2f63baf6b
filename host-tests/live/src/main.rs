//! `live run`: a sample configuration on a real Envoy, with a demo upstream behind it. `make run` starts it.

#![forbid(unsafe_code)]

mod run;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The plugins on a real Envoy.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a sample with a demo upstream, and shows what happens until Ctrl-C.
    Run(run::Arguments),
}

fn main() -> ExitCode {
    let Command::Run(arguments) = Arguments::parse().command;
    match run::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
