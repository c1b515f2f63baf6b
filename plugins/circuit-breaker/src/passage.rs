//! What becomes of one request that a policy is for: how far it has come, and what is settled when.

use crate::CircuitBreaker;
use crate::breaker::Counted;
use crate::call::Call;
use crate::{reject, report};
use kit::{Carried, Done, Ids, Object, Reply, Request, RequestHead, Response};
use policy::breaker::{Outcome, Rejection};
use policy::breaker_key::earns_slot;
use policy::breaker_outcome::{
    self as outcome, Answer as Judge, Attempt, End, Grpc, Judged, is_due, judge_attempt_without_answer,
    judge_without_answer, was_callers_deadline,
};
use policy::deadline::{self, callers_deadline_millis};
use policy::error_code::Origin;
use policy::retry_after;

/// Filter state that holds the code of an error, by whichever plugin of ours made it.
const ERROR_CODE: &str = "policy.error_code";
/// Filter state that error-envelope sets on each error that it deals with.
const ERROR_ORIGIN: &str = "policy.error_origin";
/// Filter state of retry: when the deadline is that it took from the caller's headers and gave to the router, by the clock
/// that all workers share.
const DEADLINE: &str = "policy.deadline";
/// Filter state of retry: that the answer's `Retry-After` is its own, and not the upstream's.
const RETRY_AFTER: &str = "policy.retry_after";
/// The response code details of an upstream's answer.
const VIA_UPSTREAM: &[u8] = b"via_upstream";

/// What the later phases need of a request.
pub(crate) struct Passage {
    pub(crate) call: Call,
    pub(crate) head: RequestHead,
    pub(crate) ids: Option<Ids>,
    pub(crate) explanation: Option<Object>,
    /// When the upstream was asked: when the whole request had come. `None`: it has not yet.
    pub(crate) asked_millis: Option<u64>,
    pub(crate) stage: Stage,
}

/// How far it has come.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// It was rejected, or would have been.
    Rejected,
    /// It was admitted, and there is no answer yet.
    Waiting,
    /// There is an answer that is good so far.
    Answered(Judge<'static>),
    /// It is known what came of it.
    Over(Outcome),
}

impl Passage {
    /// Sends a rejected request another way, if there is one. Where the host refuses, there is none.
    pub(crate) fn is_rerouted(&self, request: &mut Request<'_>) -> bool {
        match &self.call.policy.reject.reroute {
            Some(reroute) if self.call.is_rerouted() => {
                request.set(&reroute.header, reroute.value.as_bytes());
                request.reroute()
            }
            _ => false,
        }
    }

    /// The reply to a rejected request.
    pub(crate) fn reply(
        &mut self,
        rejection: Rejection,
        request: &mut Request<'_>,
        root: &CircuitBreaker,
    ) -> Reply {
        let code = reject::error_code(&self.call, rejection);
        request.set_filter_state(ERROR_CODE, code.as_bytes());
        let ids = self.ids.insert(Ids::of(&self.head, &root.worker));
        reject::reply(&self.call, rejection, request.is_grpc(), ids, &root.worker)
    }

    /// The response's headers have come.
    pub(crate) fn answered(&mut self, root: &CircuitBreaker, response: &Response<'_>) {
        let call = &self.call;
        let content_type = response.first("content-type");
        let status = response.status().unwrap_or_default();
        // In a cluster there are only the upstream's answers: the replies of other filters there pass by this one.
        // Elsewhere no header tells: a filter that asks another service may hand on all that this one answered.
        let details = match call.is_attempt {
            true => VIA_UPSTREAM,
            false => response.details(),
        };
        let is_local = Origin::of(details) == Origin::Local;
        // Asked for only where it can matter.
        let waited = if is_local || call.settings.trip.slow_rate.is_some() {
            self.waited_millis(root)
        } else {
            0
        };
        let answer = Judge {
            exchange: outcome::Exchange::of(self.head.first(":method"), status, content_type),
            details,
            callers_deadline: is_local && self.is_callers_deadline(response, waited),
            status,
            status_fails: call.policy.failure.has_status(status),
            grpc: self.grpc_status(response.first("grpc-status")),
            is_whole: response.is_whole(),
            is_slow: call
                .settings
                .trip
                .slow_rate
                .is_some_and(|slow| waited > slow.slower_than_millis),
        };
        let judged = answer.judge();
        if let Some((belongs, lacks)) = &call.lacks
            && earns_slot(status, !is_local)
            && let Some(now_millis) = root.worker.monotonic_millis()
        {
            root.breakers.earn(&call.policy, belongs, *lacks, now_millis);
        }
        match judged {
            Judged::Later => {
                let answer = answer.without_details();
                call.answered(root);
                self.stage = Stage::Answered(answer);
            }
            Judged::Now(came) => {
                let asks = came == Outcome::Failure && call.settings.open.honor_retry_after;
                let seconds = (asks && response.filter_state(RETRY_AFTER).is_none())
                    .then(|| retry_after::seconds(response.first("retry-after"), root.worker.unix_millis()?))
                    .flatten();
                self.settle(root, came, seconds);
            }
        }
    }

