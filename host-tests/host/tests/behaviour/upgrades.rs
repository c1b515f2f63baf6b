//! What HTTP/1.1 has beside requests and their responses: statuses below 200, and connections that change their
//! protocol. Every expectation is what Envoy 1.40.0 did with the same guest and the same peers.

use host::{Answer, Cluster, Edge, Exchange, Host, Route, secs};

use crate::guest::{guest, notes};
use crate::stream::{At, GO, REPLY, Tracer, trace};

/// A tracer before a route that lets clients change to `websocket`.
fn chat() -> Host {
    Host::new(Tracer::new().module()).routes([Route::new("chat").upgrade("websocket")])
}

fn ask(host: &Host) -> host::Request {
    host.get("/").upgrade("websocket")
}

fn switched() -> Answer {
    Answer::switching_to("websocket").header("x-accept", "x")
}

fn names(headers: Vec<(String, Vec<u8>)>) -> String {
    headers
        .into_iter()
        .map(|(name, _)| name)
        .collect::<Vec<_>>()
        .join(" ")
}

fn end(exchange: &Exchange) -> (String, String) {
    (exchange.details(), exchange.flags())
}

#[test]
fn a_client_that_expects_a_100_gets_it_from_envoy_at_once() {
    let host = Host::new(Tracer::new().module());
    let exchange = host
        .post("/")
        .header("expect", "100-continue")
        .unfinished()
        .send();
    assert_eq!(exchange.informational(), [100]);
    exchange.upstream_header("expect").is_absent();
    let exchange = exchange.client_sends("abc").client_ends().answer(200);
    exchange.expect_status(200);
    assert_eq!(trace(&host), "A 0 a 3 0 0 abc a 0 1 0  B 1 l d x");
}

#[test]
fn other_expectations_go_to_the_upstream() {
    let host = Host::new(guest(""));
    let exchange = host.get("/").header("expect", "nonsense").answered_with(200);
    exchange.upstream_header("expect").is("nonsense");
    assert!(exchange.informational().is_empty());
}

#[test]
fn a_status_below_200_of_the_upstream_reaches_nobody() {
    let host = Host::new(Tracer::new().module());
    for status in [100, 102, 103] {
        let exchange = host.get("/").answered_with(Answer::new(200).preceded_by(status));
        exchange.expect_status(200);
        assert!(exchange.informational().is_empty());
    }
    assert_eq!(trace(&host), "A 1 B 1 l d x A 1 B 1 l d x A 1 B 1 l d x");
}

#[test]
fn the_upstream_says_100_itself_where_the_listener_lets_it() {
    let host = Host::new(Tracer::new().module()).edge(Edge::default().proxy_100_continue(true));
    let exchange = host
        .post("/")
        .header("expect", "100-continue")
        .unfinished()
        .send();
    exchange.upstream_header("expect").is("100-continue");
    assert!(exchange.informational().is_empty());
    let exchange = exchange.upstream_informs(103).upstream_informs(100);
    assert_eq!(exchange.informational(), [103, 100]);
    let exchange = exchange.client_sends("abc").client_ends().answer(200);
    assert!(
        exchange
            .to_string()
            .contains("client got: 100, and waits for more\nclient got:\n  :status: 200")
    );
    assert_eq!(trace(&host), "A 0 a 3 0 0 abc a 0 1 0  B 1 l d x");
}

#[test]
fn a_filter_reads_the_100_as_the_status_so_far() {
    let reader = guest(
        r#"(data (i32.const 2000) "response\00code")
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $property (i32.const 2000) (i32.const 13) (i32.const 0) (i32.const 4)))
               (call $say (i32.wrap_i64 (i64.load (i32.load (i32.const 0))))) (i32.const 0))"#,
    );
    let host = Host::new(reader);
    host.post("/")
        .header("expect", "100-continue")
        .body("a")
        .answered_with(200);
    // 100 is the letter d.
    assert_eq!(notes(&host), ["0", "d"]);
}

