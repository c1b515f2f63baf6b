//! Peers that go away, and filters that close, at any point.

use host::{Answer, Host};

use super::{At, STOP, Tracer, UNTIL_END, between, check_chain, chunked, post, trace};

const PROTOCOL_ERROR: &str = "upstream_reset_after_response_started{protocol_error}";
const REQUEST: &str = "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0 ";

#[test]
fn an_upstream_that_breaks_off_leaves_the_client_with_what_it_has() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = post(&host).answered_with(chunked().cut_off());
    exchange.expect_status(200).expect_body("abcd");
    assert!(exchange.broke_off());
    assert_eq!(exchange.details(), PROTOCOL_ERROR);
    assert_eq!(trace(&host), format!("{REQUEST} B 0 b 2 0 0 ab b 2 0 0 cd l d x"));
}

#[test]
fn what_a_filter_held_is_lost_with_the_upstream() {
    let guest = Tracer::new().at(At::ResponseBody, "", UNTIL_END);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked().cut_off());
    exchange.expect_body("");
    assert!(exchange.broke_off());
    assert_eq!(
        trace(&host),
        format!("{REQUEST} B 0 b 2 0 0 ab b 4 0 0 abcd l d x")
    );
}

#[test]
fn an_upstream_that_breaks_off_before_the_headers_left_is_a_502_past_all_filters() {
    let message = "upstream connect error or disconnect/reset before headers. reset reason: protocol error";
    let stops = Tracer::new().at(At::ResponseHeaders, "", STOP);
    let host = Host::new(stops.plugin());
    let exchange = post(&host).answered_with(chunked().cut_off());
    exchange.expect_status(502).expect_body(message);
    assert_eq!(exchange.details(), PROTOCOL_ERROR);
    assert_eq!(trace(&host), format!("{REQUEST} B 0 l d x"));

    let holds = stops.at(At::ResponseBody, "", UNTIL_END);
    let host = Host::chain([holds.plugin().allow_on_headers_stop_iteration(true)]);
    post(&host).answered_with(chunked().cut_off()).expect_status(502);
    assert_eq!(
        trace(&host),
        format!("{REQUEST} B 0 b 2 0 0 ab b 4 0 0 abcd l d x")
    );
}

#[test]
fn a_client_may_go_away_in_the_middle_of_its_request() {
    #[track_caller]
    fn check(guest: Tracer, expected: &str, forwarded: &[u8]) {
        let host = Host::new(guest.plugin());
        let exchange = post(&host).unfinished().send().client_aborts();
        assert_eq!(
            (exchange.status(), exchange.details().as_str()),
            (0, "downstream_remote_disconnect")
        );
        assert_eq!(trace(&host), expected);
        assert_eq!(exchange.upstream_body(), forwarded);
    }
    check(Tracer::new(), "A 0 a 2 0 0 he a 3 0 0 llo l d x", b"hello");
    let holds_body = Tracer::new().at(At::RequestBody, "", UNTIL_END);
    check(holds_body, "A 0 a 2 0 0 he a 5 0 0 hello l d x", b"");
    let stops = Tracer::new().at(At::RequestHeaders, "", STOP);
    check(stops, "A 0 l d x", b"");
}

#[test]
fn a_client_may_go_away_in_the_middle_of_its_response() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = post(&host)
        .expect_forwarded()
        .begin_answer(Answer::new(200).pieces(["ab"]).unfinished())
        .client_aborts();
    exchange.expect_status(200);
    assert!(exchange.broke_off());
    assert_eq!(exchange.details(), "downstream_remote_disconnect");
    assert_eq!(trace(&host), format!("{REQUEST} B 0 b 2 0 0 ab l d x"));
}

#[test]
fn an_upstream_may_fail_before_it_has_the_whole_request() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = host.post("/").pieces(["he"]).unfinished().expect_forwarded();
    let exchange = exchange.answer(Answer::reset());
    exchange.expect_status(503).header("connection", "close");
    // 'y' is 95 - 48 above '0', so the length is no digit.
    assert!(
        trace(&host).starts_with("A 0 a 2 0 0 he B 0 b "),
        "{}",
        trace(&host)
    );
}

#[test]
fn an_upstream_may_answer_a_request_whose_body_a_filter_holds() {
    let holds = Tracer::new().at(At::RequestBody, "", STOP);
    let host = Host::new(holds.plugin());
    let exchange = post(&host).send();
    assert!(!exchange.is_at_upstream() && exchange.awaits_answer());
    let exchange = exchange.begin_answer(chunked());
    exchange.expect_status(200).expect_body("abcd");
    assert_eq!(exchange.upstream_body(), b"");
}

