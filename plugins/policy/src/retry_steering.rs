//! What a request tells the proxy's router about its retries and its time-outs.
//!
//! The router tries again by itself; what it is told decides whether that does harm. It reads request headers, adds what they
//! say to the route's own policy, and believes whoever wrote them. So each header that it reads ([`HEADERS`]) is written or
//! removed, whatever came in, and how often a request may be tried again is always said: a route's own policy stops at 0.
//!
//! * A method that does no harm when it is done twice is tried again as configured, and so is one that a key unlocks.
//! * Any other is tried again only where the upstream has seen nothing of it. Where the route itself allows more, headers
//!   cannot narrow that, and it is not tried again at all.
//! * A call of gRPC is a POST that is answered 200: it goes by the conditions of gRPC alone.
//! * What may be tried again is still tried once where a layer above does so already, where its breaker is finding out
//!   whether the upstream works, or where the budget is used up.
//!
//! When the answer is there, [`Steering::withheld`] tells whether it is one that would have been retried.

mod answer;
mod conditions;
mod headers;
mod plan;

pub use answer::Answer;
pub use conditions::Conditions;
pub use headers::HEADERS;
pub use plan::{Plan, TimeOuts};

use crate::idempotency_key::IdempotencyKey;

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Its method.
    pub method: &'r [u8],
    /// Whether it is a call of gRPC.
    pub is_grpc: bool,
    /// What it says of its key.
    pub key: IdempotencyKey,
    /// Which attempt of its caller it is ([`crate::retry_after::callers_attempt`]), from 1.
    pub attempt: u32,
    /// How many retries the budget has left ([`crate::retry_budget::Record::remaining`]). `None`: there is no budget.
    pub budget_left: Option<u32>,
    /// Whether its breaker is half-open.
    pub is_half_open: bool,
    /// How long the caller still waits, in milliseconds. `None`: it does not say.
    pub left_millis: Option<u64>,
}

/// Why a request is not tried again, or not on everything on which others are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its method may do harm when it is done twice.
    Method,
    /// A key would unlock its method, and it has none, or one that is malformed.
    IdempotencyKey,
    /// The budget is used up.
    Budget,
    /// Its breaker is half-open.
    HalfOpen,
    /// It is itself a retry.
    InboundRetry,
    /// Its caller does not wait any longer.
    Deadline,
}

impl Reason {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::IdempotencyKey => "idempotency_key",
            Self::Budget => "budget",
            Self::HalfOpen => "half_open",
            Self::InboundRetry => "inbound_retry",
            Self::Deadline => "deadline",
        }
    }
}

/// What a request tells the router.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steering<'p> {
    plan: &'p Plan,
    max_retries: u32,
    /// What a retry's answer may be, and what it might be if the request were of another kind.
    allowed: Conditions,
    unrestrained: Conditions,
    /// Why those differ.
    kind: Option<Reason>,
    /// Why it may not be tried again as often as others of its kind.
    reason: Option<Reason>,
    /// Whether it does no harm to send it again while the upstream is at work on it.
    may_hedge: bool,
    time_outs: TimeOuts,
    /// Whether its caller waits less long than the configuration allows.
    is_cut_short: bool,
}

impl Plan {
    /// Decides what a request tells the router.
    pub fn steer(&self, request: &Request<'_>) -> Steering<'_> {
        let unrestrained = match request.is_grpc {
            true => self.grpc,
            false => self.full,
        };
        let kind = self.restrained(request);
        let allowed = match kind {
            None => unrestrained,
            Some(_) if self.route_policy => Conditions::default(),
            Some(_) => self.narrow,
        };
        let wanted = if allowed.is_empty() { 0 } else { self.retries };
        let left = request.budget_left.unwrap_or(u32::MAX);
        let (reason, max_retries) = match request {
            _ if wanted == 0 => (None, 0),
            _ if request.left_millis == Some(0) => (Some(Reason::Deadline), 0),
            _ if request.attempt > 1 && self.refuses_inbound => (Some(Reason::InboundRetry), 0),
            _ if request.is_half_open => (Some(Reason::HalfOpen), 0),
            _ if left < wanted => (Some(Reason::Budget), left),
            _ => (None, wanted),
        };
        Steering {
            plan: self,
            max_retries,
            allowed,
            unrestrained,
            kind,
            reason,
            may_hedge: kind.is_none() && !request.is_grpc,
            time_outs: self.time_outs.within(request.left_millis),
            is_cut_short: self.time_outs.exceed(request.left_millis),
        }
    }

    /// Why a request is not tried again on everything on which others are.
    fn restrained(&self, request: &Request<'_>) -> Option<Reason> {
        let is_one_of = |methods: &[Box<[u8]>]| methods.iter().any(|method| **method == *request.method);
        match request.key {
            // What the route itself allows goes by status, and such a call is a POST.
            _ if request.is_grpc => self.route_policy.then_some(Reason::Method),
            _ if is_one_of(&self.methods) => None,
            IdempotencyKey::Valid if is_one_of(&self.unlocks) => None,
            _ if is_one_of(&self.unlocks) => Some(Reason::IdempotencyKey),
            _ => Some(Reason::Method),
        }
    }
}

impl Steering<'_> {
    /// How often the request may be tried again.
    pub fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// What it may take.
    pub fn time_outs(&self) -> TimeOuts {
        self.time_outs
    }

    /// Why it may not be tried again as often as others of its kind, if that is so.
    pub fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Why the request was not tried again, or not once more, though its answer is one on which others are. `None`: it
    /// was tried as often as may be, or the answer is none of those.
    pub fn withheld(&self, answer: &Answer<'_>) -> Option<Reason> {
        let has_more = answer.attempts.saturating_sub(1) < self.max_retries;
        let statuses = &self.plan.statuses;
        if answer.is_one_of(self.allowed, statuses) {
            return self.reason.filter(|_| !has_more);
        }
        if answer.is_one_of(self.unrestrained, statuses) {
            return self.kind;
        }
        let would_go_on = has_more && self.is_cut_short && answer.is_out_of_time(self.allowed);
        would_go_on.then_some(Reason::Deadline)
    }
}

#[cfg(test)]
mod tests;
