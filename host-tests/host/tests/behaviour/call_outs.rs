//! Call-outs over HTTP: statuses, what the upstream gets, what the plugin is told, and when.
//!
//! The literals are what Envoy 1.40.0 answered, sent and called back.

#[path = "call_outs/ends.rs"]
mod ends;
#[path = "call_outs/flow.rs"]
mod flow;
#[path = "call_outs/told.rs"]
mod told;
#[path = "call_outs/upstream_filters.rs"]
mod upstream_filters;
#[path = "call_outs/waiting.rs"]
mod waiting;

use host::{Answer, Cluster, Host, Module, Thread};

use crate::guest::{guest, notes};

/// Headers as the ABI wants them.
fn pairs(headers: &[(&str, &str)]) -> Vec<u8> {
    let length = |text: &str| (text.len() as u32).to_le_bytes();
    let mut bytes = (headers.len() as u32).to_le_bytes().to_vec();
    for (name, value) in headers {
        bytes.extend_from_slice(&length(name));
        bytes.extend_from_slice(&length(value));
    }
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    bytes
}

/// A call-out as the guest makes it.
struct Call {
    cluster: &'static str,
    headers: Vec<u8>,
    body: &'static str,
    timeout: u32,
}

impl Call {
    /// `GET /c` with half a second of time.
    fn to(cluster: &'static str) -> Call {
        Call {
            cluster,
            headers: pairs(&[(":method", "GET"), (":path", "/c"), (":authority", "a")]),
            body: "",
            timeout: 500,
        }
    }

    fn headers(self, headers: &[(&str, &str)]) -> Call {
        Call {
            headers: pairs(headers),
            ..self
        }
    }
}

/// Functions `$call_0`, `$call_1` … that make these call-outs; each leaves its token at 16.
fn calls(calls: &[Call]) -> String {
    let mut text = String::new();
    for (number, call) in calls.iter().enumerate() {
        let at = 8192 + 2048 * number;
        let (headers, body) = (at + 64, at + 1024);
        let escaped: String = call.headers.iter().map(|byte| format!("\\{byte:02x}")).collect();
        text += &format!(
            r#"(data (i32.const {at}) "{}") (data (i32.const {headers}) "{escaped}") (data (i32.const {body}) "{}")
            (func $call_{number} (result i32)
                (call $http_call (i32.const {at}) (i32.const {}) (i32.const {headers}) (i32.const {})
                    (i32.const {body}) (i32.const {}) (i32.const 0) (i32.const 0) (i32.const {}) (i32.const 16)))"#,
            call.cluster,
            call.body,
            call.cluster.len(),
            call.headers.len(),
            call.body.len(),
            call.timeout as i32,
        );
    }
    text
}

/// A guest that makes its first call-out for each request, and holds that until it is told of a response: then it
/// does `then`, as the context of the request. `others` are further functions.
fn waits_for(call: Call, then: &str, others: &str) -> Module {
    guest(&format!(
        r#"{}
        (global $request (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $context i32) (param i32 i32) (result i32)
            (global.set $request (local.get $context))
            (call $note (call $call_0))
            (i32.const 1))
        (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
            (drop (call $become (global.get $request)))
            {then})
        {others}"#,
        calls(&[call])
    ))
}

const GO_ON: &str = "(drop (call $continue (i32.const 0)))";

/// Notes a header of the response, or the status of reading it.
const NOTE_A: &str = "(call $note (call $get_a (i32.const 6))) (call $note_bytes)";

fn authz(answer: impl Into<Answer>) -> [Cluster; 2] {
    [
        Cluster::new("authz").answers([answer.into()]),
        Cluster::new("upstream"),
    ]
}

#[test]
fn a_request_waits_for_a_call_out_and_goes_on_with_it() {
    let guest = waits_for(Call::to("authz"), &format!("{NOTE_A} {GO_ON}"), "");
    let host = Host::new(guest).clusters(authz(Answer::new(200).header("x-a", "yes")));
    let exchange = host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", "0", "yes"]);
    let call_out = &exchange.call_outs()[0];
    assert_eq!(
        (call_out.plugin(), call_out.thread(), call_out.cluster()),
        ("plugin", Thread::Worker(0), "authz")
    );
    assert_eq!((call_out.status(), call_out.is_waiting()), (Some(200), false));
}

