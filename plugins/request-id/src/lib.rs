//! The request-id plugin: one valid id on every request, at the upstream, on the response and in the log.
//!
//! The caller's id is taken where the caller is trusted and the id is valid; else there is a new one. The trace context
//! is kept valid, or started, beside it. What is decided in the request phase is remembered for the response, because
//! the request's headers are gone by then.
#![forbid(unsafe_code)]

mod identity;
mod report;
mod trace;

use config::request_id::Policy;
use config::{Decision, Explain, Mode, Plugin};
use identity::Identity;
use kit::{Answer, Counter, Done, Filter, Request, Response, Root, Tally, Worker};
use report::Told;
use std::rc::Rc;
use trace::Trace;

#[cfg(feature = "module")]
kit::module!(RequestId);

/// Filter state that holds the id.
const REQUEST_ID: &str = "policy.request_id";
/// Filter state that holds the trace's id, where the request has a trace context.
const TRACE_ID: &str = "policy.trace_id";

/// The plugin in one worker.
pub struct RequestId {
    configuration: Plugin<Policy>,
    worker: Rc<Worker>,
    accepted: Tally,
    generated: Tally,
    rejected: Counter,
}

impl Root for RequestId {
    const NAME: &'static str = "request-id";
    type Configuration = Plugin<Policy>;

    fn new(configuration: Plugin<Policy>, worker: Rc<Worker>) -> Self {
        let counter = |source| worker.counter("request_ids_total", &[("source", source)]);
        let (accepted, generated) = (Tally::new(counter("accepted")), Tally::new(counter("generated")));
        let rejected = counter("rejected");
        if configuration.can_apply() {
            worker.ask_for_ticks();
        }
        Self {
            configuration,
            worker,
            accepted,
            generated,
            rejected,
        }
    }

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Exchange {
            root: Rc::clone(self),
            identified: None,
        })
    }

    fn tick(&self) {
        for tally in [&self.accepted, &self.generated] {
            tally.tell(&self.worker);
        }
    }

    fn over(&self) {
        // What came since the last one.
        self.tick();
    }
}

impl RequestId {
    /// Whether the decision is carried out, and not only counted and logged.
    fn enforced(&self, mode: Mode, identity: &Identity) -> bool {
        mode == Mode::Enforce
            && identity
                .id
                .as_ref()
                .is_some_and(|id| self.configuration.enforced(id.as_bytes()))
    }

    fn count(&self, identity: &Identity) {
        if identity.id.is_some() {
            let tally = match identity.accepted {
                Some(_) => &self.accepted,
                None => &self.generated,
            };
            tally.increment();
        }
        for _ in &identity.refused {
            self.rejected.increment(&self.worker);
        }
    }
}

/// One exchange on its way through the plugin.
struct Exchange {
    root: Rc<RequestId>,
    /// `None` where no policy is for this request, or where the proxy answered before this filter saw it.
    identified: Option<Identified>,
}

/// What the later phases need of a request that has its id.
struct Identified {
    policy: Rc<Policy>,
    identity: Identity,
    enforced: bool,
    told: Told,
}

impl Filter for Exchange {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let root = &*self.root;
        let decision = request.decide(&root.configuration);
        let Some(policy) = decision.policy else {
            return Answer::GoOn;
        };
        let peer = identity::Trusted::of(&policy.trust, request);
        let identity = Identity::choose(policy, &peer, request, &root.worker);
        let enforced = root.enforced(decision.mode, &identity);
        let trace = Trace::judge(policy, &peer, identity.id.as_deref(), request, &root.worker);
        root.count(&identity);
        if enforced {
            identity.apply(policy, &peer, request);
            trace.apply(request);
            if let Some(id) = &identity.id {
                request.set_filter_state(REQUEST_ID, id.as_bytes());
            }
            if let Some(trace_id) = trace.id() {
                request.set_filter_state(TRACE_ID, trace_id.as_bytes());
            }
        }
        let told = self.tell(request, &decision, policy, &identity, &trace, enforced);
        self.identified = Some(Identified {
            policy: Rc::clone(policy),
            identity,
            enforced,
            told,
        });
        Answer::GoOn
    }

    fn response(&mut self, response: &mut Response<'_>) -> Answer {
        let Some(identified) = &self.identified else {
            return Answer::GoOn;
        };
        if identified.enforced
            && let Some(id) = &identified.identity.id
        {
            for header in &identified.policy.response_headers {
                response.set(header, id.as_bytes());
            }
        }
        if self.root.configuration.common.explain == Explain::Errors
            && response.status().is_some_and(|status| status >= 400)
            && let Some(explanation) = &identified.told.explanation
        {
            response.explain(RequestId::NAME, explanation);
        }
        Answer::GoOn
    }

    fn done(&mut self, done: &Done<'_>) {
        if let Some(identified) = &self.identified
            && self.root.configuration.common.log.requests
        {
            report::request_line(&self.root.worker, done, &identified.identity, &identified.told);
        }
    }
}

impl Exchange {
    /// Logs what was refused, explains if that is asked for, and keeps what the later phases tell.
    fn tell(
        &self,
        request: &Request<'_>,
        decision: &Decision<'_, Policy>,
        policy: &Policy,
        identity: &Identity,
        trace: &Trace,
        enforced: bool,
    ) -> Told {
        let common = &self.root.configuration.common;
        let mut told = Told {
            trace_id: trace.id(),
            ..Told::default()
        };
        if common.log.requests || !identity.refused.is_empty() {
            told.headers = report::logged_headers(policy, identity, request);
        }
        if !identity.refused.is_empty() {
            report::rejected_line(&self.root.worker, policy, identity, &told);
        }
        if common.log.requests {
            told.request = report::request_facts(request);
        }
        if common.explain != Explain::None {
            let explanation = report::explanation(decision, policy, identity, trace, enforced);
            if common.explain == Explain::All {
                request.explain(RequestId::NAME, &explanation);
            }
            told.explanation = Some(explanation);
        }
        told
    }
}
