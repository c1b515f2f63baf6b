//! What loads: the ABI's version, the allocator, callbacks and imports, and what runs before anything else.

use host::{Host, Thread};

use crate::guest::{ALLOCATOR, PREAMBLE, VERSION, guest, module, notes};

const MALLOC: &str = r#"(func (export "malloc") (param i32) (result i32) (i32.const 512))"#;

#[test]
#[should_panic(expected = "it exports no function proxy_abi_version_0_2_1")]
fn a_module_that_does_not_name_its_abi_does_not_load() {
    module(MALLOC);
}

#[test]
#[should_panic(expected = "it exports no function proxy_abi_version_0_2_1")]
fn a_version_that_envoy_does_not_know_counts_for_nothing() {
    module(&format!(r#"(func (export "proxy_abi_version_0_3_0")) {MALLOC}"#));
}

#[test]
#[should_panic(expected = "it exports neither malloc nor proxy_on_memory_allocate")]
fn a_module_without_an_allocator_does_not_load() {
    module(VERSION);
}

#[test]
#[should_panic(expected = "export proxy_on_log: Envoy wants i32 -> void, not i32 -> i32")]
fn a_callback_of_another_type_does_not_load() {
    module(&format!(
        r#"{VERSION} {MALLOC} (func (export "proxy_on_log") (param i32) (result i32) (i32.const 0))"#
    ));
}

#[test]
#[should_panic(expected = "import env.proxy_fly: Envoy has no such host function")]
fn a_module_that_imports_what_envoy_has_not_does_not_load() {
    module(&format!(
        r#"(import "env" "proxy_fly" (func)) {VERSION} {MALLOC}"#
    ));
}

#[test]
fn a_module_of_abi_0_2_0_runs() {
    let runs = module(&format!(
        r#"{PREAMBLE} {ALLOCATOR} (func (export "proxy_abi_version_0_2_0"))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (local.get 2)) (i32.const 0))"#
    ));
    let host = Host::new(runs);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["1"], "the end of the stream is told");
}

#[test]
#[should_panic(expected = "import env.proxy_get_log_level: Envoy has no such host function in the version")]
fn abi_0_2_0_has_no_log_level() {
    module(&format!(
        r#"(import "env" "proxy_get_log_level" (func (param i32) (result i32)))
           {MALLOC} (func (export "proxy_abi_version_0_2_0"))"#
    ));
}

#[test]
#[should_panic(expected = "import env.proxy_get_log_level")]
fn of_several_versions_the_first_one_counts() {
    module(&format!(
        r#"(import "env" "proxy_get_log_level" (func (param i32) (result i32)))
           {MALLOC} (func (export "proxy_abi_version_0_2_0")) {VERSION}"#
    ));
}

/// ABI 0.1.0: other functions, and callbacks for headers that do not tell the end of the stream.
const OLDEST: &str = r#"
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (import "env" "proxy_get_configuration" (func $configuration (param i32 i32) (result i32)))
    (import "env" "proxy_continue_request" (func $continue_request (result i32)))
    (import "env" "proxy_continue_response" (func $continue_response (result i32)))
    (import "env" "proxy_clear_route_cache" (func $clear_route_cache (result i32)))
    (import "env" "proxy_set_effective_context" (func $become (param i32) (result i32)))
    (import "env" "proxy_set_tick_period_milliseconds" (func $tick_every (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "proxy_abi_version_0_1_0"))
    (func $say_configuration
        (drop (call $configuration (i32.const 0) (i32.const 4)))
        (drop (call $log (i32.const 2) (i32.load (i32.const 0)) (i32.load (i32.const 4)))))"#;

#[test]
fn abi_0_1_0_reads_its_configuration_where_it_may_and_the_vms_elsewhere() {
    let reads = module(&format!(
        r#"{OLDEST} {ALLOCATOR}
           (func (export "proxy_on_context_create") (param i32 i32) (call $say_configuration))
           (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $say_configuration) (i32.const 1))
           (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $say_configuration) (i32.const 1))"#
    ));
    let host = Host::chain([host::Plugin::new(reads).config("own").vm_config("vm")]);
    host.get("/").answered_with(200);
    assert_eq!(
        notes(&host),
        ["own", "vm", "own", "vm"],
        "the last one is the request's context"
    );
}