    /// The answer is over, if it was good so far.
    pub(crate) fn ended(&mut self, root: &CircuitBreaker, end: End) {
        if let Stage::Answered(answer) = self.stage {
            self.settle(root, answer.judge_end(end), None);
        }
    }

    /// The exchange is over.
    pub(crate) fn done(&mut self, root: &CircuitBreaker, done: &Done<'_>) {
        match self.stage {
            Stage::Waiting => {
                let waited = self.waited_millis(root);
                let patience = self.call.policy.failure.no_answer_after.millis();
                let came = if self.call.is_attempt {
                    let details = done.details();
                    let attempt = self.attempt(done, &details, waited);
                    judge_attempt_without_answer(attempt, waited, patience)
                } else {
                    judge_without_answer(done.flags(), waited, patience)
                };
                self.settle(root, came, None);
            }
            Stage::Answered(answer) => {
                let end = if self.call.is_attempt {
                    let details = done.details();
                    End::upstream(self.attempt(done, &details, self.waited_millis(root)))
                } else {
                    End::downstream(done.flags())
                };
                self.settle(root, answer.judge_end(end), None);
            }
            Stage::Rejected | Stage::Over(_) => {}
        }
        self.log(root, done);
    }

    /// What the proxy says of an attempt that is over.
    fn attempt<'d>(&self, done: &Done<'_>, details: &'d [u8], waited_millis: u64) -> Attempt<'d> {
        let expected_millis = deadline::millis(self.head.first("x-envoy-expected-rq-timeout-ms"));
        Attempt {
            flags: done.flags(),
            details,
            was_passed_on: done.status().is_some(),
            is_due: is_due(expected_millis, waited_millis),
        }
    }

    fn settle(&mut self, root: &CircuitBreaker, came: Outcome, retry_after_seconds: Option<u64>) {
        let (call, head) = (&self.call, &self.head);
        call.settle(root, came, retry_after_seconds, &|| Ids::of(head, &root.worker));
        self.stage = Stage::Over(came);
    }

    fn log(&self, root: &CircuitBreaker, done: &Done<'_>) {
        let (worker, common) = (&root.worker, &root.configuration.common);
        let ids = || self.ids.clone().unwrap_or_else(|| Ids::of(&self.head, worker));
        if let Some(rejection) = self.call.rejection() {
            // Where error-envelope is in the chain, it logs what the client gets.
            let is_logged = self.call.carried == Carried::Out && done.filter_state(ERROR_ORIGIN).is_some();
            if !is_logged {
                report::rejection_line(worker, common, &self.call, rejection, ids);
            }
        }
        if common.log.requests {
            let counted = match self.stage {
                Stage::Over(came) => Counted::from(came),
                _ => Counted::Rejected,
            };
            report::request_line(worker, &self.call, counted, &ids(), done);
        }
    }

    /// For how long the upstream has been waited for, in milliseconds: a client may take its time to send its request.
    fn waited_millis(&self, root: &CircuitBreaker) -> u64 {
        let waited = || Some(root.worker.monotonic_millis()?.saturating_sub(self.asked_millis?));
        waited().unwrap_or_default()
    }

    /// Whether it was the caller who wanted no longer to be waited.
    fn is_callers_deadline(&self, response: &Response<'_>, waited_millis: u64) -> bool {
        let told = response.filter_state(DEADLINE);
        let at = told.and_then(|text| deadline::millis(&text));
        let by_retry = at
            .zip(self.asked_millis)
            .map(|(at, asked)| at.saturating_sub(asked));
        // Where retry says one, it has taken the place of what the caller told the proxy.
        let deadline = by_retry.or_else(|| callers_deadline_millis(|name| self.head.first(name)));
        let patience = self.call.policy.failure.no_answer_after.millis();
        was_callers_deadline(deadline, waited_millis, patience)
    }

    pub(crate) fn grpc_status(&self, value: &[u8]) -> Option<Grpc> {
        Grpc::read(value, |number| self.call.policy.failure.has_grpc(number))
    }
}
