//! Upstreams that answer by a rule, and clusters that have no host for a while.

use std::sync::{Arc, Mutex};

use host::{Answer, Cluster, FailurePolicy, Host, Plugin, RetryPolicy, Route, millis, secs};

use super::get;
use crate::guest::guest;

#[test]
fn a_rule_is_asked_once_for_each_attempt_with_its_time_and_headers() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let rule = move |arriving: &host::Arriving| {
        let key = arriving.header("x-key").map(<[u8]>::to_vec);
        let asked = (arriving.connection(), arriving.attempt(), arriving.after(), key);
        seen.lock().unwrap().push(asked);
        let answer = Answer::new(if arriving.attempt() == 1 { 503 } else { 200 });
        answer.after(millis(10))
    };
    let policy = RetryPolicy::on("5xx").back_off(millis(1), millis(1));
    let host = Host::new(guest(""))
        .routes([Route::new("r").retry(policy)])
        .clusters([Cluster::new("upstream").answers_by(rule)]);
    host.advance(secs(5));
    let exchange = host.get("/").header("x-key", "a").send();
    host.advance(secs(1));
    exchange.expect_status(200);
    let came = |attempt, after| (exchange.connection(), attempt, after, Some(b"a".to_vec()));
    assert_eq!(
        *asked.lock().unwrap(),
        [came(1, secs(5)), came(2, secs(5) + millis(10))]
    );
}

#[test]
fn a_rule_is_not_asked_for_what_no_upstream_gets() {
    let rule = |_: &host::Arriving| panic!("nothing arrives");
    let refuses = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $reply (i32.const 429) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                   (i32.const 0) (i32.const -1)))
               (i32.const 1))"#,
    );
    let guard = Plugin::new(refuses).name("guard");
    let upstream = Cluster::new("upstream").answers_by(rule);
    let host = Host::new(guest("")).clusters([upstream.clone().filters([guard])]);
    assert_eq!(get(&host).status(), 429);
    let host = Host::new(guest("")).clusters([upstream.without_hosts([secs(0)..secs(1)])]);
    let exchange = host.get("/").send();
    exchange.expect_status(503);
    assert_eq!(
        (exchange.details(), exchange.flags()),
        ("no_healthy_upstream".to_owned(), "UH".to_owned())
    );
}

#[test]
fn a_rule_may_refuse_connections_reset_and_never_answer() {
    let rule = |arriving: &host::Arriving| match arriving.header(":path") {
        Some(b"/refuse") => Answer::connection_failure(),
        Some(b"/reset") => Answer::reset(),
        _ => Answer::never(),
    };
    let host = Host::new(guest("")).clusters([Cluster::new("upstream").answers_by(rule)]);
    let flags = |path: &str| {
        let exchange = host.get(path).send();
        host.advance(secs(15));
        (exchange.status(), exchange.flags())
    };
    assert_eq!(flags("/refuse"), (503, "UF".to_owned()));
    assert_eq!(flags("/reset"), (503, "UC".to_owned()));
    assert_eq!(flags("/never"), (504, "UT".to_owned()));
}

#[test]
fn a_killed_worker_answers_by_its_failure_policy_and_the_others_go_on() {
    let plugin = |policy| Plugin::new(guest("")).failure_policy(policy);
    let statuses = |policy| {
        let upstream = Cluster::new("upstream").answers([200]);
        let host = Host::chain([plugin(policy)])
            .workers(2)
            .clusters([upstream])
            .allow_vm_death();
        // Past the back-off, which counts from the start.
        host.advance(secs(10));
        host.kill_worker(1);
        [0, 1, 1].map(|worker| host.worker(worker).get("/").send().status())
    };
    assert_eq!(statuses(FailurePolicy::Closed), [200, 503, 503]);
    assert_eq!(statuses(FailurePolicy::Open), [200, 200, 200]);
    assert_eq!(statuses(FailurePolicy::Reload), [200, 200, 200]);
}
