//! By which ids a person finds an exchange again: in its error body, the log, the trace.

use crate::request_head::RequestHead;
use crate::worker::Worker;
use policy::caller_id::Carrier;
use policy::request_id::Generator;
use policy::trace_context::TraceParent;

/// Filter state of request-id: the request's id.
const REQUEST_ID: &str = "policy.request_id";
/// Filter state of request-id: the trace's id.
const TRACE_ID: &str = "policy.trace_id";
/// Bytes of the longest id that is taken from a request that no plugin of ours has looked at.
const LONGEST_ID: usize = 128;

/// The ids of an exchange.
#[derive(Clone, Debug)]
pub struct Ids {
    /// The request's.
    pub request: String,
    /// The trace's, or the request's where there is no trace.
    pub trace: String,
}

impl Ids {
    /// Those that request-id gave the exchange. Without that plugin those that the request came with, and if it has none,
    /// a new one, so that a body can be found in the log.
    pub fn of(head: &RequestHead, worker: &Worker) -> Self {
        let state = |name| String::from_utf8(worker.filter_state(name)?).ok();
        let came_with = || {
            Carrier::Plain
                .read(&head.values("x-request-id"), LONGEST_ID)
                .ok()
                .flatten()
        };
        let made = || worker.random().map(|random| Generator::Uuid4.generate(0, random));
        let request = state(REQUEST_ID)
            .or_else(came_with)
            .or_else(made)
            .unwrap_or_default();
        let traced = || match head.values("traceparent").as_slice() {
            [value] => TraceParent::parse(value).map(|parent| parent.trace_id()),
            _ => None,
        };
        let trace = state(TRACE_ID).or_else(traced).unwrap_or_else(|| request.clone());
        Self { request, trace }
    }
}
