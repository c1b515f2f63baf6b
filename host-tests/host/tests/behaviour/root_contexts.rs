//! How root contexts end, at an update and at the end of it all, and what `proxy_done` answers where. Seen on Envoy
//! 1.40.0.

use host::{Host, Plugin, secs};

use crate::lives::{lives, said};

fn host(configuration: &str) -> Host {
    let host = Host::chain([Plugin::new(lives()).name("p").config(configuration)]);
    host.start();
    host
}

#[test]
fn a_root_context_that_waits_ticks_on_until_it_says_done() {
    let host = host("w");
    let mut at = host.logs().len();
    host.advance(secs(1));
    assert_eq!(
        said(&host, &mut at),
        "main: t1 D1 | w0: t1 D1",
        "nothing has ended: NOT_FOUND"
    );
    host.update("p", "b").unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c2 v2 f2 | w0: c2 v2 f2 | main: d1 | w0: d1"
    );
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t1 D0 x1 D1 t2 | w0: t1 D0 x1 D1 t2");
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t2 | w0: t2");
}

#[test]
fn proxy_done_within_proxy_on_done_is_too_early() {
    let host = host("i");
    let mut at = host.logs().len();
    host.update("p", "b").unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c2 v2 f2 | w0: c2 v2 f2 | main: d1 D1 | w0: d1 D1"
    );
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t1 t2 | w0: t1 t2");
}

#[test]
fn a_root_context_that_waits_does_not_keep_its_vm() {
    let host = host("w");
    host.update_plugin("p", |plugin| plugin.vm_id("other").config("b"))
        .unwrap();
    let mut at = host.logs().len();
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t1 | w0: t1", "those of the new VM");
}

#[test]
fn shutting_down_ends_the_workers_root_contexts_then_the_main_threads() {
    let host = Host::chain([
        Plugin::new(lives()).name("p").config("a"),
        Plugin::new(lives()).name("q").config("w"),
        Plugin::new(lives()).name("r").vm_id("apart"),
    ])
    .workers(2);
    host.start();
    let mut at = host.logs().len();
    host.shut_down();
    assert_eq!(
        said(&host, &mut at),
        "w0: d1 x1 d2 d1 x1 | w1: d1 x1 d2 d1 x1 | main: d1 x1 d2 d1 x1"
    );
}

#[test]
fn shutting_down_ends_exchanges_in_flight_first() {
    let host = host("a");
    let first = host.get("/").expect_forwarded();
    let second = host.get("/").expect_forwarded();
    let mut at = host.logs().len();
    host.shut_down();
    assert_eq!(said(&host, &mut at), "w0: l3 d3 x3 l2 d2 x2 d1 x1 | main: d1 x1");
    for exchange in [first, second] {
        assert_eq!((exchange.status(), exchange.is_finished()), (0, true));
        assert!(
            exchange.details().starts_with("downstream_local_disconnect"),
            "{exchange}"
        );
    }
}

#[test]
#[should_panic(expected = "the host has shut down")]
fn a_host_that_has_shut_down_serves_nothing() {
    let host = host("a");
    host.shut_down();
    host.get("/").run(200);
}

#[test]
fn a_host_that_is_merely_dropped_calls_nothing() {
    let traps_at_the_end =
        crate::guest::guest(r#"(func (export "proxy_on_done") (param i32) (result i32) unreachable)"#);
    Host::new(traps_at_the_end).start();
}

#[test]
fn plugins_that_agree_in_everything_share_a_root_context() {
    let one = || Plugin::new(lives()).name("p").config("a");
    let starts = |second: Plugin| {
        let host = Host::chain([one(), second]);
        host.start();
        said(&host, &mut 0)
    };
    assert_eq!(starts(one()), "canary: c1 v1 f1 | main: c1 v1 f1 | w0: c1 v1 f1");
    let another_root = "canary: c1 v1 f1 | main: c1 v1 f1 | canary: c1 v1 f1 | main: c2 v2 f2 | \
        w0: c1 v1 f1 c2 v2 f2";
    assert_eq!(starts(one().name("q")), another_root);
    assert_eq!(starts(one().root_id("r")), another_root);
    assert_eq!(starts(one().config("b")), another_root);
    assert_eq!(
        starts(one().failure_policy(host::FailurePolicy::Open)),
        another_root
    );
    assert_eq!(starts(one().allow_on_headers_stop_iteration(true)), another_root);
    let another_vm = "canary: c1 v1 f1 | main: c1 v1 f1 | canary: c1 v1 f1 | main: c1 v1 f1 | \
        w0: c1 v1 f1 c1 v1 f1";
    assert_eq!(starts(one().vm_id("v")), another_vm);
    assert_eq!(starts(one().vm_config("v")), another_vm);
    assert_eq!(starts(one().env("A", "1")), another_vm);
}
