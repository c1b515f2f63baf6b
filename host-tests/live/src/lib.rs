//! The plugins on a real Envoy: processes, sockets and files, for the tests that need them and for `make run`.
//!
//! A simulated host is fast and says exactly what happened, but it is only as right as its author's idea of Envoy.
//! What is here has no such idea: it starts the real binary with a real configuration, a real upstream behind it,
//! and speaks to it in bytes.
//!
//! - [`Upstream`]: a server behind Envoy that answers as it is asked to, and tells what it received.
//! - [`Sample`]: a configuration from `envoy/`, with what a test must change (ports, addresses, the module) changed.
//! - [`Envoy`]: a running Envoy with its log, access log and statistics; it never outlives the process that started it.
//! - [`validate`](fn@validate): what `envoy --mode validate` says of a configuration.
//! - [`client`]: requests and responses over HTTP/1.1, as bytes.
//! - [`wire`]: both peers of an Envoy, a step at a time.
//! - [`Prometheus`]: a running Prometheus with the rules and alerts of `envoy/observability`, which scrapes an Envoy.
//! - [`dashboard`](mod@dashboard): Grafana's dashboards, and a page of one without Grafana.
//! - [`Collector`]: takes the spans of Envoy's OpenTelemetry tracer.
//!
//! All calls block, with a bound. Nothing is shared: every test may have its own Envoy, on ports of its own.
//!
//! ```no_run
//! use live::{Envoy, Sample, Upstream, client::Request};
//!
//! # fn main() -> live::Result<()> {
//! let upstream = Upstream::start()?;
//! let sample = Sample::load("request-id.yaml")?
//!     .on_free_ports()
//!     .cluster("upstream", upstream.address())?
//!     .module("request-id", "/path/to/request_id.wasm")?;
//! let envoy = Envoy::with(&sample.to_yaml()).concurrency(2).start()?;
//!
//! let response = envoy.send(&Request::get("/orders").header("x-request-id", b"\xff"))?;
//! assert_eq!(response.status, 200);
//! assert_eq!(upstream.received().len(), 1);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod client;
mod collector;
pub mod dashboard;
mod envoy;
mod error;
mod process;
mod prometheus;
mod sample;
mod secrets;
mod server;
mod upstream;
pub mod wait;
pub mod wire;

pub use collector::{Collector, Span};
pub use envoy::{Builder, Envoy, Serving, Stopped, Validation, binary, validate};
pub use error::{Error, Result};
pub use process::Process;
pub use prometheus::{Course, Measured, Prometheus};
pub use sample::{Port, Sample};
pub use upstream::{Answer, Received, Upstream};

use std::path::{Path, PathBuf};

/// Header fields in order, as bytes: names as they were sent, values without the white space around them.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// The root of the repository this crate was built in.
pub fn repository() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder
        .ancestors()
        .nth(2)
        .unwrap_or(crate_folder)
        .to_path_buf()
}

/// The values of every field called `name` (in any case), in order.
pub fn values<'h>(headers: &'h [(Vec<u8>, Vec<u8>)], name: &str) -> Vec<&'h [u8]> {
    let named = headers
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()));
    named.map(|(_, value)| value.as_slice()).collect()
}