#[test]
fn abi_0_1_0_holds_a_request_and_lets_it_go() {
    let holds = module(&format!(
        r#"{OLDEST} {ALLOCATOR}
           (global $held (mut i32) (i32.const 0))
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $tick_every (i32.const 1000))) (i32.const 1))
           (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
               (global.set $held (local.get 0)) (drop (call $clear_route_cache)) (i32.const 1))
           (func (export "proxy_on_tick") (param i32)
               (if (global.get $held) (then
                   (drop (call $become (global.get $held)))
                   (drop (call $continue_request)))))"#
    ));
    let host = Host::new(holds);
    let exchange = host.get("/").send();
    assert!(!exchange.is_at_upstream());
    host.advance(host::secs(1));
    exchange.answer(200).expect_status(200);
}

/// Says `m` or `a` for the allocator that was called, then the status and the configuration that it was called for.
const SAYS_CONFIGURATION: &str = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $note (call $buffer (i32.const 7) (i32.const 0) (i32.const 100) (i32.const 0) (i32.const 4)))
    (call $note_bytes) (i32.const 1))"#;

fn allocator(name: &str, says: char) -> String {
    let says = says as u32;
    format!(
        r#"(func (export "{name}") (param i32) (result i32) (call $say (i32.const {says})) (i32.const 4096))"#
    )
}

#[test]
fn malloc_goes_before_proxy_on_memory_allocate_whichever_stands_first() {
    #[track_caller]
    fn check(allocators: &[String], expected: &str) {
        let text = format!(
            "{PREAMBLE} {VERSION} {} {SAYS_CONFIGURATION}",
            allocators.concat()
        );
        let host = Host::new(module(&text)).config("hello");
        host.start();
        assert_eq!(notes(&host), [expected, "0", "hello"]);
    }
    let malloc = allocator("malloc", 'm');
    let allocate = allocator("proxy_on_memory_allocate", 'a');
    check(&[malloc.clone(), allocate.clone()], "m");
    check(&[allocate.clone(), malloc.clone()], "m");
    check(&[malloc], "m");
    check(std::slice::from_ref(&allocate), "a");
    let no_function = r#"(global (export "malloc") i32 (i32.const 0))"#.to_owned();
    check(&[no_function, allocate], "a");
}

#[test]
fn an_allocator_without_memory_to_give_fails_the_call() {
    let text = format!(
        r#"{PREAMBLE} {VERSION} {SAYS_CONFIGURATION}
           (func (export "malloc") (param i32) (result i32) (i32.const 0))"#
    );
    let host = Host::new(module(&text)).config("hello");
    host.start();
    assert_eq!(notes(&host)[0], "6");
}

#[test]
fn an_allocator_that_traps_kills_the_vm_once_the_callback_is_over() {
    let text = format!(
        r#"{PREAMBLE} {VERSION} {SAYS_CONFIGURATION}
           (func (export "malloc") (param i32) (result i32) unreachable)"#
    );
    let host = Host::new(module(&text)).config("hello").allow_vm_death();
    host.try_start().expect("the callback said yes");
    assert_eq!(notes(&host)[0], "6", "the callback went on");
    host.get("/").expect_rejected(503);
}

#[test]
fn an_allocator_may_not_call_the_host() {
    let text = format!(
        r#"{PREAMBLE} {VERSION} {SAYS_CONFIGURATION}
           (func (export "malloc") (param i32) (result i32) (drop (call $now (i32.const 0))) (i32.const 4096))"#
    );
    let host = Host::new(module(&text)).config("hello").allow_vm_death();
    host.try_start().expect("the callback said yes");
    assert_eq!(notes(&host)[0], "6");
    host.get("/").expect_rejected(503);
}

