//! Call-outs and the exchanges around them: who is told when, and what the plugin may then do.

use host::{Answer, Cluster, Host, Plugin, Thread, faults, millis};

use super::{Call, GO_ON, authz, calls, waits_for};
use crate::guest::{guest, notes};

#[test]
fn the_plugin_may_change_the_request_and_let_it_go() {
    let then = format!(
        "(call $note (call $get_path)) (call $note (call $set_a (i32.const 0))) {GO_ON} \
                        (call $note (call $get_path))"
    );
    let host = Host::new(waits_for(Call::to("authz"), &then, "")).clusters(authz(200));
    host.get("/")
        .answered_with(200)
        .upstream_header("x-a")
        .is("value");
    // After it let go, the map is gone.
    assert_eq!(notes(&host), ["0", "0", "0", "2"]);
}

#[test]
fn the_plugin_may_answer_itself() {
    let then = "(drop (call $reply_with (i32.const 418))) (call $note (i32.const 7))";
    let responses = r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        (call $note (i32.const 8)) (i32.const 0))"#;
    let host = Host::new(waits_for(Call::to("authz"), then, responses)).clusters(authz(403));
    let exchange = host.get("/").expect_rejected(418);
    exchange.expect_body("value");
    assert_eq!(exchange.details(), "calls");
    // The callback ends before the reply passes the plugin's own response phase.
    assert_eq!(notes(&host), ["0", "7", "8"]);
}

#[test]
fn the_plugin_may_close_the_stream() {
    let host = Host::new(waits_for(
        Call::to("authz"),
        "(drop (call $close (i32.const 0)))",
        "",
    ))
    .clusters(authz(403));
    let exchange = host.get("/").send();
    assert!(exchange.is_finished());
    assert_eq!(exchange.status(), 0);
}

#[test]
fn a_response_may_wait_for_a_call_out_too() {
    let host = Host::new(guest(&format!(
        r#"{}
        (global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_response_headers") (param $context i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $context)) (call $note (call $call_0)) (i32.const 1))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
            (drop (call $become (global.get $stream)))
            (call $note (call $set_a (i32.const 2)))
            (drop (call $continue (i32.const 1))))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
            (call $note (i32.const 9)) (i32.const 0))"#,
        calls(&[Call::to("authz")])
    )))
    .clusters(authz(200));
    host.get("/")
        .answered_with(Answer::new(200).body("hi"))
        .header("x-a", "value");
    assert_eq!(notes(&host), ["0", "0", "9"]);
}

#[test]
fn a_plugin_may_ask_again_when_it_is_told() {
    let host = Host::new(guest(&format!(
        r#"{}
        (global $stream (mut i32) (i32.const 0)) (global $told (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $context)) (call $note (call $call_0)) (i32.const 1))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
            (drop (call $become (global.get $stream)))
            (if (global.get $told)
                (then (drop (call $continue (i32.const 0))))
                (else (call $note (call $call_1))))
            (global.set $told (i32.const 1)))"#,
        calls(&[Call::to("authz"), Call::to("quota")])
    )))
    .clusters([
        Cluster::new("authz").answers([200]),
        Cluster::new("quota").answers([429]),
    ]);
    let exchange = host.get("/").answered_with(200);
    let seen: Vec<_> = exchange
        .call_outs()
        .iter()
        .map(|call| (call.cluster().to_owned(), call.status()))
        .collect();
    assert_eq!(
        seen,
        [("authz".to_owned(), Some(200)), ("quota".to_owned(), Some(429))]
    );
}

#[test]
fn a_request_that_is_gone_by_then_cancels_nothing() {
    let then = r#"(call $note (call $become (global.get $request)))
        (call $note (call $get_path))
        (call $note (call $continue (i32.const 0)))
        (call $note (call $reply_with (i32.const 400)))
        (call $note (call $close (i32.const 0)))"#;
    let host =
        Host::new(waits_for(Call::to("authz"), then, "")).clusters(authz(Answer::new(200).after(millis(5))));
    let exchange = host.get("/").send().client_aborts();
    host.advance(millis(5));
    // Its context is not there any more; the other calls are for the root context, where they do nothing.
    assert_eq!(notes(&host), ["0", "2", "2", "0", "0", "0"]);
    assert_eq!(exchange.call_outs()[0].status(), Some(200));
}

#[test]
fn every_phase_may_ask_also_the_last() {
    let host = Host::new(guest(&format!(
        r#"{}
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
            (call $note (call $call_0)) (i32.const 0))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
            (call $note (call $call_0)) (i32.const 0))
        (func (export "proxy_on_log") (param i32) (call $note (call $call_0)))
        (func (export "proxy_on_done") (param i32) (result i32) (call $note (call $call_0)) (i32.const 1))
        (func (export "proxy_on_delete") (param i32) (call $note (call $call_0)))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $note (i32.const 9)))"#,
        calls(&[Call::to("authz")])
    )))
    .clusters(authz(200));
    let exchange = host
        .post("/")
        .body("ab")
        .answered_with(Answer::new(200).body("hi"));
    let notes = notes(&host);
    let accepted = notes.iter().filter(|note| *note == "0").count();
    let told = notes.iter().filter(|note| *note == "9").count();
    // Either body comes in two pieces, the second one empty.
    assert_eq!((accepted, told, exchange.call_outs().len()), (7, 7, 7));
}

