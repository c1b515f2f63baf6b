//! Pieces, what a filter sees of them, and what it may write into them.

use host::{Answer, Host};

use super::{At, HOLD, STOP, Tracer, UNTIL_END, chunked, note, post, trace};

#[test]
fn pieces_come_one_by_one_and_an_empty_one_ends_them() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
    exchange
        .header("transfer-encoding", "chunked")
        .no_header("content-length");
    exchange.upstream_header("transfer-encoding").is("chunked");
    assert_eq!(exchange.pieces(), [b"ab", b"cd"]);
    assert_eq!(exchange.upstream_pieces(), [&b"he"[..], b"llo"]);
}

#[test]
fn a_body_that_is_held_is_shown_whole_each_time_and_leaves_whole() {
    let guest = Tracer::new()
        .at(At::RequestBody, "", UNTIL_END)
        .at(At::ResponseBody, "", UNTIL_END);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 5 0 0 hello a 5 1 0 hello B 0 b 2 0 0 ab b 4 0 0 abcd b 4 1 0 abcd l d x"
    );
    assert_eq!(exchange.pieces(), [b"abcd"]);
    assert_eq!(exchange.upstream_pieces(), [b"hello"]);
}

#[test]
fn a_chunked_body_may_be_empty() {
    let host = Host::new(Tracer::new().plugin());
    let none: [&str; 0] = [];
    let exchange = host
        .post("/")
        .pieces(none)
        .answered_with(Answer::new(200).pieces(none));
    assert_eq!(trace(&host), "A 0 a 0 1 0  B 0 b 0 1 0  l d x");
    exchange.header("transfer-encoding", "chunked");
}

#[test]
fn head_and_204_have_headers_alone_whatever_they_promise() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = host
        .request("HEAD", "/")
        .answered_with(Answer::new(200).header("content-length", "5"));
    exchange.header("content-length", "5").expect_body("");
    assert_eq!(trace(&host), "A 1 B 1 l d x");
    let host = Host::new(Tracer::new().plugin());
    host.get("/").answered_with(204).no_header("transfer-encoding");
    assert_eq!(trace(&host), "A 1 B 1 l d x");
}

#[test]
fn a_prefix_is_replaced_and_an_end_appended_but_nothing_goes_into_the_middle() {
    let calls = |kind: u32| {
        [
            note(&format!(
                "(call $put (i32.const {kind}) (i32.const 2) (i32.const 1))"
            )),
            note(&format!(
                "(call $put (i32.const {kind}) (i32.const 0) (i32.const 2))"
            )),
            format!("(call $body (i32.const {kind}))"),
            note(&format!(
                "(call $put (i32.const {kind}) (i32.const 1000) (i32.const 3))"
            )),
            format!("(call $body (i32.const {kind}))"),
            note(&format!(
                "(call $put (i32.const {kind}) (i32.const 0) (i32.const 1000))"
            )),
            format!("(call $body (i32.const {kind}))"),
            note(&format!(
                "(call $buffer (i32.const {kind}) (i32.const 3) (i32.const 9) (i32.const 0) (i32.const 4))"
            )),
            "(call $note_bytes)".to_owned(),
            note(&format!(
                "(call $buffer (i32.const {kind}) (i32.const 5) (i32.const 9) (i32.const 0) (i32.const 4))"
            )),
            note(&format!(
                "(call $buffer_status (i32.const {kind}) (i32.const 8) (i32.const 12))"
            )),
            note("(i32.load (i32.const 8))"),
            note("(i32.load (i32.const 12))"),
        ]
        .concat()
    };
    let guest = Tracer::new()
        .at(At::RequestBody, &calls(0), "")
        .at(At::ResponseBody, &calls(1), "");
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked());
    let two = "0 0 0 valuevalue 0 0 valuevaluevalue 0 0 value 0 ue 0 0 5 0";
    let three = "2 0 0 valueo 0 0 valueovalue 0 0 value 0 ue 0 0 5 0";
    let none = "0 0 0 valuelue 0 0 valueluevalue 0 0 value 0 ue 0 0 5 0";
    assert_eq!(
        trace(&host),
        format!(
            "A 0 a 2 0 0 he {two} a 3 0 0 llo {three} a 0 1 0  {none} \
             B 0 b 2 0 0 ab {two} b 2 0 0 cd {two} b 0 1 0  {none} l d x"
        )
    );
    assert_eq!(exchange.pieces(), [b"value"; 3]);
    assert_eq!(exchange.upstream_pieces(), [b"value"; 3]);
}

