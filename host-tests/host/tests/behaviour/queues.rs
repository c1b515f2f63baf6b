//! Shared queues: statuses, who is told, and when. Seen on Envoy 1.40.0.

use host::{Host, Module, Plugin};

use crate::guest::{guest, notes};
use crate::lives::said;

/// Registers the queue `x-a` in every root context, but not where the configuration is `n`. Told of something in a queue, it
/// says `r` and its context, `t` and the token, and what it dequeued. A request to `/` enqueues `value` twice.
fn queues() -> Module {
    guest(
        r#"(func $register_x_a
               (drop (call $register (i32.const 110) (i32.const 3) (i32.const 8))))
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
               (i32.store (i32.const 0) (i32.const 2048))
               (drop (call $buffer (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
               (if (i32.ne (i32.load8_u (i32.load (i32.const 0))) (i32.const 110)) (then (call $register_x_a)))
               (i32.const 1))
           (func (export "proxy_on_queue_ready") (param i32 i32)
               (call $tell (i32.const 114) (local.get 0))
               (call $tell (i32.const 116) (local.get 1))
               (drop (call $dequeue (local.get 1) (i32.const 0) (i32.const 4)))
               (call $note_bytes))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.eqz (call $get_a (i32.const 0))) (then (call $register_x_a)))
               (drop (call $resolve (i32.const 0) (i32.const 0) (i32.const 110) (i32.const 3) (i32.const 8)))
               (call $tell (i32.const 101) (call $enqueue (i32.load (i32.const 8)) (i32.const 120) (i32.const 5)))
               (call $tell (i32.const 101) (call $enqueue (i32.load (i32.const 8)) (i32.const 120) (i32.const 5)))
               (i32.const 0))"#,
    )
}

/// Notes the statuses of these calls in the request's headers callback.
fn statuses(calls: &str) -> Vec<String> {
    let host = Host::new(guest(&format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {calls} (i32.const 0))"#
    )));
    host.get("/").answered_with(200);
    notes(&host)
}

#[test]
fn each_item_is_told_to_the_last_that_registered_once_the_callback_is_over() {
    let host = Host::new(queues()).workers(2);
    host.start();
    let mut at = host.logs().len();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0 | w1: r1 t1 value r1 t1 value");
    host.worker(1).get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w1: e0 e0 r1 t1 value r1 t1 value");
}

#[test]
fn the_whole_chain_sees_the_request_before_the_owner_is_told() {
    let plugin = |name| Plugin::new(queues()).name(name);
    let host = Host::chain([plugin("p"), plugin("q")]);
    host.start();
    let mut at = host.logs().len();
    host.get("/").answered_with(200);
    let told = " r2 t1 value".repeat(4);
    assert_eq!(said(&host, &mut at), format!("w0: e0 e0 e0 e0{told}"));
}

#[test]
fn a_stream_context_registers_for_its_root_context_and_takes_the_queue_over() {
    let host = Host::new(queues()).workers(2);
    host.start();
    let mut at = host.logs().len();
    host.get("/").header("x-a", "1").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0 r1 t1 value r1 t1 value");
}

#[test]
fn a_queue_of_another_vm_id_is_found_by_that() {
    let finds = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $resolve (i32.const 0) (i32.const 0) (i32.const 110) (i32.const 3) (i32.const 8)))
               ;; The vm_id is `value`.
               (call $note (call $resolve (i32.const 120) (i32.const 5) (i32.const 110) (i32.const 3) (i32.const 8)))
               (call $note (call $enqueue (i32.load (i32.const 8)) (i32.const 120) (i32.const 5)))
               (i32.const 0))"#,
    );
    let owner = Plugin::new(queues()).name("owner").vm_id("value");
    let finder = Plugin::new(finds).name("finder").vm_id("other");
    // It comes first, and holds nothing up; the owner enqueues two more.
    let host = Host::chain([finder, owner]);
    host.get("/").answered_with(200);
    let told = ["r1", "t1", "value"].repeat(3);
    assert_eq!(notes(&host), [&["1", "0", "0", "e0", "e0"][..], &told].concat());
}

#[test]
fn what_is_not_there_has_a_status_and_a_bad_pointer_another() {
    let queue = "(i32.const 110) (i32.const 3)";
    let bad = "(i32.const -1) (i32.const 4)";
    let none = "(i32.const 0) (i32.const 0)";
    let given = statuses(&format!(
        "(call $note (call $resolve {none} {queue} (i32.const 8)))
         (call $note (call $enqueue (i32.const 0) {queue}))
         (call $note (call $enqueue (i32.const 99) {queue}))
         (call $note (call $dequeue (i32.const 99) (i32.const 0) (i32.const 4)))
         (call $note (call $resolve {none} {bad} (i32.const 8)))
         (call $note (call $resolve {bad} {queue} (i32.const 8)))
         (call $note (call $register {bad} (i32.const 8)))
         (call $note (call $enqueue (i32.const 99) {bad}))"
    ));
    assert_eq!(given, ["1", "1", "1", "1", "6", "6", "6", "6"]);
}

