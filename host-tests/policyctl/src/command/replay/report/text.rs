//! The report for people.

use super::super::breakers::{Breaker, Opening};
use super::super::compare::{Example, Group};
use super::super::time;
use super::{Report, refusal, seen};
use crate::screen::{FAINT, STRONG, WARNING};
use std::fmt::Write as _;
use std::time::Duration;

/// So many changes have a line. Others are summed up.
const MOST_CHANGES: usize = 30;

impl Report<'_> {
    /// The report as text.
    pub(in super::super) fn text(&self) -> String {
        let mut text = String::new();
        self.log(&mut text);
        self.breakers_text(&mut text);
        self.requests(&mut text);
        self.changes_text(&mut text);
        self.notes_text(&mut text);
        text
    }

    fn log(&self, to: &mut String) {
        let read = &self.done.read;
        let (began, ended) = read.span.unwrap_or_default();
        let lasted = time::span(Duration::from_nanos(ended.saturating_sub(began)));
        let began = time::show(began);
        line(to, &format!("{STRONG}log{STRONG:#}  {}", read.files.join(", ")));
        line(
            to,
            &format!(
                "     {} from {began}, for {lasted}",
                count(read.replayed, "request")
            ),
        );
        let old = self.old.as_deref().unwrap_or("what the log says");
        line(to, &format!("{STRONG}old{STRONG:#}  {old}"));
        line(to, &format!("{STRONG}new{STRONG:#}  {}", self.new));
        for (why, (lines, place)) in &read.unusable {
            let first = read.place(*place);
            let lines = count(*lines, "line");
            line(
                to,
                &format!(
                    "{WARNING}left out{WARNING:#}: {lines}, the first one {first}, which {}",
                    why.why()
                ),
            );
        }
    }

    fn breakers_text(&self, to: &mut String) {
        line(to, &format!("\n{STRONG}Breakers{STRONG:#}"));
        let names = self.breakers();
        if names.is_empty() {
            line(to, "  none opened");
        }
        for name in names {
            line(to, &format!("  {name}"));
            let old = self.done.old.as_ref().map(|old| old.all.get(name));
            if let Some(old) = old {
                self.breaker(to, "old", old);
            }
            self.breaker(to, "new", self.done.new.all.get(name));
        }
    }

    fn breaker(&self, to: &mut String, side: &str, breaker: Option<&Breaker>) {
        let idle = Breaker::default();
        let breaker = breaker.unwrap_or(&idle);
        let mut parts = vec![format!("opened {}", times(breaker.opened))];
        if breaker.rejected > 0 {
            parts.push(format!("{} rejected", breaker.rejected));
        }
        if breaker.rejected_in_shadow > 0 {
            parts.push(format!(
                "{} would have been rejected (shadow)",
                breaker.rejected_in_shadow
            ));
        }
        line(to, &format!("    {side}  {}", parts.join(", ")));
        for opening in breaker.openings.iter().take(self.limit) {
            line(to, &format!("         {}", opening_text(opening)));
        }
        let more = breaker.opened.saturating_sub(self.limit as u64);
        if more > 0 {
            line(to, &format!("         {FAINT}and {} more{FAINT:#}", times(more)));
        }
    }

    fn requests(&self, to: &mut String) {
        let (old, new) = self.totals();
        line(to, &format!("\n{STRONG}Requests{STRONG:#}"));
        line(to, &row("", "old", "new"));
        let all = self.done.comparison.compared;
        line(to, &row("all", &all.to_string(), &all.to_string()));
        let mut refusals: Vec<&str> = old.refused.keys().chain(new.refused.keys()).copied().collect();
        refusals.sort_unstable();
        refusals.dedup();
        for details in refusals {
            let (old, new) = (old.refused_with(details), new.refused_with(details));
            line(to, &row(&refusal(details), &old.to_string(), &new.to_string()));
        }
        line(
            to,
            &row(
                "tried again",
                &old.tried_again.to_string(),
                &new.tried_again.to_string(),
            ),
        );
        line(
            to,
            &row(
                "more attempts by that",
                &old.more_attempts.to_string(),
                &new.more_attempts.to_string(),
            ),
        );
        for (after, group) in &new.retried {
            line(
                to,
                &format!(
                    "    {} tried again after {after}{}",
                    group.count,
                    self.examples(group)
                ),
            );
        }
        for (why, group) in &new.withheld {
            line(
                to,
                &format!(
                    "    {} not tried again: {why}{}",
                    group.count,
                    self.examples(group)
                ),
            );
        }
    }

    fn changes_text(&self, to: &mut String) {
        let changed = self.changed();
        let all = self.done.comparison.compared;
        line(to, &format!("\n{STRONG}What clients would see{STRONG:#}"));
        if changed == 0 {
            return line(to, &format!("  the same, all {}", count(all, "request")));
        }
        let share = changed as f64 * 100.0 / all.max(1) as f64;
        line(
            to,
            &format!(
                "  {changed} of {} see something else ({share:.2} %)",
                count(all, "request")
            ),
        );
        let changes = self.changes();
        for (change, group) in changes.iter().take(MOST_CHANGES) {
            let what = format!("{} -> {}", seen(&change.old), seen(&change.new));
            line(
                to,
                &format!("  {:>9}  {what}{}", group.count, self.examples(group)),
            );
        }
        let more = changes.len().saturating_sub(MOST_CHANGES);
        if more > 0 {
            line(
                to,
                &format!("  {FAINT}and {more} other changes: --json has all{FAINT:#}"),
            );
        }
    }

    fn notes_text(&self, to: &mut String) {
        let notes = self.notes();
        if !notes.is_empty() {
            line(to, &format!("\n{STRONG}What the log cannot tell{STRONG:#}"));
        }
        for note in notes {
            line(to, &format!("  {note}"));
        }
    }

    /// The requests of a group that can be looked up, behind what is said of it.
    fn examples(&self, group: &Group) -> String {
        let named: Vec<String> = group
            .examples
            .iter()
            .map(|example| self.example(example))
            .collect();
        match named.is_empty() {
            true => String::new(),
            false => format!("  {FAINT}{}{FAINT:#}", named.join(" ")),
        }
    }

    fn example(&self, example: &Example) -> String {
        match &example.id {
            Some(id) => plain(id),
            None => self.done.read.place(example.place),
        }
    }
}

fn opening_text(opening: &Opening) -> String {
    let at = time::show(opening.at);
    let reason = &opening.reason;
    let again = match opening.again {
        0 => String::new(),
        again => format!(", opened again {}", times(again)),
    };
    let end = match opening.closed {
        Some(closed) => {
            let lasted = time::span(Duration::from_nanos(closed.saturating_sub(opening.at)));
            format!(", closed after {lasted}")
        }
        None => ", not closed at the log's end".to_owned(),
    };
    format!("{at}  {reason}{again}{end}")
}

/// What a log holds may steer a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|one| if one.is_control() { '?' } else { one })
        .collect()
}

fn row(what: &str, old: &str, new: &str) -> String {
    format!("  {what:<34} {old:>10} {new:>10}").trim_end().to_owned()
}

fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        number => format!("{number} times"),
    }
}

fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn line(to: &mut String, text: &str) {
    // A String takes everything.
    let _ = writeln!(to, "{text}");
}
