//! HTTP/2, as filters, clients and upstreams see them. Every expectation is what Envoy 1.40.0 did with the same
//! plugin between a client and an upstream on HTTP/2.

#[path = "http2/grpc.rs"]
mod grpc;

use host::{Answer, Cluster, Exchange, Host, Module, Route};

use crate::guest::{guest, notes};
use crate::stream::{At, Tracer, trace};

fn names(exchange: &Exchange) -> String {
    let headers = exchange.response_headers().into_iter();
    headers.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn upstream_names(exchange: &Exchange) -> String {
    let headers = exchange.upstream_headers().into_iter();
    headers.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

/// Notes the property `request.protocol` in the request, `response.code` (as the difference to 200) in the response and
/// in the log.
fn reader() -> Module {
    guest(
        r#"(data (i32.const 2000) "request\00protocol")
           (data (i32.const 2100) "response\00code")
           (func $code
               (drop (call $property (i32.const 2100) (i32.const 13) (i32.const 0) (i32.const 4)))
               (if (i64.eq (i64.load (i32.load (i32.const 0))) (i64.const 200))
                   (then (call $say (i32.const 111))) (else (call $say (i32.const 110)))))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $property (i32.const 2000) (i32.const 16) (i32.const 0) (i32.const 4)))
               (call $note_bytes) (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $code) (i32.const 0))
           (func (export "proxy_on_log") (param i32) (call $code))"#,
    )
}

#[test]
fn the_end_comes_with_the_last_piece() {
    let host = Host::new(Tracer::new().module());
    let exchange = host.post("/").http2().pieces(["he", "llo"]).expect_forwarded();
    let exchange = exchange.answer(Answer::new(200).pieces(["ab", "cd"]));
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 1 0 llo B 0 b 2 0 0 ab b 2 1 0 cd l d x"
    );
    exchange.expect_body("abcd");
}

#[test]
fn an_end_that_comes_later_is_an_empty_piece() {
    let host = Host::new(Tracer::new().module());
    let exchange = host.post("/").http2().unfinished().send().client_sends("hello");
    let exchange = exchange.client_ends();
    let exchange = exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished());
    exchange.upstream_ends();
    assert_eq!(
        trace(&host),
        "A 0 a 5 0 0 hello a 0 1 0  B 0 b 2 0 0 ab b 0 1 0  l d x"
    );
}

#[test]
fn trailers_take_the_end_along() {
    let host = Host::new(Tracer::new().module());
    let exchange = host
        .post("/")
        .http2()
        .pieces(["hello"])
        .trailer("x-t", "1")
        .expect_forwarded();
    exchange.upstream_trailer("x-t").is("1");
    exchange
        .answer(Answer::new(200).pieces(["ab"]).trailer("x-u", "2"))
        .response_trailer("x-u")
        .is("2");
    assert_eq!(trace(&host), "A 0 a 5 0 0 hello t 1 B 0 b 2 0 0 ab u 1 l d x");
}

#[test]
fn nothing_says_how_a_body_is_framed() {
    let host = Host::new(guest(""));
    let exchange = host
        .post("/")
        .http2()
        .pieces(["hello"])
        .answered_with(Answer::new(200).body("ok"));
    assert_eq!(
        upstream_names(&exchange),
        ":authority :path :method :scheme x-forwarded-proto x-envoy-expected-rq-timeout-ms"
    );
    assert_eq!(
        names(&exchange),
        ":status x-envoy-upstream-service-time date server"
    );
    let exchange = host.post("/").http2().body("hello").answered_with(204);
    exchange.upstream_header("content-length").is("5");
}

#[test]
fn each_side_can_speak_another_http() {
    let host = Host::new(guest("")).clusters([Cluster::new("upstream").http1()]);
    let exchange = host
        .post("/")
        .http2()
        .pieces(["hello"])
        .answered_with(Answer::new(200).body("ok"));
    exchange.upstream_header("transfer-encoding").is("chunked");
    exchange.header("content-length", "2");
    let exchange = host
        .get("/")
        .http2()
        .answered_with(Answer::new(200).pieces(["a"]));
    exchange.no_header("transfer-encoding");

    let host = Host::new(guest("")).clusters([Cluster::new("upstream").http2()]);
    let exchange = host
        .post("/")
        .pieces(["hello"])
        .answered_with(Answer::new(200).body("ok"));
    exchange.upstream_header("transfer-encoding").is_absent();
    exchange.header("transfer-encoding", "chunked");
}

