//! What a rejected request is answered.

use crate::call::Call;
use kit::{Ids, Object, OwnError, Reply, Worker};
use policy::breaker::{Rejection, Why};
use policy::error_code::{CIRCUIT_OPEN, CIRCUIT_RAMPING};

/// What an Envoy in front takes for an answer on which not to try again.
const RATELIMITED: &str = "x-envoy-ratelimited";
/// gRPC's status for a service that cannot be reached.
const UNAVAILABLE: u32 = 14;

/// The response code details.
fn details(why: Why) -> &'static str {
    match why {
        Why::Open | Why::HalfOpen => "circuit_breaker_open",
        Why::Ramping => "circuit_breaker_ramping",
    }
}

/// What it is called in the body, in `x-error-code` and in filter state.
pub(crate) fn error_code(call: &Call, rejection: Rejection) -> String {
    match &call.policy.reject.error_code {
        Some(code) => code.to_string(),
        None => match rejection.why {
            Why::Open | Why::HalfOpen => CIRCUIT_OPEN.to_owned(),
            Why::Ramping => CIRCUIT_RAMPING.to_owned(),
        },
    }
}

/// The status of a rejection.
pub(crate) fn status(call: &Call) -> u16 {
    // A configuration allows 400 to 599.
    u16::try_from(call.policy.reject.status.get()).unwrap_or(503)
}

/// The reply to a request that is rejected.
pub(crate) fn reply(call: &Call, rejection: Rejection, is_grpc: bool, ids: &Ids, worker: &Worker) -> Reply {
    let reject = &call.policy.reject;
    let error = OwnError {
        status: status(call),
        code: &error_code(call, rejection),
        message: &reject.message,
        details: details(rejection.why),
        context: &Object::default(),
        grpc_status: is_grpc.then_some(UNAVAILABLE),
        // The upstream has seen nothing of it.
        retryable: true,
        retry_after: Some(rejection.retry_after_seconds),
    };
    let reply = error.reply(ids, worker);
    match (reject.push_back, is_grpc) {
        (false, _) => reply,
        // For an Envoy in front; and for a client of gRPC (gRFC A6).
        (true, false) => reply.with(RATELIMITED, "true"),
        (true, true) => reply
            .with(RATELIMITED, "true")
            .with("grpc-retry-pushback-ms", "-1"),
    }
}
