//! What the plugin tells: log lines, and the explanation of a decision.

use crate::breaker::{Breaker, Counted};
use crate::call::Call;
use crate::reject;
use config::circuit_breaker::Policy;
use config::{Common, Decision, LogErrors};
use kit::{Carried, Done, Ids, Level, Object, Worker, rule_met};
use policy::breaker::{Reason, Rejection, State, Transition, Verdict, View, Why, WindowView};

/// Logs that a breaker went from one state to another, with the numbers behind it.
pub(crate) fn transition_line(
    worker: &Worker,
    breaker: &Breaker,
    transition: &Transition,
    ids: Option<&Ids>,
) {
    if let Some(line) = worker.change_line(Level::Warn, "transition") {
        line.with(|line| {
            if let Some(ids) = ids {
                ids_of(line, ids);
            }
            named(line, breaker);
            line.text("from", transition.from.as_str())
                .text("to", transition.to.as_str())
                .text("reason", transition.reason.as_str());
            numbers(line, transition);
        })
        .write();
    }
}

/// The numbers that had a say in it.
fn numbers(line: &mut Object, transition: &Transition) {
    let numbers = &transition.numbers;
    match transition.reason {
        Reason::ConsecutiveFailures => {
            line.number("consecutive_failures", u64::from(numbers.consecutive));
        }
        Reason::FailureRate => {
            line.number("calls", numbers.calls)
                .number("failures", numbers.hits);
        }
        Reason::SlowRate => {
            line.number("calls", numbers.calls).number("slow", numbers.hits);
        }
        Reason::ProbeFailed | Reason::ProbesSucceeded | Reason::HalfOpenTimeout => {
            line.number("probes_succeeded", u64::from(numbers.probes_succeeded));
        }
        Reason::OpenElapsed | Reason::Forced => {}
    }
    // Nobody knows when what is forced ends.
    if numbers.open_millis > 0 && transition.reason != Reason::Forced {
        line.number("open_ms", numbers.open_millis);
    }
}

/// Logs a rejection, be it by another route, where a line is wanted for its status.
pub(crate) fn rejection_line(
    worker: &Worker,
    common: &Common,
    call: &Call,
    rejection: Rejection,
    ids: impl FnOnce() -> Ids,
) {
    let status = reject::status(call);
    let wanted = match common.log.errors {
        LogErrors::None => false,
        LogErrors::ServerErrors => status >= 500,
        LogErrors::All => true,
    };
    if !wanted {
        return;
    }
    // Whoever took another route, or is only shadowed, got no error.
    let is_error = !call.is_rerouted() && call.carried == Carried::Out;
    let level = match is_error {
        true if status >= 500 => Level::Error,
        _ => Level::Warn,
    };
    let event = if call.is_rerouted() {
        "rerouted"
    } else {
        "rejected"
    };
    if let Some(line) = worker.line(level, event) {
        line.with(|line| {
            ids_of(line, &ids());
            named(line, &call.breaker);
            if !call.is_rerouted() {
                line.text("error_code", &reject::error_code(call, rejection))
                    .number("status", u64::from(status));
            }
            line.text("mode", call.carried.as_str())
                .text("state", call.state.as_str())
                .number("retry_after", rejection.retry_after_seconds);
        })
        .write();
    }
}

/// Logs an exchange that has ended.
pub(crate) fn request_line(worker: &Worker, call: &Call, outcome: Counted, ids: &Ids, done: &Done<'_>) {
    if let Some(line) = worker.line(Level::Info, "request") {
        line.with(|line| {
            ids_of(line, ids);
            named(line, &call.breaker);
            line.text("state", call.state.as_str())
                .text("outcome", outcome.as_str())
                .text("mode", call.carried.as_str());
            if let Some(status) = done.status() {
                line.number("status", status);
            }
            if let Some(nanos) = done.duration_nanos() {
                line.number("duration_ms", nanos / 1_000_000);
            }
        })
        .write();
    }
}

/// The rule met and what it led to.
pub(crate) fn explanation(decision: &Decision<'_, Policy>, call: &Call) -> Object {
    let mut members = rule_met(decision, call.carried == Carried::Out);
    named(&mut members, &call.breaker);
    members.text("state", call.state.as_str());
    if let Some(view) = &call.view {
        numbers_behind(&mut members, view);
    }
    match call.verdict {
        None => {
            members.text("decision", "undecided");
        }
        Some(Verdict::Admitted(permit)) => {
            members
                .text("decision", "admitted")
                .boolean("probe", permit.is_probe());
        }
        Some(Verdict::Rejected(rejection)) => {
            let because = match rejection.why {
                Why::Open => "open",
                Why::HalfOpen => "half_open_full",
                Why::Ramping => "ramping",
            };
            members
                .text("decision", "rejected")
                .text("because", because)
                .number("retry_after", rejection.retry_after_seconds);
        }
    }
    members
}

/// What the state knows, called as the settings that go by it.
fn numbers_behind(members: &mut Object, view: &View) {
    if let Some(forced) = &view.forced {
        members.text("forced", &forced.reason);
    }
    if let Some(counted) = &view.counted {
        members.number("consecutive_failures", u64::from(counted.consecutive_failures));
        let mut window = |name, hits, window: Option<WindowView>| {
            if let Some(window) = window {
                let mut share = Object::default();
                share.number("calls", window.calls).number(hits, window.hits);
                members.object(name, &share);
            }
        };
        window("failure_rate", "failures", counted.failures);
        window("slow_rate", "slow", counted.slow);
    }
    if let Some(probes) = &view.probes {
        members
            .number("probes_in_flight", u64::from(probes.in_flight))
            .number("probes_succeeded", u64::from(probes.succeeded));
    }
    if view.state == State::Open {
        members.number("reopenings", u64::from(view.reopenings));
    }
}

fn ids_of(line: &mut Object, ids: &Ids) {
    line.text("request_id", &ids.request).text("trace_id", &ids.trace);
}

fn named(line: &mut Object, breaker: &Breaker) {
    line.text("breaker", breaker.value.as_str())
        .text("key", breaker.kind);
}
