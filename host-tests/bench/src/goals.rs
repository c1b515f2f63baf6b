//! What the plugins are to cost at most, as ratios: microseconds are the machine's, ratios are the plugins'.

use crate::cell::{Variant, Workload};
use crate::figures::{Figures, OverRounds};
use serde::{Deserialize, Serialize};

/// What of a cell is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of {
    /// CPU over *no filter*.
    Added(Workload, Variant),
    /// All CPU of a request.
    Cpu(Workload, Variant),
}

impl Of {
    /// What was found of it.
    fn value(self, figures: &Figures) -> Option<OverRounds> {
        match self {
            Added(workload, variant) => figures.cost(workload, variant).map(|cost| cost.added_us),
            Cpu(workload, variant) => figures.cost(workload, variant).map(|cost| cost.cpu_us),
        }
    }
}

/// One is to be at most so many times the other.
pub(crate) struct Goal {
    /// In words.
    pub(crate) claim: &'static str,
    pub(crate) of: Of,
    pub(crate) over: Of,
    at_most: f64,
}

use Of::{Added, Cpu};
use Variant::{
    Chain, CircuitBreaker, ErrorEnvelope, LuaRequestId, NoFilter, NoOp, OnePass, RequestId, Retry,
};
use Workload::{OpenBreaker, Upstream};

/// All of them.
pub(crate) const GOALS: [Goal; 9] = [
    Goal {
        claim: "request-id, to no-op wasm",
        of: Added(Upstream, RequestId),
        over: Added(Upstream, NoOp),
        at_most: 2.2,
    },
    Goal {
        claim: "request-id, to Lua that does its visible work",
        of: Added(Upstream, RequestId),
        over: Added(Upstream, LuaRequestId),
        at_most: 1.0,
    },
    Goal {
        claim: "error-envelope on a 200, to no-op wasm",
        of: Added(Upstream, ErrorEnvelope),
        over: Added(Upstream, NoOp),
        at_most: 1.7,
    },
    Goal {
        claim: "circuit-breaker, closed, on a 200, to no-op wasm",
        of: Added(Upstream, CircuitBreaker),
        over: Added(Upstream, NoOp),
        at_most: 2.2,
    },
    Goal {
        claim: "retry on a 200, to no-op wasm",
        of: Added(Upstream, Retry),
        over: Added(Upstream, NoOp),
        at_most: 2.6,
    },
    Goal {
        claim: "all four in one pass, to no-op wasm",
        of: Added(Upstream, OnePass),
        over: Added(Upstream, NoOp),
        at_most: 4.0,
    },
    Goal {
        claim: "all four in one pass, to all four in a chain",
        of: Added(Upstream, OnePass),
        over: Added(Upstream, Chain),
        at_most: 0.6,
    },
    Goal {
        claim: "an open breaker's rejection, to a request to the upstream without a filter",
        of: Cpu(OpenBreaker, CircuitBreaker),
        over: Cpu(Upstream, NoFilter),
        at_most: 1.0,
    },
    Goal {
        claim: "a request to the upstream with all four in one pass, to one without a filter",
        of: Cpu(Upstream, OnePass),
        over: Cpu(Upstream, NoFilter),
        at_most: 1.3,
    },
];

/// What this variant is to add at most, as a multiple of what a wasm filter adds that does nothing, if that is a goal.
pub(crate) fn to_no_op(variant: Variant) -> Option<f64> {
    let mut goals = GOALS.iter();
    let is_of = |goal: &&Goal| match (goal.of, goal.over) {
        (Added(_, of), Added(_, NoOp)) => of == variant,
        _ => false,
    };
    goals.find(is_of).map(|goal| goal.at_most)
}

/// What all CPU of a request is to be at most, as a multiple of one to an upstream without a filter, if that is a goal.
pub(crate) fn to_no_filter(workload: Workload, variant: Variant) -> Option<f64> {
    let mut goals = GOALS.iter();
    let is_of = |goal: &&Goal| match (goal.of, goal.over) {
        (Cpu(asked, of), Cpu(Upstream, NoFilter)) => (asked, of) == (workload, variant),
        _ => false,
    };
    goals.find(is_of).map(|goal| goal.at_most)
}

/// What came of a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The goal in words.
    pub claim: String,
    /// The ratio that is not to be exceeded.
    pub at_most: f64,
    /// The ratio that was found, of medians and of minima.
    pub found: OverRounds,
    /// Whether the median of it is met.
    pub met: bool,
}

/// What came of each goal whose cells were measured.
pub(crate) fn verdicts(figures: &Figures) -> Vec<Verdict> {
    let verdict = |goal: &Goal| {
        let found = goal.of.value(figures)?.over(goal.over.value(figures)?)?;
        Some(Verdict {
            claim: goal.claim.to_owned(),
            at_most: goal.at_most,
            found,
            met: found.median <= goal.at_most,
        })
    };
    GOALS.iter().filter_map(verdict).collect()
}

#[cfg(test)]
mod tests;
