//! Bodies in pieces, trailers, stops, limits and resets. Every expectation is what Envoy 1.40.0 did with the same
//! guest, the same client and the same upstream, over sockets.

#[path = "stream/bodies.rs"]
mod bodies;
#[path = "stream/ends.rs"]
mod ends;
#[path = "stream/fatal.rs"]
mod fatal;
#[path = "stream/replies.rs"]
mod replies;
#[path = "stream/stops.rs"]
mod stops;
#[path = "stream/trailers.rs"]
mod trailers;

use host::{Answer, Host, Module, Plugin, Request};

use crate::guest::guest;

/// A guest that notes each callback of its stream: `A` and `B` headers of request and response with the end flag,
/// `a` and `b` a piece with length, end flag, the status of reading the body and the body, `t` and `u` trailers with
/// their number, `l d x` log, done and delete. Numbers from 10 on are characters, as in `guest`.
#[derive(Default)]
pub struct Tracer {
    extra: [(String, String); 6],
    tick: String,
}

#[derive(Clone, Copy)]
pub enum At {
    RequestHeaders,
    RequestBody,
    RequestTrailers,
    ResponseHeaders,
    ResponseBody,
    ResponseTrailers,
}

/// Stop until the end has come: what a body callback returns for it.
pub const UNTIL_END: &str = "(i32.eqz (local.get 2))";
pub const STOP: &str = "(i32.const 1)";
pub const GO: &str = "(i32.const 0)";
/// Remembers the context for the tick.
pub const HOLD: &str = "(global.set $held (local.get 0))";
pub const REPLY: &str = "(drop (call $reply_with (i32.const 418)))";

impl Tracer {
    pub fn new() -> Tracer {
        Tracer::default()
    }

    /// What a callback does beside noting, and what it returns.
    pub fn at(mut self, at: At, code: &str, returns: &str) -> Tracer {
        self.extra[at as usize] = (code.to_owned(), returns.to_owned());
        self
    }

    /// What the tick does with the context that was remembered with `HOLD`.
    pub fn on_tick(mut self, code: &str) -> Tracer {
        self.tick = code.to_owned();
        self
    }

    pub fn module(&self) -> Module {
        let mut text = String::new();
        let callbacks = [
            ("request_headers", 'A', 3, None),
            ("request_body", 'a', 3, Some(0)),
            ("request_trailers", 't', 2, None),
            ("response_headers", 'B', 3, None),
            ("response_body", 'b', 3, Some(1)),
            ("response_trailers", 'u', 2, None),
        ];
        for ((name, letter, params, body), (code, returns)) in callbacks.iter().zip(&self.extra) {
            let params_text = "i32 ".repeat(*params);
            let returns = if returns.is_empty() { GO } else { returns };
            let numbers = match (params, body) {
                (2, _) => "(call $note (local.get 1))".to_owned(),
                (_, None) => "(call $note (local.get 2))".to_owned(),
                (_, Some(kind)) => format!(
                    "(call $note (local.get 1)) (call $note (local.get 2)) (call $body (i32.const {kind}))"
                ),
            };
            text += &format!(
                r#"(func (export "proxy_on_{name}") (param {params_text}) (result i32)
                    {} {numbers} {code} {returns})"#,
                say(*letter)
            );
        }
        text += &format!(
            r#"(func (export "proxy_on_log") (param i32) {})
               (func (export "proxy_on_done") (param i32) (result i32) {} (i32.const 1))
               (func (export "proxy_on_delete") (param i32) {})
               (global $held (mut i32) (i32.const 0))
               (func (export "proxy_on_configure") (param i32 i32) (result i32)
                   (drop (call $tick_every (i32.const 600))) (i32.const 1))
               (func (export "proxy_on_tick") (param i32) (if (global.get $held) (then
                   {} (drop (call $become (global.get $held))) (global.set $held (i32.const 0)) {})))"#,
            say('l'),
            say('d'),
            say('x'),
            say('k'),
            self.tick
        );
        guest(&text)
    }

    pub fn plugin(&self) -> Plugin {
        Plugin::new(self.module())
    }
}

/// Text that notes a status.
pub fn note(call: &str) -> String {
    format!("(call $note {call})")
}

fn say(letter: char) -> String {
    format!("(call $say (i32.const {}))", letter as u32)
}

/// A chunked request of two pieces.
pub fn post(host: &Host) -> Request {
    host.post("/").pieces(["he", "llo"])
}

/// A chunked answer of two pieces.
pub fn chunked() -> Answer {
    Answer::new(200).pieces(["ab", "cd"])
}

/// Everything that this plugin noted on workers, in one line.
pub fn trace_of(host: &Host, plugin: &str) -> String {
    let on_worker = |line: &&host::LogLine| matches!(line.thread, host::Thread::Worker(_));
    let logs = host.logs();
    let lines = logs.iter().filter(on_worker).filter(|line| line.plugin == plugin);
    lines
        .map(|line| line.message.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same for a host of one plugin.
pub fn trace(host: &Host) -> String {
    trace_of(host, "plugin")
}

/// A chain of an outer observer, this tracer as `mid`, and an inner observer.
pub fn between(mid: &Tracer, allow: bool) -> Host {
    let observer = Tracer::new().module();
    Host::chain([
        Plugin::new(&observer).name("outer").vm_id("outer"),
        mid.plugin().name("mid").allow_on_headers_stop_iteration(allow),
        Plugin::new(&observer).name("inner").vm_id("inner"),
    ])
}

/// What came of the chain: the traces, outermost first.
#[track_caller]
pub fn check_chain(host: &Host, outer: &str, mid: &str, inner: &str) {
    let traces = ["outer", "mid", "inner"].map(|name| trace_of(host, name));
    assert_eq!(traces, [outer, mid, inner]);
}
