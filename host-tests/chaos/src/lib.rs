//! The plugins on a real Envoy in all kinds of trouble, beside the same listener without them: the upstream dies, hangs or
//! speaks nonsense, there are too many connections, and the configuration changes all the time.
//!
//! What is held is what a plain Envoy gives, and what the plugins promise beyond that: one answer for each request, the
//! standard body for each error, breakers that open and close again, numbers that add up, and no VM that dies.

#![forbid(unsafe_code)]

mod configuration;
mod crowd;
pub mod death;
mod ends;
mod error;
mod load;
mod metrics;
pub mod mortal;
mod run;
mod stage;
mod table;
mod trouble;
mod upstream;
mod variant;
mod verdict;

pub use ends::{End, Ends};
pub use error::{Error, Result};
pub use table::table;
pub use trouble::Trouble;
pub use variant::Variant;

use std::time::Duration;

/// What came of a trouble.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which it was.
    pub trouble: Trouble,
    /// How often it came and went.
    pub rounds: u64,
    /// What the clients of each listener saw.
    pub rows: Vec<Row>,
    /// Every promise that was broken, in words; none: all held.
    pub broken: Vec<String>,
}

/// What the clients of one listener saw.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which listener.
    pub variant: Variant,
    /// How many requests they sent, those for what is broken among them.
    pub requests: u64,
    /// How many of them they sent again, because a connection that had been used before was closed without an answer.
    pub sent_again: u64,
    /// How many were for what is broken, so that its open breaker has to reject them.
    pub rejected: u64,
    /// What became of all others.
    pub ends: Ends,
}

/// How long a trouble goes on: until both are reached, and at least once in each of its kinds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Length {
    /// For so long.
    pub time: Duration,
    /// So often.
    pub rounds: u64,
}

/// Makes one trouble again and again; what is random follows from the seed.
///
/// # Errors
/// Where it could not be made: no module, no Envoy, no sockets; or where something that has to come about did not, such as
/// that requests are served again.
pub fn make(trouble: Trouble, length: Length, seed: u64) -> Result<Outcome> {
    run::run(trouble, length, seed)
}
