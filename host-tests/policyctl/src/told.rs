//! Telling what happened in a scenario: to people as a text or a picture, to programs as JSON.

mod buckets;
mod json;
mod picture;
mod samples;
mod text;

pub(crate) use json::json;
pub(crate) use picture::picture;
pub(crate) use text::text;

use crate::judge::Verdict;
use crate::play::Played;
use crate::scenario::Scenario;

/// All that there is to tell of one scenario.
pub(crate) struct Story<'a> {
    /// What to call its file.
    pub(crate) file: &'a str,
    pub(crate) scenario: &'a Scenario,
    pub(crate) played: &'a Played,
    pub(crate) verdicts: &'a [Verdict],
}

impl Story<'_> {
    /// Whether something is to be mended: an expectation that did not hold, a configuration that was refused.
    pub(crate) fn has_faults(&self) -> bool {
        self.verdicts.iter().any(|verdict| !verdict.held)
            || self.played.happened.iter().any(|happened| happened.is_fault)
    }
}
