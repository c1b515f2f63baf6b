//! Starting, refusing, dying, holding on: how long things live, and what fails a test.

use std::sync::LazyLock;

use host::{Configuration, Host, Module, Plugin, Thread};

use crate::guest::{guest, notes};

const REFUSES: &str = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $note (i32.const 7)) (i32.const 0))"#;

const LOOPS: &str = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (loop $again (br $again)) (i32.const 0))"#;

const HOLDS: &str = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.const 1))"#;

#[test]
fn each_plugin_starts_on_a_canary_and_the_main_thread_before_the_workers() {
    let configured = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
        (call $note (call $buffer (i32.const 7) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
        (call $note_bytes) (i32.const 1))"#;
    let plugin = |name| Plugin::new(guest(configured)).name(name).config(name);
    let host = Host::chain([plugin("a"), plugin("b")]).workers(2);
    host.start();
    let starts: Vec<_> = host
        .logs()
        .iter()
        .filter(|line| line.message != "0")
        .map(|line| (line.thread, line.message.clone()))
        .collect();
    let at = |thread, name: &str| (thread, name.to_owned());
    let canaries = [
        at(Thread::Canary, "a"),
        at(Thread::Main, "a"),
        at(Thread::Canary, "b"),
        at(Thread::Main, "b"),
    ];
    let workers = [0, 1]
        .map(|n| [at(Thread::Worker(n), "a"), at(Thread::Worker(n), "b")])
        .concat();
    assert_eq!(starts, [&canaries[..], &workers].concat());
}

#[test]
fn a_configuration_arrives_as_text_json_bytes_or_struct() {
    #[track_caller]
    fn check(configuration: impl Into<Configuration>, expected: &str) {
        let host = Host::new(guest(
            r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
                   (drop (call $buffer (i32.const 7) (i32.const 0) (local.get 1) (i32.const 0) (i32.const 4)))
                   (call $note_bytes) (i32.const 1))"#,
        ))
        .config(configuration);
        host.start();
        assert_eq!(
            host.logs().last().map(|line| line.message.clone()),
            Some(expected.to_owned())
        );
    }
    check("text", "text");
    check(serde_json::json!({ "a": 1 }), r#"{"a":1}"#);
    check(&b"raw"[..], "raw");
    check(
        Configuration::as_struct(serde_json::json!({ "a": "b" })),
        "\n\x08\n\x01a\x12\x03\x1a\x01b",
    );
}

#[test]
fn a_refused_configuration_says_who_where_and_why() {
    let refused = Host::new(guest(REFUSES))
        .plugin_name("picky")
        .try_start()
        .unwrap_err();
    assert_eq!(
        (refused.plugin(), refused.thread(), refused.trapped()),
        ("picky", Thread::Canary, false)
    );
    assert_eq!(
        refused.to_string(),
        "plugin picky did not start on Canary: on_configure returned false\nlog:\n  [info] [canary] picky: 7\n"
    );
}

#[test]
fn a_trap_while_starting_is_told_from_a_refusal() {
    let traps = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) unreachable)"#;
    assert!(Host::new(guest(traps)).try_start().unwrap_err().trapped());
    let early = r#"(func (export "_initialize") (drop (call $now (i32.const 0))))"#;
    let refused = Host::new(guest(early)).try_start().unwrap_err();
    assert!(
        refused.trapped()
            && refused
                .to_string()
                .contains("not allowed before the VM has started"),
        "{refused}"
    );
}

#[test]
fn a_compiled_module_can_be_kept_for_all_tests_of_a_binary() {
    static COMPILED_ONCE: LazyLock<Module> = LazyLock::new(|| guest(""));
    let on_threads: Vec<_> = (0..2)
        .map(|_| std::thread::spawn(|| Host::new(&*COMPILED_ONCE).get("/").answered_with(204).status()))
        .collect();
    for thread in on_threads {
        assert_eq!(thread.join().unwrap(), 204);
    }
}

#[test]
#[should_panic(expected = "did not start")]
fn a_request_to_a_host_that_refuses_its_configuration_fails() {
    Host::new(guest(REFUSES)).get("/").run(200);
}

