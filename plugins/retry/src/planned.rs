//! What the configuration says of retries, made ready once for all requests that meet it.

use config::retry::{Budget, InboundRetries, Policy};
use policy::retry_after::Growth;
use policy::retry_budget::Settings;
use policy::retry_steering::{Conditions, Plan, TimeOuts};
use std::rc::Rc;

/// A policy, ready to be asked.
pub(crate) struct Planned {
    pub(crate) policy: Rc<Policy>,
    pub(crate) plan: Plan,
    pub(crate) budget: Option<Settings>,
    pub(crate) growth: Option<Growth>,
}

/// All policies of a configuration.
pub(crate) struct AllPlanned(Vec<Rc<Planned>>);

impl AllPlanned {
    pub(crate) fn of<'p>(policies: impl Iterator<Item = &'p Rc<Policy>>) -> Self {
        let mut all: Vec<Rc<Planned>> = policies.map(|policy| Rc::new(Planned::new(policy))).collect();
        all.sort_unstable_by_key(|planned| Rc::as_ptr(&planned.policy));
        Self(all)
    }

    /// Whether any of them has a budget.
    pub(crate) fn has_budget(&self) -> bool {
        self.0.iter().any(|planned| planned.budget.is_some())
    }

    /// What was made of a policy, by where it lies: there may be as many policies as rules.
    pub(crate) fn find(&self, policy: &Rc<Policy>) -> Option<Rc<Planned>> {
        let place = self
            .0
            .binary_search_by_key(&Rc::as_ptr(policy), |planned| Rc::as_ptr(&planned.policy));
        place.ok().and_then(|place| self.0.get(place)).cloned()
    }
}

impl Planned {
    fn new(policy: &Rc<Policy>) -> Self {
        let statuses = policy.statuses.iter().map(|statuses| statuses.bounds()).collect();
        let on = Conditions::of(policy.retry_on.iter().map(|on| on.as_str()));
        let any_method_on = Conditions::of(policy.any_method_on.iter().map(|on| on.as_str()));
        let grpc_on = Conditions::of(policy.retry_on_grpc.iter().map(|on| on.as_str()));
        let methods = policy.methods.iter().map(|method| &**method);
        let unlocks = policy.idempotency_key.unlocks.iter().map(|method| &**method);
        let plan = Plan::new(policy.attempts.get(), on, statuses, any_method_on, grpc_on)
            .methods(methods, unlocks)
            .time_outs(TimeOuts {
                whole_millis: policy.timeout.map(|timeout| timeout.millis()),
                try_millis: policy.per_try_timeout.map(|timeout| timeout.millis()),
            })
            .inbound_retries(policy.inbound_retries == InboundRetries::Allow)
            .route_policy(policy.route_policy);
        Self {
            policy: Rc::clone(policy),
            plan,
            // Where nothing is tried again, there is nothing to bound.
            budget: policy
                .budget
                .as_ref()
                .filter(|_| policy.attempts.get() > 1)
                .map(settings),
            growth: policy.retry_after.as_ref().map(|after| Growth {
                base_millis: after.base.millis(),
                multiplier: after.multiplier.get(),
                max_millis: after.max.millis(),
                jitter: after.jitter.get(),
            }),
        }
    }

    /// Whether an answer of this status is to say when to come back.
    pub(crate) fn says_retry_after(&self, status: u16) -> bool {
        let after = self.policy.retry_after.as_ref();
        after.is_some_and(|after| after.statuses.iter().any(|statuses| statuses.matches(status)))
    }
}

fn settings(budget: &Budget) -> Settings {
    Settings {
        percent: budget.percent.get(),
        interval_millis: budget.interval.millis(),
        min_count: budget.min_retry_rate.count.get(),
        min_interval_millis: budget.min_retry_rate.interval.millis(),
    }
}
