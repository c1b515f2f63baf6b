//! What the plugin tells: log lines, and the explanation of a decision.

use crate::identity::Identity;
use crate::trace::Trace;
use config::request_id::Policy;
use config::{Decision, Facts};
use kit::{Done, Level, Object, Request, Worker};

/// What the later phases tell of the request.
#[derive(Default)]
pub(crate) struct Told {
    /// The trace's id, where there is a trace.
    pub(crate) trace_id: Option<String>,
    /// Method and path, for the line of a request.
    pub(crate) request: Object,
    /// The headers that the policy logs.
    pub(crate) headers: Object,
    /// Why the decision was what it was.
    pub(crate) explanation: Option<Object>,
}

/// The members of `log_headers` that the request has, without those that were refused: in shadow mode they are still
/// there, and must not reach the log by this way.
pub(crate) fn logged_headers(policy: &Policy, identity: &Identity, request: &Request<'_>) -> Object {
    let mut members = Object::default();
    for (field, header) in policy.log_headers.iter() {
        if let Some(header) = header
            && let Some(value) = request.values(header).first()
            && !identity.has_refused(policy, header)
        {
            members.bytes(field, value);
        }
    }
    members
}

/// Method and path. The query stays out: it may hold secrets.
pub(crate) fn request_facts(request: &Request<'_>) -> Object {
    let path = request
        .path()
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default();
    let mut members = Object::default();
    members.bytes("method", request.method()).bytes("path", path);
    members
}

/// Logs that headers were refused: which, why and how long they were, and never what they said.
pub(crate) fn rejected_line(worker: &Worker, policy: &Policy, identity: &Identity, told: &Told) {
    if let Some(line) = worker.line(Level::Warn, "request_id_rejected") {
        line.with(|line| {
            ids(line, identity, told);
            line.list("refused", refused(policy, identity))
                .members(&told.headers);
        })
        .write();
    }
}

/// Logs an exchange that has ended.
pub(crate) fn request_line(worker: &Worker, done: &Done<'_>, identity: &Identity, told: &Told) {
    if let Some(line) = worker.line(Level::Info, "request") {
        line.with(|line| {
            ids(line, identity, told);
            line.text("source", identity.source()).members(&told.request);
            if let Some(status) = done.status() {
                line.number("status", status);
            }
            if let Some(nanos) = done.duration_nanos() {
                line.number("duration_ms", nanos / 1_000_000);
            }
            line.members(&told.headers);
        })
        .write();
    }
}

/// The rule met and what it led to.
pub(crate) fn explanation(
    decision: &Decision<'_, Policy>,
    policy: &Policy,
    identity: &Identity,
    trace: &Trace,
    enforced: bool,
) -> Object {
    let mut members = kit::rule_met(decision, enforced);
    members.text("source", identity.source());
    if let Some(header) = identity.accepted.and_then(|place| policy.accept.get(place)) {
        members.text("header", header);
    }
    members
        .list("refused", refused(policy, identity))
        .text("trace", trace.outcome.as_str());
    members
}

/// The ids by which a line is found: without a trace, the request's id stands for the trace's, as in an error body.
fn ids(line: &mut Object, identity: &Identity, told: &Told) {
    if let Some(id) = &identity.id {
        line.text("request_id", id)
            .text("trace_id", told.trace_id.as_deref().unwrap_or(id));
    }
}

fn refused(policy: &Policy, identity: &Identity) -> impl Iterator<Item = Object> {
    identity.refused.iter().map(|(place, refusal)| {
        let mut member = Object::default();
        member
            .text("header", policy.accept.get(*place).map_or("", |header| header))
            .text("reason", refusal.reason.as_str())
            .number("length", refusal.length.try_into().unwrap_or(u64::MAX));
        member
    })
}
