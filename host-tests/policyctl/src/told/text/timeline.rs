//! The rows over time: upstreams, breakers, requests, attempts.

use crate::scenario::{At, Phase, State, in_words};
use crate::screen::{ERROR, FAINT, GOOD, WARNING};
use crate::told::Story;
use crate::told::buckets::{Buckets, What};
use anstyle::Style;
use std::fmt::Write;
use std::time::Duration;

/// How many columns of time fit on a line beside the names.
const COLUMNS: usize = 60;

/// How wide the names are.
const NAMES: usize = 18;

/// Heights of a bar, from nothing to all.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn timeline(out: &mut String, story: &Story<'_>) {
    let buckets = Buckets::new(story.played, COLUMNS);
    let _ = writeln!(out, "{:NAMES$}{FAINT}{}{FAINT:#}", "", axis(&buckets));
    for (name, cluster) in clusters(story) {
        let phases = labels(&buckets, &cluster);
        let _ = writeln!(out, "{}{phases}", named(&name));
    }
    for breaker in &story.played.breakers {
        let mut row = String::new();
        for state in buckets.states(breaker) {
            let (style, sign) = sign(state);
            let _ = write!(row, "{style}{sign}{style:#}");
        }
        let _ = writeln!(out, "{}{row}", named(&breaker.name));
    }
    let highest = buckets.highest();
    for row in &buckets.rows {
        let most = row.counts.iter().copied().max().unwrap_or(0);
        if most == 0 {
            continue;
        }
        let style = style(row.what);
        let bars: String = row.counts.iter().map(|count| bar(*count, highest)).collect();
        let peak = buckets.per_second(most);
        let indent = if matches!(row.what, What::Tries | What::Attempts) {
            ""
        } else {
            "  "
        };
        let name = format!("{indent}{}", row.what.name());
        let _ = writeln!(
            out,
            "{}{style}{bars}{style:#} {FAINT}up to {peak:.0}/s{FAINT:#}",
            named(&name)
        );
    }
    let (closed, open, half) = (sign(State::Closed), sign(State::Open), sign(State::HalfOpen));
    if !story.played.breakers.is_empty() {
        let legend = format!("{} closed  {} open  {} half-open", closed.1, open.1, half.1);
        let _ = writeln!(out, "{:NAMES$}{FAINT}{legend}{FAINT:#}", "");
    }
}

/// The clusters with the phases of their upstreams.
pub(in crate::told) fn clusters<'a>(story: &'a Story<'_>) -> Vec<(String, Vec<&'a At<Phase>>)> {
    let phases = |name: &String| {
        let own = story.scenario.clusters.get(name).map(|cluster| &cluster.phases);
        let phases = own.filter(|phases| !phases.is_empty());
        phases
            .unwrap_or(&story.scenario.upstream)
            .iter()
            .collect::<Vec<_>>()
    };
    let of = |name: &String| match name == crate::scenario::UPSTREAM
        || story.scenario.clusters.contains_key(name)
    {
        true => (format!("{name} answers"), phases(name)),
        false => (format!("{name} answers"), Vec::new()),
    };
    story.played.clusters.iter().map(of).collect()
}

fn axis(buckets: &Buckets) -> String {
    let mut axis = String::new();
    let mut column = 0;
    while column < buckets.columns {
        let at = buckets.width * u32::try_from(column).unwrap_or(u32::MAX);
        let label = in_words(at).replace(' ', "");
        let _ = write!(axis, "{label:<10}");
        column += 10;
    }
    axis.trim_end().to_owned()
}

/// What an upstream answers, each written where its phase begins.
fn labels(buckets: &Buckets, phases: &[&At<Phase>]) -> String {
    let mut row: Vec<char> = Vec::new();
    let first = phases
        .first()
        .is_none_or(|phase| phase.from.get() > Duration::ZERO);
    let usual = first.then(|| (0, "200".to_owned()));
    let told = phases
        .iter()
        .map(|phase| (buckets.column(phase.from.get()), phase_in_short(phase)));
    for (column, label) in usual.into_iter().chain(told) {
        // Where phases are shorter than their names, the later one begins in the earlier.
        row.truncate(column);
        row.resize(column, ' ');
        row.extend(label.chars());
        row.push(' ');
    }
    row.into_iter().collect::<String>().trim_end().to_owned()
}

/// What an upstream does in a phase, as short as it can be said.
pub(in crate::told) fn phase_in_short(phase: &Phase) -> String {
    let mut text = phase.answer.to_string();
    let after = phase.after.get();
    if after >= Duration::from_millis(50) && phase.answer.to_string() != "never" {
        let _ = write!(text, " in {}", in_words(after));
    }
    if phase.percent.get() < 100.0 {
        let _ = write!(text, " {}%", phase.percent.get());
    }
    if let Some(flaps) = phase.flaps {
        let _ = write!(text, " {} of {}", flaps.lasts, flaps.every);
    }
    if let Some(capacity) = phase.capacity {
        let _ = write!(text, " max {capacity}/s");
    }
    text
}

fn named(name: &str) -> String {
    let short: String = name.chars().take(NAMES - 1).collect();
    format!("{short:<NAMES$}")
}

fn bar(count: usize, highest: usize) -> char {
    // What there is of it is seen, be it little.
    let height = (count * (BARS.len() - 1)).div_ceil(highest);
    BARS.get(height).copied().unwrap_or('█')
}

pub(super) fn sign(state: State) -> (Style, char) {
    match state {
        State::Closed => (GOOD, '─'),
        State::Open => (ERROR, '█'),
        State::HalfOpen => (WARNING, '▒'),
    }
}

fn style(what: What) -> Style {
    match what {
        What::Answered => GOOD,
        What::Rejected | What::Retries => WARNING,
        What::Failed | What::Gone => ERROR,
        What::Tries | What::Attempts => Style::new(),
    }
}