#[test]
fn a_queue_is_made_even_where_its_token_cannot_be_told() {
    let queue = "(i32.const 110) (i32.const 3)";
    let given = statuses(&format!(
        "(call $note (call $register {queue} (i32.const -1)))
         (call $note (call $resolve (i32.const 0) (i32.const 0) {queue} (i32.const 8)))
         (call $note (i32.load (i32.const 8)))
         (call $note (call $dequeue (i32.const 1) (i32.const 0) (i32.const 4)))"
    ));
    assert_eq!(given, ["6", "0", "1", "7"], "7 is EMPTY");
}

#[test]
fn an_empty_item_comes_out_as_nothing_and_one_that_cannot_be_handed_over_is_lost() {
    let given = statuses(
        "(call $note (call $register (i32.const 0) (i32.const 0) (i32.const 8)))
         (call $note (call $enqueue (i32.const 1) (i32.const 0) (i32.const 0)))
         (i32.store (i32.const 0) (i32.const 5)) (i32.store (i32.const 4) (i32.const 5))
         (call $note (call $dequeue (i32.const 1) (i32.const 0) (i32.const 4)))
         (call $note (i32.load (i32.const 0))) (call $note (i32.load (i32.const 4)))
         (call $note (call $enqueue (i32.const 1) (i32.const 120) (i32.const 5)))
         (call $note (call $dequeue (i32.const 1) (i32.const -1) (i32.const 4)))
         (call $note (call $dequeue (i32.const 1) (i32.const 0) (i32.const 4)))",
    );
    assert_eq!(given, ["0", "0", "0", "0", "0", "0", "6", "7"]);
}

#[test]
fn the_owners_death_is_no_concern_of_who_enqueues() {
    let mortal = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $register (i32.const 110) (i32.const 3) (i32.const 8))) (i32.const 1))
           (func (export "proxy_on_queue_ready") (param i32 i32) (call $say (i32.const 114)))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.eqz (call $get_a (i32.const 0))) (then unreachable))
               (call $note (call $enqueue (i32.const 1) (i32.const 120) (i32.const 5)))
               (i32.const 0))"#,
    );
    let host = Host::new(mortal).workers(2).allow_vm_death();
    host.get("/").answered_with(200);
    host.worker(1).get("/").header("x-a", "1").expect_rejected(503);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "r", "0"]);
}

#[test]
fn a_new_root_context_takes_the_queue_over_with_all_that_is_in_it() {
    let host = Host::chain([Plugin::new(queues()).name("p").config("a")]);
    host.start();
    let mut at = host.logs().len();
    host.update("p", "n").unwrap();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0", "the owner has gone");
    host.update("p", "b").unwrap();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0 r4 t1 value r4 t1 value");
}

#[test]
fn the_last_vm_of_a_vm_id_takes_its_queues_and_shared_data_with_it() {
    let plugin = Plugin::new(queues()).name("p").vm_id("one");
    let host = Host::chain([plugin]);
    host.start();
    host.set_shared_data("kept", "1");
    let mut at = host.logs().len();
    host.update_plugin("p", |plugin| plugin.vm_id("two")).unwrap();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0 r1 t2 value r1 t2 value");
    host.update_plugin("p", |plugin| plugin.vm_id("one")).unwrap();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: e0 e0 r1 t3 value r1 t3 value");
    assert_eq!(host.shared_data("kept"), None);
}

#[test]
fn items_from_many_threads_at_once_all_arrive() {
    let host = Host::new(queues()).workers(4);
    host.in_parallel(|worker| {
        for _ in 0..50 {
            worker.get("/").answered_with(200);
        }
    });
    let arrived = notes(&host).iter().filter(|note| *note == "value").count();
    assert_eq!(arrived, 400);
}

#[test]
fn a_stepped_worker_gets_its_posts_in_its_own_turn_or_at_the_end() {
    let host = Host::new(queues()).workers(2);
    host.step([0, 1, 0, 1, 1, 0], |worker| {
        worker.get("/").answered_with(200);
    });
    let arrived = notes(&host).iter().filter(|note| *note == "value").count();
    assert_eq!(arrived, 4);
}
