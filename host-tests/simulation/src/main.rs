//! `make simulate`: many stories, or one in full.

#![forbid(unsafe_code)]

use clap::Parser;
use host::Module;
use indicatif::{ProgressBar, ProgressStyle};
use simulation::{Campaign, Counts, Found, Modules, Summary, play};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Plays stories of a fleet of Envoys, each from its seed, and checks what is promised after each step.
#[derive(Parser)]
struct Arguments {
    /// Where the built modules are.
    #[arg(long, default_value = "dist")]
    modules: PathBuf,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// Only this seed: its whole story is printed.
    #[arg(long)]
    seed: Option<u64>,
    /// For so many minutes, however many seeds that takes.
    #[arg(long)]
    minutes: Option<u64>,
    /// On how many threads; by default as many as there are processors.
    #[arg(long)]
    threads: Option<usize>,
    /// Writes the row of docs/reliability.md.
    #[arg(long)]
    publish: bool,
}

/// How much of a story is printed where many were played.
const LAST_LINES: usize = 60;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What a story panics with is told with the story.
    std::panic::set_hook(Box::new(|_| {}));
    let modules = match modules(&arguments.modules) {
        Ok(modules) => modules,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    match arguments.seed {
        Some(seed) => one(seed, &modules),
        None => many(&arguments, &modules),
    }
}

fn modules(folder: &Path) -> Result<Modules, String> {
    Modules::try_new(|name| {
        let path = folder.join(name.replace('-', "_")).with_extension("wasm");
        let bytes =
            std::fs::read(&path).map_err(|error| format!("{}: {error}; run `make wasm`", path.display()))?;
        Module::try_new(&bytes).map_err(|error| format!("{}: {error}", path.display()))
    })
}

fn one(seed: u64, modules: &Modules) -> ExitCode {
    let told = play(seed, modules);
    for line in &told.lines {
        println!("{line}");
    }
    match told.broken {
        None => {
            println!("seed {seed}: every promise was kept");
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!(
                "seed {seed} breaks a promise: {}\n  {}",
                broken.promise, broken.words
            );
            ExitCode::FAILURE
        }
    }
}

fn many(arguments: &Arguments, modules: &Modules) -> ExitCode {
    let began = Instant::now();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let campaign = Campaign {
        from: arguments.from,
        seeds: if arguments.minutes.is_some() {
            u64::MAX
        } else {
            arguments.seeds
        },
        until: arguments
            .minutes
            .map(|minutes| began + Duration::from_secs(minutes * 60)),
        threads: arguments.threads.unwrap_or(cores),
    };
    let bar = match arguments.minutes {
        Some(_) => ProgressBar::new_spinner(),
        None => ProgressBar::new(arguments.seeds),
    };
    let style = ProgressStyle::with_template("{elapsed:>4} {bar:30} {pos} stories");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let summary = campaign.run(modules, |played| bar.set_position(played));
    bar.finish_and_clear();
    let Summary {
        stories,
        counts,
        found,
        broken_by_all,
        ..
    } = summary;
    println!(
        "{stories} stories from seed {} on, in {} s: {} requests, {} attempts, {} transitions of breakers, {} workers died, \
         {} configurations came; the promises were checked {} times",
        arguments.from,
        began.elapsed().as_secs(),
        counts.requests,
        counts.attempts,
        counts.transitions,
        counts.deaths,
        counts.updates,
        counts.steps,
    );
    if let (None, Some(broken)) = (&found, &broken_by_all) {
        println!(
            "all of them together break a promise: {}\n  {}",
            broken.promise, broken.words
        );
        return ExitCode::FAILURE;
    }
    match found {
        None => {
            println!("every promise was kept");
            match publish(arguments.publish, stories, &counts) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::from(2)
                }
            }
        }
        Some(found) => {
            tell(&found, &arguments.modules);
            ExitCode::FAILURE
        }
    }
}

fn publish(wanted: bool, stories: u64, counts: &Counts) -> Result<(), ledger::Error> {
    if !wanted {
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tried =
        "fleets of one to three Envoys in the host, each a story from a seed, held to a model of the plugins";
    let Counts {
        requests,
        transitions,
        deaths,
        updates,
        ..
    } = counts;
    let how_often = format!(
        "{stories} stories: {requests} requests, {transitions} transitions, {deaths} deaths of workers, {updates} new \
         configurations"
    );
    ledger::publish(&root, "Simulation", tried, &how_often)
}

fn tell(found: &Found, modules: &Path) {
    let (seed, lines) = (found.told.seed, &found.told.lines);
    println!("\nthe last of the story of seed {seed}:");
    for line in lines.iter().skip(lines.len().saturating_sub(LAST_LINES)) {
        println!("{line}");
    }
    println!("\nseed {seed} breaks a promise: {}", found.broken.promise);
    println!("  {}", found.broken.words);
    let folder = match modules.to_str() {
        Some("dist") | None => String::new(),
        Some(folder) => format!(" MODULES={folder}"),
    };
    println!("the whole story: make simulate SEED={seed}{folder}");
}