#[test]
#[should_panic(expected = "out of fuel in proxy_on_request_headers")]
fn an_endless_loop_fails_the_test() {
    Host::new(guest(LOOPS))
        .fuel_per_callback(10_000)
        .get("/")
        .run(200);
}

#[test]
fn a_dead_vm_answers_503_for_ever_and_other_workers_serve_on() {
    let traps_on_a = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (if (i32.eqz (call $get_a (i32.const 0))) (then unreachable)) (i32.const 0))
        (func (export "proxy_on_log") (param i32) (call $note (i32.const 1)))"#;
    let host = Host::new(guest(traps_on_a)).workers(2).allow_vm_death();
    let exchange = host.get("/").header("x-a", "1").expect_rejected(503);
    exchange.expect_body("");
    assert_eq!(exchange.details(), "wasm_fail_stream");
    host.get("/").expect_rejected(503);
    host.worker(1).get("/").answered_with(200);
    assert_eq!(notes(&host), ["1"], "a dead VM is not called, not even to log");
}

#[test]
fn plugins_of_one_module_and_vm_id_share_a_vm_and_die_together() {
    let module = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const 1)))
               (call $note (i32.load (i32.const 2048))) (i32.const 0))"#,
    );
    let plugin = |vm_id| Plugin::new(&module).vm_id(vm_id);
    let together = Host::chain([plugin("a"), plugin("a")]);
    together.get("/").answered_with(200);
    assert_eq!(notes(&together), ["1", "2"]);
    let apart = Host::chain([plugin("a"), plugin("b")]);
    apart.get("/").answered_with(200);
    assert_eq!(notes(&apart), ["1", "1"]);
}

#[test]
#[should_panic(expected = "plugin plugin holds the request and never lets it go")]
fn a_filter_that_holds_a_request_for_good_fails_the_test() {
    Host::new(guest(HOLDS)).get("/").run(200);
}

#[test]
#[should_panic(expected = "the request did not reach the upstream")]
fn a_request_that_must_be_forwarded_and_is_not_fails_the_test() {
    Host::new(guest("")).routes([]).get("/").answered_with(200);
}

#[test]
#[should_panic(expected = "the request reached the upstream")]
fn a_request_that_must_be_rejected_and_is_not_fails_the_test() {
    Host::new(guest("")).get("/").expect_rejected(503);
}

#[test]
#[should_panic(expected = "send_local_response in proxy_on_log")]
fn a_local_reply_in_the_log_fails_the_test_because_it_kills_envoy() {
    let replies = r#"(func (export "proxy_on_log") (param i32) (drop (call $reply_with (i32.const 500))))"#;
    Host::new(guest(replies)).get("/").answered_with(200);
}

#[test]
fn a_failed_expectation_prints_the_whole_exchange() {
    let host = Host::new(guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const 8)))
               (drop (call $increment (i32.load (i32.const 8)) (i64.const 2)))
               (drop (call $set_property (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5)))
               (drop (call $set_a (i32.const 0)))
               (call $note (i32.const 3))
               (i32.const 0))"#,
    ))
    .plugin_name("p");
    let exchange = host.get("/orders").header("x-b", b"\xff").answered_with(503);
    let wrong = std::panic::AssertUnwindSafe(|| {
        exchange.header("x-c", "1");
    });
    let panic = std::panic::catch_unwind(wrong).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert_eq!(
        text,
        "response header x-c is absent, not \"1\"

client sent (to worker 0, from 127.0.0.1:50000):
  GET /orders
  host: host.test
  x-b: \\xff
upstream got:
  :authority: host.test
  :path: /orders
  :method: GET
  :scheme: http
  x-b: \\xff
  x-forwarded-proto: http
  x-a: value
  x-envoy-expected-rq-timeout-ms: 15000
client got:
  :status: 503
  content-length: 0
  x-envoy-upstream-service-time: 0
  date: Thu, 01 Jan 2026 00:00:00 GMT
  server: envoy
details: via_upstream flags: 0x0
filter state:
  x-a = value
metrics that moved:
  calls: 0 -> 2
log:
  [info] [worker 0] p: 3
host calls:
  p proxy_on_request_headers: proxy_define_metric 1, proxy_increment_metric 1, proxy_log 1, \
proxy_replace_header_map_value 1, proxy_set_property 1
"
    );
}
