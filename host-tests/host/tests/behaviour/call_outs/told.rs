//! What a plugin is told of a call-out's end, and what it can read of it.

use host::{Answer, Cluster, Exchange, Host, millis};

use super::{Call, GO_ON, authz, calls, pairs, waits_for};
use crate::guest::{guest, notes};

/// Tells the plugin of this answer, after so many milliseconds. What it saw: of headers, body and trailers the status of
/// reading them and what was read; of `proxy_get_status` the status, the code and the message.
#[track_caller]
fn told(call: Call, answer: Answer, after: u64) -> ([String; 9], Exchange) {
    let then = r#"
        (call $read_all)
        (drop (call $continue (i32.const 0)))"#;
    let read_all = r#"(func $read_all
        (i32.store (i32.const 4) (i32.const 0))
        (call $note (call $pairs (i32.const 6) (i32.const 0) (i32.const 4))) (call $note_bytes)
        (call $body (i32.const 4))
        (call $note (call $pairs (i32.const 7) (i32.const 0) (i32.const 4))) (call $note_bytes)
        (call $note (call $call_status (i32.const 24) (i32.const 0) (i32.const 4)))
        (call $note (i32.load (i32.const 24))) (call $note_bytes))"#;
    let host = Host::new(waits_for(call, then, read_all)).clusters(authz(answer));
    let exchange = host.get("/").send();
    host.advance(millis(after));
    assert!(exchange.is_at_upstream(), "{exchange}");
    let notes = notes(&host);
    assert_eq!(notes[0], "0", "the call is accepted");
    let readable: Vec<String> = notes[1..].iter().map(|note| readable(note)).collect();
    (readable.try_into().expect("nine notes"), exchange)
}

/// Pairs in a log line: without their number and lengths in front, and with a bar for each zero byte.
fn readable(note: &str) -> String {
    let start = match note.as_bytes() {
        [pairs, 0, 0, 0, ..] => 4 + 8 * usize::from(*pairs),
        _ => 0,
    };
    note[start..].replace('\0', "|")
}

#[track_caller]
fn check(answer: Answer, after: u64, expected: [&str; 9]) {
    assert_eq!(told(Call::to("authz"), answer, after).0, expected);
}

#[test]
fn it_is_told_of_headers_and_body() {
    let answer = Answer::new(201).header("x-a", "1").header("x-a", "2").body("hi");
    let headers = ":status|201|x-a|1|x-a|2|content-length|2|x-envoy-upstream-service-time|7|";
    check(
        answer.after(millis(7)),
        7,
        ["0", headers, "0", "hi", "0", "", "0", "0", ""],
    );
}

#[test]
fn it_is_told_of_the_whole_body_at_once_and_of_trailers() {
    let answer = Answer::new(200).pieces(["hello", "world"]).trailer("x-t", "end");
    let headers = ":status|200|transfer-encoding|chunked|x-envoy-upstream-service-time|0|";
    check(
        answer,
        0,
        ["0", headers, "0", "helloworld", "0", "x-t|end|", "0", "0", ""],
    );
}

#[test]
fn a_response_to_head_has_no_body() {
    let call = Call::to("authz").headers(&[(":method", "HEAD"), (":path", "/"), (":authority", "a")]);
    let headers = ":status|200|content-length|2|x-envoy-upstream-service-time|0|";
    let (seen, _) = told(call, Answer::new(200).body("hi"), 0);
    assert_eq!(seen, ["0", headers, "0", "", "0", "", "0", "0", ""]);
}

#[test]
fn a_call_out_that_gets_no_response_gets_envoys_own() {
    let reset = |reason: &str| {
        format!("upstream connect error or disconnect/reset before headers. reset reason: {reason}")
    };
    for (answer, after, status, body) in [
        (
            Answer::timeout(),
            500,
            "504",
            "upstream request timeout".to_owned(),
        ),
        (
            Answer::new(200).after(millis(501)),
            500,
            "504",
            "upstream request timeout".to_owned(),
        ),
        (Answer::reset(), 0, "503", reset("connection termination")),
        (
            Answer::connection_failure(),
            0,
            "503",
            reset("remote connection failure"),
        ),
    ] {
        let length = body.len();
        let headers = format!(":status|{status}|content-length|{length}|content-type|text/plain|");
        check(answer, after, ["0", &headers, "0", &body, "0", "", "0", "0", ""]);
    }
}

