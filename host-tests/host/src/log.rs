//! The plugins' log, as Envoy would print it: who said what, at which level, on which worker.

use std::fmt;

/// A log level, with the numbers of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Critical,
}

impl Level {
    pub(crate) fn from_abi(number: u32) -> Option<Level> {
        use Level::*;
        [Trace, Debug, Info, Warn, Error, Critical]
            .get(number as usize)
            .copied()
    }
}

/// The thread of Envoy on which something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// A VM on the main thread, started only to see whether the configuration is accepted.
    Canary,
    /// The main thread's own VM: it gets ticks, never requests.
    Main,
    /// A worker, counted from 0.
    Worker(usize),
}

/// One line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The level.
    pub level: Level,
    /// The plugin's name.
    pub plugin: String,
    /// Where it ran.
    pub thread: Thread,
    /// The message; bytes that are no UTF-8 are shown as replacement characters.
    pub message: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thread = match self.thread {
            Thread::Canary => "canary".to_owned(),
            Thread::Main => "main".to_owned(),
            Thread::Worker(worker) => format!("worker {worker}"),
        };
        let level = format!("{:?}", self.level).to_lowercase();
        write!(f, "[{level}] [{thread}] {}: {}", self.plugin, self.message)
    }
}
