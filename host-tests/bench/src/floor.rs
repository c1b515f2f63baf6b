//! Why a goal is not met: what a variant does, it does by calls to the host, and no code of its own can make those cheaper.
//! So what they cost together, and the module that makes them, is what is left where everything else is free.

use crate::cell::{Variant, Workload};
use crate::figures::Figures;
use crate::goals::{GOALS, Goal, Of, Verdict};
use Variant::{
    AttemptsOfRequest, AttemptsOfResponse, CircuitBreaker, Clock, ClusterName, CodeDetails, ErrorEnvelope,
    ListenerDirection, LuaRequestId, NoFilter, NoFilterState, NoOp, OnePass, RequestHeaderMap, RequestId,
    ResponseHeaderMap, ResponseStatus, Retry, SetFilterState, SetRequestHeader, SetResponseHeader,
    SharedRecord,
};

/// The calls that a variant makes for a request to the upstream that succeeds, without an id of its own.
pub(crate) fn calls(variant: Variant) -> Option<&'static [(Variant, u32)]> {
    match variant {
        RequestId => Some(&[
            (RequestHeaderMap, 1),
            (Clock, 1),
            (SetRequestHeader, 1),
            (SetFilterState, 1),
            (SetResponseHeader, 1),
        ]),
        ErrorEnvelope => Some(&[(RequestHeaderMap, 1), (ResponseStatus, 1)]),
        CircuitBreaker => Some(&[
            (RequestHeaderMap, 1),
            (ClusterName, 1),
            (ListenerDirection, 1),
            (AttemptsOfRequest, 1),
            (Clock, 1),
            (SharedRecord, 1),
            (ResponseHeaderMap, 1),
            (CodeDetails, 1),
        ]),
        Retry => Some(&[
            (RequestHeaderMap, 1),
            (ClusterName, 1),
            (NoFilterState, 1),
            (AttemptsOfRequest, 1),
            (Clock, 2),
            (SharedRecord, 1),
            (SetRequestHeader, 2),
            (ResponseHeaderMap, 1),
            (AttemptsOfResponse, 1),
        ]),
        OnePass => Some(&[
            (RequestHeaderMap, 1),
            (ClusterName, 1),
            (ListenerDirection, 1),
            (AttemptsOfRequest, 1),
            (Clock, 2),
            (SharedRecord, 2),
            (SetRequestHeader, 3),
            (SetFilterState, 1),
            (ResponseHeaderMap, 1),
            (CodeDetails, 1),
            (AttemptsOfResponse, 1),
            (SetResponseHeader, 1),
        ]),
        _ => None,
    }
}

/// How near to a goal the host calls let anyone come.
pub(crate) struct Floor {
    /// The goal, and what came of it.
    pub(crate) goal: Verdict,
    /// So many calls.
    pub(crate) calls: u32,
    /// What a module adds to a request that makes none, in microseconds.
    pub(crate) module_us: f64,
    /// What they add to that.
    pub(crate) calls_us: f64,
    /// What the goal compares with.
    pub(crate) over_us: f64,
    /// With nothing else, the ratio would be this.
    pub(crate) ratio: f64,
}

/// Of each goal that is not met, as far as it is one of calls, and these were measured.
pub(crate) fn floors(figures: &Figures) -> Vec<Floor> {
    let floor = |goal: &Goal| {
        let verdict = figures.goals.iter().find(|verdict| verdict.claim == goal.claim)?;
        if verdict.met {
            return None;
        }
        let (Of::Added(Workload::Upstream, variant) | Of::Cpu(Workload::Upstream, variant)) = goal.of else {
            return None;
        };
        let calls = calls(variant)?;
        let added = |variant| {
            let cost = figures.cost(Workload::Calls, variant)?;
            Some(cost.added_us.median)
        };
        // No filter is less than the module without a call.
        let no_filter = added(NoFilter)?;
        let module_us = -no_filter;
        let each = calls
            .iter()
            .map(|&(call, times)| Some(added(call)? * f64::from(times)));
        let calls_us = each.sum::<Option<f64>>()?;
        let (whole_us, over_us) = match goal.over {
            Of::Added(_, NoOp) => (0.0, added(NoOp)? - no_filter),
            Of::Added(workload, LuaRequestId) => (0.0, figures.cost(workload, LuaRequestId)?.added_us.median),
            Of::Cpu(_, NoFilter) => {
                let request_us = figures.cost(Workload::Calls, NoFilter)?.cpu_us.median;
                (request_us, request_us)
            }
            _ => return None,
        };
        Some(Floor {
            goal: verdict.clone(),
            calls: calls.iter().map(|(_, times)| times).sum(),
            module_us,
            calls_us,
            over_us,
            ratio: (whole_us + module_us + calls_us) / over_us,
        })
    };
    GOALS.iter().filter_map(floor).collect()
}

#[cfg(test)]
mod tests;
