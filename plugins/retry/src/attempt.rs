//! An attempt of a request, as the plugin sees it in a cluster's own filters. What there is to tell the router, the instance
//! before it has told.

use crate::Retry;
use crate::exchange::ERROR_CODE;
use crate::planned::Planned;
use crate::refuse::Refusal;
use kit::{Answer, Ids, Request};
use policy::deadline::{Deadlines, left};

/// Filter state by which the instance before the router tells those in clusters when the request's deadline is:
/// milliseconds of the clock that all workers share.
pub(crate) const DEADLINE: &str = "policy.deadline";
/// Filter state by which an instance in a cluster tells the one before the router how many retries it has charged,
/// and let go.
pub(crate) const CHARGED: &str = "policy.retry_charged";

/// An attempt on its way, as a filter in a cluster sees it. A retry is charged before it is made, and not made where the
/// budget has none left: then what the client gets is this answer, since the one before is gone.
pub(crate) fn attempted(
    planned: &Planned,
    attempt: u64,
    request: &mut Request<'_>,
    deadlines: &Deadlines<'_>,
    root: &Retry,
) -> Answer {
    let Some(now) = root.worker.monotonic_millis() else {
        return Answer::GoOn;
    };
    let deadline = (!deadlines.said.is_empty())
        .then(|| request.filter_state(DEADLINE))
        .flatten();
    if let Some(at) = deadline.and_then(|text| policy::deadline::millis(&text)) {
        for (name, form) in &deadlines.said {
            request.set(name, form.written(left(at, now)).as_bytes());
        }
    }
    if let (Some(settings), 2..) = (&planned.budget, attempt) {
        let budget = root.budgets.find(request.cluster(), settings, now);
        let is_left = budget.take_one(&root.worker, now);
        let before = request.filter_state(CHARGED);
        let before = before.as_deref().map(number).unwrap_or_default();
        let charged = before.saturating_add(u32::from(is_left)).to_string();
        request.set_filter_state(CHARGED, charged.as_bytes());
        if !is_left {
            let refusal = Refusal::BudgetSpent;
            request.set_filter_state(ERROR_CODE, refusal.code().as_bytes());
            let ids = Ids::of(&request.head(), &root.worker);
            return Answer::Reply(refusal.reply(request.is_grpc(), &ids, &root.worker));
        }
    }
    Answer::GoOn
}

/// The number that is in filter state.
pub(crate) fn number(text: &[u8]) -> u32 {
    policy::deadline::millis(text).map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX))
}
