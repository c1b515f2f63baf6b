use super::answer;
use crate::cell::{Cell, Variant, Workload};
use live::client::Response;

fn response(status: u16, fields: &[&str], body: &str) -> Response {
    let fields = fields
        .iter()
        .map(|name| (name.as_bytes().to_vec(), b"x".to_vec()));
    Response {
        status,
        headers: fields.collect(),
        body: body.into(),
        trailers: Vec::new(),
    }
}

#[track_caller]
fn assert_refused(workload: Workload, variant: Variant, response: &Response, rule: &str) {
    let refused = answer(Cell { workload, variant }, response).expect_err("it is not what it should be");
    assert_eq!(refused.to_string(), rule);
}

#[test]
fn what_each_variant_is_there_for_is_seen() {
    use Variant::{
        CircuitBreaker, ErrorEnvelope, HeaderMutation, LuaRequestId, NoFilter, NoOp, OnePass, Retry,
    };
    let plain = ("hello\n", &[][..]);
    for (workload, variant, status, (body, fields)) in [
        (Workload::Upstream, NoFilter, 200, plain),
        (Workload::DirectResponse, NoOp, 200, plain),
        (Workload::Upstream, Retry, 200, plain),
        (
            Workload::Upstream,
            HeaderMutation,
            200,
            ("hello\n", &["x-bench"][..]),
        ),
        (
            Workload::Upstream,
            LuaRequestId,
            200,
            ("hello\n", &["x-request-id"][..]),
        ),
        (
            Workload::OpenBreaker,
            CircuitBreaker,
            503,
            (r#"{"error_code":"CIRCUIT_OPEN"}"#, &[][..]),
        ),
        (Workload::ReplacedError, NoOp, 404, ("no such order\n", &[][..])),
        (
            Workload::ReplacedError,
            ErrorEnvelope,
            404,
            (r#"{"status_code":404}"#, &[][..]),
        ),
        (
            Workload::ReplacedError,
            OnePass,
            404,
            (r#"{"status_code":404}"#, &["x-request-id"][..]),
        ),
    ] {
        let cell = Cell { workload, variant };
        answer(cell, &response(status, fields, body)).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_filter_that_does_nothing_in_place_of_its_work_is_seen() {
    assert_refused(
        Workload::Upstream,
        Variant::RequestId,
        &response(200, &[], "hello\n"),
        "real upstream, request-id: the answer has no field x-request-id",
    );
    assert_refused(
        Workload::ReplacedError,
        Variant::OnePass,
        &response(404, &["x-request-id"], "no such order\n"),
        r#"replaced error, all four in one pass: no "\"status_code\":404" in the body "no such order\n""#,
    );
    assert_refused(
        Workload::OpenBreaker,
        Variant::CircuitBreaker,
        &response(503, &[], "out of order\n"),
        r#"open breaker, circuit-breaker: no "\"CIRCUIT_OPEN\"" in the body "out of order\n""#,
    );
}

#[test]
fn a_filter_that_does_what_is_not_its_work_is_seen() {
    assert_refused(
        Workload::Upstream,
        Variant::NoFilter,
        &response(200, &["x-request-id"], "hello\n"),
        "real upstream, no filter: the answer has a field x-request-id",
    );
    assert_refused(
        Workload::Upstream,
        Variant::NoOp,
        &response(503, &[], ""),
        "real upstream, no-op wasm: status 503 in place of 200",
    );
}
