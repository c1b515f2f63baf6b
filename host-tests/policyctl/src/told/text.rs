//! The timeline as a text.

mod timeline;

pub(super) use timeline::{clusters, phase_in_short};

use super::Story;
use super::samples::samples;
use crate::judge::{Verdict, in_short};
use crate::play::{Transition, Try};
use crate::scenario::in_words;
use crate::screen::{ERROR, FAINT, GOOD, STRONG};
use anstyle::Style;
use std::fmt::Write;
use std::time::Duration;
use timeline::{sign, timeline};

/// The most transitions that are told: a breaker that flaps for an hour has thousands.
const MOST_TRANSITIONS: usize = 40;

/// All of it, with styles.
pub(crate) fn text(story: &Story<'_>, most_samples: usize) -> String {
    let mut out = String::new();
    let played = story.played;
    let _ = writeln!(out, "{STRONG}{}{STRONG:#}", story.scenario.title);
    for line in story
        .scenario
        .description
        .iter()
        .flat_map(|text| text.trim().lines())
    {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let requests = played.tries.iter().filter(|made| made.number == 1).count();
    let _ = writeln!(
        out,
        "\n{}: {requests} requests in {} tries, {} attempts at upstreams, {}, seed {}\n",
        in_words(played.lasts),
        played.tries.len(),
        played.arrivals.len(),
        counted(played.workers, "worker"),
        played.seed,
    );
    timeline(&mut out, story);
    transitions(&mut out, story);
    happened(&mut out, story);
    requests_told(&mut out, story, most_samples);
    verdicts(&mut out, story.file, story.verdicts);
    out
}

fn transitions(out: &mut String, story: &Story<'_>) {
    let breakers = story.played.breakers.iter();
    let all = breakers.flat_map(|breaker| {
        breaker
            .transitions
            .iter()
            .map(|transition| (breaker.name.as_str(), transition))
    });
    let mut all: Vec<(&str, &Transition)> = all.collect();
    if all.is_empty() {
        return;
    }
    all.sort_by_key(|(_, transition)| transition.at);
    let _ = writeln!(out, "\n{STRONG}Transitions{STRONG:#}");
    for (name, transition) in all.iter().take(MOST_TRANSITIONS) {
        let (style, _) = sign(transition.to);
        let change = format!("{} → {}", transition.from, transition.to);
        let _ = writeln!(
            out,
            "  {:>9}  {name}  {style}{change:<20}{style:#}  {}",
            moment(transition.at),
            because(transition)
        );
    }
    if all.len() > MOST_TRANSITIONS {
        let _ = writeln!(
            out,
            "  … and {} more: --json has them",
            all.len() - MOST_TRANSITIONS
        );
    }
}

/// The reason of a transition with its numbers.
pub(super) fn because(transition: &Transition) -> String {
    let numbers = transition
        .numbers
        .iter()
        .map(|(name, value)| format!("{name} {value}"));
    let numbers = numbers.collect::<Vec<_>>().join(", ");
    match numbers.is_empty() {
        true => transition.reason.clone(),
        false => format!("{} ({numbers})", transition.reason),
    }
}

fn happened(out: &mut String, story: &Story<'_>) {
    if story.played.happened.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{STRONG}Changes{STRONG:#}");
    for happened in &story.played.happened {
        let style = if happened.is_fault { ERROR } else { Style::new() };
        let _ = writeln!(
            out,
            "  {:>9}  {style}{}{style:#}",
            moment(happened.at),
            happened.what
        );
    }
}

fn requests_told(out: &mut String, story: &Story<'_>, most: usize) {
    let samples = samples(story.played, most);
    if samples.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{STRONG}Requests{STRONG:#} {FAINT}(the first of each kind){FAINT:#}"
    );
    let client = |made: &Try| {
        format!(
            "{} {}.{}",
            story.played.clients[made.client], made.request, made.number
        )
    };
    let what = |made: &Try| format!("{} {}", made.method, made.path);
    let width = |text: &dyn Fn(&Try) -> String| {
        samples
            .iter()
            .map(|made| text(made).chars().count())
            .max()
            .unwrap_or(0)
    };
    let (clients, whats) = (width(&client), width(&what));
    for made in &samples {
        let id = made.id.as_deref().unwrap_or("no id");
        let attempts = match made.attempts[..] {
            [] => "not asked".to_owned(),
            _ => made.attempts.join(", "),
        };
        let _ = writeln!(
            out,
            "  {:>9}  {:<clients$}  {:<whats$}  {FAINT}{id}{FAINT:#}  upstream: {attempts} → {} in {}",
            moment(made.at),
            client(made),
            what(made),
            in_short(made),
            in_words(made.took),
        );
    }
}

fn verdicts(out: &mut String, file: &str, verdicts: &[Verdict]) {
    if verdicts.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{STRONG}Expectations{STRONG:#}");
    for verdict in verdicts {
        if verdict.held {
            let _ = writeln!(out, "  {GOOD}✓{GOOD:#} {}", verdict.what);
        } else {
            let place = format!("{file}:{}:{}", verdict.place.line, verdict.place.column);
            let _ = writeln!(
                out,
                "  {ERROR}✗{ERROR:#} {}\n    {place}: {}",
                verdict.what, verdict.seen
            );
        }
    }
}

/// A moment: seconds with their milliseconds.
fn moment(at: Duration) -> String {
    format!("{}.{:03}s", at.as_secs(), at.subsec_millis())
}

/// So many of something.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
