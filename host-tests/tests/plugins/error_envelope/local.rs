//! Errors that the proxy makes itself, or one of its filters.

use super::{assert_enveloped, before, host};
use host::{Answer, Host, Plugin, Route};
use host_tests::plugin::PUPPET;
use serde_json::{Value, json};

/// A reason of the router, and what it comes to.
type Reason = (fn() -> Answer, u16, &'static str, &'static str);

/// The reasons of the router that the host can play.
pub(super) const REASONS: [Reason; 6] = [
    (
        Answer::timeout,
        504,
        "UPSTREAM_TIMEOUT",
        "The service did not answer in time.",
    ),
    (
        Answer::no_healthy_upstream,
        503,
        "UPSTREAM_UNAVAILABLE",
        "The service is not available right now.",
    ),
    (
        Answer::connection_failure,
        503,
        "UPSTREAM_CONNECT_FAILURE",
        "The service could not be reached.",
    ),
    (
        Answer::reset,
        503,
        "UPSTREAM_RESET",
        "The service broke off before it answered.",
    ),
    (
        Answer::overflow,
        503,
        "UPSTREAM_OVERLOADED",
        "The service has as much to do as it can take.",
    ),
    (
        Answer::protocol_error,
        502,
        "UPSTREAM_PROTOCOL_ERROR",
        "The service sent an answer that cannot be understood.",
    ),
];

#[test]
fn each_reason_of_the_router_has_a_code_and_words_of_its_own() {
    for (answer, status, code, message) in REASONS {
        let exchange = host(json!({})).get("/").run(answer());
        let body = assert_enveloped(&exchange, status, code);
        assert_eq!(body["message"], message);
        assert_eq!(body["retryable"], true, "{exchange}");
        exchange.filter_state("policy.error_code").is(code);
        exchange.filter_state("policy.error_origin").is("local");
    }
}

#[test]
fn over_http_2_the_reasons_are_the_same() {
    for (answer, status, code, _) in REASONS {
        assert_enveloped(&host(json!({})).get("/").http2().run(answer()), status, code);
    }
    for (answer, code) in [
        (Answer::stream_reset(), "UPSTREAM_RESET"),
        (Answer::refused_stream(), "UPSTREAM_RESET"),
    ] {
        assert_enveloped(&host(json!({})).get("/").http2().run(answer), 503, code);
    }
}

#[test]
fn what_may_have_been_acted_on_is_not_called_retryable_for_a_method_that_is_not_idempotent() {
    for (answer, retryable) in [
        (Answer::timeout(), None),
        (Answer::reset(), None),
        (Answer::protocol_error(), None),
        (Answer::no_healthy_upstream(), Some(true)),
        (Answer::connection_failure(), Some(true)),
        (Answer::overflow(), Some(true)),
    ] {
        let exchange = host(json!({})).post("/orders").body("{}").run(answer);
        let status = exchange.status();
        let code = exchange.response_header("x-error-code").text();
        let body = assert_enveloped(&exchange, status, &code);
        assert_eq!(
            body.get("retryable"),
            retryable.map(Value::Bool).as_ref(),
            "{exchange}"
        );
    }
}

#[test]
fn an_address_that_nothing_is_served_at_gets_a_body() {
    let host = host(json!({})).routes([]);
    let lost = host.get("/lost").expect_rejected(404);
    let body = assert_enveloped(&lost, 404, "ROUTE_NOT_FOUND");
    assert_eq!(body["message"], "Nothing is served at this address.");
    assert_eq!(body["retryable"], false);
    assert_eq!(lost.details(), "route_not_found");
}

#[test]
fn an_operators_direct_response_is_a_message_of_a_client_error_and_stays_inside_of_a_server_error() {
    let host = host(json!({})).routes([
        Route::new("gone")
            .path("/gone")
            .direct_response(410, "it moved out last year\n"),
        Route::new("maintenance")
            .path("/maintenance")
            .direct_response(503, "the database is being moved\n"),
        Route::new("silent").path("/silent").direct_response(403, ""),
    ]);
    let gone = host.get("/gone").expect_rejected(410);
    assert_eq!(
        assert_enveloped(&gone, 410, "GONE")["message"],
        "it moved out last year"
    );
    let maintenance = host.get("/maintenance").expect_rejected(503);
    let body = assert_enveloped(&maintenance, 503, "SERVICE_UNAVAILABLE");
    assert_eq!(body["message"], "The service is not available right now.");
    let silent = host.get("/silent").expect_rejected(403);
    assert_eq!(
        assert_enveloped(&silent, 403, "FORBIDDEN")["message"],
        "This is not allowed."
    );
}

