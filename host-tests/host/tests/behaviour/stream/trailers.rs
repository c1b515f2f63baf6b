//! Trailers: they take the place of the end, and their maps live in their own callbacks and in the log.

use host::{Answer, Host};

use super::{At, Tracer, UNTIL_END, between, check_chain, chunked, note, post, trace};

#[test]
fn trailers_end_a_body_so_no_piece_has_the_end_flag() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = post(&host)
        .trailer("x-a", "1")
        .answered_with(chunked().trailer("x-a", "2"));
    exchange.upstream_trailer("x-a").is("1");
    exchange.response_trailer("x-a").is("2");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 3 0 0 llo t 1 B 0 b 2 0 0 ab b 2 0 0 cd u 1 l d x"
    );
}

#[test]
fn trailers_behind_no_body_come_without_a_body_callback() {
    let host = Host::new(Tracer::new().plugin());
    let exchange = host
        .post("/")
        .trailer("x-a", "1")
        .answered_with(Answer::new(200).trailer("x-a", "2"));
    exchange.response_trailer("x-a").is("2");
    assert_eq!(trace(&host), "A 0 t 1 B 0 u 1 l d x");
}

#[test]
fn a_body_that_is_held_can_be_read_and_replaced_when_the_trailers_come() {
    let replace = |kind: u32| {
        let put = note(&format!(
            "(call $put (i32.const {kind}) (i32.const 0) (i32.const 100))"
        ));
        format!("(call $body (i32.const {kind})) {put} (call $body (i32.const {kind}))")
    };
    let guest = Tracer::new()
        .at(At::RequestBody, "", UNTIL_END)
        .at(At::RequestTrailers, &replace(0), "")
        .at(At::ResponseBody, "", UNTIL_END)
        .at(At::ResponseTrailers, &replace(1), "");
    let host = Host::new(guest.plugin());
    let exchange = post(&host)
        .trailer("x-a", "1")
        .answered_with(chunked().trailer("x-a", "2"));
    exchange.expect_body("value").response_trailer("x-a").is("2");
    assert_eq!(exchange.upstream_body(), b"value");
    assert_eq!(
        trace(&host),
        "A 0 a 2 0 0 he a 5 0 0 hello t 1 0 hello 0 0 value B 0 b 2 0 0 ab b 4 0 0 abcd u 1 0 abcd 0 0 value l d x"
    );
}

#[test]
fn a_map_of_trailers_is_there_in_its_own_callback_alone() {
    let map = |number: u32| {
        [
            "(call $say (i32.const 95))".to_owned(),
            note(&format!("(call $get_a (i32.const {number}))")),
            note(&format!("(call $map_size (i32.const {number}) (i32.const 8))")),
            note(&format!(
                "(call $pairs (i32.const {number}) (i32.const 0) (i32.const 4))"
            )),
            note("(i32.load (i32.const 4))"),
            note(&format!("(call $add_a (i32.const {number}))")),
            note(&format!("(call $set_a (i32.const {number}))")),
            note(&format!("(call $remove_a (i32.const {number}))")),
        ]
        .concat()
    };
    let both = map(1) + &map(3);
    let add = note("(call $add_a (i32.const 3))");
    let guest = Tracer::new()
        .at(At::RequestHeaders, &both, "")
        .at(At::RequestBody, &map(1), "")
        .at(At::RequestTrailers, &(both.clone() + &map(0)), "")
        .at(At::ResponseHeaders, &both, "")
        .at(At::ResponseBody, &map(3), "")
        .at(At::ResponseTrailers, &(both.clone() + &map(2) + &add), "");
    let host = Host::new(guest.plugin());
    let exchange = host
        .post("/")
        .pieces(["he"])
        .trailer("x-a", "1")
        .answered_with(Answer::new(200).pieces(["ab"]).trailer("x-a", "2"));
    exchange.response_trailer("x-a").is("value");
    exchange.upstream_trailer("x-a").is_absent();
    let (no, yes) = ("_ 2 2 0 0 2 2 2", "_ 0 0 0 B 0 0 0");
    assert_eq!(
        trace(&host),
        format!(
            "A 0 {no} {no} a 2 0 0 he {no} t 1 {yes} {no} {no} \
             B 0 {no} {no} b 2 0 0 ab {no} u 1 {no} {yes} {no} 0 l d x"
        )
    );
}

#[test]
fn the_log_can_read_trailers_that_came_and_finds_no_value_in_others() {
    let log = |number: u32| {
        note(&format!("(call $get_a (i32.const {number}))"))
            + &note(&format!("(call $map_size (i32.const {number}) (i32.const 8))"))
            + &note(&format!("(call $set_a (i32.const {number}))"))
    };
    let host = Host::new(crate::guest::guest(&format!(
        r#"(func (export "proxy_on_log") (param i32) {} {})"#,
        log(1),
        log(3)
    )));
    post(&host).answered_with(chunked().trailer("x-a", "2"));
    assert_eq!(trace(&host), "1 2 2 0 2 2");
}

#[test]
fn trailers_can_be_added_with_the_end_of_a_body_and_are_for_the_filters_after_it() {
    // At the first piece there is no place for them yet.
    let add = |kind: u32| note(&format!("(call $add_a (i32.const {kind}))"));
    let guest = Tracer::new()
        .at(At::RequestBody, &add(1), "")
        .at(At::ResponseBody, &add(3), "");
    let host = between(&guest, false);
    let exchange = post(&host).answered_with(chunked());
    exchange.upstream_trailer("x-a").is("value");
    exchange.response_trailer("x-a").is("value");
    check_chain(
        &host,
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 1 0  B 0 b 2 0 0 ab b 2 0 0 cd b 0 0 0  u 1 l d x",
        "A 0 a 2 0 0 he 2 a 3 0 0 llo 2 a 0 1 0  0 B 0 b 2 0 0 ab 2 b 2 0 0 cd 2 b 0 1 0  0 l d x",
        "A 0 a 2 0 0 he a 3 0 0 llo a 0 0 0  t 1 B 0 b 2 0 0 ab b 2 0 0 cd b 0 1 0  l d x",
    );
}

#[test]
fn trailers_have_no_place_behind_a_body_of_known_length() {
    let guest = Tracer::new().at(At::ResponseBody, &note("(call $add_a (i32.const 3))"), "");
    let host = Host::new(guest.plugin());
    let exchange = host.get("/").answered_with(Answer::new(200).body("abc"));
    exchange.header("content-length", "3").expect_body("abc");
    exchange.response_trailer("x-a").is_absent();
}
