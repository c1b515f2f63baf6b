//! Plugins between the router and the upstreams: called for each attempt, never for a log.

use host::{Answer, Cluster, Host, Module, Plugin, RetryPolicy, Route, millis, secs};

use super::{came_to, setting};
use crate::guest::guest;
use crate::stream::{At, GO, REPLY, STOP, Tracer, trace_of};

/// A tracer called `own` in the listener's chain and this plugin, called `up`, at the cluster; one retry on 5xx.
fn host<A: Into<Answer>>(up: impl Into<Plugin>, answers: impl IntoIterator<Item = A>) -> Host {
    let cluster = Cluster::new("upstream")
        .answers(answers)
        .filters([up.into().name("up").vm_id("up")]);
    Host::chain([Tracer::new().plugin().name("own")])
        .routes([Route::new("r").retry(RetryPolicy::on("5xx"))])
        .clusters([cluster])
}

fn ok() -> Answer {
    Answer::new(200).body("ok")
}

/// Plugin and letter of each callback, in order.
fn order(host: &Host) -> String {
    let logs = host.logs();
    let letters = logs
        .iter()
        .filter(|line| line.message.len() == 1 && line.message.as_bytes()[0].is_ascii_alphabetic());
    letters
        .map(|line| format!("{}:{}", line.plugin, line.message))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn each_attempt_has_a_context_of_its_own_and_no_log() {
    let host = host(Tracer::new().module(), [Answer::new(503).body("bad"), ok()]);
    let exchange = host.post("/").body("hello").send();
    host.advance(secs(1));
    exchange.expect_status(200).expect_body("ok");
    assert_eq!(
        trace_of(&host, "own"),
        "A 0 a 5 0 0 hello a 0 1 0  B 0 b 2 0 0 ok b 0 1 0  l d x"
    );
    // The second time the body comes in one piece, with its end.
    assert_eq!(
        trace_of(&host, "up"),
        "A 0 a 5 0 0 hello a 0 1 0  B 0 d x A 0 a 5 1 0 hello B 0 b 2 0 0 ok b 0 1 0  d x"
    );
}

#[test]
fn it_stands_behind_the_chain_and_ends_before_the_clients_response() {
    let host = host(Tracer::new().module(), [ok()]);
    host.post("/").pieces(["he"]).send().expect_status(200);
    assert_eq!(
        order(&host),
        "own:A up:A own:a up:a own:a up:a up:B own:B up:b own:b up:b up:d up:x own:b own:l own:d own:x"
    );
}

#[test]
fn trailers_pass_it_in_both_directions() {
    let host = host(
        Tracer::new().module(),
        [Answer::new(200).pieces(["ab"]).trailer("x-u", "2")],
    );
    let exchange = host.post("/").pieces(["he"]).trailer("x-t", "1").send();
    exchange.upstream_trailer("x-t").is("1");
    exchange.response_trailer("x-u").is("2");
    assert_eq!(trace_of(&host, "up"), "A 0 a 2 0 0 he t 1 B 0 b 2 0 0 ab u 1 d x");
}

#[test]
fn it_sees_the_request_as_the_router_sends_it() {
    let up = guest(
        r#"(data (i32.const 2000) "x-envoy-expected-rq-timeout-ms")
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (call $note (call $get (i32.const 0) (i32.const 2000) (i32.const 30) (i32.const 0) (i32.const 4)))
               (call $note_bytes) (i32.const 0))"#,
    );
    let host = host(up, [ok()]);
    host.get("/").send().expect_status(200);
    assert_eq!(trace_of(&host, "up"), "0 15000");
}

#[test]
fn what_it_changes_of_the_request_stays_for_the_next_attempt() {
    let up = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $add_a (i32.const 0))) (i32.const 0))"#,
    );
    let exchange = host(up, [503]).get("/").send().expect_retried();
    let [first, second] = &exchange.attempts()[..] else {
        panic!("{exchange}")
    };
    assert_eq!(first.header("x-a").all(), [b"value"]);
    assert_eq!(second.header("x-a").all(), [b"value", b"value"]);
}

