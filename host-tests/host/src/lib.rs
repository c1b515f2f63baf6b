//! A proxy-wasm ABI 0.2.1 host whose behaviour is Envoy's, for tests: no proxy, no sockets, no waiting.
//!
//! A [`Host`] is one Envoy with its own clock, randomness, metrics and shared data. A test loads built modules into
//! it, sends requests, plays the upstream, and states what it expects of requests and responses:
//!
//! ```
//! # let module = wat::parse_str(r#"(module (func (export "proxy_abi_version_0_2_1"))
//! #     (func (export "malloc") (param i32) (result i32) (i32.const 0)))"#).unwrap();
//! use host::{Host, secs};
//! let host = Host::new(module).workers(2).config(serde_json::json!({ "mode": "enforce" }));
//! host.get("/orders").answered_with(503);
//! let exchange = host.worker(1).get("/orders").header("x-request-id", b"\xff").expect_forwarded();
//! exchange.upstream_header("x-request-id").value();
//! exchange.answer(200);
//! host.advance(secs(10));
//! ```
//!
//! Bodies come in pieces and may have trailers; either peer may stop half-way:
//!
//! ```no_run
//! # let module: Vec<u8> = Vec::new();
//! use host::{Answer, Host, Plugin};
//! let host = Host::chain([Plugin::new(module).allow_on_headers_stop_iteration(true)]).buffer_limit(64 * 1024);
//! let exchange = host.post("/orders").pieces(["he", "llo"]).trailer("x-sum", "1").expect_forwarded();
//! let exchange = exchange.begin_answer(Answer::new(200).pieces(["ab"]).unfinished());
//! let exchange = exchange.upstream_sends("cd").upstream_resets();
//! assert!(exchange.broke_off());
//! ```
//!
//! Why not the specification's ideal: plugins die of the difference. Statuses, phases, lifetimes of header maps and
//! Envoy's own replies were read off Envoy 1.40.0 with a plugin that tries every call in every phase, so what is
//! odd here is odd there. An expectation that fails, a VM that dies and an exchange that a filter never lets go all
//! panic with the whole exchange printed.

#![forbid(unsafe_code)]

mod abi;
mod answer;
mod call_out;
mod client_request;
mod clock;
mod cluster;
pub mod cost;
mod edge;
mod envoy;
mod exchange;
pub mod faults;
mod field;
mod filter_state;
mod flags;
mod header_map;
mod host;
mod local_reply;
mod log;
mod memory_watch;
mod metrics;
mod module;
mod plugin;
mod properties;
mod protobuf;
mod refused;
mod render;
mod request;
mod retry;
mod route;
mod routing;
mod secrets;
mod shared;
mod shared_data;
mod shared_queue;
mod steps;
mod stream;
mod vm;
mod vm_state;
mod way;
mod worker;

use std::time::Duration;

pub use abi::Status;
pub use answer::Answer;
pub use call_out::CallOut;
pub use cluster::{Arriving, Cluster};
pub use cost::{Cost, Spent, Usual};
pub use edge::{Direction, Edge};
pub use envoy::Due;
pub use exchange::{Attempt, Exchange};
pub use field::Field;
pub use header_map::HeaderPair;
pub use host::{Host, every_order};
pub use log::{Level, LogLine, Thread};
pub use metrics::MetricMove;
pub use module::Module;
pub use plugin::{Configuration, FailurePolicy, Plugin};
pub use refused::Refused;
pub use request::Request;
pub use retry::RetryPolicy;
pub use route::{Redirect, Route, VirtualHost};
pub use secrets::Secret;
pub use shared::HostCall;
pub use shared_data::SharedDataWrites;
pub use worker::Worker;

/// So many seconds, for [`Host::advance`].
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many milliseconds, for [`Host::advance`].
pub fn millis(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The README's examples compile and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
