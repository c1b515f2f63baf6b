//! Which map can be read when, and what a wrong call answers.

use host::{Answer, Host, Plugin, Route};

use crate::guest::{guest, notes};

#[test]
fn a_map_can_be_read_in_its_own_callback_and_in_on_log() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $get_path)) (call $note_bytes)
               (call $note (call $get_a (i32.const 0)))
               (call $note (call $get_a (i32.const 2)))
               (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (call $note (call $get_path))
               (call $note (call $set_a (i32.const 0)))
               (call $note (call $pairs (i32.const 0) (i32.const 0) (i32.const 4)))
               (call $note (call $get_a (i32.const 2)))
               (i32.const 0))
           (func (export "proxy_on_log") (param i32)
               (call $note (call $get_path))
               (call $note (call $get_a (i32.const 3)))
               (call $note (call $set_a (i32.const 0))))
           (func (export "proxy_on_delete") (param i32)
               (call $note (call $get_path)))"#,
    ));
    host.get("/orders")
        .answered_with(Answer::new(200).header("x-a", "1"));
    let request = ["0", "/orders", "1", "2"];
    let response = ["2", "2", "0", "0"];
    let log = ["0", "1", "2"];
    assert_eq!(notes(&host), [&request[..], &response, &log, &["2"]].concat());
}

#[test]
fn an_unknown_map_is_a_bad_argument() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $get_a (i32.const 8)))
               (call $note (call $pairs (i32.const 99) (i32.const 0) (i32.const 4)))
               (i32.const 0))"#,
    ));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["2", "2"]);
}

#[test]
fn a_pointer_that_points_nowhere_is_refused_and_harms_nothing() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $log (i32.const 2) (i32.const -16) (i32.const 100)))
               (call $note (call $log (i32.const 2) (i32.const -1) (i32.const 0)))
               (call $note (call $get (i32.const 0) (i32.const 100) (i32.const 5) (i32.const -2) (i32.const 4)))
               (call $note (call $get (i32.const 0) (i32.const 100) (i32.const -1) (i32.const 0) (i32.const 4)))
               (call $note (call $now (i32.const -4)))
               (call $note (call $set_pairs (i32.const 0) (i32.const -16) (i32.const 100)))
               (call $note (call $property (i32.const -16) (i32.const 100) (i32.const 0) (i32.const 4)))
               (call $note (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const -1)))
               (call $note (call $reply (i32.const 200) (i32.const -1) (i32.const 9) (i32.const 0) (i32.const 0)
                   (i32.const 0) (i32.const 0) (i32.const -1)))
               (i32.const 0))"#,
    ));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["6"; 9]);
}

#[test]
fn a_bad_pointer_is_a_bad_address_for_wasi() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.ne (call $random (i32.const -4) (i32.const 16)) (i32.const 21)) (then unreachable))
               (if (i32.ne (call $random (i32.const 0) (i32.const -1)) (i32.const 28)) (then unreachable))
               (if (i32.ne (call $clock (i32.const 0) (i64.const 1) (i32.const -4)) (i32.const 21)) (then unreachable))
               (if (i32.ne (call $clock (i32.const 2) (i64.const 1) (i32.const 0)) (i32.const 58)) (then unreachable))
               (if (i32.ne (call $write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 0)) (i32.const 21)) (then unreachable))
               (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)) (i32.const 21)) (then unreachable))
               (if (i32.ne (call $write (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 8)) (then unreachable))
               (i32.const 0))"#,
    ));
    host.get("/").answered_with(200);
}

#[test]
fn what_is_printed_goes_to_the_log() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (i32.store (i32.const 0) (i32.const 120)) (i32.store (i32.const 4) (i32.const 5))
               (call $note (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
               (call $note (i32.load (i32.const 8)))
               (i32.const 0))"#,
    ))
    .plugin_name("printer");
    host.get("/").answered_with(200);
    let lines: Vec<String> = host.logs().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "[error] [worker 0] printer: value",
            "[info] [worker 0] printer: 0",
            "[info] [worker 0] printer: 5"
        ]
    );
}

#[test]
fn a_filter_keeps_seeing_the_old_route_until_the_router_looks_again() {
    let rerouting = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $set_a (i32.const 0)))
               (drop (call $property (i32.const 130) (i32.const 14) (i32.const 0) (i32.const 4)))
               (call $note_bytes)
               (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (drop (call $property (i32.const 130) (i32.const 14) (i32.const 0) (i32.const 4)))
               (call $note_bytes)
               (i32.const 0))"#,
    );
    let routes = [Route::new("new").when_header("x-a", "value"), Route::new("old")];
    let host = Host::chain([Plugin::new(&rerouting)]).routes(routes);
    host.get("/")
        .answered_with(200)
        .upstream_header("x-a")
        .is("value");
    assert_eq!(notes(&host), ["old", "new"]);
}

#[test]
fn a_buffer_outside_its_callback_is_there_and_empty_but_for_two() {
    let read = |kind: u32| {
        format!(
            "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 7))
             (call $note (call $buffer (i32.const {kind}) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4)))
             (call $note (i32.load (i32.const 4)))"
        )
    };
    let all: String = (0..=9).map(read).collect();
    let host = Host::new(guest(&format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {all} (i32.const 0))"#
    )));
    host.get("/").answered_with(200);
    // Of each: the status, then the length, which an error leaves alone.
    let empty = ["0", "0"];
    let not_there = ["1", "7"];
    let by_kind = [
        empty,
        empty,
        empty,
        empty,
        not_there,
        empty,
        empty,
        not_there,
        empty,
        ["2", "7"],
    ];
    assert_eq!(notes(&host), by_kind.concat());
}
