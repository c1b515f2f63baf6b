//! The error-envelope plugin: one JSON body for every error, whoever made it.
//!
//! It stands first in the chain, so that every error comes by it last. The request's headers are kept, without a copy,
//! for what an error needs of them; an answer that is no error costs a look at its status.
//!
//! Nothing is ever held back: a response's headers go on at once, and of its body what is wanted is copied piece by
//! piece and emptied, until the new body goes out in the place of the last piece.
#![forbid(unsafe_code)]

mod error;
mod facts;
mod report;
mod writing;

use config::error_envelope::Policy;
use config::{Explain, Mode, Plugin};
use error::Error;
use kit::{
    Answer, CounterFamily, Done, Filter, Request, RequestHead, Response, ResponseBody, ResponseTrailers,
    Root, Worker,
};
use policy::error_plan::{Plan, plan};
use std::rc::Rc;
use writing::Reading;

#[cfg(feature = "module")]
kit::module!(ErrorEnvelope);

/// Filter state that holds the code of an error, by whichever plugin of ours made it.
const ERROR_CODE: &str = "policy.error_code";
/// Filter state that holds who made an error: `local` or `upstream`.
const ERROR_ORIGIN: &str = "policy.error_origin";

/// The plugin in one worker.
pub struct ErrorEnvelope {
    configuration: Plugin<Policy>,
    worker: Rc<Worker>,
    errors: CounterFamily,
}

impl Root for ErrorEnvelope {
    const NAME: &'static str = "error-envelope";
    type Configuration = Plugin<Policy>;

    fn new(configuration: Plugin<Policy>, worker: Rc<Worker>) -> Self {
        Self {
            configuration,
            worker,
            errors: CounterFamily::new("errors_total"),
        }
    }

    fn filter(self: &Rc<Self>) -> Box<dyn Filter> {
        Box::new(Exchange {
            root: Rc::clone(self),
            head: None,
            error: None,
            body: Body::AsItIs,
        })
    }
}

/// One exchange on its way through the plugin.
struct Exchange {
    root: Rc<ErrorEnvelope>,
    /// `None` where the configuration applies to nothing, or the proxy answered before this filter saw the request.
    head: Option<RequestHead>,
    /// Once an error has come.
    error: Option<Error>,
    body: Body,
}

/// What becomes of the body's pieces.
enum Body {
    /// They go on.
    AsItIs,
    /// The new body takes the place of the first one.
    ToWrite,
    /// They are read and emptied, and the new body takes the place of the last one.
    ToRead(Reading),
    /// They are emptied: the new body is out.
    Written,
}

impl Filter for Exchange {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        if self.root.configuration.can_apply() {
            self.head = Some(request.head());
        }
        Answer::GoOn
    }

    fn response(&mut self, response: &mut Response<'_>) -> Answer {
        let Some(head) = &self.head else {
            return Answer::GoOn;
        };
        let Some(status) = response.status().filter(|status| *status >= 400) else {
            return Answer::GoOn;
        };
        let root = &*self.root;
        let decision = response.decide(head, &root.configuration);
        let Some(policy) = decision.policy else {
            return Answer::GoOn;
        };
        let Some(mut error) = Error::of(policy, status, head, response, &root.worker) else {
            return Answer::GoOn;
        };
        error.enforced =
            decision.mode == Mode::Enforce && root.configuration.enforced(error.ids.request.as_bytes());
        let facts = facts::of(&error, head, response);
        let wishes = facts::wishes(&error);
        let plan = plan(&facts, &wishes);
        error.format = wishes.form.format(facts.accept);
        error.settle(plan, response);
        if report::is_logged(root, &error) {
            error.route = response.route().to_vec();
        }
        if root.configuration.common.explain != Explain::None {
            response.explain(ErrorEnvelope::NAME, &report::explanation(&decision, &error, plan));
        }
        let answer = if error.enforced {
            if !error.is_head {
                self.body = Body::after(plan);
            }
            writing::headers(&error, plan, response, &root.worker)
        } else {
            Answer::GoOn
        };
        self.error = Some(error);
        answer
    }

    fn response_body(&mut self, body: &mut ResponseBody<'_>) {
        let Some(error) = &mut self.error else {
            return;
        };
        let worker = &self.root.worker;
        let new_body = match &mut self.body {
            Body::AsItIs => return,
            Body::ToWrite => error.body(worker),
            Body::ToRead(reading) => match reading.take(body, error, worker) {
                Some(new_body) => new_body,
                None => return,
            },
            Body::Written => {
                body.replace(b"");
                return;
            }
        };
        body.replace(&new_body);
        if let Body::ToRead(reading) = &self.body
            && reading.tells_the_code()
        {
            body.set_filter_state(ERROR_CODE, error.code.as_bytes());
        }
        self.body = Body::Written;
    }

    fn response_trailers(&mut self, _trailers: &ResponseTrailers<'_>) {
        if let Body::ToRead(_) | Body::ToWrite = self.body {
            self.root.worker.degrade(
                "error_body",
                "trailers ended the body, where nothing can be written any more",
            );
            self.body = Body::AsItIs;
        }
    }

    fn reply_refused(&mut self) {
        self.body = Body::AsItIs;
    }

    fn done(&mut self, done: &Done<'_>) {
        if let Some(error) = &self.error {
            report::count(&self.root, error);
            report::line(&self.root, error, done);
        }
    }
}

impl Body {
    fn after(plan: Plan) -> Self {
        match plan {
            Plan::Leave(_) | Plan::Keep => Self::AsItIs,
            Plan::Replace => Self::ToWrite,
            Plan::Read | Plan::ReadUnlessStandard | Plan::Reformat => Self::ToRead(Reading::new(plan)),
        }
    }
}
