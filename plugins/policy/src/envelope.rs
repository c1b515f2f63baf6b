//! The body of an error: the standard members, or the same facts as a problem (RFC 9457).

use crate::error_code::phrase;
use crate::json::Object;
use crate::json_members::members;
use crate::timestamp::rfc3339;

/// The form of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The standard members, `application/json`.
    Standard,
    /// `application/problem+json`, RFC 9457.
    Problem,
}

impl Format {
    /// The `content-type` of such a body.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Standard => "application/json",
            Self::Problem => "application/problem+json",
        }
    }
}

/// What is to be said of an error.
#[derive(Debug)]
pub struct Envelope<'e> {
    /// The trace's id, or the request's where there is no trace.
    pub trace_id: &'e str,
    /// The request's id.
    pub request_id: &'e str,
    /// The code of the catalogue.
    pub error_code: &'e str,
    /// A sentence for people.
    pub message: &'e str,
    /// The status that the client gets.
    pub status: u16,
    /// When it happened, in milliseconds since the Unix epoch.
    pub unix_millis: u64,
    /// Who answers, if configured.
    pub service_name: Option<&'e str>,
    /// More about it; left out if empty.
    pub context: &'e Object,
    /// Where the code is explained, if configured.
    pub documentation_url: Option<&'e str>,
    /// Whether the same request may be sent again, if that can be said.
    pub retryable: Option<bool>,
    /// Seconds to wait before that, if the answer says so.
    pub retry_after: Option<u64>,
}

impl Envelope<'_> {
    /// The body.
    pub fn write(&self, format: Format) -> Vec<u8> {
        let mut body = Object::default();
        match format {
            Format::Standard => {
                body.text("trace_id", self.trace_id)
                    .text("request_id", self.request_id)
                    .text("error_code", self.error_code)
                    .text("message", self.message)
                    .number("status_code", u64::from(self.status))
                    .text("timestamp", &rfc3339(self.unix_millis));
            }
            Format::Problem => {
                body.text("type", self.documentation_url.unwrap_or("about:blank"))
                    .text("title", phrase(self.status))
                    .number("status", u64::from(self.status))
                    .text("detail", self.message)
                    .text("trace_id", self.trace_id)
                    .text("request_id", self.request_id)
                    .text("error_code", self.error_code)
                    .text("timestamp", &rfc3339(self.unix_millis));
            }
        }
        if let Some(name) = self.service_name {
            body.text("service_name", name);
        }
        if !self.context.is_empty() {
            body.object("context", self.context);
        }
        if let (Format::Standard, Some(url)) = (format, self.documentation_url) {
            body.text("documentation_url", url);
        }
        if let Some(retryable) = self.retryable {
            body.boolean("retryable", retryable);
        }
        if let Some(seconds) = self.retry_after {
            body.number("retry_after", seconds);
        }
        body.finish()
    }
}

/// The members by which a body is known to be in the standard form.
const STANDARD: [&str; 5] = ["trace_id", "error_code", "message", "status_code", "timestamp"];

/// The code of a body that is in the standard form already; `None` if it is not. A code that is no text is empty.
pub fn code_of_standard(body: &[u8]) -> Option<String> {
    let found = members(str::from_utf8(body).ok()?, STANDARD)?;
    let [Some(_), Some(code), Some(_), Some(_), Some(_)] = found else {
        return None;
    };
    Some(crate::json_members::text(code).unwrap_or_default())
}

/// A body of the standard form as a problem; `None` if it is not one.
pub fn standard_as_problem(body: &[u8]) -> Option<Vec<u8>> {
    let body = str::from_utf8(body).ok()?;
    let [
        Some(trace_id),
        Some(error_code),
        Some(message),
        Some(status_code),
        Some(timestamp),
    ] = members(body, STANDARD)?
    else {
        return None;
    };
    let optional = [
        "request_id",
        "service_name",
        "context",
        "documentation_url",
        "retryable",
        "retry_after",
    ];
    let [
        request_id,
        service_name,
        context,
        documentation_url,
        retryable,
        retry_after,
    ] = members(body, optional)?;
    let status: u16 = status_code.parse().ok()?;
    let mut problem = Object::default();
    problem
        .raw("type", documentation_url.unwrap_or("\"about:blank\""))
        .text("title", phrase(status))
        .raw("status", status_code)
        .raw("detail", message)
        .raw("trace_id", trace_id);
    let rest = [
        ("request_id", request_id),
        ("error_code", Some(error_code)),
        ("timestamp", Some(timestamp)),
        ("service_name", service_name),
        ("context", context),
        ("retryable", retryable),
        ("retry_after", retry_after),
    ];
    for (name, value) in rest {
        if let Some(value) = value {
            problem.raw(name, value);
        }
    }
    Some(problem.finish())
}

#[cfg(test)]
mod tests;
