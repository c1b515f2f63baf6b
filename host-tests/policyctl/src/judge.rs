//! Whether what was expected of a scenario held, and what was seen where it did not.

mod answers;
mod attempts;
mod breakers;
mod metrics;

pub(crate) use answers::in_short;

use crate::play::Played;
use crate::scenario::{Expectation, Place, Scenario, Time};
use std::ops::Range;
use std::time::Duration;

/// What became of one expectation.
pub(crate) struct Verdict {
    /// Where it stands in the file.
    pub(crate) place: Place,
    /// What was expected, in words.
    pub(crate) what: String,
    pub(crate) held: bool,
    /// What was seen, in words.
    pub(crate) seen: String,
}

/// What was seen, and whether that is what was wanted.
struct Finding {
    what: String,
    held: bool,
    seen: String,
}

/// Judges all expectations of a scenario, in their order.
pub(crate) fn judge(scenario: &Scenario, played: &Played) -> Vec<Verdict> {
    let judged = scenario.expect.iter().map(|expectation| {
        let Finding { what, held, seen } = match &expectation.value {
            Expectation::State(wanted) => breakers::state(wanted, played),
            Expectation::Transitions(wanted) => breakers::transitions(wanted, played),
            Expectation::Answers(wanted) => answers::answers(wanted, played),
            Expectation::Ids(wanted) => answers::ids(wanted, played),
            Expectation::Attempts(wanted) => attempts::attempts(wanted, played),
            Expectation::Repeats(wanted) => attempts::repeats(wanted, played),
            Expectation::Metric(wanted) => metrics::metric(wanted, played),
        };
        Verdict {
            place: expectation.place,
            what,
            held,
            seen,
        }
    });
    judged.collect()
}

/// The time that an expectation is about, and how to say it: nothing where it is all of it.
fn span(from: Option<Time>, until: Option<Time>, played: &Played) -> (Range<Duration>, String) {
    let begin = from.map_or(Duration::ZERO, Time::get);
    let end = until.map_or(played.lasts, Time::get);
    let said = match (from, until) {
        (None, None) => String::new(),
        (Some(from), None) => format!(", from {from} on"),
        (None, Some(until)) => format!(", until {until}"),
        (Some(from), Some(until)) => format!(", from {from} until {until}"),
    };
    (begin..end, said)
}

/// The client with this name, if one is meant.
fn client(name: Option<&String>, played: &Played) -> Option<usize> {
    let name = name?;
    played.clients.iter().position(|client| client == name)
}

/// A number for people: without a fraction where there is none.
fn number(number: f64) -> String {
    match number.fract() == 0.0 {
        true => format!("{number}"),
        false => format!("{number:.2}"),
    }
}

/// So many expectations.
pub(crate) fn expectations(count: usize) -> String {
    match count {
        1 => "1 expectation held".to_owned(),
        _ => format!("{count} expectations held"),
    }
}
