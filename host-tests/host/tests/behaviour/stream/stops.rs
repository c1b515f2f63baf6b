//! What stops when a callback stops, with and without `allow_on_headers_stop_iteration`, and the buffer's limit.

use host::{Answer, Host, Plugin};

use super::{At, HOLD, STOP, Tracer, UNTIL_END, chunked, note, post, trace, trace_of};

const GO_ON_REQUEST: &str = "(drop (call $continue (i32.const 0)))";
const GO_ON_RESPONSE: &str = "(drop (call $continue (i32.const 1)))";
const FORTY: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

#[test]
fn a_stop_in_the_headers_stops_everything_and_the_body_comes_whole_afterwards() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, HOLD, STOP)
        .on_tick(GO_ON_REQUEST);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).send();
    assert!(!exchange.is_at_upstream());
    host.advance(host::secs(1));
    exchange.answer(chunked());
    assert_eq!(
        trace(&host),
        "A 0 k a 5 1 0 hello B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );

    let guest = Tracer::new()
        .at(At::ResponseHeaders, HOLD, STOP)
        .on_tick(GO_ON_RESPONSE);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).expect_forwarded().begin_answer(chunked());
    assert_eq!(exchange.status(), 0);
    host.advance(host::secs(1));
    exchange.expect_status(200).expect_body("abcd");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 k b 4 1 0 abcd l d x"
    );
}

#[test]
fn held_trailers_come_after_the_held_body() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, HOLD, STOP)
        .on_tick(GO_ON_REQUEST);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).trailer("x-a", "1").send();
    host.advance(host::secs(1));
    exchange.answer(chunked().trailer("x-a", "2"));
    assert_eq!(
        trace(&host),
        "A 0 k a 5 0 0 hello t 1 B 0 b 2 0 0 ab b 2 0 0 cd u 1 l d x"
    );
}

#[test]
fn allowed_to_a_stop_in_the_headers_holds_them_until_a_body_callback_goes_on() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, "", STOP)
        .at(At::RequestBody, &note("(call $set_a (i32.const 0))"), UNTIL_END)
        .at(At::ResponseHeaders, "", STOP)
        .at(At::ResponseBody, &note("(call $set_a (i32.const 2))"), UNTIL_END);
    let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]);
    let exchange = post(&host).answered_with(chunked());
    exchange.header("x-a", "value").expect_body("abcd");
    exchange.upstream_header("x-a").is("value");
    assert_eq!(exchange.upstream_pieces(), [b"hello"]);
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he 0 a 5 0 0 hello 0 a 5 1 0 hello 0 B 0 b 2 0 0 ab 0 b 4 0 0 abcd 0 b 4 1 0 abcd 0 l d x"
    );
}

#[test]
fn allowed_to_the_first_piece_that_goes_on_takes_the_headers_along() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, "", STOP)
        .at(At::ResponseHeaders, "", STOP);
    let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]);
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(exchange.pieces(), [b"ab", b"cd"]);
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
}

#[test]
fn trailers_that_go_on_take_headers_and_body_along() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, "", STOP)
        .at(At::RequestBody, "", STOP)
        .at(At::ResponseHeaders, "", STOP)
        .at(At::ResponseBody, "", STOP);
    let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]);
    let exchange = post(&host)
        .trailer("x-a", "1")
        .answered_with(chunked().trailer("x-a", "2"));
    exchange.expect_body("abcd").response_trailer("x-a").is("2");
    exchange.upstream_trailer("x-a").is("1");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 5 0 0 hello t 1 B 0 b 2 0 0 ab b 4 0 0 abcd u 1 l d x"
    );
}

#[test]
fn headers_alone_can_be_held_and_let_go() {
    let guest = Tracer::new()
        .at(At::ResponseHeaders, HOLD, STOP)
        .on_tick(GO_ON_RESPONSE);
    let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]);
    let exchange = host.get("/").expect_forwarded().begin_answer(200);
    host.advance(host::secs(1));
    exchange.expect_status(200).header("content-length", "0");
    assert_eq!(trace(&host), "A 1 B 1 k l d x");
}

