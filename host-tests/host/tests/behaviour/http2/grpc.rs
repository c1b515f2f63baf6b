//! gRPC calls: messages, statuses, and replies that are a status in headers alone.

use host::{Answer, Cluster, Host, RetryPolicy, Route, millis};

use super::{names, reader, upstream_names};
use crate::guest::{guest, notes};
use crate::stream::{At, GO, REPLY, Tracer, trace};

/// A gRPC message of one byte.
const MESSAGE: &[u8] = b"\0\0\0\0\x01x";

fn call(host: &Host) -> host::Request {
    host.grpc("/pkg.Service/Method").body(MESSAGE)
}

#[test]
fn a_grpc_call_has_messages_and_a_status_in_trailers() {
    let host = Host::new(Tracer::new().module());
    let exchange = call(&host).expect_forwarded();
    assert_eq!(
        upstream_names(&exchange),
        ":authority :path :method :scheme content-type te x-forwarded-proto x-envoy-expected-rq-timeout-ms"
    );
    assert_eq!(exchange.upstream_body(), MESSAGE);
    let exchange = exchange.answer(Answer::grpc(0).pieces(["a"]));
    exchange
        .expect_status(200)
        .expect_body("a")
        .response_trailer("grpc-status")
        .is("0");
    assert_eq!(
        names(&exchange),
        ":status content-type x-envoy-upstream-service-time date server"
    );
    assert!(
        trace(&host).ends_with("B 0 b 1 0 0 a u 1 l d x"),
        "{}",
        trace(&host)
    );
}

#[test]
fn a_status_in_headers_alone_has_no_body() {
    let host = Host::new(Tracer::new().module());
    let exchange = call(&host).answered_with(Answer::grpc_headers_only(5));
    exchange.header("grpc-status", "5").expect_body("");
    assert!(trace(&host).ends_with("B 1 l d x"), "{}", trace(&host));
}

#[test]
fn envoys_own_replies_are_a_status_in_headers_alone() {
    #[track_caller]
    fn check(host: &Host, answer: Answer, message: &str) {
        let exchange = call(host).answered_with(answer);
        exchange
            .expect_status(200)
            .expect_body("")
            .header("content-type", "application/grpc")
            .header("grpc-status", "14")
            .header("grpc-message", message)
            .no_header("content-length");
    }
    let host = Host::new(guest(""));
    let reset = "upstream connect error or disconnect/reset before headers. reset reason: ";
    check(&host, Answer::timeout(), "upstream request timeout");
    check(&host, Answer::no_healthy_upstream(), "no healthy upstream");
    check(
        &host,
        Answer::connection_failure(),
        &format!("{reset}remote connection failure"),
    );
    check(&host, Answer::reset(), &format!("{reset}connection termination"));
    let host = Host::new(guest("")).routes([]);
    let exchange = call(&host).expect_rejected(200);
    exchange.header("grpc-status", "12").no_header("grpc-message");
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        ("route_not_found", "NR")
    );
}

#[test]
fn a_filter_sees_the_status_that_the_reply_was_made_with_and_the_log_the_clients() {
    let host = Host::new(reader());
    call(&host).answered_with(Answer::timeout());
    assert_eq!(notes(&host), ["HTTP/2", "n", "o"]);
}

#[test]
fn a_plugins_reply_is_a_status_in_headers_alone() {
    let host = Host::new(Tracer::new().at(At::RequestHeaders, REPLY, GO).module());
    let exchange = call(&host).expect_rejected(200);
    exchange
        .header("grpc-status", "2")
        .header("grpc-message", "value")
        .expect_body("");
    let other = host
        .post("/")
        .http2()
        .header("content-type", "application/grpc-web")
        .body("x");
    other
        .expect_rejected(418)
        .expect_body("value")
        .no_header("grpc-status");
}

#[test]
fn a_call_is_tried_again_for_a_status_in_its_headers() {
    let policy = RetryPolicy::on("unavailable");
    let host = Host::new(guest(""))
        .routes([Route::new("r").retry(policy)])
        .clusters([
            Cluster::new("upstream").answers([Answer::grpc_headers_only(14), Answer::grpc(14).pieces(["a"])])
        ]);
    let exchange = call(&host).send().expect_retried();
    // In trailers it comes too late.
    exchange.response_trailer("grpc-status").is("14");
    assert_eq!((exchange.attempts().len(), exchange.flags().as_str()), (2, "-"));
    assert_eq!(exchange.attempts()[1].pieces(), [MESSAGE]);
}

#[test]
fn a_call_runs_by_the_routes_time_whatever_it_asks_for_itself() {
    let host = Host::new(guest("")).routes([Route::new("r").timeout_ms(500)]);
    let exchange = call(&host).header("grpc-timeout", "100m").expect_forwarded();
    exchange.upstream_header("grpc-timeout").is("100m");
    exchange
        .upstream_header("x-envoy-expected-rq-timeout-ms")
        .is("500");
    host.advance(millis(499));
    assert!(exchange.is_at_upstream());
    host.advance(millis(1));
    exchange
        .header("grpc-status", "14")
        .header("grpc-message", "upstream request timeout");
}