#[test]
fn both_peers_send_through_the_filters_after_the_change() {
    let host = chat();
    let exchange = ask(&host).expect_forwarded();
    assert_eq!(
        names(exchange.upstream_headers()),
        ":authority :path :method :scheme connection upgrade x-forwarded-proto x-envoy-expected-rq-timeout-ms"
    );
    let exchange = exchange.answer(switched());
    let exchange = exchange
        .upstream_sends("first")
        .client_sends("hello")
        .upstream_sends("echo");
    exchange.expect_status(101).expect_body("firstecho");
    assert_eq!(
        names(exchange.response_headers()),
        ":status connection upgrade x-accept date server"
    );
    exchange.header("connection", "Upgrade");
    assert_eq!(exchange.upstream_body(), b"hello");
    let exchange = exchange.client_aborts();
    assert_eq!(
        end(&exchange),
        ("downstream_remote_disconnect".to_owned(), "DC".to_owned())
    );
    assert_eq!(
        trace(&host),
        "A 0 a 0 0 0  B 0 b 0 0 0  b 5 0 0 first a 5 0 0 hello b 4 0 0 echo l d x"
    );
}

#[test]
fn an_upstream_that_closes_is_a_connection_that_was_terminated() {
    let host = chat();
    let exchange = ask(&host)
        .answered_with(switched())
        .upstream_sends("first")
        .upstream_resets();
    assert!(exchange.broke_off());
    assert_eq!(
        end(&exchange),
        (
            "upstream_reset_after_response_started{connection_termination}".to_owned(),
            "UC".to_owned()
        )
    );
    assert_eq!(
        trace(&host),
        "A 0 a 0 0 0  B 0 b 0 0 0  b 5 0 0 first b 0 0 0  l d x"
    );
}

#[test]
fn what_the_client_sends_before_the_change_passes_the_filters() {
    let host = chat();
    let exchange = ask(&host)
        .send()
        .client_sends("hello")
        .answer(switched())
        .client_aborts();
    assert_eq!(exchange.upstream_body(), b"hello");
    assert_eq!(trace(&host), "A 0 a 0 0 0  a 5 0 0 hello B 0 b 0 0 0  l d x");
}

#[test]
fn the_routes_time_does_not_begin() {
    let host = chat();
    let exchange = ask(&host).answered_with(switched());
    host.advance(secs(1000));
    exchange.upstream_sends("late").expect_body("late");
}

#[test]
fn an_upstream_that_will_not_change_answers_as_usual() {
    let host = chat();
    let exchange = ask(&host).answered_with(Answer::new(403).body("no"));
    exchange
        .expect_status(403)
        .header("connection", "close")
        .expect_body("no");
    exchange.no_header("x-envoy-upstream-service-time");
    assert_eq!(end(&exchange), ("via_upstream".to_owned(), "-".to_owned()));
}

#[test]
fn a_filters_reply_refuses_the_change() {
    let host = Host::new(Tracer::new().at(At::RequestHeaders, REPLY, GO).module())
        .routes([Route::new("chat").upgrade("websocket")]);
    ask(&host)
        .expect_rejected(418)
        .header("connection", "close")
        .expect_body("value");
}

#[test]
fn a_change_that_the_route_does_not_allow_is_refused_and_only_logged() {
    for host in [
        Host::new(Tracer::new().module()),
        Host::new(Tracer::new().module()).routes([Route::new("r").upgrade("other")]),
        Host::new(Tracer::new().module()).routes([Route::new("r").direct_response(418, "tea")]),
    ] {
        let exchange = ask(&host).expect_rejected(403);
        exchange
            .expect_body("")
            .header("connection", "close")
            .header("content-length", "0");
        assert_eq!(end(&exchange), ("upgrade_failed".to_owned(), "-".to_owned()));
        assert_eq!(trace(&host), "l d x");
    }
}

#[test]
fn without_a_route_it_is_a_404_as_any_other() {
    let host = Host::new(Tracer::new().module()).routes([]);
    ask(&host).expect_rejected(404).header("connection", "close");
    assert_eq!(trace(&host), "A 0 B 1 l d x");
}

#[test]
fn a_change_that_nobody_asked_for_ends_at_once() {
    let host = Host::new(Tracer::new().module()).clusters([Cluster::new("upstream").answers([switched()])]);
    let exchange = host.get("/").send();
    exchange
        .expect_status(101)
        .no_header("upgrade")
        .no_header("connection");
    assert_eq!(trace(&host), "A 1 B 0 b 0 1 0  l d x");
}
