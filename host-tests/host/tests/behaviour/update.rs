//! Another configuration for a running host. What was said is what a real Envoy 1.40.0 said, its extension
//! configuration being exchanged under it.

use host::{Cluster, Host, Plugin, secs};

use crate::lives::{lives, said};

fn host() -> Host {
    Host::chain([Plugin::new(lives()).name("p").config("a")])
}

#[test]
fn a_new_configuration_is_tried_on_a_canary_then_every_thread_has_a_new_root_context() {
    let host = host();
    host.start();
    let mut at = 0;
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c1 v1 f1 | w0: c1 v1 f1"
    );
    host.update("p", "b").unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c2 v2 f2 | w0: c2 v2 f2 | main: d1 x1 | w0: d1 x1"
    );
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: c3 q3 l3 d3 x3");
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t2 | w0: t2");
}

#[test]
fn an_exchange_in_flight_keeps_the_configuration_it_began_with_and_its_end_ends_that() {
    let host = host();
    let old = host.get("/").expect_forwarded();
    let mut at = host.logs().len();
    host.update("p", "b").unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c2 v2 f2 | w0: c3 v3 f3 | main: d1 x1"
    );
    host.get("/").answered_with(200);
    assert_eq!(said(&host, &mut at), "w0: c4 q4 l4 d4 x4");
    host.advance(secs(1));
    assert_eq!(
        said(&host, &mut at),
        "main: t2 | w0: t1 t3",
        "the old one ticks on"
    );
    old.answer(200).expect_status(200);
    assert_eq!(said(&host, &mut at), "w0: l2 d2 x2 d1 x1");
    host.advance(secs(1));
    assert_eq!(said(&host, &mut at), "main: t2 | w0: t3");
}

#[test]
fn a_refused_configuration_leaves_the_old_one_and_is_not_tried_again() {
    for (refused_one, trapped) in [("n", false), ("!", true)] {
        let host = host();
        host.start();
        let mut at = host.logs().len();
        let refused = host.update("p", refused_one).unwrap_err();
        assert_eq!(
            (refused.plugin(), refused.thread(), refused.trapped()),
            ("p", host::Thread::Canary, trapped)
        );
        assert_eq!(said(&host, &mut at), "canary: c1 v1 f1");
        host.update("p", refused_one).unwrap_err();
        assert_eq!(said(&host, &mut at), "");
        host.get("/").answered_with(200);
        assert_eq!(said(&host, &mut at), "w0: c2 q2 l2 d2 x2");
    }
}

#[test]
fn the_same_configuration_changes_nothing() {
    let host = host();
    host.start();
    let mut at = host.logs().len();
    host.update("p", "a").unwrap();
    assert_eq!(said(&host, &mut at), "");
}

#[test]
fn a_configuration_that_was_there_before_needs_no_canary() {
    let host = host();
    host.update("p", "b").unwrap();
    let mut at = host.logs().len();
    host.update("p", "a").unwrap();
    assert_eq!(
        said(&host, &mut at),
        "main: c3 v3 f3 | w0: c3 v3 f3 | main: d2 x2 | w0: d2 x2"
    );
}

#[test]
fn another_vm_id_is_another_vm_and_its_canary_starts_afresh() {
    let host = host();
    host.start();
    let mut at = host.logs().len();
    host.update_plugin("p", |plugin| plugin.vm_id("other")).unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c1 v1 f1 | w0: c1 v1 f1 | main: d1 x1 | w0: d1 x1"
    );
    host.update_plugin("p", |plugin| plugin.vm_id("")).unwrap();
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c1 v1 f1 | w0: c1 v1 f1 | main: d1 x1 | w0: d1 x1",
        "of the first VM nothing was left"
    );
}

#[test]
fn shared_data_and_metrics_outlive_an_update() {
    let counts = r#"(func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $define (i32.const 0) (i32.const 170) (i32.const 5) (i32.const 8)))
            (drop (call $increment (i32.load (i32.const 8)) (i64.const 1)))
            (i32.const 1))"#;
    let host = Host::new(crate::guest::guest(counts));
    host.set_shared_data("kept", "1");
    host.start();
    assert_eq!(host.metric("calls"), 3);
    host.update("plugin", "another").unwrap();
    assert_eq!(host.metric("calls"), 6);
    assert_eq!(host.shared_data("kept"), Some(b"1".to_vec()));
}

#[test]
#[should_panic(expected = "an update is for one plugin, not for the 0 named q of [\"p\"]")]
fn an_update_of_a_plugin_that_is_not_there_fails() {
    host().update("q", "b").unwrap();
}

#[test]
fn an_update_amid_traffic_loses_no_request() {
    let host = host().workers(3);
    host.start();
    host.in_parallel(|worker| {
        for number in 0..20 {
            if worker.number() == 0 {
                host.update("p", if number % 2 == 0 { "b" } else { "a" }).unwrap();
            }
            worker.get("/").answered_with(200);
        }
    });
    let ends = |letter| {
        let lines = host.logs();
        lines
            .iter()
            .filter(|line| line.message.starts_with(letter))
            .count()
    };
    let (streams, canaries) = (60, 2);
    // Main thread and three workers: 21 root contexts each, of which the last are still there.
    assert_eq!(ends('c'), streams + canaries + 4 * 21);
    assert_eq!(ends('x'), streams + 4 * 20);
}

#[test]
fn an_upstream_filter_is_updated_by_its_name() {
    let upstream = Cluster::new("upstream").filters([Plugin::new(lives()).name("u").config("a")]);
    let host = Host::new(crate::guest::guest("")).clusters([upstream]);
    let old = host.get("/").expect_forwarded();
    let mut at = host.logs().len();
    host.update("u", "b").unwrap();
    host.get("/").answered_with(200);
    old.answer(200);
    assert_eq!(
        said(&host, &mut at),
        "canary: c1 v1 f1 | main: c2 v2 f2 | w0: c3 v3 f3 | main: d1 x1 | w0: c4 q4 d4 x4 d2 x2 d1 x1"
    );
}
