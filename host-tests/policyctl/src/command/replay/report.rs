//! What a replay tells, as text for people and as JSON for programs.

mod json;
mod notes;
mod text;

use super::behind::{RAMPING, REJECTED};
use super::compare::{Change, Group, Seen, Totals};
use super::log::Read;
use super::work::Done;
use crate::problem::Problem;

/// What a replay tells.
pub(super) struct Report<'d> {
    pub(super) done: &'d Done,
    /// The files of the old configuration; `None`: it is the log.
    pub(super) old: Option<String>,
    pub(super) new: String,
    /// How many examples are named of each thing.
    pub(super) limit: usize,
}

impl Report<'_> {
    fn totals(&self) -> (&Totals, &Totals) {
        let [old, new] = &self.done.comparison.totals;
        (old, new)
    }

    /// How often breakers opened under the new configuration.
    pub(super) fn opened(&self) -> u64 {
        self.done.new.all.values().map(|breaker| breaker.opened).sum()
    }

    /// How many requests a plugin refused under the new configuration.
    pub(super) fn refused(&self) -> u64 {
        let (_, new) = self.totals();
        new.refused.values().map(|group| group.count).sum()
    }

    /// How many requests were tried again under the new configuration.
    pub(super) fn retried(&self) -> u64 {
        self.totals().1.tried_again
    }

    /// How many clients saw something else than before.
    pub(super) fn changed(&self) -> u64 {
        self.done
            .comparison
            .changes
            .values()
            .map(|group| group.count)
            .sum()
    }

    /// Why a VM died, if one did.
    pub(super) fn death(&self) -> Option<&str> {
        let sides = [Some(&self.done.new), self.done.old.as_ref()];
        let mut deaths = sides.into_iter().flatten().flat_map(|side| &side.deaths);
        deaths.next().map(String::as_str)
    }

    /// What changed, the most frequent first.
    fn changes(&self) -> Vec<(&Change, &Group)> {
        let mut changes: Vec<_> = self.done.comparison.changes.iter().collect();
        changes.sort_by_key(|(_, group)| std::cmp::Reverse(group.count));
        changes
    }

    /// Breakers that did anything on either side, in the order of their names.
    fn breakers(&self) -> Vec<&str> {
        let sides = [Some(&self.done.new), self.done.old.as_ref()];
        let did = sides.into_iter().flatten().flat_map(|side| side.all.keys());
        let names: std::collections::BTreeSet<&str> = did.map(String::as_str).collect();
        names.into_iter().collect()
    }
}

/// Of rejections by a breaker, for people.
fn refusal(details: &str) -> String {
    match details {
        REJECTED => "rejected by a breaker".to_owned(),
        RAMPING => "rejected by a breaker that ramps".to_owned(),
        details => format!("refused: {details}"),
    }
}

/// `503 CIRCUIT_OPEN`
fn seen(seen: &Seen) -> String {
    let code = match seen.code {
        0 => "no answer".to_owned(),
        code => code.to_string(),
    };
    match &seen.error_code {
        Some(error_code) => format!("{code} {error_code}"),
        None => code,
    }
}

/// There was no line that could be replayed.
pub(super) fn nothing(read: &Read) -> Problem {
    let first = read
        .unusable
        .iter()
        .min_by_key(|(_, (_, place))| (place.file, place.line));
    let problem = match (first, read.left_out) {
        (Some((why, (_, place))), _) => Problem::new(format!(
            "no line could be replayed: {} {}",
            read.place(*place),
            why.why()
        )),
        (None, 0) => Problem::new(format!("{}: is empty", read.files.join(", "))),
        (None, _) => Problem::new("no line could be replayed: a plugin refused every request".to_owned()),
    };
    problem
        .cure("give an access log in Envoy's JSON format, a request a line; docs/replay.md has the members")
}
