//! The text of an exchange: what a failed expectation prints, while it lives and when it is over.

use host::{Answer, Exchange, Host};

use crate::guest::guest;

/// Counts its requests and responses in `calls`, and writes nothing.
fn counts() -> Host {
    let count = "(drop (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const 8)))
                 (drop (call $increment (i32.load (i32.const 8)) (i64.const 1)))
                 (i32.const 0)";
    Host::new(guest(&format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {count})
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {count})"#
    )))
}

#[track_caller]
fn has(exchange: &Exchange, text: &str) {
    assert!(exchange.to_string().contains(text), "{exchange}");
}

#[test]
fn a_live_exchange_says_what_it_waits_for_and_which_metrics_have_moved() {
    let host = counts();
    let exchange = host.get("/").send();
    has(
        &exchange,
        "client got: nothing yet: the upstream has not answered\n",
    );
    has(&exchange, "metrics that moved:\n  calls: 0 -> 1\n");
    let exchange = exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished());
    has(
        &exchange,
        "  body (2 bytes): ab\n  and it is not over: the upstream has not ended its answer\n",
    );
    has(&exchange, "metrics that moved:\n  calls: 0 -> 2\n");
    let exchange = exchange.upstream_ends();
    assert!(!exchange.to_string().contains("not over"), "{exchange}");
    // What moves later is another exchange's.
    let _other = host.get("/").answered_with(200);
    has(&exchange, "metrics that moved:\n  calls: 0 -> 2\n");
}

#[test]
fn an_exchange_that_a_filter_holds_says_which() {
    let holds =
        r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let host = Host::new(guest(holds)).plugin_name("keeper");
    let exchange = host.get("/").expect_forwarded().begin_answer(200);
    has(
        &exchange,
        "client got: nothing yet: plugin keeper holds the response\n",
    );
}

#[test]
fn trailers_of_both_sides_are_there() {
    let exchange = counts()
        .post("/")
        .pieces(["a"])
        .trailer("x-sum", "1")
        .answered_with(Answer::new(200).pieces(["b"]).trailer("x-end", "2"));
    has(&exchange, "  body (1 bytes): a\n  trailers:\n    x-sum: 1\n");
    has(&exchange, "  body (1 bytes): b\n  trailers:\n    x-end: 2\n");
}

#[test]
fn costs_that_a_new_build_changes_are_told_only_when_asked_for() {
    let exchange = counts().get("/").answered_with(200);
    has(
        &exchange,
        "host calls:\n  plugin proxy_on_request_headers: proxy_define_metric 1, proxy_increment_metric 1\n",
    );
    let spent = exchange.cost().callbacks[0].clone();
    assert!(spent.fuel > 0);
    let asked_for = format!(
        "proxy_increment_metric 1\n    fuel {}, bytes read 5, bytes handed over 4, pages grown 0\n",
        spent.fuel
    );
    assert!(format!("{exchange:#}").contains(&asked_for), "{exchange:#}");
    assert!(!exchange.to_string().contains("fuel"), "{exchange}");
}
