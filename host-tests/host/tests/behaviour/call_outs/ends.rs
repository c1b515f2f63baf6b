//! Call-outs of a root context that ends meanwhile, and of a VM that dies. Seen on Envoy 1.40.0.

use host::{Answer, FailurePolicy, Host, Plugin, millis, secs};

use super::{Call, authz, calls};
use crate::guest::{guest, notes};

/// Its root contexts call `authz` in their first tick, after a second, and say `c` with their number, then `r` when they
/// are told of the answer. One whose configuration is `w` waits for a `proxy_done` that never comes. A request with the header
/// `x-a` traps.
fn plugin() -> Plugin {
    let text = format!(
        r#"{}
           (func (export "proxy_on_configure") (param i32 i32) (result i32)
               (i32.store (i32.const 0) (i32.const 2047))
               (drop (call $buffer (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 4)))
               (i32.store8 (i32.add (i32.const 2048) (local.get 0)) (i32.load8_u (i32.load (i32.const 0))))
               (drop (call $tick_every (i32.const 1000)))
               (i32.const 1))
           (func (export "proxy_on_tick") (param i32)
               (drop (call $tick_every (i32.const 0)))
               (drop (call $call_0))
               (call $tell (i32.const 99) (local.get 0)))
           (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
               (call $tell (i32.const 114) (local.get 0)))
           (func (export "proxy_on_done") (param i32) (result i32)
               (i32.ne (i32.load8_u (i32.add (i32.const 2048) (local.get 0))) (i32.const 119)))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.eqz (call $get_a (i32.const 0))) (then unreachable))
               (i32.const 0))"#,
        calls(&[Call::to("authz")])
    );
    Plugin::new(guest(&text)).name("p")
}

/// A host with a call-out in flight, whose answer takes a tenth of a second.
fn calling(plugin: Plugin) -> Host {
    let host = Host::chain([plugin])
        .clusters(authz(Answer::new(200).after(millis(100))))
        .allow_vm_death();
    host.advance(secs(1));
    assert_eq!(notes(&host), ["c1"]);
    host
}

#[test]
fn a_root_context_that_has_ended_is_not_told() {
    let host = calling(plugin().config("a"));
    host.update("p", "b").unwrap();
    host.advance(millis(500));
    assert_eq!(notes(&host), ["c1"]);
}

#[test]
fn a_root_context_that_waits_for_its_done_is_told() {
    let host = calling(plugin().config("w"));
    host.update("p", "b").unwrap();
    host.advance(millis(500));
    assert_eq!(notes(&host), ["c1", "r1"]);
}

#[test]
fn a_vm_that_has_gone_is_not_told() {
    let host = calling(plugin().config("w"));
    host.update_plugin("p", |plugin| plugin.vm_id("other").config("b"))
        .unwrap();
    host.advance(millis(500));
    assert_eq!(notes(&host), ["c1"]);
}

#[test]
fn a_vm_that_has_died_is_not_told_nor_is_the_one_in_its_place() {
    for policy in [FailurePolicy::Closed, FailurePolicy::Open, FailurePolicy::Reload] {
        let host = calling(
            plugin()
                .config("a")
                .failure_policy(policy)
                .reload_interval(millis(10)),
        );
        host.get("/").header("x-a", "1").expect_rejected(503);
        host.get("/").run(200);
        host.advance(millis(500));
        assert_eq!(notes(&host), ["c1"], "{policy:?}");
    }
}
