//! A guest that tells its life, and what it said by thread.
//!
//! Each callback says a letter and its context: `c` create, `v` vm_start, `f` configure, `t` tick, `q` request, `l` log,
//! `d` done, `x` delete. What a root context does is told by its configuration:
//!
//! | configuration | |
//! |---|---|
//! | `n` | refuses |
//! | `!` | traps |
//! | `w` | ends only after `proxy_done`, which it says in its next tick: `D` and the status |
//! | `i` | says `proxy_done` too early, in its `proxy_on_done`, and waits for ever |
//!
//! A request with the header `x-a` traps.

use host::{Host, Module, Thread};

use crate::guest::guest;

/// The guest, ticking once a second.
pub fn lives() -> Module {
    guest(
        r#"
        ;; The first character of each context's configuration, at 2048 and its number.
        (func $kind (param i32) (result i32) (i32.load8_u (i32.add (i32.const 2048) (local.get 0))))
        (func $is (param $context i32) (param $kind i32) (result i32)
            (i32.eq (call $kind (local.get $context)) (local.get $kind)))
        (func (export "proxy_on_context_create") (param i32 i32) (call $tell (i32.const 99) (local.get 0)))
        (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
            (call $tell (i32.const 118) (local.get 0)) (i32.const 1))
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $tell (i32.const 102) (local.get 0))
            (i32.store (i32.const 0) (i32.const 100))
            (drop (call $buffer (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
            (i32.store8 (i32.add (i32.const 2048) (local.get 0)) (i32.load8_u (i32.load (i32.const 0))))
            (if (call $is (local.get 0) (i32.const 33)) (then unreachable))
            (drop (call $tick_every (i32.const 1000)))
            (i32.eqz (call $is (local.get 0) (i32.const 110))))
        (func (export "proxy_on_tick") (param i32)
            (call $tell (i32.const 116) (local.get 0))
            (if (call $is (local.get 0) (i32.const 119))
                (then (call $tell (i32.const 68) (call $done)))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $tell (i32.const 113) (local.get 0))
            (if (i32.eqz (call $get_a (i32.const 0))) (then unreachable))
            (i32.const 0))
        (func (export "proxy_on_log") (param i32) (call $tell (i32.const 108) (local.get 0)))
        (func (export "proxy_on_done") (param i32) (result i32)
            (call $tell (i32.const 100) (local.get 0))
            (if (call $is (local.get 0) (i32.const 105))
                (then (call $tell (i32.const 68) (call $done)) (return (i32.const 0))))
            (i32.eqz (call $is (local.get 0) (i32.const 119))))
        (func (export "proxy_on_delete") (param i32)
            (call $tell (i32.const 120) (local.get 0))
            (if (call $is (local.get 0) (i32.const 119))
                (then (call $tell (i32.const 68) (call $done)))))"#,
    )
}

/// What was said since the number of lines that is given, which grows by that: each thread's words in a row.
pub fn said(host: &Host, from: &mut usize) -> String {
    let lines = host.logs();
    let new = &lines[std::mem::replace(from, lines.len())..];
    let name = |thread| match thread {
        Thread::Canary => "canary".to_owned(),
        Thread::Main => "main".to_owned(),
        Thread::Worker(number) => format!("w{number}"),
    };
    let mut text = String::new();
    let mut last = None;
    for line in new {
        if last != Some(line.thread) {
            text += if last.is_some() { " | " } else { "" };
            text += &name(line.thread);
            text += ":";
            last = Some(line.thread);
        }
        text += " ";
        text += &line.message;
    }
    text
}
