//! The whole of a scenario for programs.

use super::Story;
use super::buckets::Buckets;
use crate::play::{Breaker, Got, Kind, Try};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many columns the timeline has at most.
const COLUMNS: usize = 120;

/// All of it. Times are milliseconds from the beginning.
pub(crate) fn json(story: &Story<'_>) -> Value {
    let played = story.played;
    let buckets = Buckets::new(played, COLUMNS);
    let rows = buckets
        .rows
        .iter()
        .map(|row| (row.what.name().replace(' ', "_"), json!(row.counts)));
    let verdicts = story.verdicts.iter().map(|verdict| {
        json!({
            "file": story.file, "line": verdict.place.line, "column": verdict.place.column,
            "expected": verdict.what, "held": verdict.held, "seen": verdict.seen,
        })
    });
    let happened = played
        .happened
        .iter()
        .map(|happened| json!({ "at_ms": millis(happened.at), "what": happened.what, "is_fault": happened.is_fault }));
    let mut attempts: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for arrival in &played.arrivals {
        attempts.entry(arrival.connection).or_default().push(json!({
            "at_ms": millis(arrival.at), "cluster": played.clusters.get(arrival.cluster), "answer": arrival.answer.to_string(),
        }));
    }
    let tries = played
        .tries
        .iter()
        .map(|made| one_try(made, &played.clients, attempts.remove(&made.connection)));
    json!({
        "file": story.file,
        "title": story.scenario.title,
        "held": !story.has_faults(),
        "for_ms": millis(played.lasts),
        "seed": played.seed,
        "workers": played.workers,
        "expectations": verdicts.collect::<Vec<_>>(),
        "happened": happened.collect::<Vec<_>>(),
        "breakers": played.breakers.iter().map(breaker).collect::<Vec<_>>(),
        "timeline": { "column_ms": millis(buckets.width), "rows": rows.collect::<serde_json::Map<_, _>>() },
        "metrics": played.metrics,
        "tries": tries.collect::<Vec<_>>(),
    })
}

fn breaker(breaker: &Breaker) -> Value {
    let transitions = breaker.transitions.iter().map(|transition| {
        json!({
            "at_ms": millis(transition.at), "from": transition.from.name(), "to": transition.to.name(),
            "reason": transition.reason, "numbers": transition.numbers,
        })
    });
    json!({ "breaker": breaker.name, "transitions": transitions.collect::<Vec<_>>() })
}

fn one_try(made: &Try, clients: &[String], attempts: Option<Vec<Value>>) -> Value {
    let kind = match made.kind() {
        Kind::Answered => "answered",
        Kind::Rejected => "rejected",
        Kind::Failed => "failed",
        Kind::Gone => "no_answer",
    };
    let got = match made.got {
        Got::Answer(_) => "answer",
        Got::Lost => "answer_lost",
        Got::Broken => "connection_broken",
        Got::GaveUp => "gave_up",
        Got::Half => "half_an_answer",
    };
    json!({
        "client": clients.get(made.client), "request": made.request, "try": made.number,
        "method": made.method, "path": made.path, "at_ms": millis(made.at), "took_ms": millis(made.took),
        "kind": kind, "got": got, "status": made.status, "details": made.details, "flags": made.flags,
        "error_code": made.error_code, "circuit": made.circuit, "retry": made.retry,
        "sent_id": made.sent_id, "id": made.id, "attempts": attempts.unwrap_or_default(), "came_to": made.attempts,
    })
}

/// Milliseconds with what is left of them.
fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1_000.0
}
