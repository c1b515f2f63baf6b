//! One exchange on its way through the plugin.

use crate::Retry;
use crate::attempt::{CHARGED, DEADLINE, attempted, number};
use crate::budgets::Budget;
use crate::planned::Planned;
use crate::refuse::{BUDGET_SPENT, Refusal};
use crate::report;
use config::Explain;
use kit::{Answer, Carried, Done, Filter, Ids, Object, Request, RequestHead, Response, Root};
use policy::deadline::Deadlines;
use policy::idempotency_key::IdempotencyKey;
use policy::retry_after::callers_attempt;
use policy::retry_steering::{self as steering, Reason};
use std::rc::Rc;

/// The plugin that tells of its breaker.
const CIRCUIT_BREAKER: &str = "circuit-breaker";
/// Filter state of it: a breaker that is not closed, and its state.
const CIRCUIT: &str = "policy.circuit";
/// Filter state that holds the code of an error, by whichever plugin of ours made it.
pub(crate) const ERROR_CODE: &str = "policy.error_code";
/// Filter state that says what became of retries, where there were any or should have been.
const RETRY: &str = "policy.retry";
/// Filter state that says that the answer's `Retry-After` is not its maker's: who takes that for the upstream's word would be
/// told by this proxy how long to leave the upstream alone.
const RETRY_AFTER: &str = "policy.retry_after";

/// One exchange on its way through the plugin.
pub(crate) struct Exchange {
    root: Rc<Retry>,
    /// `None` where no policy is for this request, where the plugin answered it itself, or where the proxy did before this
    /// filter saw it.
    passage: Option<Passage>,
}

/// What the later phases need of a request.
pub(crate) struct Passage {
    planned: Rc<Planned>,
    pub(crate) head: RequestHead,
    pub(crate) carried: Carried,
    facts: Told,
    budget: Option<Rc<Budget>>,
    explanation: Option<Object>,
    /// Whether the attempts were charged.
    is_charged: bool,
    pub(crate) suppressed: Option<Suppressed>,
}

/// What was known of the request, and with the method is all that it was decided by.
#[derive(Clone, Copy)]
struct Told {
    is_grpc: bool,
    key: IdempotencyKey,
    attempt: u32,
    budget_left: Option<u32>,
    is_half_open: bool,
    left_millis: Option<u64>,
}

/// A retry that would have been made.
pub(crate) struct Suppressed {
    pub(crate) reason: Reason,
    pub(crate) route: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) attempts: u32,
}

impl Exchange {
    pub(crate) fn new(root: &Rc<Retry>) -> Self {
        Self {
            root: Rc::clone(root),
            passage: None,
        }
    }
}

impl Filter for Exchange {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let root = Rc::clone(&self.root);
        let decision = request.decide(&root.configuration);
        let Some(planned) = decision.policy.and_then(|policy| root.planned.find(policy)) else {
            return Answer::GoOn;
        };
        let head = request.head();
        let carried = Carried::of(&root.configuration, &decision, || Ids::of(&head, &root.worker));
        let deadlines = Deadlines::read(said(&planned, &head));
        let attempt = request.attempt();
        if attempt > 0 {
            // In a cluster: the router has been told all else.
            return match carried {
                Carried::Out => attempted(&planned, attempt, request, &deadlines, &root),
                Carried::Shadowed => Answer::GoOn,
            };
        }
        for _ in &deadlines.nonsense {
            root.worker
                .degrade("deadline_header", "a deadline that makes no sense is ignored");
        }
        let is_grpc = request.is_grpc();
        let key = IdempotencyKey::read(head.values(&planned.policy.idempotency_key.header));
        let refusal = refusal(&planned, &head, key, deadlines.millis);
        if let (Some(refusal), Carried::Out) = (refusal, carried) {
            request.set_filter_state(ERROR_CODE, refusal.code().as_bytes());
            return Answer::Reply(refusal.reply(is_grpc, &Ids::of(&head, &root.worker), &root.worker));
        }
        let retries = planned.policy.attempts.get() > 1;
        let now = root.worker.monotonic_millis();
        let budget = planned
            .budget
            .as_ref()
            .zip(now)
            .map(|(settings, now)| root.budgets.find(request.cluster(), settings, now));
        let facts = Told {
            is_grpc,
            key,
            attempt: callers_attempt(head.first("x-envoy-attempt-count")),
            budget_left: budget
                .as_ref()
                .zip(now)
                .and_then(|(budget, now)| budget.left(&root.worker, now)),
            is_half_open: retries
                && request
                    .filter_state_of(CIRCUIT_BREAKER, CIRCUIT)
                    .is_some_and(|circuit| circuit.ends_with(b":half_open")),
            left_millis: deadlines.millis,
        };
        let steering = planned.plan.steer(&facts.of(&head));
        if carried == Carried::Out {
            for (name, value) in steering.headers() {
                match value {
                    Some(value) => request.set(name, value.as_bytes()),
                    None => request.remove(name),
                }
            }
            if let (Some(millis), Some(now)) = (deadlines.millis, now) {
                let at = now.saturating_add(millis).to_string();
                request.set_filter_state(DEADLINE, at.as_bytes());
            }
        }
        let explain = root.configuration.common.explain;
        let explanation = (explain != Explain::None)
            .then(|| report::explanation(&decision, &steering, facts.budget_left, carried));
        if let (Explain::All, Some(explanation)) = (explain, &explanation) {
            request.explain(Retry::NAME, explanation);
        }
        self.passage = Some(Passage {
            planned,
            head,
            carried,
            facts,
            budget,
            explanation,
            is_charged: false,
            suppressed: None,
        });
        Answer::GoOn
    }

    fn response(&mut self, response: &mut Response<'_>) -> Answer {
        if let Some(passage) = &mut self.passage {
            passage.answered(&self.root, response);
        }
        Answer::GoOn
    }

    fn done(&mut self, done: &Done<'_>) {
        if let Some(passage) = &mut self.passage {
            if !passage.is_charged {
                passage.charge(&self.root, done.attempts(), || done.filter_state(CHARGED));
            }
            report::suppressed_line(&self.root, passage, done);
        }
    }
}