#[test]
fn an_upstream_may_answer_before_it_has_the_whole_request() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = host
        .post("/")
        .pieces(["he"])
        .unfinished()
        .expect_forwarded()
        .begin_answer(Answer::new(200).pieces(["ab"]).unfinished())
        .client_sends("llo")
        .client_ends()
        .upstream_sends("cd")
        .upstream_ends();
    exchange.expect_body("abcd").header("connection", "close");
    exchange.no_header("x-envoy-upstream-service-time");
    assert_eq!(exchange.upstream_body(), b"hello");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he B 0 b 2 0 0 ab a 3 0 0 llo a 0 1 0  b 2 0 0 cd b 0 1 0  l d x"
    );
}

#[test]
fn a_filter_may_close_in_any_request_callback_and_nobody_gets_a_response() {
    const CLOSE: &str = "(drop (call $close (i32.const 0)))";
    #[track_caller]
    fn check(at: At, [outer, mid, inner]: [&str; 3]) {
        let host = between(&Tracer::new().at(at, CLOSE, ""), false);
        let exchange = post(&host).trailer("x-a", "1").run(200);
        assert_eq!(
            (exchange.status(), exchange.details().as_str()),
            (0, "wasm_close_stream")
        );
        check_chain(&host, outer, mid, inner);
    }
    check(At::RequestHeaders, ["A 0 l d x", "A 0 l d x", "l d x"]);
    let one = "A 0 a 2 0 0 he l d x";
    check(At::RequestBody, [one, one, "A 0 l d x"]);
    let all = "A 0 a 2 0 0 he a 3 0 0 llo t 1 l d x";
    check(
        At::RequestTrailers,
        [all, all, "A 0 a 2 0 0 he a 3 0 0 llo l d x"],
    );
}

#[test]
fn a_filter_that_closes_in_the_response_leaves_the_client_with_what_it_has() {
    const CLOSE: &str = "(drop (call $close (i32.const 1)))";
    let host = between(&Tracer::new().at(At::ResponseHeaders, CLOSE, ""), false);
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(
        (exchange.status(), exchange.details().as_str()),
        (0, "via_upstream")
    );
    let headers = format!("{REQUEST} B 0 l d x");
    check_chain(&host, &format!("{REQUEST} l d x"), &headers, &headers);

    let host = between(&Tracer::new().at(At::ResponseBody, CLOSE, ""), false);
    let exchange = post(&host).answered_with(chunked());
    exchange.expect_status(200).expect_body("");
    assert!(exchange.broke_off());
    let piece = format!("{REQUEST} B 0 b 2 0 0 ab l d x");
    check_chain(&host, &headers, &piece, &piece);
}

#[test]
#[should_panic(expected = "proxy_close_stream in proxy_on_response_trailers: Envoy crashes")]
fn closing_in_the_response_trailers_fails_the_test_because_it_kills_envoy() {
    let guest = Tracer::new().at(At::ResponseTrailers, "(drop (call $close (i32.const 1)))", "");
    let host = Host::new(guest.plugin());
    post(&host).answered_with(chunked().trailer("x-a", "2"));
}

#[test]
fn a_response_that_broke_off_and_trailers_are_printed() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = post(&host).trailer("x-a", "1").answered_with(chunked().cut_off());
    let text = exchange.to_string();
    assert!(
        text.contains("  body (5 bytes): hello\n  trailers:\n    x-a: 1\n"),
        "{text}"
    );
    assert!(
        text.contains("  body (4 bytes): abcd\n  and there it broke off\n"),
        "{text}"
    );
}

#[test]
fn a_vm_that_dies_is_a_503_until_the_headers_left_and_breaks_off_afterwards() {
    #[track_caller]
    fn check(at: At, status: u16, broke_off: bool, [outer, mid, inner]: [&str; 3]) {
        let host = between(&Tracer::new().at(at, "unreachable", ""), false).allow_vm_death();
        let exchange = post(&host).run(chunked());
        exchange.expect_status(status).expect_body("");
        assert_eq!(exchange.broke_off(), broke_off);
        assert_eq!(exchange.details(), "wasm_fail_stream");
        check_chain(&host, outer, mid, inner);
    }
    let before = ["A 0 a 2 0 0 he B 1 l d x", "A 0 a 2 0 0 he", "A 0 B 1 l d x"];
    check(At::RequestBody, 503, false, before);
    let headers = format!("{REQUEST} B 0");
    let piece = format!("{headers} b 2 0 0 ab");
    let [through, logged, piece_logged] = [REQUEST, &headers, &piece].map(|seen| format!("{seen} l d x"));
    check(At::ResponseHeaders, 503, false, [&through, &headers, &logged]);
    check(At::ResponseBody, 200, true, [&logged, &piece, &piece_logged]);
}
