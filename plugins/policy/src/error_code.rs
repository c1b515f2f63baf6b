//! The catalogue of errors: a stable code for every status and for each of the proxy's own reasons.
//!
//! Codes are a contract with the clients of every service: one is never renamed, and never given another meaning.

mod reasons;
mod statuses;

/// What a circuit breaker rejects that is open, or half-open with all its places taken.
pub const CIRCUIT_OPEN: &str = "CIRCUIT_OPEN";
/// What a closed circuit breaker rejects while it does not admit all requests yet.
pub const CIRCUIT_RAMPING: &str = "CIRCUIT_RAMPING";

/// A request without the idempotency key that it must have.
pub const IDEMPOTENCY_KEY_MISSING: &str = "IDEMPOTENCY_KEY_MISSING";
/// A request whose idempotency key is none.
pub const IDEMPOTENCY_KEY_MALFORMED: &str = "IDEMPOTENCY_KEY_MALFORMED";
/// A request whose deadline was past when it came.
pub const DEADLINE_PASSED: &str = "DEADLINE_PASSED";

/// A request that failed, and that the budget of retries does not allow to try again.
pub const RETRY_BUDGET_SPENT: &str = "RETRY_BUDGET_SPENT";

/// A request to the live state whose parameters are wrong.
pub const BAD_REQUEST: &str = "BAD_REQUEST";
/// One from a peer that is not answered, or that may change nothing.
pub const ACCESS_DENIED: &str = "ACCESS_DENIED";
/// One to a path that there is not.
pub const NOT_FOUND: &str = "NOT_FOUND";
/// One with a method that its path does not have.
pub const METHOD_NOT_ALLOWED: &str = "METHOD_NOT_ALLOWED";
/// One for a breaker that there is not.
pub const BREAKER_UNKNOWN: &str = "BREAKER_UNKNOWN";
/// One that could be for one of several breakers.
pub const BREAKER_AMBIGUOUS: &str = "BREAKER_AMBIGUOUS";
/// One for which the proxy does not hand over, or take, what it needs.
pub const STATE_UNAVAILABLE: &str = "STATE_UNAVAILABLE";

/// Who made an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The proxy itself, one of its filters, or an operator's `direct_response`.
    Local,
    /// The service behind the proxy.
    Upstream,
}

impl Origin {
    /// Tells it from the proxy's response code details: only what an upstream answered says so.
    pub fn of(details: &[u8]) -> Self {
        if details == b"via_upstream" {
            Self::Upstream
        } else {
            Self::Local
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Upstream => "upstream",
        }
    }
}

/// When the same request may be sent again with some hope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The upstream has seen nothing of it: any request may.
    Any,
    /// The upstream may have acted on it: only a request whose method is idempotent may.
    Idempotent,
    /// It would fail again.
    Never,
    /// Nothing can be said.
    Unknown,
}

impl Retry {
    /// Whether a request of this method may be sent again; `None`: nothing can be said.
    pub fn allows(self, method: &[u8]) -> Option<bool> {
        // RFC 9110, section 9.2.2.
        let idempotent = [&b"GET"[..], b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"].contains(&method);
        match self {
            Self::Any => Some(true),
            Self::Idempotent => idempotent.then_some(true),
            Self::Never => Some(false),
            Self::Unknown => None,
        }
    }
}

/// An entry of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// What its code is made of: the status' own words, or the code itself.
    name: &'static str,
    /// A sentence for the client, which gives away nothing of what is behind the proxy.
    pub message: &'static str,
    /// Whether it may be retried.
    pub retry: Retry,
    /// Whether it is one of the proxy's own reasons: the text that comes with it is for operators, and no message for a
    /// client.
    pub is_reason: bool,
}

impl Known {
    /// The code, in upper case with underscores.
    pub fn code(&self) -> String {
        code_letters(self.name).map(char::from).collect()
    }
}

fn code_letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|byte| match byte {
        b' ' => b'_',
        letter => letter.to_ascii_uppercase(),
    })
}

/// The entry for an error: by the proxy's reason if it made the error and the reason is known, else by the status.
pub fn known(status: u16, origin: Origin, details: &[u8]) -> Known {
    let reason = (origin == Origin::Local)
        .then(|| reasons::find(details))
        .flatten();
    reason.unwrap_or_else(|| statuses::find(status).known)
}

/// The status' own words (RFC 9110), as `Not Found`.
pub fn phrase(status: u16) -> &'static str {
    statuses::find(status).known.name
}

/// Whether it is one of the catalogue's codes.
pub fn is_in_catalogue(code: &str) -> bool {
    let reasons = reasons::ALL.iter().map(|reason| &reason.known);
    let mut all = reasons.chain(statuses::ALL.iter().map(|status| &status.known));
    all.any(|known| code_letters(known.name).eq(code.bytes()))
}

