//! Small guests: a preamble that every one has, and the callbacks that a test writes.
//!
//! `(call $note (…))` logs a status as a decimal digit or, from 10 on, as the character that many behind `0`
//! (`:` is 10, `<` is 12). Texts are at fixed places; `$text` lists them.

use host::Module;

/// Compiles a guest with these callbacks.
pub fn guest(callbacks: &str) -> Module {
    module(&format!("{PREAMBLE} {VERSION} {ALLOCATOR} {callbacks}"))
}

/// Compiles a module that has only what it says itself.
pub fn module(text: &str) -> Module {
    let text = format!("(module {text})");
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Module::new(&bytes)
}

/// Without it, nothing loads.
pub const VERSION: &str = r#"(func (export "proxy_abi_version_0_2_1"))"#;

/// An allocator that never frees, on a page of its own.
pub const ALLOCATOR: &str = r#"
    (global $top (mut i32) (i32.const 4096))
    (func $allocate (export "proxy_on_memory_allocate") (param $size i32) (result i32)
        global.get $top
        (global.set $top (i32.add (global.get $top) (local.get $size))))"#;

/// What the guests of a run noted, each as `plugin:status`, on workers only.
pub fn notes(host: &host::Host) -> Vec<String> {
    let on_worker = |line: &host::LogLine| matches!(line.thread, host::Thread::Worker(_));
    host.logs()
        .iter()
        .filter(|line| on_worker(line))
        .map(|line| line.message.clone())
        .collect()
}

/// Imports, memory, texts at fixed places, and `$note`.
pub const PREAMBLE: &str = r#"
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
    (import "env" "proxy_set_header_map_pairs" (func $set_pairs (param i32 i32 i32) (result i32)))
    (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_property" (func $set_property (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
    (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_bytes" (func $buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_buffer_status" (func $buffer_status (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_size" (func $map_size (param i32 i32) (result i32)))
    (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
    (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
    (import "env" "proxy_get_current_time_nanoseconds" (func $now (param i32) (result i32)))
    (import "env" "proxy_set_tick_period_milliseconds" (func $tick_every (param i32) (result i32)))
    (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
    (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
    (import "env" "proxy_done" (func $done (result i32)))
    (import "env" "proxy_register_shared_queue" (func $register (param i32 i32 i32) (result i32)))
    (import "env" "proxy_resolve_shared_queue" (func $resolve (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_enqueue_shared_queue" (func $enqueue (param i32 i32 i32) (result i32)))
    (import "env" "proxy_dequeue_shared_queue" (func $dequeue (param i32 i32 i32) (result i32)))
    (import "env" "proxy_http_call"
        (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_status" (func $call_status (param i32 i32 i32) (result i32)))
    (import "env" "proxy_call_foreign_function"
        (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 100) ":path")          ;; 5 bytes
    (data (i32.const 110) "x-a")            ;; 3 bytes
    (data (i32.const 120) "value")          ;; 5 bytes
    (data (i32.const 130) "xds\00route_name")  ;; 14 bytes
    (data (i32.const 150) "plugin_name")    ;; 11 bytes
    (data (i32.const 170) "calls")          ;; 5 bytes
    (func $note (param $status i32)
        (i32.store8 (i32.const 64) (i32.add (i32.const 48) (local.get $status)))
        (drop (call $log (i32.const 2) (i32.const 64) (i32.const 1))))
    ;; Logs the bytes that the last read handed over: their place is at 0, their length at 4.
    (func $note_bytes
        (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    ;; Reads a value with status to $note: the path of the request, then a header `x-a` of a map.
    (func $get_path (result i32)
        (call $get (i32.const 0) (i32.const 100) (i32.const 5) (i32.const 0) (i32.const 4)))
    (func $get_a (param $map i32) (result i32)
        (call $get (local.get $map) (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4)))
    (func $set_a (param $map i32) (result i32)
        (call $set (local.get $map) (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5)))
    (func $reply_with (param $status i32) (result i32)
        (call $reply (local.get $status) (i32.const 170) (i32.const 5) (i32.const 120) (i32.const 5)
            (i32.const 0) (i32.const 0) (i32.const -1)))
    ;; Logs a character and a digit, or what follows the digits.
    (func $tell (param $character i32) (param $number i32)
        (i32.store8 (i32.const 64) (local.get $character))
        (i32.store8 (i32.const 65) (i32.add (i32.const 48) (local.get $number)))
        (drop (call $log (i32.const 2) (i32.const 64) (i32.const 2))))
    ;; Logs a character.
    (func $say (param $character i32) (call $note (i32.sub (local.get $character) (i32.const 48))))
    ;; Logs the status of reading a buffer from its start, and what was read.
    (func $body (param $kind i32)
        (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 0))
        (call $note (call $buffer (local.get $kind) (i32.const 0) (i32.const 100) (i32.const 0) (i32.const 4)))
        (call $note_bytes))
    ;; Puts `value` into a buffer.
    (func $put (param $kind i32) (param $start i32) (param $length i32) (result i32)
        (call $set_buffer (local.get $kind) (local.get $start) (local.get $length) (i32.const 120) (i32.const 5)))
    (func $add_a (param $map i32) (result i32)
        (call $add (local.get $map) (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5)))
    (func $remove_a (param $map i32) (result i32)
        (call $remove (local.get $map) (i32.const 110) (i32.const 3)))
"#;
