//! Call-outs and plugins between the router and an upstream: either may meet the other.

use host::{Answer, Cluster, Host, Plugin, Route, millis};

use super::{Call, GO_ON, waits_for};
use crate::guest::{guest, notes};

/// A host whose cluster `upstream` has a filter that asks `authz`, and then does this.
fn asks_upstream(then: &str, authz: Answer) -> Host {
    let inner = Plugin::new(waits_for(Call::to("authz"), then, ""))
        .name("inner")
        .vm_id("inner");
    Host::new(guest(""))
        .routes([Route::new("default").timeout_ms(100)])
        .clusters([
            Cluster::new("upstream").filters([inner]),
            Cluster::new("authz").answers([authz]),
        ])
}

#[test]
fn an_attempt_may_wait_for_a_call_out() {
    let then = format!("(call $note (call $set_a (i32.const 0))) {GO_ON}");
    let host = asks_upstream(&then, Answer::new(200).after(millis(20)));
    let exchange = host.get("/").send();
    assert!(exchange.call_outs()[0].is_waiting(), "{exchange}");
    host.advance(millis(20));
    exchange.upstream_header("x-a").is("value");
    let exchange = exchange.answer(200);
    exchange.expect_status(200);
    assert_eq!(exchange.call_outs()[0].plugin(), "inner");
}

#[test]
fn an_attempt_may_be_answered_when_the_plugin_is_told() {
    let host = asks_upstream("(drop (call $reply_with (i32.const 418)))", Answer::new(200));
    host.get("/").expect_rejected(418).expect_body("value");
}

#[test]
fn an_attempt_that_is_gone_by_then_cancels_nothing() {
    let then =
        "(call $note (call $become (global.get $request))) (call $note (call $continue (i32.const 0)))";
    let host = asks_upstream(then, Answer::new(200).after(millis(300)));
    let exchange = host.get("/").send();
    host.advance(millis(300));
    exchange.expect_status(504);
    assert_eq!(notes(&host), ["0", "2", "0"]);
}

#[test]
fn a_call_out_passes_the_filters_of_its_cluster() {
    let marks = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $set_a (i32.const 0))) (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (call $note (call $set_a (i32.const 2))) (i32.const 0))"#,
    );
    let asks = waits_for(
        Call::to("authz"),
        &format!("(drop (call $get_a (i32.const 6))) (call $note_bytes) {GO_ON}"),
        "",
    );
    let host = Host::new(asks).clusters([
        Cluster::new("upstream"),
        Cluster::new("authz")
            .filters([Plugin::new(marks).name("marks").vm_id("marks")])
            .answers([200]),
    ]);
    let exchange = host.get("/").answered_with(200);
    assert_eq!(exchange.call_outs()[0].header("x-a"), Some(&b"value"[..]));
    assert_eq!(notes(&host).last().map(String::as_str), Some("value"));
}
