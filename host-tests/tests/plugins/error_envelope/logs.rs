//! Log lines: which errors get one, what it says, what it never says, and how many there may be.

use super::{before, host, json_error, text, with_request_id};
use crate::lines;
use host::{Answer, Exchange, Level, Route, millis};
use serde_json::{Value, json};

fn logging(errors: &str) -> Value {
    json!({ "log": { "errors": errors, "max_per_second": 100 } })
}

#[test]
fn a_line_has_everything_that_is_known_of_an_error() {
    let mut configuration = logging("all");
    configuration["service_name"] = json!("shop");
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let host = with_request_id(configuration).routes([Route::new("orders").prefix("/orders")]);
    let exchange = host
        .get("/orders/7")
        .header("x-request-id", "r-1")
        .header("traceparent", parent)
        .expect_forwarded();
    host.advance(millis(40));
    let line = lines::only(&exchange.answer(text(404, "no such order")));
    assert_eq!(
        line,
        json!({
            "timestamp": "2026-01-01T00:00:00.040Z", "severity": "WARN", "plugin": "error-envelope", "event": "error",
            "service_name": "shop", "request_id": "r-1", "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "error_code": "NOT_FOUND", "status": 404, "origin": "upstream", "mode": "enforce", "route": "orders",
            "details": "via_upstream", "duration_ms": 40,
        })
    );
}

#[test]
fn client_errors_are_warnings_and_server_errors_are_errors() {
    let host = host(logging("all"));
    for (status, level) in [
        (400, Level::Warn),
        (499, Level::Warn),
        (500, Level::Error),
        (599, Level::Error),
    ] {
        for answer in [text(status, "x"), Answer::new(status), json_error(status, "{}")] {
            let exchange = host.get("/").answered_with(answer);
            let levels: Vec<Level> = exchange.logs().iter().map(|line| line.level).collect();
            assert_eq!(levels, [level], "{exchange}");
            lines::only(&exchange);
        }
    }
}

#[test]
fn which_errors_get_a_line_is_a_setting() {
    for (errors, on_404, on_500) in [("none", 0, 0), ("5xx", 0, 1), ("all", 1, 1)] {
        let host = host(logging(errors));
        assert_eq!(host.get("/").answered_with(404).logs().len(), on_404, "{errors}");
        assert_eq!(host.get("/").answered_with(500).logs().len(), on_500, "{errors}");
        assert_eq!(
            host.get("/").run(Answer::timeout()).logs().len(),
            on_500,
            "{errors}"
        );
        assert_eq!(host.get("/").answered_with(200).logs().len(), 0, "{errors}");
    }
    let default = host(json!({}));
    assert_eq!(
        (
            default.get("/").answered_with(404).logs().len(),
            default.get("/").answered_with(500).logs().len()
        ),
        (0, 1)
    );
}

#[test]
fn an_error_that_passes_a_chain_is_logged_once() {
    let host = before(
        logging("all"),
        json!({ "request_headers": [["send_local_response", 503, "x", "", [], -1], ["returns", 1]] }),
    );
    let exchange = host.get("/").expect_rejected(503);
    let ours: Vec<_> = exchange
        .logs()
        .into_iter()
        .filter(|line| line.plugin == "error-envelope")
        .collect();
    assert_eq!(ours.len(), 1, "{exchange}");
}

#[track_caller]
fn assert_silent(exchange: &Exchange, secrets: &[&str]) {
    assert!(!exchange.logs().is_empty(), "{exchange}");
    for line in exchange.logs() {
        for secret in secrets {
            assert!(!line.message.contains(secret), "{secret}: {line}");
        }
    }
}

#[test]
fn no_line_repeats_the_upstreams_words_or_a_header() {
    let mut configuration = logging("all");
    configuration["default"] = json!({ "passthrough": "never", "upstream_message": "always", "context_headers": { "tenant": "x-tenant" } });
    let host = host(configuration);
    for status in [404, 500] {
        for answer in [
            text(status, "swordfish"),
            json_error(status, r#"{"message":"swordfish"}"#),
            json_error(
                status,
                r#"{"detail":[{"loc":["swordfish"],"msg":"swordfish","type":"swordfish"}]}"#,
            ),
        ] {
            let answer = answer
                .header("set-cookie", "s=hunter2")
                .header("x-api-key", "hunter2");
            let request = host
                .get("/secret-path?token=hunter2")
                .header("authorization", "Bearer hunter2");
            let request = request
                .header("cookie", "s=hunter2")
                .header("x-tenant", "tenant-7");
            let exchange = request.answered_with(answer);
            assert!(
                String::from_utf8_lossy(&exchange.body()).contains("swordfish"),
                "{exchange}"
            );
            assert_silent(&exchange, &["swordfish", "hunter2", "tenant-7", "secret-path"]);
        }
    }
}

#[test]
fn a_line_is_one_line_whatever_the_bytes() {
    // Details and route are the operator's, yet may hold anything.
    let script = json!({ "request_headers": [["send_local_response", 503, "a\"b\\c{\u{e9}}", "", [], -1], ["returns", 1]] });
    let exchange = before(logging("all"), script).get("/").expect_rejected(503);
    let line = exchange
        .logs()
        .into_iter()
        .find(|line| line.plugin == "error-envelope")
        .expect("there is a line");
    assert!(!line.message.contains('\n'), "{line}");
    let value: Value = serde_json::from_str(&line.message).expect("it is JSON");
    assert_eq!(value["error_code"], "SERVICE_UNAVAILABLE");
}

#[test]
fn a_flood_of_errors_stays_within_the_bound_and_what_was_held_back_is_told() {
    let host = host(json!({ "log": { "errors": "all", "max_per_second": 3 } }));
    for _ in 0..50 {
        host.get("/").answered_with(500);
    }
    assert_eq!(lines::of(&host.logs()).len(), 3);
    let name =
        "errors_total.error_code=INTERNAL_SERVER_ERROR;.class=server_error;.origin=upstream;.mode=enforce;";
    assert_eq!(host.metric(name), 50, "each is counted");
    host.advance(host::secs(1));
    let line = lines::only(&host.get("/").answered_with(500));
    assert_eq!(line["held_back"], 47);
    assert_eq!(
        lines::only(&host.get("/").answered_with(500)).get("held_back"),
        None
    );
}

#[test]
fn the_bound_is_a_workers() {
    let host = host(json!({ "log": { "max_per_second": 2 } })).workers(2);
    for worker in [0, 1] {
        for _ in 0..5 {
            host.worker(worker).get("/").answered_with(500);
        }
    }
    assert_eq!(host.logs().len(), 4);
}

#[test]
fn an_error_whose_client_went_away_is_logged_with_the_status_that_came() {
    let host = host(logging("all"));
    let exchange = host
        .get("/")
        .expect_forwarded()
        .begin_answer(text(500, "x").unfinished())
        .client_aborts();
    assert_eq!(lines::only(&exchange)["status"], 500);
    let exchange = host.get("/").expect_forwarded().client_aborts();
    assert!(
        exchange.logs().is_empty(),
        "without an answer there is no error to tell of\n{exchange}"
    );
}
