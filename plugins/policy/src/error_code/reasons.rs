//! Why the proxy answers itself: its response code details, and what they mean to a client.

use super::{Known, Retry};

/// One of the proxy's reasons.
pub(super) struct Reason {
    pub(super) details: &'static [Details],
    pub(super) known: Known,
}

/// How a reason is told from the details.
pub(super) enum Details {
    /// The word before any `{` or `[`.
    Word(&'static str),
    /// The router's reset before a response, with this reason in its braces.
    Reset(&'static str),
}

const RESET: &str = "upstream_reset_before_response_started";

impl Details {
    fn matches(&self, word: &str, inside: &str) -> bool {
        match self {
            Self::Word(wanted) => *wanted == word,
            Self::Reset(reason) => word == RESET && inside.split(['|', '}']).next() == Some(*reason),
        }
    }

    #[cfg(all(test, not(target_arch = "wasm32")))]
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Reset(reason) => format!("{RESET}{{{reason}…}}"),
        }
    }
}

/// The first reason that the details name.
pub(super) fn find(details: &[u8]) -> Option<Known> {
    let details = str::from_utf8(details).ok()?;
    let (word, inside) = details.split_once(['{', '[']).unwrap_or((details, ""));
    let reason = ALL
        .iter()
        .find(|reason| reason.details.iter().any(|details| details.matches(word, inside)));
    reason.map(|reason| reason.known)
}

use Details::{Reset, Word};

const fn reason(
    details: &'static [Details],
    code: &'static str,
    message: &'static str,
    retry: Retry,
) -> Reason {
    Reason {
        details,
        known: Known {
            name: code,
            message,
            retry,
            is_reason: true,
        },
    }
}

pub(super) const ALL: &[Reason] = &[
    reason(
        &[Word("route_not_found"), Word("route_configuration_not_found")],
        "ROUTE_NOT_FOUND",
        "Nothing is served at this address.",
        Retry::Never,
    ),
    reason(
        &[Word("no_healthy_upstream")],
        "UPSTREAM_UNAVAILABLE",
        "The service is not available right now.",
        Retry::Any,
    ),
    reason(
        &[
            Reset("remote_connection_failure"),
            Reset("local_connection_failure"),
            Reset("connection_failure"),
            Reset("connection_timeout"),
        ],
        "UPSTREAM_CONNECT_FAILURE",
        "The service could not be reached.",
        Retry::Any,
    ),
    reason(
        &[Reset("overflow")],
        "UPSTREAM_OVERLOADED",
        "The service has as much to do as it can take.",
        Retry::Any,
    ),
    reason(
        &[Reset("protocol_error")],
        "UPSTREAM_PROTOCOL_ERROR",
        "The service sent an answer that cannot be understood.",
        Retry::Idempotent,
    ),
    reason(
        &[Word(RESET)],
        "UPSTREAM_RESET",
        "The service broke off before it answered.",
        Retry::Idempotent,
    ),
    reason(
        &[
            Word("response_timeout"),
            Word("upstream_per_try_timeout"),
            Word("upstream_per_try_idle_timeout"),
            Word("upstream_max_stream_duration_reached"),
        ],
        "UPSTREAM_TIMEOUT",
        "The service did not answer in time.",
        Retry::Idempotent,
    ),
    reason(
        &[Word("cluster_not_found"), Word("no_cluster_info")],
        "UPSTREAM_NOT_CONFIGURED",
        "The service is not set up.",
        Retry::Unknown,
    ),
    // These two are our own circuit breaker's.
    reason(
        &[Word("circuit_breaker_open")],
        super::CIRCUIT_OPEN,
        "The service is temporarily unavailable.",
        Retry::Any,
    ),
    reason(
        &[Word("idempotency_key_missing")],
        super::IDEMPOTENCY_KEY_MISSING,
        "The request must have an idempotency key.",
        Retry::Never,
    ),
    reason(
        &[Word("idempotency_key_malformed")],
        super::IDEMPOTENCY_KEY_MALFORMED,
        "The request's idempotency key is not valid.",
        Retry::Never,
    ),
    reason(
        &[Word("retry_budget_spent")],
        super::RETRY_BUDGET_SPENT,
        "The service failed, and too much is being tried again.",
        Retry::Never,
    ),
    reason(
        &[Word("deadline_passed")],
        super::DEADLINE_PASSED,
        "The request's deadline has passed.",
        Retry::Never,
    ),
    reason(
        &[Word("circuit_breaker_ramping")],
        super::CIRCUIT_RAMPING,
        "The service is recovering.",
        Retry::Any,
    ),
    reason(
        &[Word("maintenance_mode")],
        "UNDER_MAINTENANCE",
        "The service is under maintenance.",
        Retry::Any,
    ),
    reason(
        &[
            Word("request_payload_too_large"),
            Word("request_payload_exceeded_retry_buffer_limit"),
        ],
        "REQUEST_TOO_LARGE",
        "The request is larger than is allowed.",
        Retry::Never,
    ),
    reason(
        &[Word("response_payload_too_large")],
        "RESPONSE_TOO_LARGE",
        "The answer is larger than can be passed on.",
        Retry::Never,
    ),
    reason(
        &[Word("request_rate_limited"), Word("local_rate_limited")],
        "RATE_LIMITED",
        "There were too many requests.",
        Retry::Any,
    ),
    reason(
        &[Word("rate_limiter_error")],
        "RATE_LIMITER_FAILURE",
        "It cannot be told right now whether the request is within its limits.",
        Retry::Any,
    ),
    reason(
        &[
            Word("reached_concurrency_limit"),
            Word("denied_by_admission_control"),
        ],
        "CONCURRENCY_LIMITED",
        "There is more to do at once than the service can take.",
        Retry::Any,
    ),
    reason(
        &[
            Word("ext_authz_denied"),
            Word("rbac_access_denied_matched_policy"),
        ],
        "ACCESS_DENIED",
        "This is not allowed.",
        Retry::Never,
    ),
    reason(
        &[Word("ext_authz_error")],
        "AUTHORIZATION_FAILURE",
        "It cannot be told right now whether this is allowed.",
        Retry::Any,
    ),
    reason(
        &[Word("jwt_authn_access_denied")],
        "AUTHENTICATION_FAILED",
        "The credentials are missing or not valid.",
        Retry::Never,
    ),
    reason(
        &[Word("csrf_origin_mismatch")],
        "ORIGIN_REJECTED",
        "The request comes from a page that may not send it.",
        Retry::Never,
    ),
    reason(
        &[Word("fault_filter_abort")],
        "FAULT_INJECTED",
        "The request was made to fail on purpose.",
        Retry::Any,
    ),
    reason(
        &[Word("request_overall_timeout"), Word("request_header_timeout")],
        "REQUEST_INCOMPLETE",
        "The request did not arrive in time.",
        Retry::Any,
    ),
    reason(
        &[
            Word("stream_idle_timeout"),
            Word("max_duration_timeout"),
            Word("duration_timeout"),
        ],
        "STREAM_TIMEOUT",
        "The exchange took too long.",
        Retry::Idempotent,
    ),
    reason(
        &[Word("wasm_fail_stream")],
        "FILTER_FAILURE",
        "The request could not be checked.",
        Retry::Any,
    ),
];
