//! What the plugin tells of an error: a metric, a line of the log, the explanation of the decision. Never what an upstream
//! said.

use crate::ErrorEnvelope;
use crate::error::Error;
use config::error_envelope::Policy;
use config::{Decision, LogErrors};
use kit::{Done, Level, Object, rule_met};
use policy::envelope::Format;
use policy::error_code::is_in_catalogue;
use policy::error_plan::Plan;

/// The label for a code that neither the catalogue nor the configuration has: names of metrics are never made by
/// traffic.
const OTHER_CODE: &str = "OTHER";

/// Counts it.
pub(crate) fn count(root: &ErrorEnvelope, error: &Error) {
    let code = error.code.as_str();
    let is_configured = || {
        error
            .policy
            .catalog
            .iter()
            .any(|entry| &*entry.error_code == code)
    };
    let code = if is_in_catalogue(code) || is_configured() {
        code
    } else {
        OTHER_CODE
    };
    let labels = [
        ("error_code", code),
        ("class", class(error)),
        ("origin", error.origin.as_str()),
        ("mode", mode(error)),
    ];
    root.errors.increment(&root.worker, &labels);
}

/// Whether a line is wanted for it.
pub(crate) fn is_logged(root: &ErrorEnvelope, error: &Error) -> bool {
    match root.configuration.common.log.errors {
        LogErrors::None => false,
        LogErrors::ServerErrors => error.status >= 500,
        LogErrors::All => true,
    }
}

/// Logs it, where that is wanted.
pub(crate) fn line(root: &ErrorEnvelope, error: &Error, done: &Done<'_>) {
    if !is_logged(root, error) {
        return;
    }
    let level = if error.status >= 500 {
        Level::Error
    } else {
        Level::Warn
    };
    if let Some(line) = root.worker.line(level, "error") {
        line.with(|line| {
            line.text("request_id", &error.ids.request)
                .text("trace_id", &error.ids.trace)
                .text("error_code", &error.code)
                .number("status", u64::from(error.status))
                .text("origin", error.origin.as_str())
                .text("mode", mode(error))
                .bytes("route", &error.route)
                .bytes("details", &error.details);
            if let Some(nanos) = done.duration_nanos() {
                line.number("duration_ms", nanos / 1_000_000);
            }
        })
        .write();
    }
}

/// The rule met, and what becomes of the error.
pub(crate) fn explanation(decision: &Decision<'_, Policy>, error: &Error, plan: Plan) -> Object {
    let mut members = rule_met(decision, error.enforced);
    members
        .text("error_code", &error.code)
        .text("origin", error.origin.as_str())
        .text("body", word(plan));
    if let Plan::Leave(why) = plan {
        members.text("because", why.as_str());
    } else {
        let format = match error.format {
            Format::Standard => "standard",
            Format::Problem => "problem",
        };
        members.text("format", format);
    }
    members
}

fn word(plan: Plan) -> &'static str {
    match plan {
        Plan::Leave(_) => "left_alone",
        Plan::Keep => "kept",
        Plan::Replace => "replaced",
        Plan::Read => "replaced_with_message",
        Plan::ReadUnlessStandard => "replaced_unless_standard",
        Plan::Reformat => "reformatted",
    }
}

fn class(error: &Error) -> &'static str {
    if error.status < 500 {
        "client_error"
    } else {
        "server_error"
    }
}

fn mode(error: &Error) -> &'static str {
    if error.enforced { "enforce" } else { "shadow" }
}
