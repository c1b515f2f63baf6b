//! `make mutants`: each deliberate bug has to be found.

#![forbid(unsafe_code)]

use clap::Parser;
use mutants::{Error, MUTANTS, Tree, acquit, catch, check, publish};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Builds the plugins with one deliberate bug after the other, and plays stories with each until one breaks a promise.
#[derive(Parser)]
struct Arguments {
    /// How many stories a bug has to be found in.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// Only this one.
    #[arg(long)]
    only: Option<String>,
    /// Writes what came of it into docs/reliability.md, instead of comparing it with what is there.
    #[arg(long)]
    publish: bool,
}

fn main() -> ExitCode {
    // What a story panics with is what it finds.
    std::panic::set_hook(Box::new(|_| {}));
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> mutants::Result<bool> {
    let (root, dist) = (Path::new("."), Path::new("dist"));
    let tree = Tree::copy(root, Path::new("target/mutants"))?;
    let is_asked = |name: &str| arguments.only.as_deref().is_none_or(|only| only == name);
    let asked: Vec<_> = MUTANTS.iter().filter(|mutant| is_asked(mutant.name)).collect();
    if asked.is_empty() {
        return Err(Error::Unknown(arguments.only.clone().unwrap_or_default()));
    }
    let (mut all, mut missed) = (Vec::new(), Vec::new());
    for (number, mutant) in (1..).zip(&asked) {
        let began = Instant::now();
        let caught = catch(mutant, &tree, dist, arguments.seeds)?;
        let seconds = began.elapsed().as_secs();
        let count = asked.len();
        match caught {
            Some(caught) => {
                println!(
                    "{number:>2}/{count} {:<32} seed {:<4} {} ({seconds} s)",
                    mutant.name, caught.seed, caught.promise
                );
                all.push(caught);
            }
            None => {
                println!(
                    "{number:>2}/{count} {:<32} NOT FOUND: {} ({seconds} s)",
                    mutant.name, mutant.bug
                );
                missed.push(mutant.name);
            }
        }
    }
    let last = all.iter().map(|caught| caught.seed).max().unwrap_or(1);
    acquit(&tree, dist, last)?;
    println!("      without a bug: every promise was kept in the stories of the seeds 1 to {last}");
    if !missed.is_empty() {
        println!("not found in {} stories: {}", arguments.seeds, missed.join(", "));
        return Ok(false);
    }
    match arguments {
        Arguments { only: Some(_), .. } => {}
        Arguments { publish: true, .. } => {
            publish(&all, root)?;
            let how_often = format!("each found within {last} stories");
            ledger::publish(
                root,
                "Mutants",
                &format!("{} deliberate bugs", all.len()),
                &how_often,
            )?;
        }
        _ => check(&all, root)?,
    }
    Ok(true)
}
