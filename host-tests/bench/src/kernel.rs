//! What the kernel says of a process and of this machine.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// `ESRCH`, for which the standard library has no name.
const NO_SUCH_PROCESS: i32 = 3;

/// How long the threads of this process were on a CPU so far. Those that have ended are not in it: Envoy's workers and
/// V8's threads stay as long as it runs.
///
/// # Errors
/// [`Error::Io`] where there is no such process, or where the kernel keeps no such account (`CONFIG_SCHED_INFO`).
pub(crate) fn cpu_time(process: u32) -> Result<Duration> {
    let folder = format!("/proc/{process}/task");
    let mut sum = 0;
    for thread in fs::read_dir(&folder).map_err(Error::io(&folder))? {
        let path = thread.map_err(Error::io(&folder))?.path().join("schedstat");
        match fs::read_to_string(&path) {
            Ok(text) => sum += nanoseconds(&text).ok_or_else(|| malformed(&path, "no number"))?,
            Err(error) if has_ended(&error) && Path::new(&folder).exists() => {}
            Err(error) => return Err(Error::file(&path)(error)),
        }
    }
    Ok(Duration::from_nanos(sum))
}

/// Whether a thread that was listed is gone: its file is not there any longer, or is, and there is nothing behind it.
fn has_ended(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS)
}

/// The first number of a `schedstat`: time on a CPU.
fn nanoseconds(schedstat: &str) -> Option<u64> {
    schedstat.split(' ').next()?.trim().parse().ok()
}

/// What of a process is in memory, in kB as the kernel counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// All of it, the pages of files among it.
    pub rss_kb: u64,
    /// Of that, what is backed by no file.
    pub anonymous_kb: u64,
}

/// What of a process is in memory now.
///
/// # Errors
/// [`Error::Io`] where there is no such process.
pub(crate) fn resident(process: u32) -> Result<Resident> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).map_err(Error::io(&path))?;
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| {
            rest.trim_start_matches(':')
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        });
        number.ok_or_else(|| malformed(Path::new(&path), &format!("no {name}")))
    };
    Ok(Resident {
        rss_kb: field("VmRSS")?,
        anonymous_kb: field("RssAnon")?,
    })
}

/// Where figures were taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// So many of them.
    pub cores: usize,
    /// The kernel's release.
    pub kernel: String,
}

/// This machine.
pub(crate) fn machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Machine {
        cpu: cpu.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.to_owned()),
        cores: std::thread::available_parallelism().map_or(1, Into::into),
        kernel: format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
    }
}

fn malformed(path: &Path, rule: &str) -> Error {
    Error::Malformed {
        what: path.display().to_string(),
        rule: rule.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{cpu_time, resident};
    use std::time::Duration;

    #[test]
    fn a_process_that_works_is_longer_on_a_cpu() {
        let own = std::process::id();
        let before = cpu_time(own).expect("this process runs");
        let is_longer = (0..100_000).any(|_| {
            let work = (0..10_000u64).fold(1u64, |sum, step| sum.wrapping_mul(31) ^ step);
            std::hint::black_box(work);
            cpu_time(own).expect("this process runs") > before + Duration::from_millis(5)
        });
        assert!(is_longer);
    }

    #[test]
    fn a_process_has_memory_of_its_own_and_of_files() {
        let own = resident(std::process::id()).expect("this process runs");
        assert!(own.anonymous_kb > 0 && own.rss_kb > own.anonymous_kb, "{own:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        // The kernel gives no process this number.
        assert!(cpu_time(u32::MAX).is_err());
        assert!(resident(u32::MAX).is_err());
    }
}