#[test]
fn trailers_can_be_held_and_let_go() {
    let guest = Tracer::new()
        .at(At::ResponseTrailers, HOLD, STOP)
        .on_tick(GO_ON_RESPONSE);
    let host = Host::new(guest.plugin());
    let exchange = host
        .get("/")
        .expect_forwarded()
        .begin_answer(chunked().trailer("x-a", "2"));
    assert!(!exchange.is_finished());
    host.advance(host::secs(1));
    exchange.response_trailer("x-a").is("2");
    assert_eq!(trace(&host), "A 1 B 0 b 2 0 0 ab b 2 0 0 cd u 1 k l d x");
}

#[test]
fn going_on_before_the_callback_stops_is_lost() {
    let guest = Tracer::new().at(At::RequestHeaders, &note("(call $continue (i32.const 0))"), STOP);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).send();
    host.advance(host::secs(10));
    assert!(!exchange.is_at_upstream());
    let exchange = exchange.client_aborts();
    assert_eq!(exchange.details(), "downstream_remote_disconnect");
    assert_eq!(trace(&host), "A 0 0 l d x");
}

#[test]
fn filters_behind_one_that_holds_see_what_it_lets_go() {
    let host = Host::chain([
        Tracer::new()
            .at(At::RequestBody, "", UNTIL_END)
            .plugin()
            .name("first"),
        Tracer::new()
            .at(At::ResponseBody, "", UNTIL_END)
            .plugin()
            .name("second"),
    ]);
    post(&host).answered_with(chunked());
    assert_eq!(
        trace_of(&host, "first"),
        "A 0 a 2 0 0 he a 5 0 0 hello a 5 1 0 hello B 0 b 4 1 0 abcd l d x"
    );
    assert_eq!(
        trace_of(&host, "second"),
        "A 0 a 5 1 0 hello B 0 b 2 0 0 ab b 4 0 0 abcd b 4 1 0 abcd l d x"
    );
}

#[test]
fn a_filter_before_one_that_stops_sees_pieces_as_they_come() {
    let holds = Tracer::new()
        .at(At::RequestHeaders, HOLD, STOP)
        .on_tick(GO_ON_REQUEST);
    let host = Host::chain([
        Tracer::new().plugin().name("first"),
        Plugin::new(holds.module()).name("second"),
    ]);
    let exchange = post(&host).send();
    host.advance(host::secs(1));
    exchange.answer(chunked());
    let response = "B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x";
    assert_eq!(
        trace_of(&host, "first"),
        format!("A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  {response}")
    );
    assert_eq!(
        trace_of(&host, "second"),
        format!("A 0 k a 5 1 0 hello {response}")
    );
}

#[test]
fn a_request_held_past_the_limit_is_answered_413() {
    let guest = Tracer::new().at(At::RequestBody, "", UNTIL_END);
    let host = Host::new(guest.plugin()).buffer_limit(30);
    let exchange = host.post("/").pieces(["he", FORTY, "yo"]).run(200);
    exchange
        .expect_status(413)
        .expect_body("Payload Too Large")
        .header("connection", "close");
    assert_eq!(exchange.details(), "request_payload_too_large");
    // 'Z' is 42, 'X' is 40, 'A' is 17, 'N' is 30, '?' is 15.
    let reply = "B 0 b A 1 0 Payload Too Large l d x";
    assert_eq!(trace(&host), format!("A 0 a 2 0 0 he a Z 0 0 he{FORTY} {reply}"));

    let host = Host::new(guest.plugin()).buffer_limit(30);
    host.post("/").pieces([FORTY, "yo"]).run(200).expect_status(413);
    assert_eq!(trace(&host), format!("A 0 a X 0 0 {FORTY} {reply}"));
}

