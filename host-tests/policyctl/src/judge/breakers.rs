//! What is expected of breakers.

use super::{Finding, span};
use crate::play::{Breaker, Played, Transition};
use crate::scenario::{State, StateWanted, Time, TransitionsWanted, in_words};
use std::time::Duration;

/// The state of a breaker at a moment, by a moment, or all the time.
pub(super) fn state(wanted: &StateWanted, played: &Played) -> Finding {
    let begin = wanted.from.map_or(Duration::ZERO, Time::get);
    let when = match (wanted.at, wanted.by) {
        (Some(at), _) => format!("at {at}"),
        (None, Some(by)) => wanted
            .from
            .map_or(format!("by {by}"), |from| format!("between {from} and {by}")),
        (None, None) => span(wanted.from, wanted.until, played)
            .1
            .trim_start_matches(", ")
            .to_owned(),
    };
    let what = format!("breaker {} is {} {when}", wanted.breaker, wanted.is);
    let breaker = match find(&wanted.breaker, played) {
        Ok(breaker) => breaker,
        Err(seen) => {
            return Finding {
                what,
                held: false,
                seen,
            };
        }
    };
    let end = match (wanted.at, wanted.by) {
        (Some(at), _) => at.get(),
        (None, Some(by)) => by.get(),
        (None, None) => wanted.until.map_or(played.lasts, Time::get),
    };
    let begin = wanted.at.map_or(begin, Time::get);
    let mut states = vec![breaker.state_at(begin)];
    let meanwhile = breaker
        .transitions
        .iter()
        .filter(|transition| (begin..=end).contains(&transition.at));
    // All the time means until it ends: what happens at the very end belongs to what comes then.
    let all_the_time = wanted.at.is_none() && wanted.by.is_none();
    states.extend(
        meanwhile
            .clone()
            .filter(|transition| !all_the_time || transition.at < end)
            .map(|transition| transition.to),
    );
    let is = |state: &State| *state == wanted.is;
    let held = match (wanted.at, wanted.by) {
        (Some(_), _) => breaker.state_at(begin) == wanted.is,
        (None, Some(_)) => states.iter().any(is),
        (None, None) => states.iter().all(is),
    };
    let first = breaker.state_at(begin);
    let mut seen = format!("it is {first} at {}", in_words(begin));
    for Transition { at, to, .. } in meanwhile.filter(|transition| transition.at > begin) {
        seen += &format!(", {to} from {} on", in_words(*at));
    }
    Finding { what, held, seen }
}

/// The states that a breaker goes through.
pub(super) fn transitions(wanted: &TransitionsWanted, played: &Played) -> Finding {
    let (times, said) = span(wanted.from, wanted.until, played);
    let list = |states: &[State]| states.iter().map(State::to_string).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if let Some(to) = &wanted.to {
        parts.push(match to[..] {
            [] => "never changes".to_owned(),
            _ => format!("becomes {}", list(to)),
        });
    }
    if let Some(because) = &wanted.because {
        parts.push(format!("because of {}", because.join(", ")));
    }
    if let Some(count) = wanted.count {
        parts.push(format!("changes {count} times"));
    }
    let what = format!("breaker {} {}{said}", wanted.breaker, parts.join(" "));
    let breaker = match find(&wanted.breaker, played) {
        Ok(breaker) => breaker,
        Err(seen) => {
            return Finding {
                what,
                held: false,
                seen,
            };
        }
    };
    let meanwhile = breaker.transitions.iter();
    let meanwhile: Vec<&Transition> = meanwhile
        .filter(|transition| times.contains(&transition.at))
        .collect();
    let to: Vec<State> = meanwhile.iter().map(|transition| transition.to).collect();
    let because: Vec<&String> = meanwhile.iter().map(|transition| &transition.reason).collect();
    let held = wanted.to.as_ref().is_none_or(|wanted| *wanted == to)
        && wanted
            .because
            .as_ref()
            .is_none_or(|wanted| wanted.iter().eq(because.iter().copied()))
        && wanted.count.is_none_or(|wanted| wanted.holds(to.len() as f64));
    let told = meanwhile.iter().map(|transition| {
        format!(
            "{} at {} ({})",
            transition.to,
            in_words(transition.at),
            transition.reason
        )
    });
    let seen = match meanwhile[..] {
        [] => "it does not change".to_owned(),
        _ => format!("it becomes {}", told.collect::<Vec<_>>().join(", ")),
    };
    Finding { what, held, seen }
}

fn find<'a>(name: &str, played: &'a Played) -> Result<&'a Breaker, String> {
    let found = played.breakers.iter().find(|breaker| breaker.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = played
            .breakers
            .iter()
            .map(|breaker| breaker.name.as_str())
            .collect();
        match names[..] {
            [] => "no plugin tells of any breaker".to_owned(),
            _ => format!("no plugin tells of this breaker, but of {}", names.join(", ")),
        }
    })
}
