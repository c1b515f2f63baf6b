//! Whether what a plugin decides on a request is carried out.

use crate::ids::Ids;
use config::{Decision, Mode, Plugin};

/// Whether the decisions on a request are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// They are.
    Out,
    /// They are only counted and logged.
    Shadowed,
}

impl Carried {
    /// Tells it from the mode, and from the request's id where only a part of the requests is enforced.
    pub fn of<P>(configuration: &Plugin<P>, decision: &Decision<'_, P>, ids: impl FnOnce() -> Ids) -> Self {
        let all = configuration.common.enforce_percent.get() >= 100.0;
        let enforced =
            decision.mode == Mode::Enforce && (all || configuration.enforced(ids().request.as_bytes()));
        if enforced { Self::Out } else { Self::Shadowed }
    }

    /// The word for it, in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "enforce",
            Self::Shadowed => "shadow",
        }
    }
}
