//! What the demo shows, in order.

mod breaker;
mod errors;
mod ids;
mod numbers;
mod retries;

use super::walk::{Shown, Walk};
use std::time::Duration;

/// A part of the demo.
pub(super) struct Chapter {
    pub(super) title: &'static str,
    /// What is to be seen, for somebody who hears of it for the first time.
    pub(super) text: &'static str,
    pub(super) show: fn(&mut Walk<'_, '_>) -> Shown,
}

/// All of them. Each begins where the one before it has left the breaker.
pub(super) const ALL: [Chapter; 8] = [
    ids::CHAPTER,
    errors::CHAPTER,
    retries::CHAPTER,
    breaker::OPENS,
    breaker::REJECTS,
    breaker::PROBES,
    breaker::CLOSES,
    numbers::CHAPTER,
];

/// Who plays.
pub(super) const PREFACE: &str = "\
An outage, told as it happens.

Envoy is a proxy: clients send their requests to it, and it passes them on to the service that answers them, which is called the \
upstream. Four small plugins run inside this Envoy and watch over that. What follows are real requests (→) with their answers (←), \
and what was checked of them (✓). An answer begins with its HTTP status: 200 is \"here it is\", 4xx \"you asked for something \
wrong\", 5xx \"something is broken here\".";

/// What is left to say.
pub(super) fn epilogue(took: Duration) -> String {
    format!(
        "All of it was as it should be, in {} seconds. To try it by hand: `make run`. To read on: README.md, and \
         docs/one-request.md, which follows a single request through the logs by its id.",
        took.as_secs()
    )
}