impl Told {
    fn of<'r>(&self, head: &'r RequestHead) -> steering::Request<'r> {
        steering::Request {
            method: head.first(":method"),
            is_grpc: self.is_grpc,
            key: self.key,
            attempt: self.attempt,
            budget_left: self.budget_left,
            is_half_open: self.is_half_open,
            left_millis: self.left_millis,
        }
    }
}

impl Passage {
    /// The response's headers have come.
    fn answered(&mut self, root: &Retry, response: &mut Response<'_>) {
        let counted = self.budget.is_some() || self.planned.policy.attempts.get() > 1;
        let attempts = if counted {
            self.charge(root, response.attempts(), || response.filter_state(CHARGED))
        } else {
            1
        };
        let grpc_status = grpc_status(response.first("grpc-status"));
        let status = response.status().unwrap_or_default();
        let is_error = status >= 400 || grpc_status.is_some_and(|status| status > 0);
        let details = match is_error {
            true => response.details(),
            false => &[],
        };
        let is_spent = details == BUDGET_SPENT.as_bytes();
        let mut told = Vec::new();
        if attempts > 1 {
            let route = response.route();
            for attempt in 2..=attempts.min(MOST_ATTEMPTS) {
                let labels = [
                    ("route", &*String::from_utf8_lossy(route)),
                    ("attempt", &*attempt.to_string()),
                ];
                root.attempts.increment(&root.worker, &labels);
            }
            told.push(["retried:", &(attempts - 1).to_string()].concat());
        }
        if is_error {
            let steering = self.planned.plan.steer(&self.facts.of(&self.head));
            let of_cluster = is_spent.then_some(Reason::Budget);
            let withheld = steering.withheld(&steering::Answer {
                details,
                status,
                grpc_status,
                is_ratelimited: !response.first("x-envoy-ratelimited").is_empty(),
                attempts,
            });
            if let Some(reason) = of_cluster.or(withheld) {
                let route = response.route();
                let labels = [
                    ("route", &*String::from_utf8_lossy(route)),
                    ("reason", reason.as_str()),
                    ("mode", self.carried.as_str()),
                ];
                root.suppressed.increment(&root.worker, &labels);
                told.push(["suppressed:", reason.as_str()].concat());
                self.suppressed = Some(Suppressed {
                    reason,
                    route: route.to_vec(),
                    status,
                    attempts,
                });
            }
        }
        if self.carried == Carried::Out {
            if !told.is_empty() {
                response.set_filter_state(RETRY, told.join(",").as_bytes());
            }
            if let Some(growth) = &self.planned.growth
                && self.planned.says_retry_after(status)
                && response.first("retry-after").is_empty()
            {
                let seconds = growth.seconds(self.facts.attempt, root.worker.draw());
                response.set("retry-after", seconds.to_string().as_bytes());
                response.set_filter_state(RETRY_AFTER, b"made");
            }
        }
        if root.configuration.common.explain == Explain::Errors
            && status >= 400
            && let Some(explanation) = &self.explanation
        {
            response.explain(Retry::NAME, explanation);
        }
    }

    /// Charges the attempts that were made, and says how many there were. `in_cluster` tells which of its retries have been
    /// charged there, one by one: not all that the router counts have been made then.
    fn charge(&mut self, root: &Retry, attempts: u64, in_cluster: impl FnOnce() -> Option<Vec<u8>>) -> u32 {
        self.is_charged = true;
        let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
        let retries = (attempts > 1 && self.budget.is_some())
            .then(in_cluster)
            .flatten()
            .map(|charged| number(&charged));
        let (charged, attempts) = match retries {
            Some(retries) => (1, retries.saturating_add(1).min(attempts)),
            None => (attempts, attempts),
        };
        if let Some(budget) = self.budget.as_ref().filter(|_| attempts > 0)
            && let Some(now) = root.worker.monotonic_millis()
        {
            budget.charge(charged, &root.worker, now);
        }
        attempts
    }
}

/// Attempts that are counted one by one: as many as a configuration can ask for, so that a route's own policy makes no
/// more names of metrics.
const MOST_ATTEMPTS: u32 = 10;

/// The deadline headers that the request has.
fn said<'h>(planned: &'h Planned, head: &'h RequestHead) -> impl Iterator<Item = (&'h str, &'h [u8])> {
    let headers = planned.policy.deadline_headers.iter();
    headers.flat_map(|name| head.values(name).into_iter().map(|value| (&**name, value)))
}

/// Why a request is answered at once.
fn refusal(
    planned: &Planned,
    head: &RequestHead,
    key: IdempotencyKey,
    left_millis: Option<u64>,
) -> Option<Refusal> {
    let method = head.first(":method");
    let mut needing_key = planned.policy.idempotency_key.required_for.iter();
    let needs_key = needing_key.any(|needing| needing.as_bytes() == method);
    let of_key = Refusal::of_key(key).filter(|_| needs_key);
    of_key.or_else(|| (left_millis == Some(0)).then_some(Refusal::DeadlinePassed))
}

fn grpc_status(value: &[u8]) -> Option<u32> {
    policy::breaker_outcome::Grpc::read(value, |_| false).map(|grpc| grpc.number)
}
