//! `bench`: what the plugins cost, on the real Envoy. `make bench` starts it.

#![forbid(unsafe_code)]

use bench::figures::Figures;
use bench::{Error, Options, publish};
use clap::Parser;
use std::fs;
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
    #[arg(long, value_name = "NUMBER", default_value_t = 3_000)]
    timed_requests: u64,
    /// So many requests of each variant in an Envoy of its own, to find out what it needs of memory, and whether that
    /// grows; 0: not at all.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    memory_requests: u64,
    /// Only memory.
    #[arg(long, requires = "memory_requests", conflicts_with_all = ["check", "from_published"])]
    only_memory: bool,
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
    /// Writes what the documents show, too, as far as it was measured.
    #[arg(long, conflicts_with_all = ["check", "from_published"])]
    publish: bool,
    /// Measures nothing: looks whether the documents show what was published last.
    #[arg(long, conflicts_with = "from_published")]
    check: bool,
    /// Measures nothing: writes what the documents show from what was published last.
    #[arg(long)]
    from_published: bool,
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
    let root = live::repository();
    if arguments.check {
        return publish::check(&publish::published(&root)?, &root);
    }
    if arguments.from_published {
        return publish::publish(&publish::published(&root)?, &root);
    }
    if arguments.publish && !arguments.only.is_empty() {
        return Err(Error::Partial);
    }
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
    let figures = bench::measure(&Options {
        // Only memory: nothing of all else.
        rounds: if arguments.only_memory {
            0
        } else {
            arguments.rounds
        },
        requests: arguments.requests,
        timed_requests: arguments.timed_requests,
        memory_requests: arguments.memory_requests,
        per_second: arguments.per_second,
        only: arguments.only.clone(),
        seed,
    })?;
    print!("{}", bench::screen(&figures));
    write(&arguments.to, &figures)?;
    bench::look_for_growth(&figures)?;
    if arguments.publish {
        // What this run has not measured stays as it was published.
        let figures = match arguments.only_memory {
            true => publish::published(&root)?.with_memory_of(figures),
            false if figures.memory.is_empty() => figures.with_memory_of(publish::published(&root)?),
            false => figures,
        };
        publish::publish(&figures, &root)?;
    }
    Ok(())
}

fn write(folder: &Path, figures: &Figures) -> bench::Result<()> {
    let failed = |path: &Path| {
        let what = path.display().to_string();
        move |source| Error::Io { what, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    for (file, text) in [
        ("figures.json", publish::json(figures)?),
        ("figures.svg", bench::chart(figures)),
    ] {
        let path = folder.join(file);
        fs::write(&path, text).map_err(failed(&path))?;
    }
    eprintln!("{} has them as JSON and as a picture", folder.display());
    Ok(())
}