#[test]
fn its_reply_is_final_and_reaches_no_upstream() {
    let policy = RetryPolicy::on("retriable-status-codes").statuses([418]);
    let reply = Tracer::new().at(At::RequestHeaders, REPLY, GO).module();
    let cluster = Cluster::new("upstream").filters([Plugin::new(&reply).name("up").vm_id("up")]);
    let host = Host::chain([Tracer::new().plugin().name("own")])
        .routes([Route::new("r").retry(policy)])
        .clusters([cluster]);
    let exchange = host.get("/").expect_rejected(418);
    exchange
        .expect_body("value")
        .no_header("x-envoy-upstream-service-time");
    assert_eq!(came_to(&exchange), (418, "-".to_owned(), 1));
    assert_eq!(exchange.details(), "calls");
    assert!(!exchange.reached_upstream());
    assert_eq!(order(&host), "own:A up:A up:d up:x own:B own:b own:l own:d own:x");
}

#[test]
fn its_reply_to_a_response_takes_the_place_of_that() {
    let host = host(
        Tracer::new().at(At::ResponseHeaders, REPLY, GO).module(),
        [Answer::new(503).body("bad")],
    );
    let exchange = host.get("/").send();
    exchange.expect_status(418).expect_body("value");
    assert_eq!(came_to(&exchange), (418, "-".to_owned(), 1));
    assert_eq!(
        order(&host),
        "own:A up:A up:B up:d up:x own:B own:b own:l own:d own:x"
    );
}

#[test]
fn its_reply_to_a_body_comes_too_late() {
    let host = host(Tracer::new().at(At::ResponseBody, REPLY, GO).module(), [ok()]);
    let exchange = host.get("/").send();
    exchange.expect_status(200).expect_body("");
    assert!(exchange.broke_off());
    assert_eq!(
        (exchange.details().as_str(), exchange.flags().as_str()),
        ("calls", "-")
    );
}

#[test]
fn the_router_decides_by_what_it_leaves_of_the_response() {
    let up = guest(
        r#"(data (i32.const 2000) ":status200")
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
               (drop (call $set (i32.const 2) (i32.const 2000) (i32.const 7) (i32.const 2007) (i32.const 3)))
               (i32.const 0))"#,
    );
    let exchange = host(up, [Answer::new(503).body("bad")]).get("/").send();
    exchange.expect_status(200).expect_body("bad");
    assert_eq!(came_to(&exchange), (200, "-".to_owned(), 1));
}

#[test]
fn retry_headers_that_it_sets_come_too_late_for_the_router() {
    let cluster = Cluster::new("upstream")
        .answers([503])
        .filters([setting(&[("x-envoy-retry-on", "5xx")]).into()]);
    let host = Host::new(guest("")).clusters([cluster]);
    let exchange = host.get("/").send();
    assert_eq!(came_to(&exchange), (503, "-".to_owned(), 1));
    exchange.upstream_header("x-envoy-retry-on").is("5xx");
}

#[test]
fn a_connection_that_is_refused_ends_it_without_a_response() {
    let host = host(Tracer::new().module(), [Answer::connection_failure()]);
    host.get("/").send().expect_retried().expect_status(503);
    assert_eq!(trace_of(&host, "up"), "A 1 d x A 1 d x");
}

#[test]
fn a_cluster_without_a_host_never_calls_it() {
    let host = host(Tracer::new().module(), [Answer::no_healthy_upstream()]);
    host.get("/").send().expect_status(503);
    assert_eq!(trace_of(&host, "up"), "");
}

#[test]
fn an_upstream_that_breaks_off_ends_it_first() {
    let host = host(
        Tracer::new().module(),
        [Answer::new(200).pieces(["ab"]).cut_off()],
    );
    let exchange = host.get("/").send();
    assert!(exchange.broke_off());
    assert_eq!(exchange.flags(), "UPE");
    assert_eq!(
        order(&host),
        "own:A up:A up:B own:B up:b own:b up:d up:x own:l own:d own:x"
    );
}

#[test]
fn a_client_that_goes_away_ends_it_last() {
    let host = host(Tracer::new().module(), [Answer::never()]);
    host.get("/").send().client_aborts();
    assert_eq!(order(&host), "own:A up:A own:l own:d own:x up:d up:x");
}