#[test]
fn filters_read_the_clients_protocol() {
    let host = Host::new(reader());
    host.get("/").http2().answered_with(200);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["HTTP/2", "o", "o", "HTTP/1.1", "o", "o"]);
}

#[test]
fn cookies_that_came_one_by_one_are_joined_behind_the_other_headers() {
    let host = Host::new(guest(""));
    let request = host
        .get("/")
        .http2()
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("x-z", "1");
    let exchange = request.answered_with(200);
    exchange.upstream_header("cookie").is("a=1; b=2");
    assert!(
        upstream_names(&exchange).contains("x-z cookie x-forwarded-proto"),
        "{exchange}"
    );
}

#[test]
fn a_method_may_be_any_word_and_a_byte_from_0x80_on_is_let_through() {
    let host = Host::new(guest(""));
    let exchange = host
        .request("FOO", "/")
        .http2()
        .header("x-a", b"caf\xe9")
        .answered_with(200);
    exchange.upstream_header(":method").is("FOO");
    exchange.upstream_header("x-a").is(b"caf\xe9");
}

#[test]
fn what_the_codec_cannot_take_is_reset_without_any_filter() {
    let host = Host::new(Tracer::new().module());
    let exchange = host.get("/").http2().header("x-a", b"\x7f").send();
    assert_eq!(
        (
            exchange.status(),
            exchange.details().as_str(),
            exchange.flags().as_str()
        ),
        (0, "http2.invalid.header.field", "DPE")
    );
    let many = |count| (0..count).fold(host.get("/").http2(), |get, n| get.header(format!("x-{n}"), "1"));
    let exchange = many(97).send();
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        ("http2.too_many_headers", "DR")
    );
    assert_eq!(trace(&host), "");
    many(96).answered_with(200);
}

#[test]
fn a_client_that_gives_up_resets_its_stream() {
    let host = Host::new(guest(""));
    let exchange = host.get("/").http2().expect_forwarded().client_aborts();
    assert_eq!(
        (
            exchange.status(),
            exchange.details().as_str(),
            exchange.flags().as_str()
        ),
        (0, "http2.remote_reset", "DR")
    );
}

#[test]
fn an_early_response_closes_no_connection() {
    let host = Host::new(guest("")).routes([Route::new("tea").direct_response(418, "tea")]);
    let exchange = host.post("/").http2().unfinished().send();
    exchange
        .expect_status(418)
        .no_header("connection")
        .expect_body("tea");
}

#[test]
fn an_upstream_that_breaks_off_has_closed_its_connection() {
    let host = Host::new(guest(""));
    let exchange = host
        .get("/")
        .http2()
        .answered_with(Answer::new(200).pieces(["ab"]).cut_off());
    assert!(exchange.broke_off());
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        (
            "upstream_reset_after_response_started{connection_termination}",
            "UC"
        )
    );
}

#[test]
fn an_upstream_may_reset_its_stream_or_lose_its_connection() {
    let begun = |guest: Tracer| {
        let host = Host::new(guest.module());
        let exchange = host.get("/").http2().expect_forwarded();
        exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished())
    };
    let reset = begun(Tracer::new()).upstream_resets_stream();
    let lost = begun(Tracer::new()).upstream_resets();
    let ends = [&reset, &lost].map(|exchange| (exchange.status(), exchange.flags(), exchange.details()));
    let after = |reason: &str| format!("upstream_reset_after_response_started{{{reason}}}");
    let expected = [
        (200, "UR".to_owned(), after("remote_reset")),
        (200, "UC".to_owned(), after("connection_termination")),
    ];
    assert_eq!(ends, expected);

    // A filter still held the headers: there is time for another response.
    let holds = || Tracer::new().at(At::ResponseHeaders, "", "(i32.const 1)");
    begun(holds()).upstream_resets_stream().expect_status(503);
    begun(holds()).upstream_resets().expect_status(503);
}
