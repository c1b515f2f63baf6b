//! The policy of the retry plugin: which requests are tried again, on what, how often and for how long, what retries
//! may add to an upstream's load, and when callers are told to come back.

mod budget;
mod condition;
mod method;

pub use budget::{Budget, RetryRate};
pub use condition::{AnyMethodOn, RetryOn, RetryOnGrpc};
pub use method::RetriedMethod;

use crate::setting::{Merged, settings, words};
use crate::value::{Decimal, Duration, Form, HeaderName, Int, SafeHeaderName, StatusMatcher};

/// From a millisecond to a day.
pub type Time = Duration<1, 86_400_000>;

/// Statuses of errors.
pub type ErrorStatus = StatusMatcher<400, 599>;

settings! {
    /// Which requests are tried again, on what, how often and for how long, what retries may add to an upstream's load,
    /// and when callers are told to come back.
    pub struct Policy {
        /// How often a request is tried at most, the first time included. 1: there are no retries.
        attempts: Int<1, 10> = Int::of::<3>(),
        /// On what a request of one of `methods` is tried again. Empty: on nothing but `statuses`.
        retry_on: Vec<RetryOn> = vec![
            RetryOn::ConnectFailure,
            RetryOn::RefusedStream,
            RetryOn::ResetBeforeRequest,
            RetryOn::GatewayError,
        ],
        /// Statuses on which it is tried again, too: `503`, `"5xx"`, `"500-504"`. Empty: none.
        statuses: Vec<ErrorStatus> = Vec::new(),
        /// On what a call of gRPC is tried again, whatever its method and its status of HTTP. With `unavailable`, also
        /// on `any_method_on`. Empty: on nothing.
        retry_on_grpc: Vec<RetryOnGrpc> = vec![RetryOnGrpc::Unavailable],
        /// The methods that do no harm when they are done twice.
        methods: Vec<RetriedMethod> = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].map(RetriedMethod::of).into(),
        /// On what a request of any other method is tried again: the upstream has seen nothing of it. Empty: on nothing.
        any_method_on: Vec<AnyMethodOn> = vec![AnyMethodOn::ConnectFailure, AnyMethodOn::RefusedStream],
        /// The key by which a service knows that it has seen a request before.
        idempotency_key: IdempotencyKey = IdempotencyKey::default(),
        /// How long a request may take, with all its retries. `null`: as long as the route says.
        timeout: Option<Time> = None,
        /// How long each attempt may take. `null`: as long as the route says.
        per_try_timeout: Option<Time> = None,
        /// Request headers that say how long the caller still waits, in milliseconds or as `grpc-timeout` does: the
        /// shortest of them counts. It takes the place of the route's own time-out, be it longer or shorter; `timeout` is
        /// the longest that a caller can ask for. Where no time is left, the answer is 504 at once. What makes no sense is
        /// ignored and counted. In a cluster's own filters, the plugin writes what is left into these headers, for each
        /// attempt.
        deadline_headers: Vec<SafeHeaderName> = Vec::new(),
        /// What retries may add to the load of a cluster over time, for all workers together. A burst of requests that leave
        /// at once is bounded by it where the plugin also stands in the cluster's own filters, with the same numbers, and
        /// takes each retry from it before it is made. `null`: as much as they will.
        budget: Option<Budget> = Some(Budget::default()),
        /// What becomes of a request that is itself a retry of a proxy before this one (`x-envoy-attempt-count` above 1).
        inbound_retries: InboundRetries = InboundRetries::Refuse,
        /// When callers are told to come back, by a `Retry-After` on answers that have none. `null`: they are not told.
        retry_after: Option<RetryAfter> = Some(RetryAfter::default()),
        /// Whether the route has a retry policy of its own, which headers cannot narrow. Where a request may be tried again
        /// only on part of what others are, as a POST is, it is then not tried again at all. So are calls of gRPC.
        route_policy: bool = false,
    }
}

settings! {
    /// The key by which a service knows that it has seen a request before: 1 to 255 visible ASCII characters without
    /// spaces, bare or as a quoted string.
    pub struct IdempotencyKey {
        /// The request header that has it.
        header: HeaderName = HeaderName::of("idempotency-key"),
        /// Methods that are tried again as `methods` are where there is a key, for services that keep that promise.
        unlocks: Vec<RetriedMethod> = Vec::new(),
        /// Methods of which a request without a key, or with one that is none, is refused with 400.
        required_for: Vec<RetriedMethod> = Vec::new(),
    }
}

settings! {
    /// When callers are told to come back.
    pub struct RetryAfter {
        /// On answers with which status.
        statuses: Vec<ErrorStatus> = vec![ErrorStatus::of::<429, 429>(), ErrorStatus::of::<503, 503>()],
        /// After how long at a caller's first attempt, in whole seconds, rounded up.
        base: Time = Duration::of::<1_000>(),
        /// What that is multiplied by with each attempt that the caller says to have made. 1: it does not grow.
        multiplier: Decimal<1, 100> = Decimal::tenths::<20>(),
        /// The longest, jitter not counted.
        max: Time = Duration::of::<30_000>(),
        /// A random part that is added to it, at most this much of the whole. 0: none.
        jitter: Decimal<0, 1> = Decimal::tenths::<5>(),
    }
}

words! {
    /// What becomes of a request that is itself a retry.
    pub enum InboundRetries {
        /// it is tried once: whoever retries it does so again.
        Refuse = "refuse",
        /// it is tried again as any other, and what two layers do is multiplied.
        Allow = "allow",
    }
}

impl crate::Policy for Policy {
    const NAME: &'static str = "retry";

    fn check(&self, merged: &mut Merged<'_>) {
        if let (Some(timeout), Some(per_try)) = (self.timeout, self.per_try_timeout)
            && per_try > timeout
        {
            merged.refuse(
                &["timeout", "per_try_timeout"],
                "per_try_timeout must not be above timeout",
            );
        }
        let key = &self.idempotency_key;
        if key.unlocks.iter().any(|method| self.methods.contains(method)) {
            merged.refuse(
                &["methods", "idempotency_key.unlocks"],
                "a method of methods needs no key to unlock it",
            );
        }
        if let Some(budget) = &self.budget {
            budget.check(merged);
        }
        if let Some(retry_after) = &self.retry_after
            && retry_after.max < retry_after.base
        {
            merged.refuse(
                &["retry_after.base", "retry_after.max"],
                "max must not be below base",
            );
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
