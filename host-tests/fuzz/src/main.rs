//! `make fuzz`: all targets in turn, each in libFuzzer, and what came of it.

#![forbid(unsafe_code)]

// It links the same library as the program that fuzzes, which calls libFuzzer at each branch.
#[cfg(feature = "libfuzzer")]
use libfuzzer_sys as _;

mod report;
mod session;
mod words;

use clap::Parser;
use fuzz::TARGETS;
use report::Report;
use session::{Effort, Session};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Looks for bytes that break something: in all targets, or in one.
#[derive(Parser)]
struct Arguments {
    /// Minutes in all.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Only this one.
    #[arg(long)]
    target: Option<String>,
    /// Tries this file alone, and shows what comes of it. Needs a target.
    #[arg(long, requires = "target")]
    input: Option<PathBuf>,
    /// So many inputs of each target, a twentieth of it of those on modules, the same in each run, instead of minutes.
    #[arg(long)]
    runs: Option<u64>,
    /// Looks for more work instead of for more branches.
    #[arg(long)]
    work: bool,
    /// Then keeps what is worth it in the corpus: the fewest inputs that reach what all of them reach.
    #[arg(long)]
    keep: bool,
    /// Writes what was tried into docs/reliability.md.
    #[arg(long)]
    publish: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Says whether nothing was found.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let is_wanted = |name: &str| arguments.target.as_deref().is_none_or(|wanted| wanted == name);
    let targets: Vec<_> = TARGETS
        .iter()
        .filter(|target| is_wanted(target.name) && (target.is_of_modules() || !arguments.work))
        .collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("there is no such target; there are {}", names.join(", ")).into());
    }
    let session = Session::new(arguments.work)?;
    if let (Some(input), [target]) = (&arguments.input, &targets[..]) {
        return session.replay(target, input);
    }
    let each = Duration::from_secs_f64(arguments.minutes * 60.0 / targets.len() as f64);
    let effort = arguments.runs.map_or(Effort::Time(each), Effort::Runs);
    let mut report = Report::default();
    for target in targets {
        report.add(session.search(target, effort)?);
        if arguments.keep {
            session.keep(target)?;
        }
    }
    report.show();
    if arguments.publish {
        report.publish(arguments.work)?;
    }
    Ok(report.found_nothing())
}
