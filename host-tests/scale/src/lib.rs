//! What the plugins cost where there is much of something: rules, breakers, workers at one breaker, requests.
//!
//! The costs are the host's: calls to it, fuel (about one for each instruction), bytes. They are the same to the last unit
//! in every run, so that the tests bound them by literals, and `make scale` prints all of them. What threads do that run
//! truly at once is the exception, and is told apart ([`Turns`]).

#![forbid(unsafe_code)]

mod breakers;
mod contention;
mod growth;
mod modules;
mod rules;
mod traffic;

pub use breakers::{KEYED, Keyed};
pub use contention::{Contention, MIXES, Mix, Turns, contention};
pub use growth::{Growth, growth};
pub use modules::Modules;
pub use rules::{Match, Rules, SUBJECTS, Subject};

/// What a worker and what all of them hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The linear memory of one worker, in bytes.
    pub memory: u64,
    /// Keys of shared data.
    pub keys: u64,
    /// Bytes of shared data, names included.
    pub shared: u64,
    /// Names of metrics.
    pub metrics: u64,
}

impl Held {
    /// What a host holds by now, and one worker of it.
    pub fn of(host: &host::Host) -> Self {
        let records = host.all_shared_data();
        let bytes: usize = records
            .iter()
            .map(|(name, record)| name.len() + record.len())
            .sum();
        Self {
            memory: host.worker(0).pages() * 64 * 1024,
            keys: records.len() as u64,
            shared: bytes as u64,
            metrics: host.metrics().len() as u64,
        }
    }
}
