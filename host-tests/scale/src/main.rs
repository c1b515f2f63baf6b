//! `make scale`: everything of this crate in full, as tables and JSON.

#![forbid(unsafe_code)]

mod parts;
mod tables;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use host::Module;
use scale::Modules;
use serde_json::Value;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;
use tables::Part;

/// What the plugins cost with many rules, breakers, workers and requests.
#[derive(Parser)]
struct Arguments {
    /// Where the built modules are.
    #[arg(long, default_value = "dist")]
    modules: PathBuf,
    /// Where the figures go, as JSON.
    #[arg(long, default_value = "target/bench/scale.json")]
    json: PathBuf,
    /// How many requests are sent to see what grows.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// Only these parts, by their names in the JSON.
    #[arg(long, value_parser = PossibleValuesParser::new(PARTS.map(|(name, _)| name)))]
    part: Vec<String>,
}

/// A part by its name, and what measures it.
type Measure = (&'static str, fn(&Modules, &Arguments) -> Part);

const PARTS: [Measure; 7] = [
    ("exact_rules", parts::rules),
    ("compared_rules", parts::compared),
    ("breakers", parts::breakers),
    ("ticks", parts::ticks),
    ("memory", parts::memory),
    ("contention", parts::contended),
    ("growth", parts::grown),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let modules = Modules::try_new(|name| {
        let path = arguments
            .modules
            .join(name.replace('-', "_"))
            .with_extension("wasm");
        let bytes =
            std::fs::read(&path).map_err(|error| format!("{}: {error}; run `make wasm`", path.display()))?;
        Ok::<_, String>(Module::new(&bytes))
    })?;
    let is_wanted = |name: &str| arguments.part.is_empty() || arguments.part.iter().any(|part| part == name);
    let wanted = PARTS.iter().filter(|(name, _)| is_wanted(name));
    let figures: Value = wanted
        .map(|(name, measure)| ((*name).to_owned(), measure(&modules, &arguments).json()))
        .collect();
    if let Some(folder) = arguments.json.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&arguments.json, format!("{figures:#}\n"))?;
    println!("{}, in {} s", arguments.json.display(), began.elapsed().as_secs());
    Ok(())
}