/// Another filter answers in the request phase, with this status, these details and this body.
fn refused_by_a_filter(status: u16, details: &str, text: &str) -> host::Exchange {
    let script = json!({
        "request_headers": [["send_local_response", status, details, text, [["content-type", "text/plain"], ["x-own", "1"]], -1], ["returns", 1]],
    });
    before(json!({}), script).get("/").expect_rejected(status)
}

#[test]
fn the_refusal_of_another_filter_is_told_by_its_details_or_else_by_its_status() {
    for (status, details, code) in [
        (429, "local_rate_limited", "RATE_LIMITED"),
        (429, "request_rate_limited", "RATE_LIMITED"),
        (403, "rbac_access_denied_matched_policy[none]", "ACCESS_DENIED"),
        (403, "ext_authz_denied", "ACCESS_DENIED"),
        (403, "ext_authz_error", "AUTHORIZATION_FAILURE"),
        (
            401,
            "jwt_authn_access_denied{Jwt_is_missing}",
            "AUTHENTICATION_FAILED",
        ),
        (503, "fault_filter_abort", "FAULT_INJECTED"),
        (503, "reached_concurrency_limit", "CONCURRENCY_LIMITED"),
        (403, "somebody_else", "FORBIDDEN"),
        (418, "teapot", "CLIENT_ERROR"),
        (599, "", "SERVER_ERROR"),
    ] {
        let exchange = refused_by_a_filter(status, details, "RBAC: access denied");
        assert_enveloped(&exchange, status, code);
        exchange.header("x-own", "1");
    }
}

#[test]
fn a_known_filters_own_text_is_for_operators_and_any_other_filters_is_for_the_client() {
    let known = refused_by_a_filter(
        403,
        "rbac_access_denied_matched_policy[none]",
        "RBAC: access denied",
    );
    assert_eq!(
        assert_enveloped(&known, 403, "ACCESS_DENIED")["message"],
        "This is not allowed."
    );
    let other = refused_by_a_filter(403, "lua_response", "come back with a ticket");
    assert_eq!(
        assert_enveloped(&other, 403, "FORBIDDEN")["message"],
        "come back with a ticket"
    );
}

#[test]
fn a_request_that_does_not_fit_a_filters_buffer_has_a_code() {
    let host = before(json!({}), json!({ "request_body": [["more", ["returns", 1]]] })).buffer_limit(10);
    let exchange = host.post("/").body("x".repeat(50)).run(200);
    assert_enveloped(&exchange, 413, "REQUEST_TOO_LARGE");
}

/// A stated limit: the proxy's reply to an answer that it already gave to filters passes none of them any more.
#[test]
fn an_answer_that_does_not_fit_a_filters_buffer_is_refused_by_the_proxy_past_every_filter() {
    // The filter holds the headers back as well, so that nothing has gone out when the limit is met.
    let script = json!({ "response_headers": [["returns", 1]], "response_body": [["more", ["returns", 1]]] });
    let inner = Plugin::new(PUPPET.module())
        .name("other")
        .config(script)
        .allow_on_headers_stop_iteration(true);
    let host = Host::chain([super::envelope(json!({})), inner]).buffer_limit(10);
    let exchange = host.get("/").run(Answer::new(200).body("x".repeat(50)));
    exchange
        .expect_status(500)
        .expect_body("Internal Server Error")
        .no_header("x-error-code");
    assert_eq!(exchange.details(), "response_payload_too_large");
}

#[test]
fn a_filter_that_died_is_told_as_such() {
    let host = before(json!({}), json!({ "request_headers": [["trap"]] })).allow_vm_death();
    let exchange = host.get("/").run(200);
    assert_enveloped(&exchange, 503, "FILTER_FAILURE");
}
