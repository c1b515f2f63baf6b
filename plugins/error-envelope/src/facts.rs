//! From headers and configuration to what the plan is made from.

use crate::error::Error;
use config::error_envelope::{Format as Wanted, Passthrough as Stays};
use kit::{RequestHead, Response};
use policy::accept::Accept;
use policy::envelope::Format;
use policy::error_plan::{Facts, Form, Passthrough, Wishes};
use policy::media_type::MediaType;

/// What is known of the error.
pub(crate) fn of(error: &Error, head: &RequestHead, response: &Response<'_>) -> Facts {
    let encoding = response.first("content-encoding");
    let length = str::from_utf8(response.first("content-length"));
    Facts {
        status: error.status,
        accept: Accept::read(&head.values("accept")),
        request_type: MediaType::of(head.first("content-type")),
        media_type: error.media_type,
        is_encoded: !encoding.is_empty() && !encoding.eq_ignore_ascii_case(b"identity"),
        length: length.ok().and_then(|length| length.parse().ok()),
        is_whole: response.is_whole() && !error.is_head,
        announces_trailers: !response.first("trailer").is_empty(),
        has_code: !response.first("x-error-code").is_empty(),
        is_ours: error.is_ours,
    }
}

/// What the configuration wants for it.
pub(crate) fn wishes(error: &Error) -> Wishes {
    let policy = &error.policy;
    Wishes {
        passthrough: match policy.passthrough {
            Stays::Structured => Passthrough::Structured,
            Stays::Enveloped => Passthrough::Enveloped,
            Stays::Never => Passthrough::Never,
        },
        message: error.shows_message,
        max_body_bytes: u64::from(policy.max_body_bytes.get()),
        form: match policy.format {
            Wanted::Standard => Form::Always(Format::Standard),
            Wanted::Problem => Form::Always(Format::Problem),
            Wanted::Negotiate => Form::Negotiated,
        },
    }
}