#[test]
fn a_request_that_it_holds_runs_into_the_routes_time() {
    let up = Tracer::new().at(At::RequestHeaders, "", STOP).module();
    let cluster = Cluster::new("upstream")
        .answers([200])
        .filters([Plugin::new(&up).name("up")]);
    let host = Host::new(guest(""))
        .routes([Route::new("r").timeout_ms(300)])
        .clusters([cluster]);
    let exchange = host.get("/").send();
    assert!(!exchange.is_at_upstream() && !exchange.is_finished());
    host.advance(millis(300));
    exchange.expect_status(504);
    assert_eq!(came_to(&exchange), (504, "UT".to_owned(), 1));
    assert!(!exchange.reached_upstream());
    assert_eq!(trace_of(&host, "up"), "A 1 d x");
}

#[test]
fn a_request_that_it_lets_go_later_goes_on() {
    let go_on = "(drop (call $continue (i32.const 0)))";
    let up = Tracer::new()
        .at(At::RequestHeaders, crate::stream::HOLD, STOP)
        .on_tick(go_on)
        .module();
    let host = host(up, [ok()]);
    let exchange = host.post("/").body("hello").send();
    assert!(!exchange.reached_upstream());
    host.advance(millis(600));
    exchange.expect_status(200).expect_body("ok");
    assert_eq!(exchange.upstream_body(), b"hello");
}

#[test]
fn a_response_that_it_holds_is_not_yet_the_routers() {
    let host = host(Tracer::new().at(At::ResponseHeaders, "", STOP).module(), [ok()]);
    let exchange = host.get("/").send();
    assert!(!exchange.is_finished());
    host.advance(secs(15));
    exchange.expect_status(504);
    assert_eq!(exchange.attempts()[0].came_to(), "time-out");
}

#[test]
fn filter_state_is_that_of_the_exchange() {
    let up = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (call $set_property (i32.const 110) (i32.const 3) (i32.const 120) (i32.const 5))) (i32.const 0))"#,
    );
    host(up, [ok()]).get("/").send().filter_state("x-a").is("value");
}

#[test]
fn it_knows_its_attempt_and_no_status_while_it_has_the_headers() {
    let up: Module = guest(
        r#"(data (i32.const 2000) "upstream\00request_attempt_count")
           (data (i32.const 2100) "response\00code")
           (func $count
               (drop (call $property (i32.const 2000) (i32.const 30) (i32.const 0) (i32.const 4)))
               (call $note (i32.wrap_i64 (i64.load (i32.load (i32.const 0))))))
           (func $code (call $note (call $property (i32.const 2100) (i32.const 13) (i32.const 0) (i32.const 4))))
           (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $count) (i32.const 0))
           (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $code) (i32.const 0))
           (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (call $code) (i32.const 0))"#,
    );
    let host = host(up, [Answer::new(503), ok()]);
    host.get("/").send().expect_retried().expect_status(200);
    // Attempt 1, no code; attempt 2, no code; a code for the body and its end.
    assert_eq!(trace_of(&host, "up"), "1 1 2 1 0 0");
}

#[test]
fn a_cluster_can_have_several() {
    let tracer = Tracer::new().module();
    let named = |name| Plugin::new(&tracer).name(name).vm_id(name);
    let cluster = Cluster::new("upstream")
        .answers([ok()])
        .filters([named("a"), named("b")]);
    let host = Host::new(guest("")).clusters([cluster]);
    host.get("/").send().expect_status(200);
    assert_eq!(order(&host), "a:A b:A b:B a:B b:b a:b b:b a:b a:d a:x b:d b:x");
}

#[test]
fn its_vm_dies_as_any_other() {
    let dies =
        guest(r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)"#);
    let host = host(dies, [200]).allow_vm_death();
    let exchange = host.get("/").send();
    exchange.expect_status(503).expect_body("");
    assert_eq!(exchange.details(), "wasm_fail_stream");
    assert_eq!(came_to(&exchange), (503, "-".to_owned(), 1));
}

#[test]
#[should_panic(expected = "the memory of plugin up on Worker(0) grew steadily")]
fn its_memory_is_watched_as_any_other() {
    let leaks = guest(
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
               (drop (memory.grow (i32.const 1))) (i32.const 0))"#,
    );
    let host = host(leaks, [200]);
    for _ in 0..16 {
        host.get("/").send();
    }
}

#[test]
fn other_clusters_do_not_call_it() {
    let up = Tracer::new().module();
    let cluster = Cluster::new("other").filters([Plugin::new(&up).name("up")]);
    let host = Host::new(guest("")).clusters([cluster]);
    host.get("/").answered_with(200);
    assert_eq!(trace_of(&host, "up"), "");
}
