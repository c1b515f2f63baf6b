//! One exchange on its way through the plugin.

use crate::CircuitBreaker;
use crate::call::Call;
use crate::key::Belongs;
use crate::passage::{Passage, Stage};
use crate::report;
use config::Explain;
use kit::{Answer, Carried, Done, Filter, Ids, Request, Response, ResponseBody, ResponseTrailers, Root};
use policy::breaker::State;
use policy::breaker_outcome::{self as outcome, End};
use std::rc::Rc;

/// Filter state that holds a breaker that is not closed, and its state.
const CIRCUIT: &str = "policy.circuit";
/// The same of an attempt.
const CIRCUIT_UPSTREAM: &str = "policy.circuit_upstream";
/// One exchange on its way through the plugin.
pub(crate) struct Exchange {
    root: Rc<CircuitBreaker>,
    /// `None` where no policy is for this request, or where the proxy answered before this filter saw it.
    passage: Option<Passage>,
}

impl Exchange {
    pub(crate) fn new(root: &Rc<CircuitBreaker>) -> Self {
        Self {
            root: Rc::clone(root),
            passage: None,
        }
    }
}

impl Filter for Exchange {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let root = &*self.root;
        let decision = request.decide(&root.configuration);
        let Some(policy) = decision.policy else {
            return Answer::GoOn;
        };
        let head = request.head();
        let ids = || Ids::of(&head, &root.worker);
        let carried = Carried::of(&root.configuration, &decision, ids);
        let Some(at) = root.moment() else {
            return Answer::GoOn;
        };
        let belongs = Belongs::of(policy, request);
        let explain = root.configuration.common.explain;
        let explains = explain != Explain::None;
        let call = Call::decide(root, policy, belongs, carried, at, explains, &ids);
        let explanation = explains.then(|| report::explanation(&decision, &call));
        if let (Explain::All, Some(explanation)) = (explain, &explanation) {
            request.explain(CircuitBreaker::NAME, explanation);
        }
        if call.state != State::Closed && carried == Carried::Out {
            let name = if call.is_attempt {
                CIRCUIT_UPSTREAM
            } else {
                CIRCUIT
            };
            let met = [call.breaker.value.as_str(), ":", call.state.as_str()].concat();
            request.set_filter_state(name, met.as_bytes());
        }
        let rejection = call.rejection();
        let passage = self.passage.insert(Passage {
            stage: match rejection {
                Some(_) => Stage::Rejected,
                None => Stage::Waiting,
            },
            call,
            head,
            ids: None,
            explanation,
            asked_millis: request.is_whole().then_some(at.now_millis),
        });
        match rejection.filter(|_| carried == Carried::Out) {
            Some(rejection) if !passage.is_rerouted(request) => {
                Answer::Reply(passage.reply(rejection, request, root))
            }
            _ => Answer::GoOn,
        }
    }

    fn request_ended(&mut self) {
        if let Some(passage) = &mut self.passage {
            passage.asked_millis = self.root.worker.monotonic_millis();
        }
    }

    fn response(&mut self, response: &mut Response<'_>) -> Answer {
        let root = &*self.root;
        let Some(passage) = &mut self.passage else {
            return Answer::GoOn;
        };
        if let Stage::Waiting = passage.stage {
            passage.answered(root, response);
        }
        if root.configuration.common.explain == Explain::Errors
            && response.status().is_some_and(|status| status >= 400)
            && let Some(explanation) = &passage.explanation
        {
            response.explain(CircuitBreaker::NAME, explanation);
        }
        Answer::GoOn
    }

    fn response_body(&mut self, body: &mut ResponseBody<'_>) {
        if let Some(passage) = &mut self.passage
            && body.is_last()
        {
            passage.ended(&self.root, End::Complete(None));
        }
    }

    fn response_trailers(&mut self, trailers: &ResponseTrailers<'_>) {
        if let Some(passage) = &mut self.passage
            && let Stage::Answered(answer) = passage.stage
        {
            let grpc = (answer.exchange == outcome::Exchange::Grpc)
                .then(|| passage.grpc_status(&trailers.first("grpc-status")))
                .flatten();
            passage.ended(&self.root, End::Complete(grpc));
        }
    }

    fn done(&mut self, done: &Done<'_>) {
        let Some(passage) = &mut self.passage else {
            return;
        };
        passage.done(&self.root, done);
    }
}
