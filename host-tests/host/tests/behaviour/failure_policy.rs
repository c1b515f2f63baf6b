//! What becomes of requests once a VM has died, by the plugin's failure policy. Seen on Envoy 1.40.0.

use host::{Cluster, FailurePolicy, Host, Plugin, Thread, millis, secs};

use crate::guest::{guest, notes};
use crate::lives::{lives, said};

fn plugin(policy: FailurePolicy) -> Plugin {
    Plugin::new(lives()).name("p").config("a").failure_policy(policy)
}

fn host(policy: FailurePolicy) -> Host {
    Host::chain([plugin(policy)]).allow_vm_death()
}

fn kill(host: &Host) {
    host.get("/")
        .header("x-a", "1")
        .expect_rejected(503)
        .expect_body("");
}

#[test]
fn the_request_on_which_a_vm_dies_is_answered_503_under_every_policy() {
    for policy in [FailurePolicy::Closed, FailurePolicy::Open, FailurePolicy::Reload] {
        let host = host(policy);
        let exchange = host.get("/").header("x-a", "1").expect_rejected(503);
        assert_eq!(exchange.details(), "wasm_fail_stream");
    }
}

#[test]
fn closed_answers_503_for_ever() {
    let host = host(FailurePolicy::Closed);
    kill(&host);
    host.advance(secs(3600));
    host.get("/").expect_rejected(503);
}

#[test]
fn open_leaves_the_filter_out_from_then_on() {
    let host = host(FailurePolicy::Open);
    kill(&host);
    let mut at = host.logs().len();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "", "not even on_log");
}

#[test]
fn reload_starts_a_new_vm_with_the_next_request_once_the_back_off_is_over() {
    let host = host(FailurePolicy::Reload);
    host.advance(secs(2));
    kill(&host);
    let mut at = host.logs().len();
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: c1 v1 f1 c2 q2 l2 d2 x2");
    assert_eq!(host.metric("wasm.p.vm_reload_success"), 1);
    host.advance(secs(1));
    assert_eq!(
        said(&host, &mut at),
        "main: t1 | w0: t1",
        "the new one ticks, from its start on"
    );
}

#[test]
fn reload_counts_its_back_off_from_the_last_start_and_draws_it_anew_for_each_request() {
    let host = Host::chain([plugin(FailurePolicy::Reload).reload_interval(millis(100))]).allow_vm_death();
    kill(&host);
    host.advance(millis(99));
    host.get("/").expect_rejected(503);
    assert_eq!(host.metric("wasm.p.vm_reload_backoff"), 1);
    host.advance(millis(51));
    host.get("/").answered_with(200);
    kill(&host);
    host.advance(millis(99));
    host.get("/").expect_rejected(503);
    // Between once and one and a half times the interval it is a matter of luck, which is the seed's.
    let lucky_after = |seed| {
        let host = Host::chain([plugin(FailurePolicy::Reload).reload_interval(millis(100))])
            .allow_vm_death()
            .seed(seed);
        kill(&host);
        host.advance(millis(100));
        (0..50).find(|_| {
            let refused = host.get("/").run(200).status() == 503;
            host.advance(millis(1));
            !refused
        })
    };
    let drawn: Vec<_> = (1..9).map(|seed| lucky_after(seed).unwrap()).collect();
    assert!(drawn.windows(2).any(|pair| pair[0] != pair[1]), "{drawn:?}");
    assert_eq!(lucky_after(1), lucky_after(1));
}

#[test]
fn an_exchange_in_flight_on_a_vm_that_dies_is_answered_503_even_after_a_reload() {
    for policy in [FailurePolicy::Closed, FailurePolicy::Open, FailurePolicy::Reload] {
        let host = host(policy);
        host.advance(secs(2));
        let in_flight = host.get("/").expect_forwarded();
        kill(&host);
        if policy != FailurePolicy::Closed {
            host.get("/").answered_with(200);
        }
        let ended = in_flight.answer(200);
        ended.expect_status(503);
        assert_eq!(ended.details(), "wasm_fail_stream");
    }
}

#[test]
fn a_reload_that_is_refused_answers_503_and_waits_again() {
    // It refuses for the fourth time: after the canary, the main thread and the worker.
    let refuses = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (local $count i32)
               (if (i32.eqz (call $get_shared (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 12)))
                   (then (local.set $count (i32.load8_u (i32.load (i32.const 0))))))
               (local.set $count (i32.add (local.get $count) (i32.const 1)))
               (i32.store8 (i32.const 64) (local.get $count))
               (drop (call $set_shared
                   (i32.const 110) (i32.const 3) (i32.const 64) (i32.const 1) (i32.const 0)))
               (call $note (local.get $count))
               (i32.ne (local.get $count) (i32.const 4)))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (if (i32.eqz (call $get_a (i32.const 0))) (then unreachable)) (i32.const 0))"#,
    );
    let plugin = Plugin::new(refuses)
        .failure_policy(FailurePolicy::Reload)
        .reload_interval(millis(100));
    let host = Host::chain([plugin]).allow_vm_death();
    host.advance(millis(200));
    kill(&host);
    host.get("/").expect_rejected(503);
    host.get("/").expect_rejected(503);
    assert_eq!(notes(&host), ["3", "4"], "the second came inside the back-off");
    host.advance(millis(200));
    host.get("/").answered_with(200);
    let count = |what| host.metric(&format!("wasm.plugin.vm_reload_{what}"));
    assert_eq!((count("failure"), count("backoff"), count("success")), (1, 1, 1));
}

