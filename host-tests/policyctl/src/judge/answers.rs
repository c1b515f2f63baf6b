//! What is expected of answers, and of the ids in them.

use super::{Finding, client, number, span};
use crate::play::{Got, Kind, Played, Try};
use crate::scenario::{AnswersWanted, Ids, IdsWanted};
use std::collections::BTreeMap;
use std::time::Duration;

/// What clients get.
pub(super) fn answers(wanted: &AnswersWanted, played: &Played) -> Finding {
    let (times, said) = span(wanted.from, wanted.until, played);
    let of = client(wanted.client.as_ref(), played);
    let meant = |made: &&Try| of.is_none_or(|client| made.client == client);
    let (all, unit): (Vec<&Try>, &str) = match wanted.in_the_end {
        false => (
            played
                .tries
                .iter()
                .filter(meant)
                .filter(|made| times.contains(&made.at))
                .collect(),
            "answers",
        ),
        true => (
            last_tries(played.tries.iter().filter(meant), &times),
            "last answers",
        ),
    };
    let fits = |made: &&&Try| {
        wanted
            .status
            .is_none_or(|status| status.has(made.client_status()))
            && wanted
                .error_code
                .as_ref()
                .is_none_or(|code| made.error_code.as_ref() == Some(code))
            && wanted
                .rejected
                .is_none_or(|rejected| rejected == (made.kind() == Kind::Rejected))
            && wanted.within.is_none_or(|most| made.took <= most.get())
    };
    let count = all.iter().filter(fits).count() as f64;
    let percent = count * 100.0 / all.len() as f64;
    let mut parts = Vec::new();
    parts.extend(
        wanted
            .percent
            .map(|bound| format!("{bound} percent of the {unit}")),
    );
    parts.extend(wanted.count.map(|bound| format!("{bound} {unit}")));
    let mut kinds = Vec::new();
    kinds.extend(wanted.status.map(|status| status.to_string()));
    kinds.extend(wanted.error_code.clone());
    kinds.extend(
        wanted
            .rejected
            .map(|yes| if yes { "rejected" } else { "not rejected" }.to_owned()),
    );
    kinds.extend(wanted.within.map(|within| format!("within {within}")));
    let kinds = if kinds.is_empty() {
        "any".to_owned()
    } else {
        kinds.join(" ")
    };
    let of = wanted
        .client
        .as_ref()
        .map_or(String::new(), |client| format!(" of {client}"));
    let what = format!("{}{of} are {kinds}{said}", parts.join(" and "));
    if all.is_empty() && wanted.percent.is_some() {
        let seen = "there is no request".to_owned();
        return Finding {
            what,
            held: false,
            seen,
        };
    }
    let held = wanted.percent.is_none_or(|bound| bound.holds(percent))
        && wanted.count.is_none_or(|bound| bound.holds(count));
    let share = if all.is_empty() {
        String::new()
    } else {
        format!(" ({percent:.1} percent)")
    };
    let seen = format!(
        "{} of {}{share} are; all: {}",
        number(count),
        all.len(),
        tally(&all)
    );
    Finding { what, held, seen }
}

/// The last try of each request that began in this time.
fn last_tries<'a>(tries: impl Iterator<Item = &'a Try>, times: &std::ops::Range<Duration>) -> Vec<&'a Try> {
    let mut requests: BTreeMap<(usize, u64), (Duration, &Try)> = BTreeMap::new();
    for made in tries {
        let entry = requests
            .entry((made.client, made.request))
            .or_insert((made.at, made));
        entry.1 = made;
    }
    let began = requests.into_values().filter(|(began, _)| times.contains(began));
    began.map(|(_, last)| last).collect()
}

/// How many there are of each kind, the most frequent first.
pub(crate) fn tally(tries: &[&Try]) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for made in tries {
        *kinds.entry(in_short(made)).or_default() += 1;
    }
    let mut kinds: Vec<(String, usize)> = kinds.into_iter().collect();
    kinds.sort_by(|(a, many), (b, more)| more.cmp(many).then(a.cmp(b)));
    let told = kinds
        .iter()
        .take(6)
        .map(|(kind, count)| format!("{count} × {kind}"));
    let mut told: Vec<String> = told.collect();
    if kinds.len() > 6 {
        told.push("…".to_owned());
    }
    match told.is_empty() {
        true => "none".to_owned(),
        false => told.join(", "),
    }
}

/// What a client got, in a word or two.
pub(crate) fn in_short(made: &Try) -> String {
    let code = made
        .error_code
        .as_ref()
        .map_or(String::new(), |code| format!(" {code}"));
    match made.got {
        Got::Answer(status) => format!("{status}{code}"),
        Got::Lost => format!("lost ({})", made.status),
        Got::Broken => "connection broken".to_owned(),
        Got::GaveUp => "gave up".to_owned(),
        Got::Half => format!("half of {}", made.status),
    }
}

/// The ids in answers.
pub(super) fn ids(wanted: &IdsWanted, played: &Played) -> Finding {
    let of = client(wanted.client.as_ref(), played);
    let all = played
        .tries
        .iter()
        .filter(|made| of.is_none_or(|client| made.client == client));
    let answered: Vec<&Try> = all
        .filter(|made| made.status != 0 && made.got != Got::GaveUp && made.got != Got::Broken)
        .collect();
    let of = wanted
        .client
        .as_ref()
        .map_or(String::new(), |client| format!(" of {client}"));
    let what = match wanted.are {
        Ids::Present => format!("every answer{of} has an id"),
        Ids::Unique => format!("every request{of} has an id of its own"),
        Ids::Kept => format!("every answer{of} has the id that the client sent"),
    };
    let mut owners: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for made in &answered {
        let told = || {
            format!(
                "request {} of {}, at {}",
                made.request,
                played.clients[made.client],
                crate::scenario::in_words(made.at)
            )
        };
        let Some(id) = &made.id else {
            let seen = format!("{} has none", told());
            return Finding {
                what,
                held: false,
                seen,
            };
        };
        if wanted.are == Ids::Kept && made.sent_id.as_ref() != Some(id) {
            let sent = made.sent_id.as_deref().unwrap_or("none");
            let seen = format!("{} sent {sent} and got {id}", told());
            return Finding {
                what,
                held: false,
                seen,
            };
        }
        // A client that sends its own gives all tries of a request the same; else each try has another.
        let owner = match made.sent_id {
            Some(_) => (made.client, made.request),
            None => (usize::MAX, made.connection),
        };
        if *owners.entry(id).or_insert(owner) != owner && wanted.are == Ids::Unique {
            let seen = format!("{} got {id}, which another has", told());
            return Finding {
                what,
                held: false,
                seen,
            };
        }
    }
    Finding {
        what,
        held: !answered.is_empty(),
        seen: format!("{} answers with {} ids", answered.len(), owners.len()),
    }
}
