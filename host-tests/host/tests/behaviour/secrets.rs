//! What is planted in the traffic, who sees it, and where it is found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use host::{Answer, Host, HostCall, Module, Secret};

use crate::guest::{ALLOCATOR, VERSION, module};

const VALUE: &str = "Bearer zQ37hK2mWx9";

/// A guest that reads `authorization` of each request, whose bytes then are `$at` and `$size`, and goes on so.
fn reader(then: &str) -> Module {
    let text = format!(
        r#"(import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
           (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
           (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
           (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
           (import "env" "proxy_send_local_response"
               (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
           (memory (export "memory") 2) (data (i32.const 0) "authorization") {VERSION} {ALLOCATOR}
           (global $at (mut i32) (i32.const 0)) (global $size (mut i32) (i32.const 0))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $get (i32.const 0) (i32.const 0) (i32.const 13) (i32.const 16) (i32.const 20)))
               (global.set $at (i32.load (i32.const 16))) (global.set $size (i32.load (i32.const 20)))
               (drop {then}) (i32.const 0))"#
    );
    module(&text).secrets([
        Secret::of_requests("authorization", VALUE),
        Secret::of_answers("set-cookie", "session=Rf5TgB6yHn7Uj"),
    ])
}

/// What fails a test that does this with a host of this guest.
fn failure_of(guest: Module, run: impl FnOnce(&Host)) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(|| run(&Host::new(guest)))).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    Some(text.unwrap_or_default())
}

/// The same of a request without anything of its own.
fn fails(guest: Module) -> Option<String> {
    failure_of(guest, |host| {
        host.get("/").run(Answer::new(200));
    })
}

#[track_caller]
fn check_found(then: &str, call: &str) {
    let found = fails(reader(then)).unwrap_or_else(|| panic!("{call}: nothing was found"));
    let expected = format!("plugin plugin tells the secret of header authorization in {call}: ");
    assert!(found.starts_with(&expected), "{found}");
}

#[test]
fn it_is_found_in_whatever_call_tells_it() {
    let value = "(global.get $at) (global.get $size)";
    let part = "(i32.add (global.get $at) (i32.const 3)) (i32.const 8)";
    check_found(&format!("(call $log (i32.const 2) {value})"), "proxy_log");
    check_found(&format!("(call $log (i32.const 2) {part})"), "proxy_log");
    check_found(
        &format!("(call $set_property (i32.const 0) (i32.const 4) {value})"),
        "proxy_set_property",
    );
    check_found(
        &format!("(call $define (i32.const 0) {value} (i32.const 24))"),
        "proxy_define_metric",
    );
    check_found(
        &format!("(call $share (i32.const 0) (i32.const 4) {value} (i32.const 0))"),
        "proxy_set_shared_data",
    );
    check_found(
        &format!("(call $share {value} (i32.const 0) (i32.const 4) (i32.const 0))"),
        "proxy_set_shared_data",
    );
    check_found(
        &format!("(call $add (i32.const 0) (i32.const 0) (i32.const 4) {value})"),
        "proxy_add_header_map_value",
    );
    check_found(
        &format!(
            "(call $reply (i32.const 403) (i32.const 0) (i32.const 0) {value} (i32.const 0) (i32.const 0)
             (i32.const -1))"
        ),
        "proxy_send_local_response",
    );
}

#[test]
fn who_only_reads_it_or_tells_less_than_eight_bytes_of_it_is_let_be() {
    assert_eq!(fails(reader("(i32.const 0)")), None);
    assert_eq!(
        fails(reader("(call $log (i32.const 2) (global.get $at) (i32.const 7))")),
        None
    );
}

#[test]
fn under_its_own_name_it_may_go_on_to_a_peer() {
    let writes_back = reader(
        "(call $pairs (i32.const 0) (i32.const 24) (i32.const 28))
         (drop (call $set_pairs (i32.const 0) (i32.load (i32.const 24)) (i32.load (i32.const 28))))",
    );
    let failure = failure_of(writes_back, |host| {
        let exchange = host
            .get("/")
            .secret("x-mine", "another secret")
            .answered_with(200);
        exchange.upstream_header("x-mine").is("another secret");
        let wrote = |call: &HostCall| call.name == "proxy_set_header_map_pairs";
        assert_eq!(host.host_calls().into_iter().filter(wrote).count(), 1);
    });
    assert_eq!(failure, None);
}

#[test]
fn a_test_does_not_see_what_was_planted_and_sees_what_it_sent_itself() {
    let host = Host::new(reader("(i32.const 0)"));
    let exchange = host.get("/").answered_with(200);
    exchange.upstream_header("authorization").is_absent();
    exchange.no_header("set-cookie");
    assert!(host.outputs_searched() > 0);

    let own = host.get("/").header("authorization", "Basic own-words");
    let exchange = own.answered_with(Answer::new(200).header("set-cookie", "a=b"));
    exchange.upstream_header("authorization").is("Basic own-words");
    exchange.header("set-cookie", "a=b");
}

#[test]
fn a_test_may_send_a_secret_of_its_own() {
    let tells = reader("(call $log (i32.const 2) (global.get $at) (global.get $size))");
    let failure = failure_of(tells, |host| {
        let request = host.get("/").secret("authorization", "another secret");
        request.run(Answer::new(200));
    });
    let failure = failure.expect("it is found");
    assert!(
        failure.contains("the secret of header authorization in proxy_log: another secret"),
        "{failure}"
    );
}

#[test]
fn nothing_or_all_but_one_can_be_planted() {
    let tells = || reader("(call $log (i32.const 2) (global.get $at) (global.get $size))");
    for host in [
        Host::new(tells()).plant_nothing(),
        Host::new(tells()).plant_all_but("Authorization"),
    ] {
        host.get("/").answered_with(200);
        assert_eq!(host.logs()[0].message, "");
    }
}
