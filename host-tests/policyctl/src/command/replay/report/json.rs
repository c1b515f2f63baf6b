//! The report for programs.

use super::super::breakers::{Breaker, Breakers, Opening};
use super::super::compare::{Example, Group, Seen, Totals};
use super::super::time;
use super::Report;
use serde_json::{Value, json};
use std::fmt::Display;

impl Report<'_> {
    /// The report as JSON. Its members only ever become more.
    pub(in super::super) fn json(&self) -> Value {
        let read = &self.done.read;
        let (old, new) = self.totals();
        let unusable = read.unusable.iter().map(
            |(why, (lines, place))| json!({ "lines": lines, "first": read.place(*place), "why": why.why() }),
        );
        let changes = self.changes();
        let changes = changes.iter().map(|(change, group)| {
            let mut value = self.group(group);
            value["old"] = seen(&change.old);
            value["new"] = seen(&change.new);
            value
        });
        json!({
            "log": {
                "files": read.files,
                "lines": read.lines,
                "replayed": read.replayed,
                "from": read.span.map(|(began, _)| time::show(began)),
                "to": read.span.map(|(_, ended)| time::show(ended)),
                "left_out": unusable.collect::<Vec<_>>(),
                "refused_and_assumed": read.guessed,
                "refused_and_left_out": read.left_out,
            },
            "old": { "configuration": self.old, "breakers": self.done.old.as_ref().map(|old| self.sides_breakers(old)), "requests": self.requests_of(old) },
            "new": { "configuration": self.new, "breakers": self.sides_breakers(&self.done.new), "requests": self.requests_of(new) },
            "requests": self.done.comparison.compared,
            "changed": self.changed(),
            "changes": changes.collect::<Vec<_>>(),
            "notes": self.notes(),
        })
    }

    fn sides_breakers(&self, side: &Breakers) -> Value {
        let breakers = side
            .all
            .iter()
            .map(|(name, breaker)| (name.clone(), self.breaker_json(breaker)));
        Value::Object(breakers.collect())
    }

    fn breaker_json(&self, breaker: &Breaker) -> Value {
        let openings = breaker.openings.iter().take(self.limit).map(opening);
        json!({
            "opened": breaker.opened,
            "openings": openings.collect::<Vec<_>>(),
            "not_closed_seconds": breaker.not_closed.as_secs_f64(),
            "rejected": breaker.rejected,
            "rejected_in_shadow": breaker.rejected_in_shadow,
        })
    }

    fn requests_of(&self, totals: &Totals) -> Value {
        json!({
            "refused": self.groups(&totals.refused),
            "tried_again": totals.tried_again,
            "more_attempts": totals.more_attempts,
            "tried_again_after": self.groups(&totals.retried),
            "not_tried_again": self.groups(&totals.withheld),
        })
    }

    fn groups<K: Display>(&self, groups: &std::collections::BTreeMap<K, Group>) -> Value {
        let groups = groups
            .iter()
            .map(|(name, group)| (name.to_string(), self.group(group)));
        Value::Object(groups.collect())
    }

    fn group(&self, group: &Group) -> Value {
        let examples = group.examples.iter().map(|example| self.example_json(example));
        json!({ "count": group.count, "assumed": group.guessed, "examples": examples.collect::<Vec<_>>() })
    }

    fn example_json(&self, example: &Example) -> Value {
        json!({ "request_id": example.id, "line": self.done.read.place(example.place) })
    }
}

fn seen(seen: &Seen) -> Value {
    json!({ "status": seen.code, "error_code": seen.error_code.as_deref() })
}

fn opening(opening: &Opening) -> Value {
    json!({
        "at": time::show(opening.at),
        "reason": opening.reason,
        "opened_again": opening.again,
        "closed": opening.closed.map(time::show),
    })
}
