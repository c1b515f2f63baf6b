//! What a rejected request is answered.

use crate::call::Call;
use kit::{Ids, Object, Reply, Worker};
use policy::breaker::{Rejection, Why};
use policy::envelope::{Envelope, Format};
use policy::error_code::{CIRCUIT_OPEN, CIRCUIT_RAMPING};

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
    let details = details(rejection.why);
    let code = error_code(call, rejection);
    let seconds = rejection.retry_after_seconds;
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((name.into(), value.into()));
    add("retry-after", &seconds.to_string());
    add("x-error-code", &code);
    if reject.push_back {
        // For an Envoy in front; and for a client of gRPC (gRFC A6).
        add("x-envoy-ratelimited", "true");
        if is_grpc {
            add("grpc-retry-pushback-ms", "-1");
        }
    }
    let body = if is_grpc {
        reject.message.as_bytes().to_vec()
    } else {
        add("content-type", Format::Standard.content_type());
        Envelope {
            trace_id: &ids.trace,
            request_id: &ids.request,
            error_code: &code,
            message: &reject.message,
            status: status(call),
            unix_millis: worker.unix_millis().unwrap_or_default(),
            service_name: worker.service_name(),
            context: &Object::default(),
            documentation_url: None,
            // The upstream has seen nothing of it.
            retryable: Some(true),
            retry_after: Some(seconds),
        }
        .write(Format::Standard)
    };
    Reply {
        status: status(call),
        headers,
        body,
        details: details.into(),
        grpc_status: is_grpc.then_some(UNAVAILABLE),
    }
}
