//! All scenarios, by topic.

mod phases;

use super::Scenario;

/// All of them. A scenario's place is its number.
pub fn all() -> Vec<Scenario> {
    [phases::scenarios()].into_iter().flatten().collect()
}
