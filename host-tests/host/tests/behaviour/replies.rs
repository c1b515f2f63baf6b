//! Replies that no upstream made, and the way they take through a chain.

use host::{Answer, Edge, Host, Module, Plugin, Route};

use crate::guest::{guest, notes};

/// Notes its name and `0` (it can read the request) or `2` in the response phase, `l` and its name in the log.
fn observer() -> Module {
    guest(
        r#"(func $name
               (drop (call $property (i32.const 150) (i32.const 11) (i32.const 0) (i32.const 4)))
               (call $note_bytes))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (call $name) (call $note (call $get_path)) (i32.const 0))
           (func (export "proxy_on_log") (param i32)
               (call $note (i32.const 60)) (call $name))"#,
    )
}

/// Like the observer, and replies 403 in the request phase.
fn replier() -> Module {
    guest(
        r#"(func $name
               (drop (call $property (i32.const 150) (i32.const 11) (i32.const 0) (i32.const 4)))
               (call $note_bytes))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $reply_with (i32.const 403))) (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (call $name) (call $note (call $get_path)) (i32.const 0))
           (func (export "proxy_on_log") (param i32)
               (call $note (i32.const 60)) (call $name))"#,
    )
}

#[test]
fn a_reply_passes_the_filters_already_entered_and_the_others_only_log_it() {
    let host = Host::chain([
        Plugin::new(observer()).name("outer"),
        Plugin::new(replier()).name("replier"),
        Plugin::new(observer()).name("inner"),
    ]);
    let exchange = host.get("/").expect_rejected(403);
    exchange
        .header("content-type", "text/plain")
        .header("content-length", "5")
        .expect_body("value");
    assert_eq!(exchange.details(), "calls");
    // The sender stopped its request, so it alone can still read it.
    let response = ["replier", "0", "outer", "2"];
    let log = ["l", "outer", "l", "replier", "l", "inner"];
    assert_eq!(notes(&host), [&response[..], &log].concat());
}

#[test]
fn a_reply_in_the_response_phase_skips_the_outer_filters() {
    let late = guest(
        r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (drop (call $reply_with (i32.const 502))) (i32.const 0))"#,
    );
    let host = Host::chain([
        Plugin::new(observer()).name("outer"),
        Plugin::new(late).name("late"),
    ]);
    let exchange = host
        .get("/")
        .answered_with(Answer::new(200).header("x-up", "1").body("hi"));
    exchange.expect_status(502).no_header("x-up").expect_body("value");
    assert_eq!(notes(&host), ["l", "outer"]);
}

#[test]
fn envoys_own_replies_pass_every_filter() {
    #[track_caller]
    fn check(answer: Answer, status: u16, body: &str, reached: bool) {
        let host = Host::new(observer()).plugin_name("p");
        let exchange = host.get("/").answered_with(answer);
        exchange
            .expect_status(status)
            .expect_body(body)
            .header("server", "envoy");
        exchange.no_header("x-envoy-upstream-service-time");
        assert_eq!(exchange.reached_upstream(), reached);
        assert_eq!(notes(&host), ["p", "2", "l", "p"]);
    }
    let reset = "upstream connect error or disconnect/reset before headers. reset reason: ";
    check(Answer::timeout(), 504, "upstream request timeout", true);
    check(Answer::no_healthy_upstream(), 503, "no healthy upstream", false);
    check(
        Answer::connection_failure(),
        503,
        &format!("{reset}remote connection failure"),
        false,
    );
    check(
        Answer::reset(),
        503,
        &format!("{reset}connection termination"),
        true,
    );
}

#[test]
fn no_route_is_an_empty_404_and_a_direct_response_its_text() {
    let host = Host::new(observer()).routes([]);
    let exchange = host.get("/").expect_rejected(404);
    exchange
        .expect_body("")
        .header("content-length", "0")
        .no_header("content-type");
    assert_eq!(exchange.details(), "route_not_found");
    assert_eq!(notes(&host).len(), 4);

    let host = Host::new(observer()).routes([Route::new("tea").direct_response(418, "tea")]);
    host.get("/")
        .expect_rejected(418)
        .header("content-type", "text/plain")
        .expect_body("tea");
}

#[test]
fn what_the_codec_refuses_is_only_logged() {
    let host = Host::new(observer()).plugin_name("p");
    host.get("/")
        .header("x-a", b"\x7f")
        .expect_rejected(400)
        .header("connection", "close");
    assert_eq!(notes(&host), ["l", "p"]);
}

#[test]
fn a_client_that_goes_away_leaves_a_log_and_no_response() {
    let host = Host::new(observer()).plugin_name("p");
    let exchange = host.get("/").expect_forwarded().client_aborts();
    assert_eq!(
        (exchange.status(), exchange.details().as_str()),
        (0, "downstream_remote_disconnect")
    );
    assert_eq!(notes(&host), ["l", "p"]);
}

#[test]
fn a_live_exchange_that_is_dropped_is_a_client_that_goes_away() {
    let host = Host::new(observer()).plugin_name("p");
    drop(host.get("/").expect_forwarded());
    assert_eq!(notes(&host), ["l", "p"]);
}

#[test]
fn the_usual_exchange_has_what_envoy_adds() {
    let host = Host::new(observer()).edge(Edge::default());
    let request = host
        .post("/orders")
        .header("X-Correlation-ID", "a")
        .header("x-correlation-id", "b")
        .body("{}");
    let exchange = request.expect_forwarded();
    exchange.upstream_header("x-forwarded-proto").is("http");
    exchange
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is("15000");
    exchange.upstream_header("content-length").is("2");
    assert_eq!(exchange.upstream_header("x-correlation-id").all(), [b"a", b"b"]);
    assert_eq!(exchange.upstream_body(), b"{}");
    host.advance(host::millis(7));
    let exchange = exchange.answer(Answer::new(200).header("content-type", "text/plain").body("hi"));
    assert_eq!(
        exchange
            .response_headers()
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        [
            ":status",
            "content-type",
            "content-length",
            "x-envoy-upstream-service-time",
            "date",
            "server"
        ]
    );
    exchange
        .header("x-envoy-upstream-service-time", "7")
        .header("date", "Thu, 01 Jan 2026 00:00:00 GMT");
}

#[test]
fn a_response_whose_status_is_no_number_becomes_a_502() {
    let spoiler = |status: &str| {
        guest(&format!(
            r#"(data (i32.const 200) ":status{status}")
               (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                   (drop (call $set (i32.const 2) (i32.const 200) (i32.const 7) (i32.const 207) (i32.const {})))
                   (i32.const 0))"#,
            status.len()
        ))
    };
    let exchange = Host::new(spoiler("abc")).get("/").answered_with(200);
    exchange
        .expect_status(502)
        .expect_body("missing required header: :status");
    Host::new(spoiler(" 201"))
        .get("/")
        .answered_with(200)
        .expect_status(201);
}
