//! The policy of the error-envelope plugin: which errors get the one body, in which form, and what it says.

mod catalog;
mod details;
mod text;

pub use catalog::{Answer, Catalog, CatalogEntry, When};
pub use details::Details;
pub use text::{ContextName, ErrorCode, Message, RESERVED_CONTEXT};

use crate::setting::{settings, words};
use crate::value::{BaseUrl, Int, Map, SafeHeaderName, StatusMatcher};

/// Statuses of errors.
pub type ErrorStatus = StatusMatcher<400, 599>;

settings! {
    /// Which errors get the one body, in which form, and what it says.
    pub struct Policy {
        /// The form of the body.
        format: Format = Format::Negotiate,
        /// The statuses of the answers that get it: `503`, `"5xx"`, `"500-504"`. Others are left alone. Empty: none does.
        statuses: Vec<ErrorStatus> = vec![ErrorStatus::of::<400, 499>(), ErrorStatus::of::<500, 599>()],
        /// Whose answers get it. Empty: nobody's.
        origins: Vec<Origin> = vec![Origin::Local, Origin::Upstream],
        /// Which of the upstream's own errors stay as they are. gRPC, event streams and upgrades always do.
        passthrough: Passthrough = Passthrough::Structured,
        /// Whether the body says what the upstream's error said: its message, and which of the request's values were
        /// wrong, never the values.
        upstream_message: UpstreamMessage = UpstreamMessage::ClientErrors,
        /// How much of the upstream's body is read for its message or its shape, in bytes. A longer one is replaced
        /// as if it said nothing, never cut. 0: none is read, and neither is known.
        max_body_bytes: Int<0, 16_777_216> = Int::of::<65_536>(),
        /// Where the errors are explained, as `"https://docs.example/errors/"`: the `error_code` is appended, and the
        /// whole becomes `documentation_url`. `null`: nowhere.
        documentation_base_url: Option<BaseUrl> = None,
        /// Members of the body's `context` that are taken from request headers, as `{"tenant": "x-tenant"}`. `null`
        /// leaves out a member that an outer layer gave.
        context_headers: Map<ContextName, Option<SafeHeaderName>> = Map::default(),
        /// What errors are called and how they are answered, laid over what is built in. The first entry that matches
        /// an error is used. Replaced as a whole.
        catalog: Catalog = Catalog::default(),
    }
}

impl crate::Policy for Policy {
    const NAME: &'static str = "error-envelope";
}

impl Policy {
    /// Whether an answer with this status, of this origin, is one that gets the body, by `statuses` and `origins`.
    pub fn covers(&self, status: u16, origin: Origin) -> bool {
        self.origins.contains(&origin) && self.statuses.iter().any(|statuses| statuses.matches(status))
    }
}

words! {
    /// The form of the body.
    pub enum Format {
        /// the standard body, as `application/json`.
        Standard = "standard",
        /// `application/problem+json` (RFC 9457), with the same facts as members.
        Problem = "problem",
        /// which of the two the request's `Accept` prefers; the standard body where it does not say.
        Negotiate = "negotiate",
    }
}

words! {
    /// Who made an answer.
    pub enum Origin {
        /// the proxy itself, for one of its own reasons, or one of its filters.
        Local = "local",
        /// the service behind the proxy.
        Upstream = "upstream",
    }
}

words! {
    /// Which of the upstream's own errors stay as they are.
    pub enum Passthrough {
        /// those that are declared to be JSON or XML, whatever their status; only `content-type` is looked at.
        Structured = "structured",
        /// those that already have the standard body, or are `application/problem+json`.
        Enveloped = "enveloped",
        /// none.
        Never = "never",
    }
}

words! {
    /// Whether the body says what the upstream's error said.
    pub enum UpstreamMessage {
        /// that of statuses below 500; what a server error says stays inside.
        ClientErrors = "client_errors",
        /// no.
        Never = "never",
        /// that of every error. A server error may then show its inside.
        Always = "always",
    }
}

#[cfg(test)]
pub(crate) mod tests;
