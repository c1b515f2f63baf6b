//! What the plugin tells of what it was asked.

use crate::Admin;
use crate::listed::Breaker;
use crate::refuse::Refusal;
use crate::show::word;
use config::value::shown_address;
use kit::{Ids, Level, Object, Worker};
use policy::admin::{Change, Deed};
use policy::breaker::Transition;
use std::net::IpAddr;

/// The word for a change, in metrics and as the event of its line.
pub(crate) fn event(change: &Change) -> &'static str {
    match change.deed {
        Deed::Force(..) => "forced",
        Deed::Reset => "reset",
    }
}

/// Counts and logs that a breaker was changed.
pub(crate) fn changed(
    root: &Admin,
    breaker: &Breaker,
    change: &Change,
    transition: Option<Transition>,
    peer: Option<IpAddr>,
    ids: &Ids,
) {
    if let Some(transition) = transition {
        // As its own plugin counts it.
        let mut labels = vec![("breaker", breaker.entry.label.as_str())];
        if breaker.direction != "any" {
            labels.push(("direction", &breaker.direction));
        }
        if breaker.position != "downstream" {
            labels.push(("position", &breaker.position));
        }
        labels.extend([
            ("from", transition.from.as_str()),
            ("to", transition.to.as_str()),
            ("reason", transition.reason.as_str()),
        ]);
        root.transitions.increment(&root.worker, &labels);
    }
    if let Some(line) = root.worker.change_line(Level::Warn, event(change)) {
        line.with(|line| {
            who(line, peer, ids);
            line.text("breaker", &breaker.entry.value).text("id", &breaker.id);
            if let Some(transition) = transition {
                line.text("from", transition.from.as_str())
                    .text("to", transition.to.as_str());
            }
            if let Deed::Force(force, lasts_millis) = change.deed {
                line.text("state", word(force)).number("for_ms", lasts_millis);
            }
            line.text("reason", &change.reason);
        })
        .write();
    }
}

/// Logs that somebody was refused.
pub(crate) fn refused_line(worker: &Worker, refusal: &Refusal, peer: Option<IpAddr>, ids: &Ids) {
    if let Some(line) = worker.line(Level::Warn, "refused") {
        line.with(|line| {
            who(line, peer, ids);
            line.text("because", refusal.message());
        })
        .write();
    }
}

fn who(line: &mut Object, peer: Option<IpAddr>, ids: &Ids) {
    line.text("request_id", &ids.request)
        .text("trace_id", &ids.trace)
        .text("source", &peer.map(shown_address).unwrap_or_default());
}