#[test]
fn a_header_that_no_upstream_may_get_is_answered_by_envoy() {
    let call = Call::to("authz").headers(&[
        (":method", "GET"),
        (":path", "/"),
        (":authority", "a"),
        ("x a", "1"),
    ]);
    let (seen, exchange) = told(call, Answer::new(200), 0);
    assert_eq!(seen[3], "invalid header name: x a");
    assert_eq!(exchange.call_outs()[0].status(), Some(503));
}

#[test]
fn a_response_that_breaks_off_has_neither_headers_nor_body() {
    let nothing = ["0", "", "1", "", "0", "", "0", ";", "reset"];
    check(Answer::new(200).pieces(["he"]).cut_off(), 0, nothing);
    // Nor has one that does not end in time.
    let (seen, exchange) = told(
        Call::to("authz"),
        Answer::new(200).pieces(["he"]).unfinished(),
        500,
    );
    assert_eq!(seen, nothing);
    let call_out = &exchange.call_outs()[0];
    assert_eq!((call_out.status(), call_out.broke_off()), (None, true));
}

#[test]
fn without_a_time_out_a_call_out_waits_for_ever() {
    let call = Call {
        timeout: 0,
        ..Call::to("authz")
    };
    let host = Host::new(waits_for(call, GO_ON, "")).clusters([Cluster::new("authz")]);
    let exchange = host.get("/").send();
    host.advance(host::secs(86_400));
    assert!(exchange.call_outs()[0].is_waiting());
}

#[test]
fn a_header_gives_it_another_time_out() {
    let named = [
        (":method", "GET"),
        (":path", "/"),
        (":authority", "a"),
        ("x-envoy-upstream-rq-timeout-ms", "7"),
    ];
    let (seen, _) = told(
        Call::to("authz").headers(&named),
        Answer::new(200).after(millis(8)),
        7,
    );
    assert_eq!(seen[3], "upstream request timeout");
}

#[test]
fn headers_have_the_router_try_again_and_only_the_last_answer_is_told() {
    let named = [
        (":method", "GET"),
        (":path", "/"),
        (":authority", "a"),
        ("x-envoy-retry-on", "5xx"),
        ("x-envoy-max-retries", "2"),
    ];
    let guest = waits_for(
        Call::to("authz").headers(&named),
        &format!("(call $body (i32.const 4)) {GO_ON}"),
        "",
    );
    let host = Host::new(guest).clusters([Cluster::new("authz").answers([
        Answer::new(503).body("one"),
        Answer::new(503).body("two"),
        Answer::new(200).body("three"),
    ])]);
    let exchange = host.get("/").send();
    host.advance(millis(75));
    assert_eq!(notes(&host), ["0", "0", "three"]);
    let call_out = &exchange.call_outs()[0];
    assert_eq!((call_out.status(), call_out.attempts().len()), (Some(200), 3));
    assert!(
        call_out.to_string().contains(" ms, in 3 attempts\n"),
        "{call_out}"
    );
}

#[test]
fn the_code_of_one_that_broke_off_stays_for_good_without_its_message() {
    let status = r#"(call $note (call $call_status (i32.const 24) (i32.const 0) (i32.const 4)))
        (call $note (i32.load (i32.const 24))) (call $note (i32.load (i32.const 4)))"#;
    let host = Host::new(guest(&format!(
        r#"{}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            {status} (call $note (call $call_0)) (i32.const 0))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) {status})"#,
        calls(&[Call::to("authz")])
    )))
    .clusters([Cluster::new("authz").answers([Answer::new(200).cut_off(), Answer::new(200)])]);
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "0", "0", "0", "0", ";", "5"], "; is 11");
    host.get("/").answered_with(200);
    assert_eq!(notes(&host)[7..], ["0", ";", "0", "0", "0", ";", "0"]);
}