#[test]
fn a_body_outside_its_callback_is_empty_and_cannot_be_written() {
    let other = |kind: u32| {
        [
            "(call $say (i32.const 95))".to_owned(),
            note(&format!(
                "(call $buffer (i32.const {kind}) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4))"
            )),
            note(&format!(
                "(call $buffer_status (i32.const {kind}) (i32.const 8) (i32.const 12))"
            )),
            note("(i32.load (i32.const 8))"),
            note(&format!(
                "(call $put (i32.const {kind}) (i32.const 0) (i32.const 100))"
            )),
        ]
        .concat()
    };
    let both = other(0) + &other(1);
    let guest = Tracer::new()
        .at(At::RequestHeaders, &both, "")
        .at(At::RequestBody, &other(1), "")
        .at(At::RequestTrailers, &both, "")
        .at(At::ResponseHeaders, &both, "")
        .at(At::ResponseBody, &other(0), "")
        .at(At::ResponseTrailers, &both, "");
    let host = Host::new(guest.plugin());
    post(&host)
        .trailer("x-a", "1")
        .answered_with(chunked().trailer("x-a", "2"));
    let (one, two) = ("_ 0 0 0 2", "_ 0 0 0 2 _ 0 0 0 2");
    assert_eq!(
        trace(&host),
        format!(
            "A 0 {two} a 2 0 0 he {one} a 3 0 0 llo {one} t 1 {two} \
             B 0 {two} b 2 0 0 ab {one} b 2 0 0 cd {one} u 1 {two} l d x"
        )
    );
}

#[test]
fn a_body_that_is_held_can_be_read_and_replaced_in_a_tick() {
    let tick = [
        "(call $body (i32.const 1))".to_owned(),
        note("(call $put (i32.const 1) (i32.const 0) (i32.const 100))"),
        "(drop (call $continue (i32.const 1)))".to_owned(),
    ]
    .concat();
    let guest = Tracer::new().at(At::ResponseBody, HOLD, STOP).on_tick(&tick);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).expect_forwarded().begin_answer(chunked());
    host.advance(host::secs(1));
    exchange.expect_body("value");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 4 0 0 abcd b 4 1 0 abcd k 0 abcd 0 l d x"
    );
}

#[test]
fn a_piece_that_a_filter_neither_holds_nor_lets_go_is_lost() {
    let drop_until_end = "(i32.mul (i32.eqz (local.get 2)) (i32.const 3))";
    let guest =
        Tracer::new()
            .at(At::RequestBody, "", drop_until_end)
            .at(At::ResponseBody, "", drop_until_end);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked());
    exchange.expect_body("").header("transfer-encoding", "chunked");
    assert_eq!(exchange.upstream_body(), b"");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
}

#[test]
fn going_on_in_the_callback_that_stops_lets_go_what_was_held_before() {
    let go_on = note("(call $continue (i32.const 0))");
    let guest = Tracer::new().at(At::RequestBody, &go_on, STOP);
    let host = Host::new(guest.plugin());
    let exchange = post(&host).answered_with(chunked());
    assert_eq!(exchange.upstream_pieces(), [b"hello"]);
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he 0 a 5 0 0 hello 0 a 0 1 0  0 B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x"
    );
}