#[test]
fn a_trap_in_the_root_contexts_creation_is_accepted_and_serves_nothing() {
    let traps = r#"(func (export "proxy_on_context_create") (param i32 i32) unreachable)"#;
    let host = Host::new(guest(traps)).allow_vm_death();
    host.try_start().expect("Envoy starts all the same");
    host.get("/").expect_rejected(503);
}

#[test]
fn a_reactor_is_initialized_then_its_main_runs_and_a_command_is_started() {
    #[track_caller]
    fn check(exports: &[(&str, &str)], expected: &[&str]) {
        let function = |(name, type_of): &(&str, &str)| {
            let says = name.trim_start_matches('_').as_bytes()[0];
            format!(
                r#"(func (export "{name}") {type_of} (call $say (i32.const {says})) {})"#,
                match type_of {
                    &"" => "",
                    _ => "(i32.const 0)",
                }
            )
        };
        let exports: String = exports.iter().map(function).collect();
        let host = Host::new(guest(&exports));
        host.start();
        assert_eq!(notes(&host), expected);
    }
    let (initialize, start) = (("_initialize", ""), ("_start", ""));
    let main = ("main", "(param i32 i32) (result i32)");
    check(&[initialize], &["i"]);
    check(&[start], &["s"]);
    check(&[start, initialize], &["i"]);
    check(&[initialize, main], &["i", "m"]);
    check(&[start, main], &["s"]);
}

#[test]
fn the_vm_from_which_all_others_are_made_is_initialized_too() {
    let says = guest(r#"(func (export "_initialize") (call $say (i32.const 105)))"#);
    let host = Host::new(says).workers(2);
    host.start();
    let threads: Vec<Thread> = host.logs().iter().map(|line| line.thread).collect();
    let workers = [Thread::Worker(0), Thread::Worker(1)];
    assert_eq!(
        threads,
        [&[Thread::Canary, Thread::Canary, Thread::Main], &workers[..]].concat()
    );
}

#[test]
#[should_panic(expected = "the response is told to go on before there is one: Envoy crashes")]
fn letting_a_response_go_before_there_is_one_fails_the_test_because_it_kills_envoy() {
    let early = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $note (call $continue (i32.const 1))) (i32.const 0))"#;
    Host::new(guest(early)).get("/").run(200);
}

#[test]
fn what_emscripten_and_older_wasi_import_is_there() {
    let imports = r#"
        (import "env" "pthread_equal" (func $equal (param i32 i32) (result i32)))
        (import "env" "emscripten_notify_memory_growth" (func $grown (param i32)))
        (import "wasi_unstable" "fd_write" (func $old_write (param i32 i32 i32 i32) (result i32)))"#;
    let text = format!(
        r#"{imports} {PREAMBLE} {VERSION} {ALLOCATOR}
           (func (export "_initialize") (call $grown (i32.const 0)))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $grown (i32.const 0))
               (call $note (call $equal (i32.const 3) (i32.const 3)))
               (call $note (call $equal (i32.const 3) (i32.const 4)))
               (call $note (call $old_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
               (i32.const 0))"#
    );
    let host = Host::new(module(&text));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["1", "0", "0"]);
}

#[test]
fn threads_are_not_compared_before_the_vm_has_started() {
    let early = module(&format!(
        r#"(import "env" "pthread_equal" (func $equal (param i32 i32) (result i32)))
           {VERSION} {MALLOC} (func (export "_initialize") (drop (call $equal (i32.const 3) (i32.const 3))))"#
    ));
    let refused = Host::new(early).try_start().unwrap_err();
    assert!(
        refused.to_string().contains("pthread_equal is not allowed"),
        "{refused}"
    );
}
