//! What is refused, and what is said of it.

use kit::{Ids, Object, OwnError, Reply, Worker};
use policy::admin::{Fault, Refused};
use policy::error_code::{
    ACCESS_DENIED, BAD_REQUEST, BREAKER_AMBIGUOUS, BREAKER_UNKNOWN, METHOD_NOT_ALLOWED, NOT_FOUND,
    STATE_UNAVAILABLE,
};

/// So many breakers are named in an answer.
const MOST_NAMED: usize = 100;

/// Why a request is refused.
pub(crate) enum Refusal {
    /// The peer is none of those that are answered.
    Peer,
    /// It has passed a proxy.
    Proxied,
    /// What is asked makes no sense, or is nothing that may be asked so.
    Asked(Refused),
    /// There is no such breaker. Those that there are.
    Unknown(Vec<String>),
    /// It could be one of these.
    Ambiguous(Vec<String>),
    /// The host did not hand the records over, or did not take the change.
    Unavailable,
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Asked(refused)
    }
}

impl Refusal {
    /// Whether it is who asks that is refused, and not what.
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Peer | Self::Proxied | Self::Asked(Refused::Page))
    }

    fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::Peer | Self::Proxied | Self::Asked(Refused::Page) => (403, ACCESS_DENIED),
            Self::Asked(Refused::Path) => (404, NOT_FOUND),
            Self::Asked(Refused::Method(_)) => (405, METHOD_NOT_ALLOWED),
            Self::Asked(Refused::Parameters(_)) => (400, BAD_REQUEST),
            Self::Unknown(_) => (404, BREAKER_UNKNOWN),
            Self::Ambiguous(_) => (409, BREAKER_AMBIGUOUS),
            Self::Unavailable => (503, STATE_UNAVAILABLE),
        }
    }

    /// The word for it, in metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::Peer | Self::Proxied | Self::Asked(Refused::Page) => "access_denied",
            Self::Asked(Refused::Path) => "not_found",
            Self::Asked(Refused::Method(_)) => "method_not_allowed",
            Self::Asked(Refused::Parameters(_)) => "bad_request",
            Self::Unknown(_) => "breaker_unknown",
            Self::Ambiguous(_) => "breaker_ambiguous",
            Self::Unavailable => "state_unavailable",
        }
    }

    /// A sentence for people.
    pub(crate) fn message(&self) -> &'static str {
        match self {
            Self::Peer => "This address is none of those that are answered.",
            Self::Proxied => {
                "Requests that have passed a proxy are not answered; the listener must set use_remote_address and \
                 skip_xff_append."
            }
            Self::Asked(Refused::Page) => "Web pages may change nothing.",
            Self::Asked(Refused::Path) => {
                "There is no such path: the state itself, and below it /force and /reset."
            }
            Self::Asked(Refused::Method(_)) => "The state is shown by GET, and changed by POST.",
            Self::Asked(Refused::Parameters(_)) => "Parameters are wrong.",
            Self::Unknown(_) => "There is no such breaker.",
            Self::Ambiguous(_) => "Several breakers have this name: give the id of one.",
            Self::Unavailable => "The proxy did not hand the state over, or did not take the change.",
        }
    }

    /// The answer.
    pub(crate) fn reply(&self, ids: &Ids, worker: &Worker) -> Reply {
        let (status, code) = self.status_and_code();
        let mut context = Object::default();
        match self {
            Self::Asked(Refused::Parameters(faults)) => {
                context.list("faults", faults.iter().map(fault));
            }
            Self::Unknown(ids) | Self::Ambiguous(ids) => {
                context.texts("breakers", ids.iter().take(MOST_NAMED).map(String::as_str));
            }
            _ => {}
        }
        let reply = OwnError {
            status,
            code,
            message: self.message(),
            details: "admin",
            context: &context,
            grpc_status: None,
            retryable: matches!(self, Self::Unavailable),
            retry_after: None,
        }
        .reply(ids, worker)
        .with("cache-control", "no-store");
        match self {
            Self::Asked(Refused::Method(allowed)) => reply.with("allow", allowed),
            _ => reply,
        }
    }
}

fn fault(fault: &Fault) -> Object {
    let mut object = Object::default();
    object
        .text("parameter", &fault.parameter)
        .text("fault", fault.rule);
    object
}
