//! What lasts: the phases of upstreams and the states of breakers, as bands over time.

use super::paint::{Canvas, LEFT, WIDTH};
use crate::play::Breaker;
use crate::scenario::{Answer, State, in_words};
use crate::told::Story;
use crate::told::text::{clusters, phase_in_short};
use std::time::Duration;

const BAND: f64 = 22.0;
const GAP: f64 = 8.0;

/// A short state is to be seen, too.
const NARROWEST: f64 = 2.5;

/// A band for the upstream of each cluster.
pub(super) fn upstreams(canvas: &mut Canvas, story: &Story<'_>) {
    for (name, phases) in clusters(story) {
        let y = canvas.y;
        canvas.text(LEFT - 10.0, y + 15.0, "end", &name);
        let lasts = story.played.lasts;
        let begins = phases.iter().map(|phase| phase.from.get());
        let mut ends: Vec<Duration> = begins.clone().skip(1).collect();
        ends.push(lasts);
        if begins.clone().next().is_none_or(|first| first > Duration::ZERO) {
            let end = begins.clone().next().unwrap_or(lasts);
            band(canvas, (Duration::ZERO, end), "works", "200");
        }
        for (phase, end) in phases.iter().zip(ends) {
            let works = matches!(phase.answer, Answer::Status(status) if status < 500);
            let fast = phase.after.get() < Duration::from_secs(1);
            let class = match (works, phase.percent.get() < 100.0 || phase.flaps.is_some()) {
                (true, _) if fast => "works",
                (true, _) | (false, true) => "half",
                (false, false) => "fails",
            };
            band(canvas, (phase.from.get(), end), class, &phase_in_short(phase));
        }
        canvas.y += BAND + GAP;
    }
}

/// A band for each breaker.
pub(super) fn breakers(canvas: &mut Canvas, story: &Story<'_>) {
    if story.played.breakers.is_empty() {
        return;
    }
    for breaker in &story.played.breakers {
        let y = canvas.y;
        canvas.text(LEFT - 10.0, y + 15.0, "end", &format!("breaker {}", breaker.name));
        states(canvas, breaker, story.played.lasts);
        canvas.y += BAND + GAP;
    }
    let y = canvas.y + 8.0;
    let mut x = LEFT;
    for (class, name) in [("good", "closed"), ("bad", "open"), ("half", "half-open")] {
        canvas.rectangle((x, y - 9.0), (10.0, 10.0), class, "");
        canvas.text(x + 15.0, y, "faint", name);
        x += 34.0 + name.len() as f64 * 7.0;
    }
    canvas.y += 26.0;
}

fn states(canvas: &mut Canvas, breaker: &Breaker, lasts: Duration) {
    let mut spans = vec![(Duration::ZERO, State::Closed)];
    spans.extend(
        breaker
            .transitions
            .iter()
            .map(|transition| (transition.at, transition.to)),
    );
    let mut ends: Vec<Duration> = spans.iter().skip(1).map(|(begin, _)| *begin).collect();
    ends.push(lasts);
    let all: Vec<(Duration, Duration, State)> = spans
        .iter()
        .zip(ends)
        .map(|((begin, state), end)| (*begin, end.min(lasts), *state))
        .collect();
    // What is short is painted last, so that its neighbours do not hide it.
    let (long, short): (Vec<_>, Vec<_>) = all
        .into_iter()
        .filter(|(begin, ..)| *begin < lasts)
        .partition(|(begin, end, _)| canvas.x(*end) - canvas.x(*begin) >= NARROWEST);
    for (begin, end, state) in long.into_iter().chain(short) {
        let class = match state {
            State::Closed => "good",
            State::Open => "bad",
            State::HalfOpen => "half",
        };
        band(canvas, (begin, end), class, &state.to_string());
    }
}

fn band(canvas: &mut Canvas, (begin, end): (Duration, Duration), class: &str, says: &str) {
    let (from, to) = (canvas.x(begin), canvas.x(end));
    let width = (to - from).max(NARROWEST).min(LEFT + WIDTH - from);
    let y = canvas.y;
    let told = format!("{says}, from {} until {}", in_words(begin), in_words(end));
    canvas.rectangle((from, y), (width, BAND), class, &told);
    canvas.text_within(from, y + 15.0, width, "on", says);
}