#[test]
fn the_limit_itself_may_be_held() {
    let guest = Tracer::new().at(At::RequestBody, "", UNTIL_END);
    let host = Host::new(guest.plugin()).buffer_limit(30);
    let (x, y) = ("x".repeat(15), "y".repeat(15));
    host.post("/")
        .pieces([&x, &y])
        .answered_with(chunked())
        .expect_status(200);
    assert_eq!(
        trace(&host),
        format!("A 0 a ? 0 0 {x} a N 0 0 {x}{y} a N 1 0 {x}{y} B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x")
    );
}

#[test]
fn a_response_held_past_the_limit_breaks_off_without_asking_the_filter_again() {
    let guest = Tracer::new().at(At::ResponseBody, "", UNTIL_END);
    let host = Host::new(guest.plugin()).buffer_limit(30);
    let exchange = host
        .get("/")
        .answered_with(Answer::new(200).pieces(["he", FORTY, "yo"]));
    exchange.expect_status(200).expect_body("");
    assert!(exchange.broke_off());
    assert_eq!(exchange.details(), "response_payload_too_large");
    assert_eq!(trace(&host), "A 1 B 0 b 2 0 0 he l d x");
}

#[test]
fn a_response_held_past_the_limit_with_its_headers_is_a_500() {
    let guest = Tracer::new()
        .at(At::ResponseHeaders, "", STOP)
        .at(At::ResponseBody, "", UNTIL_END);
    let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]).buffer_limit(30);
    let exchange = host
        .get("/")
        .answered_with(Answer::new(200).pieces([FORTY, "yo"]));
    exchange.expect_status(500).expect_body("Internal Server Error");
    assert_eq!(exchange.details(), "response_payload_too_large");
    assert_eq!(trace(&host), format!("A 1 B 0 b X 0 0 {FORTY} l d x"));
}

#[test]
fn a_filter_that_stopped_everything_makes_the_peer_wait_at_the_limit() {
    let guest = Tracer::new()
        .at(At::RequestHeaders, HOLD, STOP)
        .on_tick(GO_ON_REQUEST);
    let host = Host::new(guest.plugin()).buffer_limit(30);
    let exchange = host.post("/").pieces(["he", FORTY, FORTY, "yo"]).send();
    host.advance(host::secs(1));
    let exchange = exchange.answer(200);
    assert_eq!(exchange.upstream_body().len(), 84);
    assert!(
        trace(&host).starts_with(&format!("A 0 k a Z 0 0 he{FORTY} ")),
        "{}",
        trace(&host)
    );
}

#[test]
fn other_values_of_the_headers_callback_go_on_or_stop_everything() {
    let returning = |value: &str| {
        let guest = Tracer::new()
            .at(At::ResponseHeaders, HOLD, value)
            .on_tick(GO_ON_RESPONSE);
        let host = Host::chain([guest.plugin().allow_on_headers_stop_iteration(true)]);
        let exchange = post(&host).expect_forwarded().begin_answer(chunked());
        host.advance(host::secs(1));
        exchange.expect_body("abcd");
        trace(&host)
    };
    let request = "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0 ";
    // 3 is StopAllIterationAndBuffer, 2 has no meaning.
    assert_eq!(
        returning("(i32.const 3)"),
        format!("{request} B 0 k b 4 1 0 abcd l d x")
    );
    assert_eq!(
        returning("(i32.const 2)"),
        format!("{request} B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x k")
    );
}

#[test]
fn a_body_held_with_back_pressure_is_shown_piece_by_piece_and_leaves_whole() {
    let watermark = "(i32.mul (i32.eqz (local.get 2)) (i32.const 2))";
    let guest = Tracer::new().at(At::RequestBody, "", watermark);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(exchange.upstream_pieces(), [b"hello"]);
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
}

#[test]
fn an_end_that_was_lost_with_its_pieces_comes_when_the_filter_goes_on() {
    let guest = Tracer::new()
        .at(At::RequestBody, HOLD, "(i32.const 3)")
        .on_tick(GO_ON_REQUEST);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).send();
    assert!(!exchange.is_at_upstream());
    host.advance(host::secs(1));
    let exchange = exchange.answer(chunked());
    exchange.upstream_header("transfer-encoding").is("chunked");
    assert_eq!(exchange.upstream_body(), b"");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  k B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
}