#[test]
fn plugins_in_one_vm_die_together_and_each_goes_on_by_its_own_policy() {
    use FailurePolicy::{Closed, Open, Reload};
    #[track_caller]
    fn check(first: FailurePolicy, second: FailurePolicy, then: u16) {
        let host = Host::chain([plugin(first).name("p"), plugin(second).name("q")]).allow_vm_death();
        host.advance(secs(2));
        kill(&host);
        assert_eq!(host.get("/").run(200).status(), then);
        assert_eq!(host.get("/").run(200).status(), then);
        let reloaded = |plugin| host.metric(&format!("wasm.{plugin}.vm_reload_success"));
        assert_eq!(reloaded("p"), u64::from(first == Reload));
        assert_eq!(reloaded("q"), u64::from(second == Reload));
    }
    check(Open, Closed, 503);
    check(Reload, Reload, 200);
    check(Reload, Closed, 503);
    check(Closed, Reload, 503);
    check(Open, Reload, 200);
}

#[test]
fn a_reload_brings_both_plugins_of_a_vm_into_one_again() {
    let host = Host::chain([
        plugin(FailurePolicy::Reload).name("p"),
        plugin(FailurePolicy::Reload).name("q"),
    ])
    .allow_vm_death();
    host.advance(secs(2));
    kill(&host);
    let mut at = host.logs().len();
    host.get("/").answered_with(200);
    assert!(said(&host, &mut at).starts_with("w0: c1 v1 f1 c2 v2 f2 c3 q3 c4 q4"));
}

#[test]
fn a_worker_that_refuses_what_the_canary_accepted_serves_without_the_plugin() {
    let refuses_on_workers = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32) (local $refuses i32)
               ;; Canary and main thread write the record, so that the worker finds it twice written.
               (local.set $refuses
                   (i32.eqz (call $get_shared
                       (i32.const 120) (i32.const 5) (i32.const 0) (i32.const 4) (i32.const 12))))
               (if (i32.eqz (call $get_shared
                       (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 12)))
                   (then (drop (call $set_shared
                       (i32.const 120) (i32.const 5) (i32.const 120) (i32.const 5) (i32.const 0)))))
               (drop (call $set_shared
                   (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5) (i32.const 0)))
               (i32.eqz (local.get $refuses)))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $reply_with (i32.const 401))) (i32.const 1))"#,
    );
    let host = Host::new(&refuses_on_workers).allow_vm_death();
    host.get("/").answered_with(200);
    let refused = Host::new(&refuses_on_workers).try_start().unwrap_err();
    assert_eq!(
        refused.thread(),
        Thread::Worker(0),
        "a test that does not expect it is told"
    );
}

#[test]
fn the_main_threads_vm_may_die_without_harm_to_requests() {
    // The first tick after the start is the main thread's.
    let traps_once = guest(
        r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
               (drop (call $tick_every (i32.const 1000))) (i32.const 1))
           (func (export "proxy_on_tick") (param i32)
               (if (call $get_shared (i32.const 110) (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 12))
                   (then
                       (drop (call $set_shared
                           (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5) (i32.const 0)))
                       unreachable)))"#,
    );
    let host = Host::new(traps_once).allow_vm_death();
    host.advance(secs(1));
    host.get("/").answered_with(200);
}

#[test]
#[should_panic(
    expected = "a reload interval of 1ms: below 2ms Envoy refuses it, or crashes when it is needed"
)]
fn a_reload_interval_that_crashes_envoy_fails_the_test() {
    plugin(FailurePolicy::Reload).reload_interval(millis(1));
}

/// What kills Envoy itself is told with the VM's death.
#[track_caller]
fn crashes(callback: &str) {
    let host = Host::new(guest(callback)).allow_vm_death();
    let exchange = host.get("/").run(200);
    assert!(
        exchange.to_string().contains("Envoy itself crashes"),
        "{exchange}"
    );
}

#[test]
fn a_trap_after_closing_the_stream_or_replying_to_a_response_kills_envoy() {
    crashes(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (drop (call $close (i32.const 0))) unreachable)"#,
    );
    crashes(
        r#"(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (drop (call $reply_with (i32.const 418))) unreachable)"#,
    );
    crashes(r#"(func (export "proxy_on_log") (param i32) (drop (call $close (i32.const 0))) unreachable)"#);
}

#[test]
fn of_a_reply_before_a_trap_only_the_details_are_left() {
    let replies = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $reply_with (i32.const 418))) unreachable)"#;
    let host = Host::new(guest(replies)).allow_vm_death();
    let exchange = host.get("/").expect_rejected(503);
    exchange.expect_body("");
    assert_eq!(exchange.details(), "calls");
}

#[test]
fn an_upstream_filter_goes_by_its_policy_too() {
    #[track_caller]
    fn check(policy: FailurePolicy, then: u16, says: &str) {
        let upstream = Cluster::new("upstream").filters([plugin(policy)]);
        let host = Host::new(guest("")).clusters([upstream]).allow_vm_death();
        host.advance(secs(2));
        let died = host.get("/").header("x-a", "1").run(200);
        assert_eq!(
            (died.status(), died.details().as_str()),
            (503, "wasm_fail_stream")
        );
        let mut at = host.logs().len();
        assert_eq!(host.get("/").run(200).status(), then);
        assert_eq!(said(&host, &mut at), says);
    }
    check(FailurePolicy::Closed, 503, "");
    check(FailurePolicy::Open, 200, "");
    check(FailurePolicy::Reload, 200, "w0: c1 v1 f1 c2 q2 d2 x2");
}