#[test]
fn a_root_context_asks_on_each_thread_but_a_canary_is_gone_before_it_is_sent() {
    let root = format!(
        r#"{}
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (call $note (call $call_0)) (drop (call $tick_every (i32.const 100))) (i32.const 1))
        (func (export "proxy_on_tick") (param i32) (call $note (call $call_0)))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $note (i32.const 9)))"#,
        calls(&[Call::to("authz")])
    );
    let host = Host::new(guest(&root)).workers(2).clusters(authz(200));
    host.start();
    let on = |host: &Host| {
        host.call_outs()
            .iter()
            .map(|call_out| call_out.thread())
            .collect::<Vec<_>>()
    };
    assert_eq!(on(&host), [Thread::Main, Thread::Worker(0), Thread::Worker(1)]);
    let accepted = host.logs().iter().filter(|line| line.message == "0").count();
    assert_eq!(accepted, 4, "the canary's call is accepted, too");
    host.advance(millis(100));
    assert_eq!(host.call_outs().len(), 6);
    assert!(
        host.call_outs()
            .iter()
            .all(|call_out| call_out.status() == Some(200))
    );
}

#[test]
fn a_vm_that_died_is_told_of_nothing_though_its_call_is_sent() {
    let dies = format!(
        r#"{}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (call $call_0)) unreachable)
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $note (i32.const 9)))"#,
        calls(&[Call::to("authz")])
    );
    let host = Host::new(guest(&dies)).allow_vm_death().clusters(authz(200));
    host.get("/").expect_rejected(503);
    assert_eq!(notes(&host), ["0"]);
    assert_eq!(host.call_outs()[0].status(), Some(200));
}

#[test]
#[should_panic(expected = "a VM died: trap in proxy_on_http_call_response")]
fn a_trap_when_told_fails_the_test() {
    let host = Host::new(waits_for(Call::to("authz"), "unreachable", "")).clusters(authz(200));
    host.get("/").send();
}

#[test]
fn a_trap_when_told_leaves_the_request_hanging() {
    let host = Host::new(waits_for(Call::to("authz"), "unreachable", ""))
        .allow_vm_death()
        .clusters(authz(200));
    let exchange = host.get("/").send();
    assert!(!exchange.is_finished() && !exchange.is_at_upstream());
    host.get("/").expect_rejected(503);
}

#[test]
fn each_filter_of_a_chain_waits_in_its_turn() {
    let module = waits_for(
        Call::to("authz"),
        &format!("(drop (call $add_a (i32.const 0))) {GO_ON}"),
        "",
    );
    let plugin = |name| Plugin::new(&module).name(name).vm_id(name);
    let host = Host::chain([plugin("a"), plugin("b")]).clusters(authz(Answer::new(200).after(millis(10))));
    let exchange = host.get("/").send();
    host.advance(millis(10));
    assert_eq!(
        exchange.call_outs().len(),
        2,
        "the second asks once the first has let go"
    );
    host.advance(millis(10));
    assert_eq!(exchange.upstream_header("x-a").all(), [b"value", b"value"]);
}

#[test]
fn call_outs_are_rendered_and_cost_with_their_exchange() {
    let call = Call {
        body: "abc",
        ..Call::to("authz")
    };
    let host = Host::new(waits_for(call, GO_ON, ""))
        .plugin_name("guard")
        .clusters(authz(Answer::new(200).after(millis(5))));
    let exchange = host.get("/").send();
    host.advance(millis(5));
    let text = exchange.answer(200).to_string();
    let expected = "\
call-outs:
  guard to cluster authz: 200 after 5 ms
    :method: GET
    :path: /c
    :authority: a
    content-length: 3
    x-envoy-internal: true
    x-envoy-expected-rq-timeout-ms: 500
    body (3 bytes): abc
client got:";
    assert!(text.contains(expected), "{text}");
    let told = "guard proxy_on_http_call_response: proxy_continue_stream 1, proxy_set_effective_context 1";
    assert!(text.contains(told), "{text}");
}

#[test]
fn every_fault_of_a_call_out_is_tried() {
    let careful = format!(
        r#"{}
        (global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
            (global.set $stream (local.get $context)) (i32.eqz (call $call_0)))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
            (if (call $become (global.get $stream)) (then (return)))
            (drop (call $continue (i32.const 0))))"#,
        calls(&[Call::to("authz")])
    );
    let module = guest(&careful);
    let report = std::panic::catch_unwind(|| {
        faults::inject_everywhere(
            || Host::new(&module).clusters(authz(200)),
            |host| {
                host.get("/").run(200);
            },
        )
    });
    let text = *report.unwrap_err().downcast::<String>().unwrap();
    // A call that is refused is survived; not being able to act for the request is not.
    assert!(!text.contains("proxy_http_call in"), "{text}");
    assert!(
        text.contains("proxy_set_effective_context in proxy_on_http_call_response"),
        "{text}"
    );
}

#[test]
fn workers_that_are_stepped_ask_each_for_itself() {
    let host = Host::new(waits_for(Call::to("authz"), GO_ON, ""))
        .workers(2)
        .clusters(authz(200));
    host.step([0, 1, 1, 0, 0, 1], |worker| {
        let exchange = worker.get("/").answered_with(200);
        assert_eq!(exchange.call_outs().len(), 1);
    });
    let mut threads: Vec<_> = host
        .call_outs()
        .iter()
        .map(|call_out| call_out.thread())
        .collect();
    threads.sort_by_key(|thread| format!("{thread:?}"));
    assert_eq!(threads, [Thread::Worker(0), Thread::Worker(1)]);
    host.in_parallel(|worker| {
        for _ in 0..10 {
            worker.get("/").answered_with(200);
        }
    });
    assert_eq!(host.call_outs().len(), 22);
}
