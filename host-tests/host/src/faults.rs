//! Fault injection: what becomes of an exchange when any one host call answers something else than OK.
//!
//! Every plugin meets these statuses once in its life: memory runs short, a capability is withheld, a phase is not
//! what the plugin thinks. The loop here tries them all, one at a time, each on a fresh host.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{Status, other_statuses};
use crate::host::Host;
use crate::shared::HostCall;

impl HostCall {
    /// Every status (for WASI: errno) that this call could have answered instead of OK.
    pub fn other_statuses(&self) -> Vec<Status> {
        other_statuses(self.name)
    }
}

/// What a loop of faults did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Host calls of the clean run.
    pub calls: usize,
    /// Runs with a fault.
    pub runs: usize,
    /// Runs in which the plugin refused its configuration because of the fault.
    pub refused: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { calls, runs, refused } = self;
        write!(
            f,
            "{calls} host calls, {runs} faults, of which {refused} refused the configuration"
        )
    }
}

/// Runs the exchange clean, then once for each host call it made (starting the VMs included) and each status that
/// this call could answer instead of OK.
///
/// The exchange must expect nothing that a fault may change: send requests with [`crate::Request::run`]. A
/// configuration may be refused because of a fault; any other run must end with the request at the upstream or
/// answered, and afterwards the same worker must still serve.
///
/// # Panics
/// When the clean run fails, or any fault traps a VM, burns its fuel, or loses the request.
///
/// # Examples
/// ```
/// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
/// use host::{Host, faults};
/// let report = faults::inject_everywhere(|| Host::new(&plugin), |host| { host.get("/").run(200); });
/// assert!(report.refused < report.runs, "{report}");
/// ```
#[track_caller]
pub fn inject_everywhere(make: impl Fn() -> Host, exchange: impl Fn(&Host)) -> Report {
    let clean = make();
    exchange(&clean);
    let calls = clean.host_calls();
    assert!(
        !calls.is_empty(),
        "the exchange made no host call: there is nothing to inject"
    );
    drop(clean);
    let mut report = Report {
        calls: calls.len(),
        runs: 0,
        refused: 0,
    };
    let mut failures = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        for status in call.other_statuses() {
            report.runs += 1;
            let run = catch_unwind(AssertUnwindSafe(|| faulty(&make, &exchange, number, status)));
            let outcome = match run {
                Ok(outcome) => outcome,
                Err(panic) => Err(message(&*panic)),
            };
            match outcome {
                Ok(Outcome::Served) => {}
                Ok(Outcome::Refused) => report.refused += 1,
                Err(failure) => failures.push(format!(
                    "host call {number}, {} in {} on {:?}, answers {status:?}: {failure}",
                    call.name, call.callback, call.thread
                )),
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} faults were not survived:\n{}",
        failures.len(),
        report.runs,
        failures.join("\n")
    );
    report
}

enum Outcome {
    Served,
    Refused,
}

fn faulty(
    make: &impl Fn() -> Host,
    exchange: &impl Fn(&Host),
    number: usize,
    status: Status,
) -> Result<Outcome, String> {
    let host = make().fail_host_call(number, status);
    match host.try_start() {
        Ok(()) => {}
        Err(refused) if refused.trapped() => return Err(refused.to_string()),
        Err(_) => return Ok(Outcome::Refused),
    }
    exchange(&host);
    let workers = host.envoy().setup().settings.workers;
    for worker in 0..workers {
        let after = host.worker(worker).get("/").run(200);
        if after.status() == 0 {
            return Err(format!("worker {worker} does not serve any more\n{after}"));
        }
    }
    match host.deaths().as_slice() {
        [] => Ok(Outcome::Served),
        deaths => Err(format!("a VM died: {}", deaths.join("; "))),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
        .to_owned()
}
