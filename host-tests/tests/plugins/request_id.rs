//! The request-id plugin: what it does with requests and responses, and what it tells.

mod acceptance;
mod chain;
mod configuration;
mod counts;
mod degradations;
mod explain;
mod foreign_traces;
mod generation;
mod limits;
mod log_headers;
mod logs;
mod modes;
mod phases;
mod replies;
mod rules;
mod sampling;
mod trace;
mod trust;

use host::{Host, secs};
use host_tests::plugin::REQUEST_ID;
use serde_json::{Value, json};

/// The example of the W3C's specification, and the trace-id in it.
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

const ACCEPTED: &str = "request_ids_total.source=accepted;";
const GENERATED: &str = "request_ids_total.source=generated;";
const REJECTED: &str = "request_ids_total.source=rejected;";

/// How many ids were accepted, generated and rejected, after the tick that tells it.
fn counted(host: &Host) -> [u64; 3] {
    host.advance(secs(1));
    [ACCEPTED, GENERATED, REJECTED].map(|name| host.metric(name))
}

/// A host with this configuration.
fn host(configuration: Value) -> Host {
    Host::new(REQUEST_ID.module()).config(configuration)
}

/// A host whose `default` is this policy.
fn policy(policy: Value) -> Host {
    host(json!({ "default": policy }))
}
