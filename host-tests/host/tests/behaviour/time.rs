//! Time that only the test moves, and the ticks on its way.

use std::time::{Duration, UNIX_EPOCH};

use host::{Answer, Cluster, Host, Thread, millis, secs};

use crate::guest::{guest, notes};

#[test]
fn the_clocks_stand_still_until_the_test_moves_them() {
    let clocks = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $now (i32.const 1024)))
               (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 1032)))
               (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 1040)))
               (drop (call $set_property (i32.const 110) (i32.const 3) (i32.const 1024) (i32.const 24)))
               (i32.const 0))"#,
    );
    let host = Host::new(clocks).starts_at(UNIX_EPOCH + Duration::from_secs(5));
    let read = || -> Vec<u64> {
        let bytes = host.get("/").answered_with(200).filter_state("x-a").value();
        bytes
            .chunks_exact(8)
            .map(|eight| u64::from_le_bytes(eight.try_into().unwrap()))
            .collect()
    };
    let before = read();
    assert_eq!(before[..2], [5_000_000_000, 5_000_000_000]);
    assert_eq!(read(), before);
    host.advance(millis(1));
    assert_eq!(
        read(),
        before.iter().map(|nanos| nanos + 1_000_000).collect::<Vec<_>>()
    );
    assert_eq!(host.now(), UNIX_EPOCH + Duration::from_millis(5_001));
}

#[test]
fn a_tick_runs_on_the_main_thread_and_on_every_worker_as_often_as_it_is_due() {
    let ticks = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (call $tick_every (i32.const 1000)) drop (i32.const 1))
           (func (export "proxy_on_tick") (param i32) (call $note (i32.const 0)))"#,
    );
    let host = Host::new(ticks).workers(2);
    host.advance(millis(999));
    assert_eq!(host.logs(), []);
    host.advance(millis(1));
    let threads: Vec<Thread> = host.logs().iter().map(|line| line.thread).collect();
    assert_eq!(threads, [Thread::Main, Thread::Worker(0), Thread::Worker(1)]);
    host.advance(secs(10));
    assert_eq!(host.logs().len(), 33);
}

#[test]
fn a_tick_can_let_a_held_request_go() {
    let holds = guest(
        r#"(global $held (mut i32) (i32.const 0))
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $tick_every (i32.const 1000))) (i32.const 1))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (global.set $held (local.get 0)) (i32.const 1))
           (func (export "proxy_on_tick") (param i32)
               (if (global.get $held) (then
                   (call $note (call $become (global.get $held)))
                   (call $note (call $continue (i32.const 0)))
                   (call $note (call $become (i32.const 99))))))"#,
    );
    let host = Host::new(holds);
    let exchange = host.get("/").send();
    assert!(!exchange.is_at_upstream() && !exchange.is_finished());
    host.advance(secs(1));
    exchange.answer(200).expect_status(200);
    assert_eq!(notes(&host), ["0", "0", "2"]);
}

#[test]
#[should_panic(expected = "a VM died")]
fn a_tick_that_traps_fails_the_test() {
    let traps = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $tick_every (i32.const 10))) (i32.const 1))
           (func (export "proxy_on_tick") (param i32) unreachable)"#,
    );
    Host::new(traps).advance(secs(1));
}

#[test]
fn a_scripted_cluster_answers_each_request_with_the_next_answer_and_then_with_the_last() {
    let host = Host::new(guest("")).clusters([Cluster::new("upstream").answers([503, 404, 200])]);
    for status in [503, 404, 200, 200] {
        host.get("/").send().expect_status(status);
    }
}

#[test]
fn a_scripted_answer_comes_when_its_time_has_come_and_not_before() {
    let answers = [
        Answer::new(200).after(millis(30)),
        Answer::new(201).after(millis(10)),
    ];
    let host = Host::new(guest("")).clusters([Cluster::new("upstream").answers(answers)]);
    let (first, second) = (host.get("/").send(), host.get("/").send());
    host.advance(millis(9));
    assert!(first.is_at_upstream() && second.is_at_upstream());
    host.advance(millis(1));
    second
        .expect_status(201)
        .header("x-envoy-upstream-service-time", "10");
    assert!(first.is_at_upstream());
    host.advance(millis(100));
    first
        .expect_status(200)
        .header("x-envoy-upstream-service-time", "30");
}

#[test]
fn a_client_that_went_away_does_not_get_the_answer_that_was_scripted_for_it() {
    let answer = Answer::new(200).after(secs(1));
    let host = Host::new(guest("")).clusters([Cluster::new("upstream").answers([answer])]);
    let gone = host.get("/").send().client_aborts();
    host.advance(secs(2));
    assert_eq!(gone.status(), 0);
    assert_eq!(gone.details(), "downstream_remote_disconnect");
}
