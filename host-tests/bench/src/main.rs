//! `bench`: what the plugins cost, on the real Envoy. `make bench` starts it.

#![forbid(unsafe_code)]

use bench::{Error, Options, measure, screen};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Measures what the plugins cost on the real Envoy, and compares with no filter, Envoy's own, Lua, and wasm that does
/// nothing.
#[derive(Parser)]
struct Arguments {
    /// So often each variant has its turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 60)]
    rounds: u32,
    /// So many requests in each turn.
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    requests: u64,
    /// So many requests of each variant to find out how long they take; 0: not at all.
    #[arg(long, value_name = "NUMBER", default_value_t = 4_000)]
    timed_requests: u64,
    /// So many of those a second.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    per_second: u32,
    /// Only these workloads and variants, and what they are compared with: names with commas between them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// What the order in each round is drawn from; else it is another one each time.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Where the files go.
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    to: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> bench::Result<()> {
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("seed {seed}");
    let figures = measure(&Options {
        rounds: arguments.rounds,
        requests: arguments.requests,
        timed_requests: arguments.timed_requests,
        per_second: arguments.per_second,
        only: arguments.only.clone(),
        seed,
    })?;
    print!("{}", screen(&figures));
    write(&arguments.to, &figures).map_err(|source| Error::Io {
        what: arguments.to.display().to_string(),
        source,
    })
}

fn write(folder: &Path, figures: &bench::figures::Figures) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(
        folder.join("figures.json"),
        serde_json::to_string_pretty(figures)? + "\n",
    )
}
