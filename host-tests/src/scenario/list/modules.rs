//! Modules that are no puppets: versions of the ABI, allocators, and what runs first.

use serde_json::json;

use crate::scenario::{Plugin, Scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let malloc = allocator("malloc", 'm', "(i32.const 4096)");
    let allocate = allocator("proxy_on_memory_allocate", 'a', "(i32.const 4096)");
    vec![
        module(
            "malloc goes before proxy_on_memory_allocate",
            &[V0_2_1, &malloc, &allocate, READS_CONFIGURATION],
        ),
        module(
            "malloc goes before a proxy_on_memory_allocate that stands first",
            &[V0_2_1, &allocate, &malloc, READS_CONFIGURATION],
        ),
        module(
            "proxy_on_memory_allocate serves where there is no malloc",
            &[V0_2_1, &allocate, READS_CONFIGURATION],
        ),
        module(
            "an allocator that gives nothing",
            &[
                V0_2_1,
                &allocator("malloc", 'm', "(i32.const 0)"),
                READS_CONFIGURATION,
            ],
        ),
        module(
            "an allocator that traps",
            &[
                V0_2_1,
                &allocator("malloc", 'm', "unreachable"),
                READS_CONFIGURATION,
            ],
        ),
        module(
            "an allocator that calls the host",
            &[
                V0_2_1,
                &allocator(
                    "malloc",
                    'm',
                    "(drop (call $tick_every (i32.const 0))) (i32.const 4096)",
                ),
                READS_CONFIGURATION,
            ],
        ),
        module(
            "main runs once a reactor is initialized",
            &[
                V0_2_1,
                &malloc,
                &before('i', "_initialize"),
                &before('s', "_start"),
                MAIN,
                SAYS_WHAT_RAN,
            ],
        ),
        module(
            "a command has no main",
            &[V0_2_1, &malloc, &before('s', "_start"), MAIN, SAYS_WHAT_RAN],
        ),
        module(
            "a root context that traps while it is created",
            &[
                V0_2_1,
                &malloc,
                r#"(func (export "proxy_on_context_create") (param i32 i32) unreachable)"#,
            ],
        ),
        module(
            "a module of ABI 0.2.0",
            &[V0_2_0, &malloc, SAYS_WHAT_RAN, SAYS_THE_END],
        ),
        module(
            "a module of ABI 0.2.0 before 0.2.1",
            &[V0_2_0, V0_2_1, &malloc, SAYS_WHAT_RAN, SAYS_THE_END],
        ),
        module(
            "a module of ABI 0.1.0",
            &[
                r#"(func (export "proxy_abi_version_0_1_0"))"#,
                &malloc,
                SAYS_WHAT_RAN,
                r#"(func (export "proxy_on_request_headers") (param i32 i32) (result i32)
                    (call $say (i32.add (i32.const 48) (local.get 1))) (i32.const 0))"#,
            ],
        ),
    ]
}

const V0_2_1: &str = r#"(func (export "proxy_abi_version_0_2_1"))"#;
const V0_2_0: &str = r#"(func (export "proxy_abi_version_0_2_0"))"#;

/// An allocator.
fn allocator(name: &str, letter: char, result: &str) -> String {
    let letter = letter as u32;
    format!(r#"(func (export "{name}") (param i32) (result i32) (call $ran (i32.const {letter})) {result})"#)
}

/// A function that takes and returns nothing.
fn before(letter: char, name: &str) -> String {
    let letter = letter as u32;
    format!(r#"(func (export "{name}") (call $ran (i32.const {letter})))"#)
}

const MAIN: &str =
    r#"(func (export "main") (param i32 i32) (result i32) (call $ran (i32.const 109)) (i32.const 0))"#;

/// Says the status of reading the configuration, its first character, and what ran.
const READS_CONFIGURATION: &str = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 8) (i32.const 45))
    (call $say (i32.add (i32.const 48)
        (call $buffer (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4))))
    (call $say (i32.load8_u (i32.load (i32.const 0))))
    (call $say_what_ran)
    (i32.const 1))"#;

const SAYS_WHAT_RAN: &str = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $say_what_ran) (i32.const 1))"#;

const SAYS_THE_END: &str = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $say (i32.add (i32.const 48) (local.get 2))) (i32.const 0))"#;

/// A plugin of these parts, and one exchange.
fn module(name: &'static str, parts: &[&str]) -> Scenario {
    let text = format!(
        r#"(module
            (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
            (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
            (import "env" "proxy_set_tick_period_milliseconds" (func $tick_every (param i32) (result i32)))
            (memory (export "memory") 1)
            (func $say (param i32)
                (i32.store8 (i32.const 64) (local.get 0))
                (drop (call $log (i32.const 2) (i32.const 64) (i32.const 1))))
            ;; What ran is kept at 16 and behind, letter by letter. A function that runs before there is a plugin may
            ;; log, but nobody knows for whom.
            (global $count (mut i32) (i32.const 0))
            (func $ran (param i32)
                (i32.store8 (i32.add (i32.const 16) (global.get $count)) (local.get 0))
                (global.set $count (i32.add (global.get $count) (i32.const 1))))
            (func $say_what_ran
                (drop (call $log (i32.const 2) (i32.const 16) (global.get $count))))
            {})"#,
        parts.concat()
    );
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Scenario::new(name)
        .plugin(Plugin::module("p", bytes).script(json!("configuration")))
        .get()
        .answer(200)
}
