//! Requests with bodies: what is kept for another attempt, and how much.

use host::{Answer, Cluster, Host, RetryPolicy, Route, millis, secs};

use super::came_to;
use crate::guest::guest;

fn host() -> Host {
    Host::new(guest("")).routes([Route::new("r").retry(RetryPolicy::on("5xx"))])
}

#[test]
fn a_retry_sends_the_whole_body_again_in_one_piece() {
    let request = host().post("/").pieces(["he", "llo"]).trailer("x-t", "1");
    let exchange = request.answered_with(503).expect_retried();
    let [first, second] = &exchange.attempts()[..] else {
        panic!("{exchange}")
    };
    assert_eq!(first.pieces(), [b"he".to_vec(), b"llo".to_vec()]);
    assert_eq!(second.pieces(), [b"hello".to_vec()]);
    second.trailer("x-t").is("1");
    second.header("transfer-encoding").is("chunked");
    exchange.answer(200).expect_status(200);
}

#[test]
fn a_request_without_a_body_is_sent_again_without_one() {
    let exchange = host().get("/").answered_with(503).expect_retried();
    exchange.attempts()[1].header("transfer-encoding").is_absent();
    exchange.answer(200);
    let exchange = host().post("/").answered_with(503).expect_retried();
    exchange.attempts()[1].header("content-length").is("0");
    exchange.answer(200);
}

#[test]
fn a_request_that_still_comes_in_is_tried_again_and_goes_on() {
    let answers = [Answer::new(503).early(), Answer::new(200)];
    let host = host().clusters([Cluster::new("upstream").answers(answers)]);
    let exchange = host.post("/").unfinished().send().client_sends("he");
    host.advance(millis(400));
    let exchange = exchange.client_sends("llo").client_ends();
    exchange.expect_status(200);
    let [first, second] = &exchange.attempts()[..] else {
        panic!("{exchange}")
    };
    assert_eq!((first.body(), second.body()), (b"".to_vec(), b"hello".to_vec()));
    // The time that is left is that of the whole request, which had not begun.
    second.header("x-envoy-expected-rq-timeout-ms").is("15000");
    exchange.header("x-envoy-upstream-service-time", "0");
}

#[test]
fn what_is_more_than_the_buffer_limit_is_sent_only_once() {
    let check = |body: usize, attempts: usize| {
        let answers = [503, 200];
        let host = host()
            .buffer_limit(1000)
            .clusters([Cluster::new("upstream").answers(answers)]);
        let exchange = host.post("/").body(vec![b'x'; body]).send();
        host.advance(secs(1));
        assert_eq!(exchange.attempts().len(), attempts, "{exchange}");
        assert_eq!(exchange.upstream_body().len(), body);
        exchange
    };
    check(1000, 2).expect_status(200);
    let exchange = check(1001, 1);
    assert_eq!(came_to(&exchange), (503, "-".to_owned(), 1));
}

#[test]
fn too_much_for_a_retry_that_waits_ends_the_request() {
    let policy = RetryPolicy::on("5xx").back_off(secs(300), secs(300));
    let host = Host::new(guest(""))
        .routes([Route::new("r").retry(policy)])
        .clusters([Cluster::new("upstream").answers([Answer::new(503).early()])])
        .buffer_limit(10);
    let exchange = host.post("/").unfinished().send().client_sends("01234567");
    assert!(!exchange.is_finished());
    let exchange = exchange.client_sends("89abcdef");
    exchange
        .expect_status(507)
        .header("connection", "close")
        .expect_body("exceeded request buffer limit while retrying upstream");
    assert_eq!(exchange.details(), "request_payload_exceeded_retry_buffer_limit");
    assert_eq!(exchange.flags(), "-");
}

#[test]
fn a_head_request_is_tried_again_like_a_get() {
    let exchange = host().request("HEAD", "/").answered_with(503).expect_retried();
    let exchange = exchange.answer(Answer::new(503).body("not sent"));
    assert_eq!(came_to(&exchange), (503, "URX".to_owned(), 2));
    exchange.expect_body("").header("content-length", "8");
}