#[test]
fn the_upstream_gets_what_the_plugin_asked_and_what_envoy_adds() {
    let headers = |headers: &[(&str, &str)], body, timeout| {
        let call = Call {
            body,
            timeout,
            ..Call::to("authz").headers(headers)
        };
        let host = Host::new(waits_for(call, GO_ON, "")).clusters(authz(200));
        let exchange = host.get("/").answered_with(200);
        let seen = exchange.call_outs().remove(0);
        assert_eq!(seen.body(), body.as_bytes());
        let text = |(name, value): (String, Vec<u8>)| format!("{name}: {}", value.escape_ascii());
        seen.headers().into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(
        headers(
            &[
                (":method", "GET"),
                (":path", "/c"),
                (":authority", "a"),
                ("x-mine", "1")
            ],
            "",
            1000
        ),
        [
            ":method: GET",
            ":path: /c",
            ":authority: a",
            "x-mine: 1",
            "x-envoy-internal: true",
            "x-envoy-expected-rq-timeout-ms: 1000",
        ]
    );
    // A length of its own is put right, and there is no expectation without a time-out.
    assert_eq!(
        headers(
            &[
                (":method", "POST"),
                (":path", "/c"),
                (":authority", "a"),
                ("content-length", "7")
            ],
            "abc",
            0
        ),
        [
            ":method: POST",
            ":path: /c",
            ":authority: a",
            "content-length: 3",
            "x-envoy-internal: true",
        ]
    );
    // Headers steer the router as a client's would, repeat as they do anywhere, and an empty name is left out.
    assert_eq!(
        headers(
            &[
                (":method", "POST"),
                (":path", "/c"),
                (":authority", "a"),
                ("x-envoy-internal", "false"),
                ("host", "b"),
                ("X-Up", "Up"),
                ("x-a", "1"),
                ("x-a", "2"),
                ("", "nameless"),
                ("x-envoy-upstream-rq-timeout-ms", "7000"),
            ],
            "",
            1000
        ),
        [
            ":method: POST",
            ":path: /c",
            ":authority: a,b",
            "x-envoy-internal: true",
            "x-up: Up",
            "x-a: 1",
            "x-a: 2",
            "x-envoy-expected-rq-timeout-ms: 7000",
            "content-length: 0",
        ]
    );
}

#[test]
fn a_call_out_that_cannot_be_is_refused_at_once() {
    let of = |left_out: &str| {
        let all = [(":method", "GET"), (":path", "/c"), (":authority", "a")];
        let rest: Vec<_> = all.into_iter().filter(|(name, _)| *name != left_out).collect();
        Call::to("authz").headers(&rest)
    };
    let raw = |headers: &[u8]| Call {
        headers: headers.to_vec(),
        ..Call::to("authz")
    };
    let refused = [
        Call::to("nowhere"),
        Call::to(""),
        of(":method"),
        of(":path"),
        of(":authority"),
        raw(b""),
        raw(b"\x01\x00"),
        Call {
            timeout: 1 << 31,
            ..Call::to("authz")
        },
    ];
    let empty = Call::to("empty");
    let note_all: String = (0..=refused.len())
        .map(|number| format!("(call $note (call $call_{number})) (call $note (i32.load (i32.const 16)))"))
        .collect();
    let calls = calls(&refused.into_iter().chain([empty]).collect::<Vec<_>>());
    let host = Host::new(guest(&format!(
        r#"{calls} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            {note_all} (i32.const 0))"#
    )))
    .clusters([
        Cluster::new("authz").answers([200]),
        Cluster::new("empty").answers([Answer::no_healthy_upstream()]),
    ]);
    let exchange = host.get("/").answered_with(200);
    // BAD_ARGUMENT each, then INTERNAL_FAILURE for a cluster without a host; the token stays 0.
    let refusals = [["2", "0"]; 8].concat();
    assert_eq!(notes(&host), [&refusals[..], &[":", "0"]].concat());
    assert!(exchange.call_outs().is_empty());
}

#[test]
fn a_bad_pointer_is_refused_before_anything_is_sent() {
    let good = ["8192", "5", "8256", "62", "0", "0", "0", "0", "500", "16"];
    let with_bad = |at: usize| {
        let mut arguments = good;
        arguments[at] = "-16";
        if at < 8 {
            arguments[at + 1] = "100";
        }
        let arguments: String = arguments.map(|value| format!("(i32.const {value})")).concat();
        format!("(call $note (call $http_call {arguments}))")
    };
    let all: String = [0, 2, 4, 6, 9].map(with_bad).concat();
    let host = Host::new(guest(&format!(
        r#"{} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {all} (i32.const 0))"#,
        calls(&[Call::to("authz")])
    )))
    .clusters(authz(200));
    host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["6"; 5]);
    assert!(host.call_outs().is_empty());
}

#[test]
fn the_last_answer_of_a_script_is_for_all_that_follow_in_one_callback_too() {
    let script = [
        Answer::new(200),
        Answer::no_healthy_upstream(),
        Answer::overflow(),
        Answer::new(201),
    ];
    let all: String = (0..5)
        .map(|number| format!("(call $note (call $call_{number}))"))
        .collect();
    let host = Host::new(guest(&format!(
        r#"{} (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) {all} (i32.const 0))"#,
        calls(&[(); 5].map(|()| Call::to("authz")))
    )))
    .clusters([Cluster::new("authz").answers(script)]);
    let exchange = host.get("/").answered_with(200);
    assert_eq!(notes(&host), ["0", ":", ":", "0", "0"]);
    let statuses: Vec<_> = exchange
        .call_outs()
        .iter()
        .map(|call_out| call_out.status())
        .collect();
    assert_eq!(statuses, [Some(200), Some(201), Some(201)]);
}
