//! Requests that the plugin answers itself: those without the key that they must have, and those whose caller no longer
//! waits.

use kit::{Ids, Object, OwnError, Reply, Worker};
use policy::error_code::{
    DEADLINE_PASSED, IDEMPOTENCY_KEY_MALFORMED, IDEMPOTENCY_KEY_MISSING, RETRY_BUDGET_SPENT,
};
use policy::idempotency_key::IdempotencyKey;

/// The response code details where the budget ended the retries.
pub(crate) const BUDGET_SPENT: &str = "retry_budget_spent";

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has no key, and must have one.
    KeyMissing,
    /// Its key is none.
    KeyMalformed,
    /// Its deadline is past.
    DeadlinePassed,
    /// It failed, and the budget has no retry left: only where the plugin stands in a cluster.
    BudgetSpent,
}

impl Refusal {
    /// Whether a key that must be there is.
    pub(crate) fn of_key(key: IdempotencyKey) -> Option<Self> {
        match key {
            IdempotencyKey::Absent => Some(Self::KeyMissing),
            IdempotencyKey::Malformed => Some(Self::KeyMalformed),
            IdempotencyKey::Valid => None,
        }
    }

    /// What it is called.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::KeyMissing => IDEMPOTENCY_KEY_MISSING,
            Self::KeyMalformed => IDEMPOTENCY_KEY_MALFORMED,
            Self::DeadlinePassed => DEADLINE_PASSED,
            Self::BudgetSpent => RETRY_BUDGET_SPENT,
        }
    }

    /// The answer.
    pub(crate) fn reply(self, is_grpc: bool, ids: &Ids, worker: &Worker) -> Reply {
        const INVALID_ARGUMENT: u32 = 3;
        const DEADLINE_EXCEEDED: u32 = 4;
        const UNAVAILABLE: u32 = 14;
        let (status, grpc_status, details, message) = match self {
            Self::KeyMissing => (
                400,
                INVALID_ARGUMENT,
                "idempotency_key_missing",
                "The request must have an idempotency key.",
            ),
            Self::KeyMalformed => (
                400,
                INVALID_ARGUMENT,
                "idempotency_key_malformed",
                "The request's idempotency key is not valid.",
            ),
            Self::DeadlinePassed => (
                504,
                DEADLINE_EXCEEDED,
                "deadline_passed",
                "The request's deadline has passed.",
            ),
            Self::BudgetSpent => (
                503,
                UNAVAILABLE,
                BUDGET_SPENT,
                "The service failed, and too much is being tried again.",
            ),
        };
        OwnError {
            status,
            code: self.code(),
            message,
            details,
            context: &Object::default(),
            grpc_status: is_grpc.then_some(grpc_status),
            // It would be the same request; or it has been tried as often as may be.
            retryable: false,
            retry_after: None,
        }
        .reply(ids, worker)
    }
}
