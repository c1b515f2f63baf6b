//! What the plugin tells: log lines, and the explanation of a decision.

use crate::Retry;
use crate::exchange::Passage;
use config::retry::Policy;
use config::{Decision, LogErrors};
use kit::{Carried, Done, Ids, Level, Object, rule_met};
use policy::retry_steering::Steering;

/// Logs a retry that would have been made, where a line is wanted for the status.
pub(crate) fn suppressed_line(root: &Retry, passage: &Passage, done: &Done<'_>) {
    let Some(suppressed) = &passage.suppressed else {
        return;
    };
    let wanted = match root.configuration.common.log.errors {
        LogErrors::None => false,
        // What gRPC answers is 200, be it an error or not.
        LogErrors::ServerErrors => !(400..500).contains(&suppressed.status),
        LogErrors::All => true,
    };
    if !wanted {
        return;
    }
    if let Some(line) = root.worker.line(Level::Warn, "retry_suppressed") {
        let ids = Ids::of(&passage.head, &root.worker);
        line.with(|line| {
            line.text("request_id", &ids.request)
                .text("trace_id", &ids.trace)
                .text("reason", suppressed.reason.as_str())
                .bytes("route", &suppressed.route)
                .bytes("method", passage.head.first(":method"))
                .number("status", u64::from(suppressed.status))
                .number("attempts", u64::from(suppressed.attempts))
                .text("mode", passage.carried.as_str());
            if let Some(nanos) = done.duration_nanos() {
                line.number("duration_ms", nanos / 1_000_000);
            }
        })
        .write();
    }
}

/// The rule met and what it led to.
pub(crate) fn explanation(
    decision: &Decision<'_, Policy>,
    steering: &Steering<'_>,
    budget_left: Option<u32>,
    carried: Carried,
) -> Object {
    let mut members = rule_met(decision, carried == Carried::Out);
    members.number("max_retries", u64::from(steering.max_retries()));
    if let Some(reason) = steering.reason() {
        members.text("because", reason.as_str());
    }
    if let Some(left) = budget_left {
        members.number("budget_left", u64::from(left));
    }
    if let Some(millis) = steering.time_outs().whole_millis {
        members.number("timeout_ms", millis);
    }
    members
}
