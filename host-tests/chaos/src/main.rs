//! `chaos`: every trouble in turn. `make chaos` starts it.

#![forbid(unsafe_code)]

mod interrupt;

use chaos::{Length, Outcome, Trouble};
use clap::Parser;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Puts the plugins on a real Envoy into every trouble, beside the same listener without them.
#[derive(Parser)]
struct Arguments {
    /// How long, in all.
    #[arg(long, value_name = "NUMBER", default_value_t = 5.0)]
    minutes: f64,
    /// So often a VM dies, in place of all other troubles.
    #[arg(long, value_name = "ROUNDS", conflicts_with_all = ["minutes", "only"])]
    vm_death: Option<u64>,
    /// Only these troubles: names with commas between them.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// What is random follows from it; else it is another one each time.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Writes the row of docs/reliability.md.
    #[arg(long, conflicts_with = "only")]
    publish: bool,
}

fn main() -> ExitCode {
    match interrupt::leave_nothing().and_then(|_folder| run(&Arguments::parse())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept.
fn run(arguments: &Arguments) -> chaos::Result<bool> {
    let troubles = match arguments.vm_death {
        Some(_) => vec![Trouble::VmDeath],
        None => Trouble::chosen(&arguments.only)?,
    };
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    eprintln!("seed {seed}");
    let each = arguments.minutes * 60.0 / troubles.len() as f64;
    let length = match arguments.vm_death {
        Some(rounds) => Length {
            rounds,
            ..Length::default()
        },
        // Nonsense is no time at all: each trouble once.
        None => Length {
            time: Duration::try_from_secs_f64(each).unwrap_or_default(),
            ..Length::default()
        },
    };
    let began = Instant::now();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (number, trouble) in troubles.iter().enumerate() {
        eprintln!("{} of {}: {} …", number + 1, troubles.len(), trouble.name());
        outcomes.push(chaos::make(*trouble, length, seed)?);
    }
    print!("{}", chaos::table(&outcomes));
    let is_kept = outcomes.iter().all(|outcome| outcome.broken.is_empty());
    if is_kept && arguments.publish {
        publish(&outcomes, began.elapsed())?;
    }
    Ok(is_kept)
}

fn publish(outcomes: &[Outcome], took: Duration) -> chaos::Result<()> {
    let rounds: u64 = outcomes.iter().map(|outcome| outcome.rounds).sum();
    let rows = || outcomes.iter().flat_map(|outcome| &outcome.rows);
    let requests: u64 = rows().map(|row| row.requests).sum();
    let is_death = outcomes.iter().any(|outcome| outcome.trouble == Trouble::VmDeath);
    let (part, tried) = if is_death {
        let tried =
            "each plugin killed in each of its callbacks on a real Envoy, under load, with `FAIL_RELOAD`";
        ("VM death", tried.to_owned())
    } else {
        let tried = format!(
            "{} troubles on a real Envoy, beside the same listener without plugins",
            outcomes.len()
        );
        ("Chaos", tried)
    };
    let minutes = took.as_secs_f64() / 60.0;
    let how_often = match is_death {
        // In each round, one plugin of the chain and the module that holds all.
        true => format!(
            "{} deaths in {minutes:.0} minutes, {requests} requests",
            rounds * 2
        ),
        false => format!("{rounds} rounds in {minutes:.0} minutes, {requests} requests"),
    };
    Ok(ledger::publish(&live::repository(), part, &tried, &how_often)?)
}
