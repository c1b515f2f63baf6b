//! `errors_total`: what is counted, under names that no traffic can make more of.

use super::{host, policy, text};
use host::{Answer, Host};
use serde_json::json;

fn errors(host: &Host) -> Vec<(String, u64)> {
    host.metrics()
        .into_iter()
        .filter(|(name, _)| name.starts_with("errors_total"))
        .collect()
}

#[test]
fn an_error_is_counted_once_with_its_code_class_origin_and_mode() {
    let host = host(json!({}));
    host.get("/").answered_with(text(404, "no"));
    host.get("/").answered_with(404);
    host.get("/").run(Answer::timeout());
    host.get("/").answered_with(super::json_error(500, "{}"));
    host.request("HEAD", "/").answered_with(404);
    for status in [200, 204, 302, 304] {
        host.get("/").answered_with(status);
    }
    let expected = [
        (
            "errors_total.error_code=INTERNAL_SERVER_ERROR;.class=server_error;.origin=upstream;.mode=enforce;",
            1,
        ),
        (
            "errors_total.error_code=NOT_FOUND;.class=client_error;.origin=upstream;.mode=enforce;",
            3,
        ),
        (
            "errors_total.error_code=UPSTREAM_TIMEOUT;.class=server_error;.origin=local;.mode=enforce;",
            1,
        ),
    ];
    assert_eq!(
        errors(&host),
        expected.map(|(name, count)| (name.to_owned(), count))
    );
}

#[test]
fn workers_count_together() {
    let host = host(json!({})).workers(2);
    for worker in [0, 1, 1] {
        host.worker(worker).get("/").answered_with(404);
    }
    assert_eq!(
        host.metric("errors_total.error_code=NOT_FOUND;.class=client_error;.origin=upstream;.mode=enforce;"),
        3
    );
}

#[test]
fn a_code_that_an_upstream_made_up_is_counted_as_other() {
    let host = policy(json!({ "passthrough": "enveloped" }));
    for n in 0..50 {
        let code = format!("MADE_UP_{n}");
        host.get("/")
            .answered_with(text(404, "no").header("x-error-code", &code));
        let standard = json!({ "trace_id": "t", "error_code": code, "message": "m", "status_code": 404, "timestamp": "x" });
        host.get("/")
            .answered_with(super::json_error(404, standard.to_string()));
    }
    let other = "errors_total.error_code=OTHER;.class=client_error;.origin=upstream;.mode=enforce;";
    assert_eq!(errors(&host), [(other.to_owned(), 100)]);
}

#[test]
fn codes_of_the_catalogue_and_of_the_configuration_keep_their_names() {
    let host = policy(json!({ "catalog": [{ "when": { "status": 418 }, "error_code": "TEAPOT" }] }));
    for code in ["RATE_LIMITED", "CONFLICT", "TEAPOT"] {
        host.get("/")
            .answered_with(text(404, "no").header("x-error-code", code));
        assert_eq!(
            host.metric(&format!(
                "errors_total.error_code={code};.class=client_error;.origin=upstream;.mode=enforce;"
            )),
            1
        );
    }
}

#[test]
fn a_code_that_is_no_token_is_no_code() {
    let host = host(json!({}));
    for nonsense in [b"a b".as_slice(), b"", b"a;b", b"a\"b", b"\xff", &[b'x'; 129]] {
        let exchange = host
            .get("/")
            .answered_with(text(404, "no").header("x-error-code", nonsense));
        exchange.filter_state("policy.error_code").is("NOT_FOUND");
    }
    assert_eq!(errors(&host).len(), 1, "{:?}", errors(&host));
}

#[test]
fn a_code_in_a_standard_body_that_is_no_token_is_told_to_nobody_but_the_client() {
    let host = host(
        json!({ "log": { "errors": "all", "max_per_second": 100 }, "default": { "passthrough": "enveloped" } }),
    );
    for nonsense in [
        json!("SELECT 1 FROM users"),
        json!(""),
        json!("a;b"),
        json!(7),
        json!(null),
        json!("x".repeat(129)),
    ] {
        let body = json!({ "trace_id": "t", "error_code": nonsense, "message": "m", "status_code": 404, "timestamp": "x" });
        let exchange = host
            .get("/")
            .answered_with(super::json_error(404, body.to_string()));
        exchange
            .expect_body(body.to_string())
            .filter_state("policy.error_code")
            .is("NOT_FOUND");
        assert_eq!(crate::lines::only(&exchange)["error_code"], "NOT_FOUND");
    }
    assert_eq!(errors(&host).len(), 1, "{:?}", errors(&host));
}

#[test]
fn no_request_and_no_answer_makes_a_name() {
    let host =
        host(json!({ "default": { "passthrough": "never", "context_headers": { "tenant": "x-tenant" } } }));
    for n in 0..30 {
        let request = host
            .request("GET", format!("/{n}"))
            .host(format!("h{n}.example"))
            .header("x-tenant", format!("t-{n}"));
        request.answered_with(text(404, format!("message {n}")).header("x-error-code", format!("C{n}")));
    }
    assert_eq!(errors(&host).len(), 1, "{:?}", errors(&host));
}
