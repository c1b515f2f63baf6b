//! What is told in words below the time: transitions, changes, expectations. Those that have a moment have a number there.

use super::paint::{Canvas, LEFT};
use crate::play::Transition;
use crate::scenario::in_words;
use crate::told::Story;
use crate::told::text::because;

/// As many lines of one kind as can be read.
const MOST: usize = 16;
const LINE: f64 = 18.0;

/// Marks closer than that are one.
const CLOSE: f64 = 14.0;

fn all_transitions<'a>(story: &'a Story<'_>) -> Vec<(&'a str, &'a Transition)> {
    let of_all = story.played.breakers.iter().flat_map(|breaker| {
        let name = breaker.name.as_str();
        breaker
            .transitions
            .iter()
            .map(move |transition| (name, transition))
    });
    let mut all: Vec<_> = of_all.collect();
    all.sort_by_key(|(_, transition)| transition.at);
    all
}

/// The numbers of transitions above the time, and lines through it where something changes.
pub(super) fn marks(canvas: &mut Canvas, story: &Story<'_>, top: f64) {
    let bottom = canvas.y - 34.0;
    for happened in &story.played.happened {
        let x = canvas.x(happened.at);
        canvas.line((x, top - 4.0), (x, bottom), "change");
    }
    let told = all_transitions(story);
    let told: Vec<(usize, f64)> = told
        .iter()
        .take(MOST)
        .enumerate()
        .map(|(at, (_, transition))| (at + 1, canvas.x(transition.at)))
        .collect();
    let mut groups: Vec<(usize, usize, f64)> = Vec::new();
    for (number, x) in told {
        match groups.last_mut() {
            Some((_, last, begin)) if x - *begin < CLOSE * 1.6 => *last = number,
            _ => groups.push((number, number, x)),
        }
    }
    for (first, last, x) in groups {
        let label = if first == last {
            first.to_string()
        } else {
            format!("{first}–{last}")
        };
        canvas.text(x, top - 5.0, "faint middle", &label);
    }
}

/// The transitions with their reasons.
pub(super) fn transitions(canvas: &mut Canvas, story: &Story<'_>) {
    let all = all_transitions(story);
    let lines = all.iter().enumerate().map(|(at, (name, transition))| {
        let change = format!("{} → {}", transition.from, transition.to);
        let line = format!(
            "{}.  {}  {name}: {change}, {}",
            at + 1,
            in_words(transition.at),
            because(transition)
        );
        ("", line)
    });
    list(canvas, "transitions", lines.collect());
}

/// What changed on the way.
pub(super) fn changes(canvas: &mut Canvas, story: &Story<'_>) {
    let lines = story.played.happened.iter().map(|happened| {
        let class = if happened.is_fault { "bad" } else { "" };
        (class, format!("{}  {}", in_words(happened.at), happened.what))
    });
    list(canvas, "changes", lines.collect());
}

/// What was expected, and whether it held.
pub(super) fn expectations(canvas: &mut Canvas, story: &Story<'_>) {
    let lines = story.verdicts.iter().map(|verdict| match verdict.held {
        true => ("good", format!("✓ {}", verdict.what)),
        false => ("bad", format!("✗ {}: {}", verdict.what, verdict.seen)),
    });
    list(canvas, "expected", lines.collect());
}

fn list(canvas: &mut Canvas, name: &str, lines: Vec<(&str, String)>) {
    if lines.is_empty() {
        return;
    }
    let rest = lines.len().saturating_sub(MOST);
    canvas.y += LINE;
    let y = canvas.y;
    canvas.text(LEFT - 10.0, y, "end head", name);
    for (class, line) in lines.into_iter().take(MOST) {
        let y = canvas.y;
        let line: String = match line.chars().count() > 125 {
            true => line.chars().take(124).chain(['…']).collect(),
            false => line,
        };
        canvas.text(LEFT, y, class, &line);
        canvas.y += LINE;
    }
    if rest > 0 {
        let y = canvas.y;
        canvas.text(LEFT, y, "faint", &format!("… and {rest} more"));
        canvas.y += LINE;
    }
}
