//! The number of an attempt: in headers, where the virtual host says so, and in a property.

use host::{Answer, Cluster, Host, Module, RetryPolicy, Route, secs};

use crate::guest::{guest, notes};

fn counting() -> Route {
    Route::new("r")
        .retry(RetryPolicy::on("5xx"))
        .include_request_attempt_count()
        .include_attempt_count_in_response()
}

fn host(answers: impl IntoIterator<Item = Answer>) -> Host {
    Host::new(guest(""))
        .routes([counting()])
        .clusters([Cluster::new("upstream").answers(answers)])
}

/// Notes the property `upstream.request_attempt_count` in the callbacks of headers, and in the log.
fn reader() -> Module {
    guest(
        r#"(data (i32.const 2000) "upstream\00request_attempt_count")
           (func $count
               (drop (call $property (i32.const 2000) (i32.const 30) (i32.const 0) (i32.const 4)))
               (call $note (i32.wrap_i64 (i64.load (i32.load (i32.const 0))))))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $count) (i32.const 0))
           (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $count) (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $count) (i32.const 0))
           (func (export "proxy_on_log") (param i32) (call $count))"#,
    )
}

#[test]
fn upstreams_and_the_client_are_told_the_number() {
    let host = host([Answer::new(503), Answer::new(200)]);
    let exchange = host.get("/").send();
    host.advance(secs(1));
    exchange.expect_status(200).header("x-envoy-attempt-count", "2");
    let counts: Vec<_> = exchange
        .attempts()
        .iter()
        .map(|attempt| attempt.header("x-envoy-attempt-count").text())
        .collect();
    assert_eq!(counts, ["1", "2"]);
}

#[test]
fn the_routers_own_replies_tell_it_first() {
    let names = |host: &Host| {
        let exchange = host.get("/").send();
        host.advance(secs(15));
        let headers = exchange.response_headers();
        headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>()[1..4].join(" ")
    };
    let usual = "x-envoy-attempt-count content-length content-type";
    assert_eq!(names(&host([Answer::no_healthy_upstream()])), usual);
    assert_eq!(names(&host([Answer::reset()])), usual);
    assert_eq!(names(&host([Answer::never()])), usual);
    assert_eq!(
        names(&host([Answer::overflow()])),
        "x-envoy-overloaded x-envoy-attempt-count content-length"
    );
}

#[test]
fn a_reply_without_an_attempt_tells_none() {
    let host = Host::new(guest("")).routes([counting().direct_response(418, "tea")]);
    let exchange = host.get("/").expect_rejected(418);
    exchange.no_header("x-envoy-attempt-count");
    assert!(exchange.attempts().is_empty());
}

#[test]
fn a_clients_own_number_stays_unless_the_virtual_host_counts() {
    let plain = Host::new(guest(""));
    let exchange = plain
        .get("/")
        .header("x-envoy-attempt-count", "7")
        .answered_with(200);
    exchange.upstream_header("x-envoy-attempt-count").is("7");
    exchange.no_header("x-envoy-attempt-count");
    let counting = Host::new(guest("")).routes([counting()]);
    let exchange = counting
        .get("/")
        .header("x-envoy-attempt-count", "7")
        .answered_with(200);
    exchange.upstream_header("x-envoy-attempt-count").is("1");
    // It stands where the client's stood.
    let names: Vec<_> = exchange
        .upstream_headers()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let place = |name: &str| names.iter().position(|other| other == name);
    assert!(place("x-envoy-attempt-count") < place("x-envoy-expected-rq-timeout-ms"));
}

#[test]
fn filters_read_the_number_as_a_property_once_the_router_has_the_request() {
    let host = Host::new(reader()).routes([Route::new("r").retry(RetryPolicy::on("5xx"))]);
    let exchange = host.post("/").body("a").answered_with(503).expect_retried();
    exchange.answer(200);
    // Headers, a piece of the body and its end; then the response, and the log.
    assert_eq!(notes(&host), ["0", "1", "1", "2", "2"]);
}
