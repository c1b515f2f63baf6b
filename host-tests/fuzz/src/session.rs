//! libFuzzer as a child process.

use crate::report::Tried;
use crate::words;
use fuzz::Target;
use fuzz::corpus::{self, Kept};
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often a line tells how far it is.
const PROGRESS: Duration = Duration::from_secs(10);
/// The longest input, in bytes. They can say "so many times this", so that it is none too short.
const LONGEST: usize = 2_048;

/// How much is tried.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    Time(Duration),
    Runs(u64),
}

/// Where things are.
pub(crate) struct Session {
    root: PathBuf,
    folder: PathBuf,
    words: PathBuf,
    work: bool,
}

impl Session {
    pub(crate) fn new(work: bool) -> Result<Self, Box<dyn Error>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()?;
        let folder = root.join("target/fuzz");
        fs::create_dir_all(folder.join("found"))?;
        let words = folder.join("words");
        fs::write(&words, words::of(&root.join("schemas"))?)?;
        Ok(Self {
            root,
            folder,
            words,
            work,
        })
    }

    fn fuzzer(&self, target: &Target) -> Command {
        let mut fuzzer = Command::new(self.root.join("target/release/fuzzer"));
        fuzzer
            .current_dir(&self.root)
            .env("TARGET", target.name)
            .env(
                "MODULES",
                self.root.join("target/wasm-coverage/wasm32-wasip1/shipping"),
            )
            .env("WORST", self.folder.join("worst"));
        if self.work {
            fuzzer.env("FEEDBACK", "work");
        }
        fuzzer
    }

    /// The inputs that are kept for good, a file each.
    fn corpus(&self, target: &Target) -> Result<PathBuf, Box<dyn Error>> {
        let folder = self.empty_folder("corpus")?.join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, kept) in corpus::read(target.name)?.into_iter().enumerate() {
            fs::write(folder.join(format!("{number:05}")), kept.bytes)?;
        }
        Ok(folder)
    }

    fn empty_folder(&self, name: &str) -> Result<PathBuf, Box<dyn Error>> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Those that were found on this machine.
    fn own(&self, target: &Target) -> PathBuf {
        let kind = if self.work { "work" } else { "inputs" };
        self.folder.join(kind).join(target.name)
    }

    /// Tries one input, and shows all that libFuzzer says.
    pub(crate) fn replay(&self, target: &Target, input: &Path) -> Result<bool, Box<dyn Error>> {
        Ok(self.fuzzer(target).arg(input.canonicalize()?).status()?.success())
    }

    /// Looks for inputs that break something.
    pub(crate) fn search(&self, target: &Target, effort: Effort) -> Result<Tried, Box<dyn Error>> {
        let (own, found) = (self.own(target), self.folder.join("found"));
        fs::create_dir_all(&own)?;
        let mut fuzzer = self.fuzzer(target);
        match effort {
            Effort::Time(time) => {
                fuzzer
                    .arg(format!("-max_total_time={}", time.as_secs().max(1)))
                    .arg(&own);
            }
            // The same in each run: nothing that only this machine has found.
            Effort::Runs(runs) => {
                // A module takes some twenty times as long for one.
                let runs = if target.is_of_modules() { runs / 20 } else { runs };
                fuzzer.args([format!("-runs={runs}"), "-seed=1".to_owned()]);
            }
        }
        fuzzer
            .arg(self.corpus(target)?)
            .arg(format!("-max_len={LONGEST}"))
            .arg(format!("-dict={}", self.words.display()))
            .arg(format!("-artifact_prefix={}/{}-", found.display(), target.name))
            .args([
                "-print_final_stats=1",
                "-len_control=20",
                "-timeout=60",
                "-rss_limit_mb=2048",
            ])
            .stderr(Stdio::piped())
            .stdout(Stdio::null());
        println!("{}: {}", target.name, target.what);
        let mut child = fuzzer.spawn()?;
        let mut tried = Tried::of(target.name);
        let mut last = Vec::new();
        let mut told = Instant::now();
        for line in BufReader::new(child.stderr.take().ok_or("it has no output")?).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            tried.take(&line);
            if line.starts_with('#') && told.elapsed() >= PROGRESS {
                println!("  {}", line.replace('\t', " "));
                told = Instant::now();
            }
            last.push(line);
            if last.len() > 200 {
                last.drain(..100);
            }
        }
        if !child.wait()?.success() {
            tried.failed = true;
            for line in last
                .iter()
                .filter(|line| !line.starts_with('#') && !line.contains("# Uses"))
            {
                println!("  {line}");
            }
            println!(
                "  to see it again: make fuzz TARGET={} INPUT=<the file that is named above>",
                target.name
            );
        }
        Ok(tried)
    }

    /// Keeps the fewest inputs that reach what all of them reach.
    pub(crate) fn keep(&self, target: &Target) -> Result<(), Box<dyn Error>> {
        let fewest = self.empty_folder("fewest")?;
        let merged = self
            .fuzzer(target)
            .args(["-set_cover_merge=1", "-max_len=512", "-timeout=60"])
            .args([&fewest, &self.corpus(target)?, &self.own(target)])
            .stderr(Stdio::null())
            .status()?;
        if !merged.success() {
            return Err(format!("{}: the corpus could not be made small", target.name).into());
        }
        let mut all = corpus::read(target.name)?;
        all.retain(|kept| kept.known_for.is_some());
        for entry in fs::read_dir(&fewest)? {
            let bytes = fs::read(entry?.path())?;
            if all.iter().all(|kept| kept.bytes != bytes) {
                all.push(Kept {
                    known_for: None,
                    bytes,
                });
            }
        }
        Ok(corpus::write(target.name, all)?)
    }
}
