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
    /// A VM on the main thread that never serves: the one from which the others are made, or one that is started only
    /// to see whether the configuration is accepted.
    Canary,
    /// The main thread's own VM: it gets ticks, never requests.
    Main,
    /// A worker, counted from 0.
    Worker(usize),
}

/// One line of a plugin's log.
///
/// ```
/// use host::{Level, Thread};
/// let says_hi = r#"(module
///     (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
///     (func (export "proxy_abi_version_0_2_1"))
///     (func (export "malloc") (param i32) (result i32) (i32.const 0))
///     (memory (export "memory") 1)
///     (data (i32.const 0) "hi")
///     (func (export "proxy_on_log") (param i32) (drop (call $log (i32.const 3) (i32.const 0) (i32.const 2)))))"#;
/// let host = host::Host::new(wat::parse_str(says_hi).unwrap()).plugin_name("greeter");
/// let exchange = host.get("/").answered_with(200);
/// let line = &exchange.logs()[0];
/// assert_eq!((line.level, line.thread, line.message.as_str()), (Level::Warn, Thread::Worker(0), "hi"));
/// assert_eq!(line.to_string(), "[warn] [worker 0] greeter: hi");
/// ```
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
