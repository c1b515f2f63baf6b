//! An error that a plugin itself answers with: the standard body, or a status of gRPC.

use crate::ids::Ids;
use crate::reply::Reply;
use crate::worker::Worker;
use policy::envelope::{Envelope, Format};
use policy::json::Object;

/// An error that a plugin answers with.
#[derive(Debug)]
pub struct OwnError<'e> {
    /// The status code.
    pub status: u16,
    /// What it is called, in the body and in `x-error-code`.
    pub code: &'e str,
    /// A sentence for people.
    pub message: &'e str,
    /// What access logs show as the response code details.
    pub details: &'e str,
    /// More about it; left out if empty.
    pub context: &'e Object,
    /// The status of gRPC, for a caller who speaks that: he gets the message, and no body.
    pub grpc_status: Option<u32>,
    /// Whether the same request may be sent again.
    pub retryable: bool,
    /// Seconds to wait before that.
    pub retry_after: Option<u64>,
}

impl OwnError<'_> {
    /// The whole answer, with the headers that every error has.
    pub fn reply(&self, ids: &Ids, worker: &Worker) -> Reply {
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut add = |name: &str, value: &str| headers.push((name.into(), value.into()));
        if let Some(seconds) = self.retry_after {
            add("retry-after", &seconds.to_string());
        }
        add("x-error-code", self.code);
        let body = if self.grpc_status.is_some() {
            self.message.as_bytes().to_vec()
        } else {
            add("content-type", Format::Standard.content_type());
            Envelope {
                trace_id: &ids.trace,
                request_id: &ids.request,
                error_code: self.code,
                message: self.message,
                status: self.status,
                unix_millis: worker.unix_millis().unwrap_or_default(),
                service_name: worker.service_name(),
                context: self.context,
                documentation_url: None,
                retryable: Some(self.retryable),
                retry_after: self.retry_after,
            }
            .write(Format::Standard)
        };
        Reply {
            status: self.status,
            headers,
            body,
            details: self.details.into(),
            grpc_status: self.grpc_status,
        }
    }
}

impl Reply {
    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}