#[test]
fn what_it_is_told_is_there_only_then_and_can_not_be_changed() {
    let read = r#"(call $note (call $get_a (i32.const 6)))
        (call $note (call $pairs (i32.const 6) (i32.const 0) (i32.const 4)))
        (call $note (call $buffer (i32.const 4) (i32.const 0) (i32.const 9) (i32.const 0) (i32.const 4)))
        (call $note (call $buffer_status (i32.const 4) (i32.const 8) (i32.const 12)))"#;
    let then = format!(
        r#"{read}
        (call $note (call $get_path_of_call_out))
        (call $note (call $get_a (i32.const 7)))
        (call $note (call $set_a (i32.const 6))) (call $note (call $add_a (i32.const 6)))
        (call $note (call $remove_a (i32.const 6))) (call $note (call $set_a (i32.const 7)))
        (call $note (call $map_size (i32.const 6) (i32.const 0)))
        (call $note (call $put (i32.const 4) (i32.const 0) (i32.const 1)))
        {GO_ON}"#
    );
    let others = format!(
        r#"(func $get_path_of_call_out (result i32)
            (call $get (i32.const 6) (i32.const 100) (i32.const 5) (i32.const 0) (i32.const 4)))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) {read} (i32.const 0))
        (func (export "proxy_on_log") (param i32) {read})"#
    );
    let host = Host::new(waits_for(Call::to("authz"), &then, &others))
        .clusters(authz(Answer::new(200).header("x-a", "1").body("hi")));
    host.get("/").answered_with(200);
    let within = ["0", "0", "0", "0", "1", "2", "2", "2", "2", "2", "2", "2"];
    let later = ["2", "0", "1", "1"];
    let in_log = ["1", "0", "1", "1"];
    assert_eq!(notes(&host), [&["0"][..], &within, &later, &in_log].concat());
}

#[test]
fn a_context_of_another_plugin_in_the_same_vm_reads_none_of_it() {
    // Both plugins run this, each with its own root context and stream context: 1 and 3, 2 and 4.
    let module = waits_for(
        Call::to("authz"),
        r#"(call $note (call $get_a (i32.const 6)))
           (drop (call $become (i32.const 3))) (call $note (call $get_a (i32.const 6)))
           (drop (call $become (global.get $request))) (drop (call $continue (i32.const 0)))"#,
        "",
    );
    let plugin = |name| {
        host::Plugin::new(&module)
            .name(name)
            .root_id(name)
            .vm_id("shared")
    };
    let host = Host::chain([plugin("a"), plugin("b")]).clusters(authz(Answer::new(200).header("x-a", "1")));
    let exchange = host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "0", "0", "0", "0", "2"]);
    let by: Vec<_> = exchange
        .call_outs()
        .iter()
        .map(|call_out| call_out.plugin().to_owned())
        .collect();
    assert_eq!(by, ["a", "b"]);
}

#[test]
fn tokens_count_in_fours_and_name_the_call_out() {
    let two = [
        Call::to("authz"),
        Call {
            headers: pairs(&[(":method", "GET"), (":path", "/2"), (":authority", "a")]),
            ..Call::to("authz")
        },
    ];
    let host = Host::new(guest(&format!(
        r#"{}
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (call $note (call $call_0)) (call $note (i32.load (i32.const 16)))
            (call $note (call $call_1)) (call $note (i32.load (i32.const 16)))
            (i32.const 0))
        (func (export "proxy_on_http_call_response") (param $root i32) (param $token i32)
            (param $headers i32) (param $body i32) (param $trailers i32)
            (call $note (local.get $root)) (call $note (local.get $token)) (call $note (local.get $headers))
            (call $note (local.get $body)) (call $note (local.get $trailers)))"#,
        calls(&two)
    )))
    .clusters([Cluster::new("authz").answers([
        Answer::new(200).body("abc").after(millis(200)),
        Answer::new(200)
            .header("x-a", "1")
            .pieces(["ab"])
            .trailer("x-t", "1")
            .after(millis(50)),
    ])]);
    host.get("/").answered_with(200);
    host.advance(millis(200));
    let calls = ["0", "4", "0", "8"];
    // The root context is told, in the order of the answers.
    let (first, second) = (["1", "8", "4", "2", "1"], ["1", "4", "3", "3", "0"]);
    assert_eq!(notes(&host), [&calls[..], &first, &second].concat());
}
