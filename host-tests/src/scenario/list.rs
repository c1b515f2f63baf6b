//! All scenarios, by topic.

mod bodies;
mod endings;
mod headers;
mod modules;
mod phases;
mod process;

use super::Scenario;

/// All of them. A scenario's place is its number.
pub fn all() -> Vec<Scenario> {
    [
        bodies::scenarios(),
        endings::scenarios(),
        phases::scenarios(),
        headers::scenarios(),
        process::scenarios(),
        modules::scenarios(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
