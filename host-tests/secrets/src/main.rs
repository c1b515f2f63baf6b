//! `secrets`: rounds upon rounds. `make secrets` starts it.

#![forbid(unsafe_code)]

use clap::Parser;
use secrets::Played;
use std::io::{IsTerminal as _, Write as _};
use std::ops::AddAssign as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Sends random traffic with a secret in every header through the plugins, and searches for them in all that the plugins say.
#[derive(Parser)]
struct Arguments {
    /// How long.
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    minutes: f64,
    /// The number of the first round; alone, of the only one to play again.
    #[arg(long, value_name = "NUMBER")]
    round: Option<u64>,
    /// Writes the row of docs/reliability.md.
    #[arg(long, conflicts_with = "round")]
    publish: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(round) = arguments.round {
        return told(&secrets::play(round).map_err(|found| (round, found)));
    }
    // What fails a round is told once, below.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = play(Duration::from_secs_f64(arguments.minutes.max(0.0) * 60.0));
    let code = told(&outcome);
    match outcome {
        Ok(played) if arguments.publish => publish(&played),
        _ => code,
    }
}

fn told(outcome: &Result<Played, (u64, String)>) -> ExitCode {
    match outcome {
        Ok(played) => {
            println!("{}: no secret was told", figures(played));
            ExitCode::SUCCESS
        }
        Err((round, found)) => {
            println!("{found}\n\nround {round}: `target/release/secrets --round {round}` plays it again");
            ExitCode::FAILURE
        }
    }
}

fn figures(played: &Played) -> String {
    let Played {
        rounds,
        requests,
        secrets,
        outputs,
    } = played;
    format!("{rounds} rounds, {requests} requests with {secrets} secrets, {outputs} outputs searched")
}

fn publish(played: &Played) -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tried =
        "random headers, queries and server errors, each with a secret; every call of a plugin searched";
    match ledger::publish(&root, "Secrets", tried, &figures(played)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays for so long, on all cores. The first round that fails ends it.
fn play(time: Duration) -> Result<Played, (u64, String)> {
    let next = AtomicU64::new(0);
    let end = Instant::now() + time;
    let (sender, outcomes) = mpsc::channel();
    let mut all = Played::default();
    let mut shown = Instant::now();
    let outcome = thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while Instant::now() < end {
                    let round = next.fetch_add(1, Ordering::Relaxed);
                    let outcome = secrets::play(round).map_err(|found| (round, found));
                    if sender.send(outcome).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for outcome in outcomes {
            all.add_assign(outcome?);
            if shown.elapsed() > Duration::from_secs(1) && std::io::stderr().is_terminal() {
                shown = Instant::now();
                eprint!("\r{} …", figures(&all));
                let _ = std::io::stderr().flush();
            }
        }
        Ok(all)
    });
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    outcome
}
