//! A filter's reply from each callback of a chain, with bodies on their way.

use host::Host;

use super::{At, HOLD, REPLY, STOP, Tracer, UNTIL_END, between, check_chain, chunked, post, trace};

const REQUEST: &str = "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0 ";
const AT_END: &str = "(if (local.get 2) (then (drop (call $reply_with (i32.const 418)))))";

#[test]
fn a_reply_in_the_request_body_passes_every_filter_that_had_the_headers() {
    #[track_caller]
    fn check(mid: Tracer, trailers: bool, [outer, replier, inner]: [&str; 3]) {
        let host = between(&mid, false);
        let request = if trailers {
            post(&host).trailer("x-a", "1")
        } else {
            post(&host)
        };
        let exchange = request.run(200);
        exchange.expect_status(418).expect_body("value");
        assert_eq!(exchange.details(), "calls");
        let reply = "B 0 b 5 1 0 value l d x";
        let [outer, replier, inner] = [outer, replier, inner].map(|seen| format!("{seen} {reply}"));
        check_chain(&host, &outer, &replier, &inner);
    }
    let one = "A 0 a 2 0 0 he";
    check(
        Tracer::new().at(At::RequestBody, REPLY, ""),
        false,
        [one, one, "A 0"],
    );
    let inner = "A 0 a 2 0 0 he a 3 0 0 llo";
    check(
        Tracer::new().at(At::RequestBody, AT_END, ""),
        false,
        [REQUEST, REQUEST, inner],
    );
    let held = "A 0 a 2 0 0 he a 5 0 0 hello a 5 1 0 hello";
    let holds = Tracer::new().at(At::RequestBody, AT_END, UNTIL_END);
    check(holds, false, [REQUEST, held, "A 0"]);
    let trailers = "A 0 a 2 0 0 he a 3 0 0 llo t 1";
    check(
        Tracer::new().at(At::RequestTrailers, REPLY, ""),
        true,
        [trailers, trailers, inner],
    );
}

#[test]
fn a_reply_before_the_response_left_goes_straight_to_the_client() {
    #[track_caller]
    fn check(mid: Tracer, [replier, inner]: [&str; 2]) {
        let host = between(&mid, true);
        let exchange = post(&host).answered_with(chunked());
        exchange
            .expect_status(418)
            .expect_body("value")
            .no_header("transfer-encoding");
        assert!(!exchange.broke_off());
        check_chain(
            &host,
            &format!("{REQUEST} l d x"),
            &format!("{REQUEST} {replier} l d x"),
            &format!("{REQUEST} {inner} l d x"),
        );
    }
    check(Tracer::new().at(At::ResponseHeaders, REPLY, ""), ["B 0", "B 0"]);
    let stops = || Tracer::new().at(At::ResponseHeaders, "", STOP);
    let one = "B 0 b 2 0 0 ab";
    check(stops().at(At::ResponseBody, REPLY, ""), [one, one]);
    check(
        stops().at(At::ResponseBody, AT_END, UNTIL_END),
        [
            "B 0 b 2 0 0 ab b 4 0 0 abcd b 4 1 0 abcd",
            "B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0 ",
        ],
    );
}

#[test]
fn a_reply_after_the_headers_left_breaks_the_response_off() {
    let host = between(&Tracer::new().at(At::ResponseBody, REPLY, ""), false);
    let exchange = post(&host).answered_with(chunked());
    exchange.expect_status(200).expect_body("");
    assert!(exchange.broke_off());
    assert_eq!(exchange.details(), "calls");
    let one = format!("{REQUEST} B 0 b 2 0 0 ab l d x");
    check_chain(&host, &format!("{REQUEST} B 0 l d x"), &one, &one);

    let host = between(&Tracer::new().at(At::ResponseTrailers, REPLY, ""), false);
    let exchange = post(&host).answered_with(chunked().trailer("x-a", "2"));
    exchange.expect_status(200).expect_body("abcd");
    assert!(exchange.broke_off());
    let all = format!("{REQUEST} B 0 b 2 0 0 ab b 2 0 0 cd");
    let trailers = format!("{all} u 1 l d x");
    check_chain(&host, &format!("{all} l d x"), &trailers, &trailers);
}

#[test]
fn an_outer_filter_may_rewrite_or_hold_a_reply() {
    let put = "(drop (call $put (i32.const 1) (i32.const 0) (i32.const 1)))";
    let rewrites = Tracer::new().at(At::ResponseBody, put, "");
    let replies = Tracer::new().at(At::RequestHeaders, REPLY, "");
    let host = Host::chain([rewrites.plugin(), replies.plugin().name("inner")]);
    post(&host).run(200).expect_body("valuealue");
    assert_eq!(trace(&host), "A 0 B 0 b 5 1 0 value l d x");

    let holds = Tracer::new()
        .at(At::ResponseHeaders, HOLD, STOP)
        .on_tick("(drop (call $continue (i32.const 1)))");
    let host = Host::chain([holds.plugin(), replies.plugin().name("inner")]);
    let exchange = post(&host).send();
    assert!(!exchange.is_finished());
    host.advance(host::secs(1));
    exchange.expect_status(418).expect_body("value");
    assert_eq!(trace(&host), "A 0 B 0 k b 5 1 0 value l d x");
}

#[test]
fn a_tick_may_answer_what_a_filter_holds() {
    let host = Host::new(
        Tracer::new()
            .at(At::RequestBody, HOLD, STOP)
            .on_tick(REPLY)
            .plugin(),
    );
    let exchange = post(&host).send();
    host.advance(host::secs(1));
    exchange.expect_status(418).no_header("connection");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 5 0 0 hello a 5 1 0 hello k B 0 b 5 1 0 value l d x"
    );

    let host = Host::new(
        Tracer::new()
            .at(At::ResponseHeaders, HOLD, STOP)
            .on_tick(REPLY)
            .plugin(),
    );
    let exchange = post(&host).expect_forwarded().begin_answer(chunked());
    host.advance(host::secs(1));
    exchange.expect_status(418).expect_body("value");
    assert_eq!(trace(&host), format!("{REQUEST} B 0 k l d x"));

    let host = Host::new(
        Tracer::new()
            .at(At::ResponseBody, HOLD, STOP)
            .on_tick(REPLY)
            .plugin(),
    );
    let exchange = post(&host).expect_forwarded().begin_answer(chunked());
    host.advance(host::secs(1));
    exchange.expect_status(200).expect_body("");
    assert!(exchange.broke_off());
    assert_eq!(
        trace(&host),
        format!("{REQUEST} B 0 b 2 0 0 ab b 4 0 0 abcd b 4 1 0 abcd k l d x")
    );
}
