//! What is expected of what upstreams get.

use super::{Finding, client, number, span};
use crate::play::{Arrival, Played, Try};
use crate::scenario::{Answer, AttemptsWanted, Bound, Repeats, RepeatsWanted};
use std::collections::{BTreeMap, BTreeSet};

/// How often upstreams are asked.
pub(super) fn attempts(wanted: &AttemptsWanted, played: &Played) -> Finding {
    let (times, said) = span(wanted.from, wanted.until, played);
    let cluster = wanted
        .cluster
        .as_ref()
        .and_then(|name| played.clusters.iter().position(|other| other == name));
    let of_cluster = |arrival: &&Arrival| cluster.is_none_or(|cluster| arrival.cluster == cluster);
    let all: Vec<&Arrival> = played.arrivals.iter().filter(of_cluster).collect();
    let meanwhile: Vec<&&Arrival> = all.iter().filter(|arrival| times.contains(&arrival.at)).collect();
    let count = meanwhile.len() as f64;
    let seconds = (times.end.saturating_sub(times.start)).as_secs_f64();
    let began: BTreeSet<(usize, u64)> = played
        .tries
        .iter()
        .filter(|made| made.number == 1 && times.contains(&made.at))
        .map(|made| (made.client, made.request))
        .collect();
    let requests = by_connection(played);
    let theirs = all.iter().filter(|arrival| {
        let made = requests.get(&arrival.connection);
        made.is_some_and(|made| began.contains(&(made.client, made.request)))
    });
    let mut of_tries: BTreeMap<u64, usize> = BTreeMap::new();
    for arrival in &meanwhile {
        let most = of_tries.entry(arrival.connection).or_default();
        *most = (*most).max(arrival.number);
    }
    let measured = [
        (wanted.count, count, "attempts"),
        (wanted.per_second, count / seconds.max(0.001), "attempts a second"),
        (
            wanted.per_request,
            theirs.count() as f64 / began.len().max(1) as f64,
            "attempts for each request",
        ),
        (
            wanted.of_one_try,
            of_tries.values().copied().max().unwrap_or(0) as f64,
            "attempts for the one try that has the most",
        ),
    ];
    let given: Vec<(Bound, f64, &str)> = measured
        .into_iter()
        .filter_map(|(bound, number, unit)| Some((bound?, number, unit)))
        .collect();
    let wants: Vec<String> = given
        .iter()
        .map(|(bound, _, unit)| format!("{bound} {unit}"))
        .collect();
    let saw: Vec<String> = given
        .iter()
        .map(|(_, seen, unit)| format!("{} {unit}", number(*seen)))
        .collect();
    let to = wanted
        .cluster
        .as_ref()
        .map_or(String::new(), |cluster| format!(" to {cluster}"));
    Finding {
        what: format!("{}{to}{said}", wants.join(" and ")),
        held: given.iter().all(|(bound, seen, _)| bound.holds(*seen)),
        seen: format!("there are {}", saw.join(" and ")),
    }
}

/// How many requests are carried out more than once.
pub(super) fn repeats(wanted: &RepeatsWanted, played: &Played) -> Finding {
    let of = client(wanted.client.as_ref(), played);
    let requests = by_connection(played);
    let mut carried_out: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    for arrival in &played.arrivals {
        let Some(made) = requests.get(&arrival.connection) else {
            continue;
        };
        let meant = of.is_none_or(|client| made.client == client)
            && (wanted.of == Repeats::Repeated || !made.has_key);
        if meant && !made.is_cut && matches!(arrival.answer, Answer::Status(status) if status < 400) {
            *carried_out.entry((made.client, made.request)).or_default() += 1;
        }
    }
    let repeated = carried_out.values().filter(|times| **times > 1).count();
    let of = wanted
        .client
        .as_ref()
        .map_or(String::new(), |client| format!(" of {client}"));
    let without = match wanted.of {
        Repeats::Repeated => "",
        Repeats::WithoutKey => " without an idempotency key",
    };
    let first = carried_out.iter().find(|(_, times)| **times > 1);
    let example = first.map_or(String::new(), |((client, request), times)| {
        format!(", request {request} of {} {times} times", played.clients[*client])
    });
    Finding {
        what: format!(
            "{} requests{of}{without} are carried out more than once",
            wanted.count
        ),
        held: wanted.count.holds(repeated as f64),
        seen: format!("{repeated} of {} are{example}", carried_out.len()),
    }
}

fn by_connection(played: &Played) -> BTreeMap<u64, &Try> {
    played.tries.iter().map(|made| (made.connection, made)).collect()
}
