//! A reply of one plugin comes by those before it as the response, and by none behind it.

use super::{all_but, body, counted, fail, host, two_strikes};
use crate::lines;
use host::{Answer, Exchange, Host, HostCall, Status, secs};
use serde_json::{Value, json};

/// All plugins with a breaker that opens after two failures, and a caller's deadline.
fn all() -> Value {
    json!({
        "error-envelope": {},
        "request-id": {},
        "circuit-breaker": two_strikes(),
        "retry": { "explain": "errors", "default": {
            "deadline_headers": ["x-deadline"], "retry_after": { "statuses": ["5xx"], "jitter": 0 },
        } },
    })
}

/// The host, on which the first call of this function in this callback, if the exchange is the first, answers that it failed.
#[track_caller]
fn refusing(configuration: &Value, function: &str, callback: &str, exchange: impl Fn(&Host)) -> Host {
    let clean = host(configuration.clone());
    exchange(&clean);
    let is_it = |call: &HostCall| call.name == function && call.callback == callback;
    let number = clean.host_calls().iter().position(is_it);
    let number = number.unwrap_or_else(|| panic!("{function} was not called in {callback}"));
    host(configuration.clone()).fail_host_call(number, Status::INTERNAL_FAILURE)
}

#[track_caller]
fn only_line(exchange: &Exchange, plugin: &str, event: &str) {
    let line = lines::only(exchange);
    assert_eq!((&line["plugin"], &line["event"]), (&json!(plugin), &json!(event)));
}

#[test]
fn a_breakers_reply_gets_its_id_and_its_line_from_those_before_it() {
    let host = host(all());
    fail(&host, 2);
    let before = counted(&host, "errors_total");
    let exchange = host.get("/").header("x-request-id", "r-1").expect_rejected(503);
    exchange
        .header("x-request-id", "r-1")
        .header("x-error-code", "CIRCUIT_OPEN")
        .header("retry-after", "10");
    assert_eq!(body(&exchange)["request_id"], "r-1");
    only_line(&exchange, "error-envelope", "error");
    assert_ne!(counted(&host, "errors_total"), before);
}

#[test]
fn a_breakers_reply_does_not_come_by_retry_behind_it() {
    let host = host(all());
    fail(&host, 2);
    let before = counted(&host, "retry_");
    let exchange = host.post("/").expect_rejected(503);
    assert_eq!(counted(&host, "retry_"), before);
    exchange.filter_state("policy.retry").is_absent();
    exchange.filter_state("policy.explain").is_absent();
    // The same answer of the upstream does.
    let exchange = super::host(all()).post("/").answered_with(503);
    exchange.filter_state("policy.retry").is("suppressed:method");
    exchange.filter_state("policy.explain").value();
}

#[test]
fn a_refusal_of_retry_comes_by_all_others() {
    let host = host(all());
    let exchange = host
        .get("/")
        .header("x-request-id", "r-1")
        .header("x-deadline", "0")
        .expect_rejected(504);
    exchange
        .header("x-request-id", "r-1")
        .header("x-error-code", "DEADLINE_PASSED");
    assert_eq!(body(&exchange)["request_id"], "r-1");
    only_line(&exchange, "error-envelope", "error");
    host.advance(secs(1));
    // It was admitted, and says nothing of the upstream.
    assert_eq!(
        counted(&host, "circuit_breaker_calls_total"),
        [(
            "circuit_breaker_calls_total.breaker=upstream;.outcome=ignored;.mode=enforce;".to_owned(),
            1
        )]
    );
}

#[test]
fn a_reply_that_the_host_refuses_leaves_the_request_to_those_behind() {
    let fails_then = |host: &Host| {
        fail(host, 2);
        host.get("/").header("x-request-id", "r-1").run(503);
    };
    let function = "proxy_send_local_response";
    let host = refusing(&all(), function, "proxy_on_request_headers", fails_then);
    fail(&host, 2);
    let exchange = host.get("/").header("x-request-id", "r-1").expect_forwarded();
    exchange.upstream_header("x-request-id").is("r-1");
    let exchange = exchange.begin_answer(503).expect_retried();
    let exchange = exchange.answer(200);
    exchange.filter_state("policy.retry").is("retried:1");
    assert_eq!(
        counted(&host, "policy_degradations_total"),
        [(
            "policy_degradations_total.plugin=circuit-breaker;.what=local_response;".to_owned(),
            1
        )]
    );
}

#[test]
fn an_error_without_a_body_gets_one_with_what_the_others_wrote() {
    let host = host(all());
    let exchange = host
        .post("/")
        .header("x-request-id", "r-1")
        .answered_with(Answer::new(503).header("x-own", "1"));
    exchange
        .header("x-request-id", "r-1")
        .header("retry-after", "1")
        .header("x-own", "1")
        .header("x-error-code", "SERVICE_UNAVAILABLE");
    let body = body(&exchange);
    assert_eq!(
        (&body["request_id"], &body["retry_after"]),
        (&json!("r-1"), &json!(1))
    );
    host.advance(secs(1));
    let counts = [
        ("errors_total", 1),
        ("request_ids_total", 1),
        ("retry_suppressed_total", 1),
    ];
    for (name, times) in counts {
        let all: u64 = counted(&host, name).iter().map(|(_, times)| times).sum();
        assert_eq!(all, times, "{name}");
    }
}

#[test]
fn an_error_whose_new_answer_the_host_refuses_keeps_what_the_others_wrote() {
    let answered = |host: &Host| {
        host.post("/").header("x-request-id", "r-1").run(503);
    };
    let function = "proxy_send_local_response";
    let host = refusing(&all(), function, "proxy_on_response_headers", answered);
    let exchange = host
        .post("/")
        .header("x-request-id", "r-1")
        .answered_with(Answer::new(503));
    exchange
        .header("x-request-id", "r-1")
        .header("retry-after", "1")
        .expect_body("");
}

#[test]
fn without_error_envelope_the_replies_are_those_of_the_plugins() {
    let mut sections = all_but("circuit-breaker", two_strikes());
    sections
        .as_object_mut()
        .expect("it is one")
        .remove("error-envelope");
    let host = host(sections);
    fail(&host, 2);
    let exchange = host.get("/").header("x-request-id", "r-1").expect_rejected(503);
    assert_eq!(body(&exchange)["error_code"], "CIRCUIT_OPEN");
    exchange.header("x-request-id", "r-1");
    only_line(&exchange, "circuit-breaker", "rejected");
}
