//! Workers as threads: at once, and one host call at a time.

use std::collections::BTreeSet;

use host::{Host, Module, Thread, every_order, secs};

use crate::guest::guest;

/// Each request adds one to a number in shared data: with the number that it read to compare, until that fits, or
/// blindly.
fn counter(careful: bool) -> Module {
    let compare = if careful {
        "(i32.load (i32.const 12))"
    } else {
        "(i32.const 0)"
    };
    guest(&format!(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (loop $again
                   (drop (call $get_shared (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 12)))
                   (i32.store (i32.const 200) (i32.add (i32.load (i32.load (i32.const 0))) (i32.const 1)))
                   (br_if $again (i32.eq (i32.const 8)
                       (call $set_shared (i32.const 110) (i32.const 3) (i32.const 200) (i32.const 4) {compare}))))
               (i32.const 0))"#
    ))
}

fn counting(module: &Module, workers: usize) -> Host {
    let host = Host::new(module).workers(workers);
    host.set_shared_data("x-a", 0u32.to_le_bytes());
    host
}

fn count(host: &Host) -> u32 {
    let record = host.shared_data("x-a").unwrap();
    u32::from_le_bytes(record.try_into().unwrap())
}

#[test]
fn threads_that_compare_lose_no_count() {
    let host = counting(&counter(true), 4);
    host.in_parallel(|worker| {
        for _ in 0..200 {
            worker.get("/").answered_with(200);
        }
    });
    assert_eq!(count(&host), 800);
}

#[test]
fn every_order_of_two_blind_writers_ends_in_one_count_or_two() {
    let module = counter(false);
    let ends: BTreeSet<(Vec<usize>, u32)> = every_order(&[2, 2])
        .map(|order| {
            let host = counting(&module, 2);
            host.step(order.clone(), |worker| {
                worker.get("/").answered_with(200);
            });
            (order, count(&host))
        })
        .collect();
    let alone = [(vec![0, 0, 1, 1], 2), (vec![1, 1, 0, 0], 2)];
    let between = [
        vec![0, 1, 0, 1],
        vec![0, 1, 1, 0],
        vec![1, 0, 0, 1],
        vec![1, 0, 1, 0],
    ];
    let expected = alone.into_iter().chain(between.map(|order| (order, 1))).collect();
    assert_eq!(ends, expected);
}

#[test]
fn a_writer_that_was_overtaken_learns_it_and_tries_again() {
    let host = counting(&counter(true), 2);
    host.step([0, 1, 1], |worker| {
        worker.get("/").answered_with(200);
    });
    assert_eq!(count(&host), 2);
    let calls = host.host_calls();
    let made_by = |worker| {
        calls
            .iter()
            .filter(|call| call.thread == Thread::Worker(worker))
            .count()
    };
    assert_eq!((made_by(0), made_by(1)), (4, 2));
}

#[test]
fn the_same_order_gives_the_same_run() {
    let module = counter(true);
    let run = || {
        let host = counting(&module, 3);
        host.step([2, 0, 2, 1, 0, 1], |worker| {
            for _ in 0..3 {
                worker.get("/").answered_with(200);
            }
        });
        host.host_calls()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_worker_that_has_finished_is_passed_over() {
    let host = counting(&counter(true), 2);
    host.step([0, 0, 0, 0, 0, 1, 1], |worker| {
        worker.get("/").answered_with(200);
    });
    assert_eq!(count(&host), 2);
}

#[test]
#[should_panic(expected = "the status is 200, not 500")]
fn what_a_thread_expects_in_vain_fails_the_test() {
    counting(&counter(true), 2).step([1, 0], |worker| {
        worker.get("/").answered_with(200).expect_status(500);
    });
}

#[test]
#[should_panic(expected = "cannot move the clock")]
fn a_stepped_worker_cannot_move_the_clock() {
    let host = counting(&counter(true), 2);
    host.step([0, 1], |_| host.advance(secs(1)));
}

#[test]
#[should_panic(expected = "the order names worker 2 of 2")]
fn an_order_names_workers_that_there_are() {
    counting(&counter(true), 2).step([2], |_| {});
}