/// The catalogue as a page for people, in Markdown.
#[cfg(all(test, not(target_arch = "wasm32")))]
fn page() -> String {
    use std::fmt::Write;
    let retry = |retry| match retry {
        Retry::Any => "yes",
        Retry::Idempotent => "if idempotent",
        Retry::Never => "no",
        Retry::Unknown => "not said",
    };
    let mut page = "<!-- Generated by `make bless`. -->\n\n# Error codes\n\n\
        Envoy's own errors and those of the circuit breaker, by what made it answer \
        (`%RESPONSE_CODE_DETAILS%`; `…` stands for more to come):\n\n\
        | `error_code` | reason in Envoy | message | retryable |\n|---|---|---|---|\n"
        .to_owned();
    for reason in reasons::ALL {
        let details: Vec<String> = reason
            .details
            .iter()
            .map(|details| format!("`{}`", details.in_words()))
            .collect();
        let (code, message, when) = (reason.known.code(), reason.known.message, reason.known.retry);
        let _ = writeln!(
            page,
            "| `{code}` | {} | {message} | {} |",
            details.join(", "),
            retry(when)
        );
    }
    page += "\nEvery other error, by its status:\n\n| status | `error_code` | message | retryable |\n|---|---|---|---|\n";
    for status in statuses::ALL {
        let (code, message, when) = (status.known.code(), status.known.message, status.known.retry);
        let number = match status.status {
            statuses::OTHER_CLIENT_ERROR => "any other 4xx".to_owned(),
            statuses::OTHER_SERVER_ERROR => "any other 5xx".to_owned(),
            number => format!("{number} {}", status.known.name),
        };
        let _ = writeln!(page, "| {number} | `{code}` | {message} | {} |", retry(when));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_proxys_reasons_have_codes_of_their_own() {
        for (status, details, code) in [
            (404, "route_not_found", "ROUTE_NOT_FOUND"),
            (503, "no_healthy_upstream", "UPSTREAM_UNAVAILABLE"),
            (
                503,
                "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
                "UPSTREAM_CONNECT_FAILURE",
            ),
            (
                503,
                "upstream_reset_before_response_started{connection_timeout}",
                "UPSTREAM_CONNECT_FAILURE",
            ),
            (
                503,
                "upstream_reset_before_response_started{connection_termination}",
                "UPSTREAM_RESET",
            ),
            (
                503,
                "upstream_reset_before_response_started{overflow}",
                "UPSTREAM_OVERLOADED",
            ),
            (
                502,
                "upstream_reset_before_response_started{protocol_error}",
                "UPSTREAM_PROTOCOL_ERROR",
            ),
            (504, "response_timeout", "UPSTREAM_TIMEOUT"),
            (504, "upstream_per_try_timeout", "UPSTREAM_TIMEOUT"),
            (503, "circuit_breaker_open", "CIRCUIT_OPEN"),
            (503, "circuit_breaker_ramping", "CIRCUIT_RAMPING"),
            (413, "request_payload_too_large", "REQUEST_TOO_LARGE"),
            (429, "local_rate_limited", "RATE_LIMITED"),
            (429, "request_rate_limited", "RATE_LIMITED"),
            (403, "rbac_access_denied_matched_policy[none]", "ACCESS_DENIED"),
            (403, "ext_authz_denied", "ACCESS_DENIED"),
            (
                401,
                "jwt_authn_access_denied{Jwt_is_missing}",
                "AUTHENTICATION_FAILED",
            ),
        ] {
            assert_eq!(
                known(status, Origin::of(details.as_bytes()), details.as_bytes()).code(),
                code,
                "{details}"
            );
        }
    }

    #[test]
    fn an_upstream_cannot_speak_for_the_proxy() {
        assert_eq!(known(404, Origin::Upstream, b"via_upstream").code(), "NOT_FOUND");
        assert_eq!(
            known(503, Origin::Upstream, b"no_healthy_upstream").code(),
            "SERVICE_UNAVAILABLE"
        );
    }

    #[test]
    fn a_reason_that_nobody_knows_is_told_by_its_status() {
        for details in [
            "",
            "direct_response",
            "route_not_found_x",
            "upstream_reset",
            "lua_response",
            "\u{e9}",
        ] {
            assert_eq!(
                known(418, Origin::Local, details.as_bytes()).code(),
                "CLIENT_ERROR",
                "{details}"
            );
            assert_eq!(
                known(503, Origin::Local, details.as_bytes()).code(),
                "SERVICE_UNAVAILABLE",
                "{details}"
            );
        }
    }

    #[test]
    fn a_request_that_may_have_been_acted_on_is_only_retried_if_that_is_harmless() {
        assert_eq!(Retry::Idempotent.allows(b"GET"), Some(true));
        assert_eq!(Retry::Idempotent.allows(b"POST"), None);
        assert_eq!(Retry::Any.allows(b"POST"), Some(true));
        assert_eq!(Retry::Never.allows(b"GET"), Some(false));
        assert_eq!(Retry::Unknown.allows(b"GET"), None);
    }

    fn all() -> Vec<Known> {
        let reasons = reasons::ALL.iter().map(|reason| reason.known);
        reasons
            .chain(statuses::ALL.iter().map(|status| status.known))
            .collect()
    }

    #[test]
    fn codes_are_well_formed_and_messages_are_sentences() {
        for known in all() {
            let (code, message) = (known.code(), known.message);
            assert!(
                code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'),
                "{code}"
            );
            assert!(
                message.starts_with(char::is_uppercase) && message.ends_with('.'),
                "{code}: {message}"
            );
            assert!(is_in_catalogue(&code), "{code}");
        }
        for other in ["MADE_UP", "", "NOT FOUND", "Not Found", "NOT_FOUND_"] {
            assert!(!is_in_catalogue(other), "{other}");
        }
    }

    #[test]
    fn one_code_has_one_meaning() {
        let mut codes: Vec<String> = all().iter().map(Known::code).collect();
        codes.sort();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[cfg(not(target_arch = "wasm32"))]
    #[test]
    fn the_page_of_codes_is_up_to_date() {
        expect_test::expect_file!["../../../docs/error-codes.md"].assert_eq(&page());
    }

    proptest! {
        #[test]
        fn every_status_and_any_details_have_an_entry(status: u16, details: Vec<u8>) {
            known(status, Origin::of(&details), &details);
            phrase(status);
        }

        #[test]
        fn the_class_of_a_status_is_never_lost(status in 400u16..600) {
            let client = known(status, Origin::Upstream, b"").retry;
            prop_assert!(!(status == 500 && client == Retry::Any));
        }
    }
}
