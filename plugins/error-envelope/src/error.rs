//! One error: what is known of it, and the body that tells a client about it.

use crate::{ERROR_CODE, ERROR_ORIGIN};
use config::error_envelope::{Origin as Covered, Policy, UpstreamMessage};
use kit::{Ids, Object, RequestHead, Response, Worker};
use policy::caller_id::Carrier;
use policy::envelope::{Envelope, Format};
use policy::error_code::{self, Known, Origin};
use policy::error_message::Found;
use policy::error_plan::{Plan, Why};
use policy::media_type::MediaType;
use policy::retry_after;
use std::rc::Rc;

/// Bytes of the longest code that is taken from an upstream, and that a configuration may give.
const LONGEST_CODE: usize = 64;

/// An error on its way to the client.
pub(crate) struct Error {
    pub(crate) policy: Rc<Policy>,
    /// Whether anything of it is changed, or it is only counted and logged.
    pub(crate) enforced: bool,
    /// The status that the client gets.
    pub(crate) status: u16,
    pub(crate) origin: Origin,
    /// The proxy's response code details.
    pub(crate) details: Vec<u8>,
    /// The name of the route, asked for only where a line will say it.
    pub(crate) route: Vec<u8>,
    pub(crate) code: String,
    pub(crate) known: Known,
    pub(crate) ids: Ids,
    pub(crate) format: Format,
    pub(crate) media_type: MediaType,
    /// It answers HEAD: its headers are those that GET would get, and there is no body.
    pub(crate) is_head: bool,
    /// Another plugin of ours made it.
    pub(crate) is_ours: bool,
    /// Whether a message that comes with it may be shown: the policy allows it for the status that it came with, it is not
    /// the proxy's own text, and the operator has no words of his own.
    pub(crate) shows_message: bool,
    /// The operator's words for it.
    message: Option<String>,
    /// The status that the operator wants for it.
    other_status: Option<u16>,
    retryable: Option<bool>,
    retry_after: Option<u64>,
    context: Object,
    /// What its body was found to say.
    found: Found,
}

impl Error {
    /// What is known of an error when its headers come; `None` where the policy does not cover it.
    pub(crate) fn of(
        policy: &Rc<Policy>,
        status: u16,
        head: &RequestHead,
        response: &Response<'_>,
        worker: &Worker,
    ) -> Option<Self> {
        let details = response.details();
        let origin = Origin::of(details);
        let covered = match origin {
            Origin::Local => Covered::Local,
            Origin::Upstream => Covered::Upstream,
        };
        if !policy.covers(status, covered) {
            return None;
        }
        let ours = (origin == Origin::Local)
            .then(|| response.filter_state(ERROR_CODE))
            .flatten();
        let known = error_code::known(status, origin, details);
        let entry = policy.catalog.find(status, details, covered);
        let answer = entry.map(|entry| &entry.answer);
        let code = match (&ours, entry) {
            (Some(code), _) => String::from_utf8_lossy(code).into_owned(),
            (None, Some(entry)) => entry.error_code.to_string(),
            (None, None) => known.code(),
        };
        let message = answer
            .and_then(|answer| answer.message.as_ref())
            .map(|message| message.to_string());
        let allowed = match policy.upstream_message {
            UpstreamMessage::ClientErrors => status < 500,
            UpstreamMessage::Never => false,
            UpstreamMessage::Always => true,
        };
        let ids = Ids::of(head, worker);
        Some(Self {
            policy: Rc::clone(policy),
            enforced: false,
            status,
            origin,
            route: Vec::new(),
            code,
            known,
            ids,
            format: Format::Standard,
            media_type: MediaType::of(response.first("content-type")),
            is_head: head.first(":method") == b"HEAD",
            is_ours: ours.is_some(),
            shows_message: allowed && !known.is_reason && message.is_none(),
            message,
            other_status: answer
                .and_then(|answer| answer.status)
                .and_then(|status| u16::try_from(status.get()).ok()),
            retryable: answer
                .and_then(|answer| answer.retryable)
                .or_else(|| known.retry.allows(head.first(":method"))),
            retry_after: Some(response.first("retry-after"))
                .filter(|value| !value.is_empty())
                .and_then(|value| retry_after::seconds(value, worker.unix_millis()?)),
            context: context(policy, head),
            found: Found::default(),
            details: details.to_vec(),
        })
    }

    /// Settles what the plan decides: what is left alone keeps its code, if it has one, and its status.
    pub(crate) fn settle(&mut self, plan: Plan, response: &Response<'_>) {
        match plan {
            Plan::Leave(Why::Enveloped) => {
                self.take_code(&response.values("x-error-code"));
            }
            Plan::Leave(_) | Plan::Keep | Plan::Reformat => {}
            Plan::Replace | Plan::Read | Plan::ReadUnlessStandard => {
                if let (Some(status), true) = (self.other_status, self.enforced) {
                    self.status = status;
                }
            }
        }
        if self.enforced {
            // What only the body can tell is told when it is known.
            if !self.is_ours && (plan != Plan::ReadUnlessStandard || self.is_head) {
                response.set_filter_state(ERROR_CODE, self.code.as_bytes());
            }
            response.set_filter_state(ERROR_ORIGIN, self.origin.as_str().as_bytes());
        }
    }

    /// Takes the code that an upstream gave it, if it can be one: it goes into logs and filter state. Nearly all tokens and
    /// session ids have small letters, too, and are so not told for one.
    pub(crate) fn take_code(&mut self, given: &[&[u8]]) {
        let may_have = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
        if let Ok(Some(code)) = Carrier::Plain.read(given, LONGEST_CODE)
            && code.as_bytes().first() > Some(&b'9')
            && code.bytes().all(may_have)
        {
            self.code = code;
        }
    }

    /// Takes what its body was found to say.
    pub(crate) fn found(&mut self, found: Found) {
        self.found = found;
    }

    /// The new body.
    pub(crate) fn body(&self, worker: &Worker) -> Vec<u8> {
        let url = self.policy.documentation_base_url.as_ref();
        let url = url.map(|base| [base, self.code.as_str()].concat());
        let mut context = self.context.clone();
        if !self.found.faults.is_empty() {
            context.list("errors", self.found.faults.iter().cloned());
        }
        let message = self.message.as_deref().or(self.found.message.as_deref());
        Envelope {
            trace_id: &self.ids.trace,
            request_id: &self.ids.request,
            error_code: &self.code,
            message: message.unwrap_or(self.known.message),
            status: self.status,
            unix_millis: worker.unix_millis().unwrap_or_default(),
            service_name: worker.service_name(),
            context: &context,
            documentation_url: url.as_deref(),
            retryable: self.retryable,
            retry_after: self.retry_after,
        }
        .write(self.format)
    }
}

/// The members of the body's context that come from request headers.
fn context(policy: &Policy, head: &RequestHead) -> Object {
    let mut context = Object::default();
    for (name, header) in policy.context_headers.iter() {
        if let Some(header) = header
            && let value @ [_, ..] = head.first(header)
        {
            context.bytes(name, value);
        }
    }
    context
}
