//! The timeline as a text.

use super::Story;
use super::buckets::{Buckets, What};
use super::samples::samples;
use crate::judge::{Verdict, in_short};
use crate::play::{Transition, Try};
use crate::scenario::{At, Phase, State, in_words};
use crate::screen::{ERROR, FAINT, GOOD, STRONG, WARNING};
use anstyle::Style;
use std::fmt::Write;
use std::time::Duration;

/// How many columns of time fit on a line beside the names.
const COLUMNS: usize = 60;

/// How wide the names are.
const NAMES: usize = 18;

/// Heights of a bar, from nothing to all.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

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

fn timeline(out: &mut String, story: &Story<'_>) {
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
pub(super) fn clusters<'a>(story: &'a Story<'_>) -> Vec<(String, Vec<&'a At<Phase>>)> {
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
pub(super) fn phase_in_short(phase: &Phase) -> String {
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

fn sign(state: State) -> (Style, char) {
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
