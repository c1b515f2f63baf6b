//! What outlives a callback: filter state, shared data, metrics, randomness.

use host::{Host, Module, Plugin};

use crate::guest::{guest, notes};

#[test]
fn filter_state_is_shared_by_all_filters_of_an_exchange_and_no_other() {
    let writer = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.eqz (call $get_a (i32.const 0)))
                   (then (drop (call $set_property (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5)))))
               (i32.const 0))"#,
    );
    let reader = guest(
        r#"(func (export "proxy_on_log") (param i32)
               (call $note (call $property (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4))))"#,
    );
    let host = Host::chain([Plugin::new(writer), Plugin::new(reader)]);
    host.get("/")
        .header("x-a", "1")
        .answered_with(200)
        .filter_state("x-a")
        .is("value");
    host.get("/").answered_with(200).filter_state("x-a").is_absent();
    assert_eq!(notes(&host), ["0", "1"]);
}

fn counts_and_shares() -> Module {
    guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const 8)))
               (i32.const 1))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $increment (i32.load (i32.const 8)) (i64.const 1)))
               (call $note (call $get_shared (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 12)))
               (call $note (call $set_shared (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5) (i32.const 99)))
               (i32.const 0))"#,
    )
}

#[test]
fn metrics_and_shared_data_are_those_of_all_workers() {
    let host = Host::new(counts_and_shares()).workers(2);
    host.get("/").answered_with(200);
    host.worker(1).get("/").answered_with(200);
    assert_eq!(host.metric("calls"), 2);
    assert_eq!(host.metric("never defined"), 0);
    assert_eq!(host.shared_data("x-a"), Some(b"value".to_vec()));
    // Missing, and a number for a missing key creates it; then there, and another number does not match.
    assert_eq!(notes(&host), ["1", "0", "0", "8"]);
}

#[test]
fn shared_data_can_be_planted() {
    let host = Host::new(counts_and_shares());
    host.set_shared_data("x-a", b"\xffnonsense");
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "8"]);
}

#[test]
fn randomness_is_never_constant_and_the_same_for_the_same_seed() {
    let draws = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $random (i32.const 1024) (i32.const 16)))
               (drop (call $set_property (i32.const 110) (i32.const 3) (i32.const 1024) (i32.const 16)))
               (i32.const 0))"#,
    );
    let draw = |host: &Host| host.get("/").answered_with(200).filter_state("x-a").value();
    let (first, same, other) = (Host::new(&draws), Host::new(&draws), Host::new(&draws).seed(2));
    let drawn = draw(&first);
    assert_eq!(drawn, draw(&same));
    assert_ne!(drawn, draw(&first), "one host draws new numbers each time");
    assert_ne!(drawn, draw(&other));
}
