//! The trace context of a request: kept valid, started, or left alone.

use crate::identity::Trusted;
use config::request_id::{Policy, Sampled, TraceContext};
use kit::{Request, Worker};
use policy::sampling::Sampling;
use policy::trace_context::{TraceParent, trace_id_of};
use policy::trace_state::TraceState;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Everything in which a caller can send a trace context, beside W3C's two headers.
const TRACE_HEADERS: [&str; 7] = [
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-amzn-trace-id",
];

/// What becomes of the trace context of a request.
pub(crate) struct Trace {
    pub(crate) outcome: Outcome,
    /// What the upstream gets.
    parent: Option<TraceParent>,
    state: TraceState,
    /// Whether the caller is not believed: all that it sent goes, in any format.
    distrusted: bool,
}

/// What became of it, in a word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is not this plugin's affair.
    Disabled,
    /// The caller's is valid and goes on.
    Kept,
    /// A new one begins.
    Started,
    /// There is none.
    Absent,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Kept => "kept",
            Self::Started => "started",
            Self::Absent => "absent",
        }
    }
}

impl Trace {
    /// Decides what becomes of it. `id` is the request's.
    pub(crate) fn judge(
        policy: &Policy,
        peer: &Trusted,
        id: Option<&str>,
        request: &Request<'_>,
        worker: &Worker,
    ) -> Self {
        let mut trace = Self {
            outcome: Outcome::Disabled,
            parent: None,
            // Without a valid parent of the caller's, its state is not read.
            state: TraceState::Remove,
            distrusted: !peer.trace,
        };
        if policy.trace_context == TraceContext::Disabled {
            return trace;
        }
        trace.outcome = Outcome::Absent;
        if peer.trace {
            trace.parent = callers(request);
        }
        if trace.parent.is_some() {
            trace.outcome = Outcome::Kept;
            trace.state = TraceState::judge(&request.values(TRACESTATE));
        } else if policy.trace_context == TraceContext::Create {
            trace.parent = start(policy, id, worker);
            if trace.parent.is_some() {
                trace.outcome = Outcome::Started;
            }
        }
        trace
    }

    /// The trace's id, where there is a trace.
    pub(crate) fn id(&self) -> Option<String> {
        self.parent.as_ref().map(TraceParent::trace_id)
    }

    /// Carries it out.
    pub(crate) fn apply(&self, request: &mut Request<'_>) {
        if self.outcome == Outcome::Disabled {
            return;
        }
        if self.distrusted {
            for header in TRACE_HEADERS {
                request.remove(header);
            }
        }
        match &self.parent {
            Some(parent) => request.set(TRACEPARENT, parent.header().as_bytes()),
            None => request.remove(TRACEPARENT),
        }
        match &self.state {
            TraceState::Keep => {}
            TraceState::Replace(line) => request.set(TRACESTATE, line),
            TraceState::Remove => request.remove(TRACESTATE),
        }
    }
}

/// The caller's trace context, if it is valid; sent twice, it is not.
fn callers(request: &Request<'_>) -> Option<TraceParent> {
    match request.values(TRACEPARENT).as_slice() {
        [value] => TraceParent::parse(value),
        _ => None,
    }
}

fn start(policy: &Policy, id: Option<&str>, worker: &Worker) -> Option<TraceParent> {
    let sampling = match policy.sampled.as_ref()? {
        Sampled::Always => Sampling::Always,
        Sampled::Never => Sampling::Never,
        Sampled::Percent(percent) => Sampling::Percent(percent.get()),
    };
    let parent_id = u64::from_be_bytes(worker.random()?);
    let from_id = policy
        .trace_id_from_request_id
        .then(|| id.and_then(trace_id_of))
        .flatten();
    let trace_id = match from_id {
        Some(trace_id) => trace_id,
        None => u128::from_be_bytes(worker.random()?),
    };
    Some(TraceParent::start(trace_id, parent_id, sampling))
}
