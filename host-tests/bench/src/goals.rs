//! What the plugins are to cost at most, as ratios: microseconds are the machine's, ratios are the plugins'.

use crate::cell::{Variant, Workload};
use crate::figures::{Figures, OverRounds};
use serde::{Deserialize, Serialize};

/// What of a cell is compared.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// CPU over *no filter*.
    Added(Workload, Variant),
    /// All CPU of a request.
    Cpu(Workload, Variant),
}

/// One is to be at most so many times the other.
struct Goal {
    /// In words.
    claim: &'static str,
    of: Of,
    over: Of,
    at_most: f64,
}

use Of::{Added, Cpu};
use Variant::{
    Chain, CircuitBreaker, ErrorEnvelope, LuaRequestId, NoFilter, NoOp, OnePass, RequestId, Retry,
};
use Workload::{OpenBreaker, Upstream};

/// All of them.
const GOALS: [Goal; 9] = [
    Goal {
        claim: "request-id, to wasm that does nothing",
        of: Added(Upstream, RequestId),
        over: Added(Upstream, NoOp),
        at_most: 2.2,
    },
    Goal {
        claim: "request-id, to the Lua filter that does its visible work",
        of: Added(Upstream, RequestId),
        over: Added(Upstream, LuaRequestId),
        at_most: 1.0,
    },
    Goal {
        claim: "error-envelope on a 200, to wasm that does nothing",
        of: Added(Upstream, ErrorEnvelope),
        over: Added(Upstream, NoOp),
        at_most: 1.7,
    },
    Goal {
        claim: "circuit-breaker, closed, on a 200, to wasm that does nothing",
        of: Added(Upstream, CircuitBreaker),
        over: Added(Upstream, NoOp),
        at_most: 2.2,
    },
    Goal {
        claim: "retry on a 200, to wasm that does nothing",
        of: Added(Upstream, Retry),
        over: Added(Upstream, NoOp),
        at_most: 2.6,
    },
    Goal {
        claim: "all four in one pass, to wasm that does nothing",
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
        claim: "an open breaker's rejection, to a request without a filter to the upstream",
        of: Cpu(OpenBreaker, CircuitBreaker),
        over: Cpu(Upstream, NoFilter),
        at_most: 1.0,
    },
    Goal {
        claim: "a request with all four in one pass, to one without a filter, both to the upstream",
        of: Cpu(Upstream, OnePass),
        over: Cpu(Upstream, NoFilter),
        at_most: 1.3,
    },
];

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
    let value = |of: Of| match of {
        Added(workload, variant) => figures.cost(workload, variant).map(|cost| cost.added_us),
        Cpu(workload, variant) => figures.cost(workload, variant).map(|cost| cost.cpu_us),
    };
    let verdict = |goal: &Goal| {
        let found = value(goal.of)?.over(value(goal.over)?);
        Some(Verdict {
            claim: goal.claim.to_owned(),
            at_most: goal.at_most,
            found,
            met: found.median <= goal.at_most,
        })
    };
    GOALS.iter().filter_map(verdict).collect()
}
