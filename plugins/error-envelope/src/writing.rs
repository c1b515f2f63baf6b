//! Carrying a plan out: the headers that go with the new body, and the pieces of the old one.

use crate::error::Error;
use config::error_envelope::Format as Form;
use kit::{Answer, Reply, Response, ResponseBody, Worker};
use policy::envelope::{Format, code_of_standard, standard_as_problem};
use policy::error_message;
use policy::error_plan::Plan;
use policy::kept_headers::{is_kept, of_the_body, vary_by_accept};

/// The response header that tells the code.
const X_ERROR_CODE: &str = "x-error-code";
const CONTENT_TYPE: &str = "content-type";
const VARY: &str = "vary";

/// Makes the headers those of the new body, or answers with the new body where there is no old one to put it in the
/// place of.
pub(crate) fn headers(error: &Error, plan: Plan, response: &mut Response<'_>, worker: &Worker) -> Answer {
    let vary = (error.policy.format == Form::Negotiate)
        .then(|| vary_by_accept(&response.values(VARY)))
        .flatten();
    match plan {
        Plan::Leave(_) => return Answer::GoOn,
        Plan::Replace if response.is_whole() && !error.is_head => {
            return Answer::Reply(reply(error, vary, response, worker));
        }
        Plan::Keep => {}
        Plan::Replace | Plan::Read | Plan::ReadUnlessStandard | Plan::Reformat => {
            for name in of_the_body().filter(|name| *name != CONTENT_TYPE) {
                response.remove(name);
            }
            response.set(CONTENT_TYPE, error.format.content_type().as_bytes());
            if plan != Plan::Reformat {
                response.set(":status", error.status.to_string().as_bytes());
            }
            if matches!(plan, Plan::Replace | Plan::Read) {
                response.set(X_ERROR_CODE, error.code.as_bytes());
            }
        }
    }
    if let Some(vary) = vary {
        response.set(VARY, &vary);
    }
    Answer::GoOn
}

/// The whole answer: the host drops the headers that were there, so those that still hold are carried over.
fn reply(error: &Error, vary: Option<Vec<u8>>, response: &Response<'_>, worker: &Worker) -> Reply {
    let replaced = |name: &str| name == X_ERROR_CODE || (name == VARY && vary.is_some());
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = response
        .headers()
        .into_iter()
        .filter(|(name, _)| str::from_utf8(name).is_ok_and(|name| is_kept(name) && !replaced(name)))
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    let mut add = |name: &str, value: &[u8]| headers.push((name.as_bytes().to_vec(), value.to_vec()));
    add(CONTENT_TYPE, error.format.content_type().as_bytes());
    add(X_ERROR_CODE, error.code.as_bytes());
    if let Some(vary) = vary {
        add(VARY, &vary);
    }
    Reply {
        status: error.status,
        headers,
        body: error.body(worker),
        details: error.details.clone(),
        grpc_status: None,
    }
}

/// A body that is read piece by piece. The plan says why.
pub(crate) struct Reading {
    plan: Plan,
    bytes: Vec<u8>,
}

impl Reading {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            bytes: Vec::new(),
        }
    }

    /// Whether only the body tells the error's code.
    pub(crate) fn tells_the_code(&self) -> bool {
        self.plan == Plan::ReadUnlessStandard
    }

    /// Takes a piece. Gives the new body once nothing more is to be read: at the end, or where the old one is too long
    /// or cannot be read.
    pub(crate) fn take(
        &mut self,
        piece: &mut ResponseBody<'_>,
        error: &mut Error,
        worker: &Worker,
    ) -> Option<Vec<u8>> {
        let most = usize::try_from(error.policy.max_body_bytes.get()).unwrap_or(usize::MAX);
        let fits = self.bytes.len().saturating_add(piece.size()) <= most;
        let Some(bytes) = fits.then(|| piece.read()).flatten() else {
            return Some(error.body(worker));
        };
        self.bytes.extend(bytes);
        if piece.is_last() {
            return Some(self.finish(error, worker));
        }
        piece.replace(b"");
        None
    }

    /// The new body, now that the old one is known.
    fn finish(&mut self, error: &mut Error, worker: &Worker) -> Vec<u8> {
        let bytes = core::mem::take(&mut self.bytes);
        let keeps_standard = matches!(self.plan, Plan::ReadUnlessStandard | Plan::Reformat);
        if keeps_standard && let Some(code) = code_of_standard(&bytes) {
            error.take_code(&[code.as_bytes()]);
            return match error.format {
                Format::Standard => bytes,
                Format::Problem => standard_as_problem(&bytes).unwrap_or(bytes),
            };
        }
        if error.shows_message {
            error.found(error_message::read(&bytes, error.media_type));
        }
        error.body(worker)
    }
}
