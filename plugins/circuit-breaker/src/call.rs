//! One request, as a breaker sees it: admitted or rejected, and what came of it.

use crate::CircuitBreaker;
use crate::breaker::{Breaker, Counted};
use crate::breakers::Lacks;
use crate::key::Belongs;
use crate::shared::{Change, Merges, Missed, change};
use config::circuit_breaker::Policy;
use kit::{Carried, GaveUp, Ids};
use policy::breaker::{
    Moment, Outcome, Permit, Record, Rejection, Settings, State, Transition, Verdict, View, Why,
};
use std::rc::Rc;

/// One request, as a breaker sees it.
pub(crate) struct Call {
    pub(crate) policy: Rc<Policy>,
    pub(crate) settings: Settings,
    pub(crate) breaker: Rc<Breaker>,
    /// The value that has no breaker of its own, and what it lacks.
    pub(crate) lacks: Option<(Belongs, Lacks)>,
    pub(crate) carried: Carried,
    /// Whether the plugin stands in a cluster, and this is an attempt of a request.
    pub(crate) is_attempt: bool,
    /// The state that it met.
    pub(crate) state: State,
    /// `None` where there was nothing to decide on: it goes on, and is only counted.
    pub(crate) verdict: Option<Verdict>,
    /// What the record said then, where somebody wants to know.
    pub(crate) view: Option<View>,
}

impl Call {
    /// Decides on a request.
    pub(crate) fn decide(
        root: &CircuitBreaker,
        policy: &Rc<Policy>,
        belongs: Belongs,
        carried: Carried,
        at: Moment,
        wants_view: bool,
        ids: &dyn Fn() -> Ids,
    ) -> Self {
        let settings = crate::settings::of(policy);
        let is_attempt = belongs.is_attempt();
        let (mut verdict, mut view) = (None, None);
        let mut admit = |breaker: &Breaker| {
            change(
                &root.worker,
                breaker,
                &settings,
                at,
                Merges::IfNeeded,
                &mut |record| {
                    let admission = record.admit(&settings, at);
                    verdict = Some(admission.verdict);
                    view = wants_view.then(|| record.view(at.now_millis));
                    admission.transition
                },
            )
        };
        let mut met = root.breakers.find(policy, &belongs, at.now_millis);
        let mut admitted = admit(&met.breaker);
        if let Err(Missed::GivenAway) = admitted {
            root.breakers.forget(&met.breaker);
            met = root.breakers.find(policy, &belongs, at.now_millis);
            admitted = admit(&met.breaker);
        }
        let state = match admitted {
            Ok(change) => {
                if change.transition.is_some() {
                    root.tell(&met.breaker, change.transition, Some(&ids()));
                }
                verdict = verdict.and_then(|verdict| stands(verdict, change.unwritten));
                change.state
            }
            Err(_) => State::Closed,
        };
        let call = Self {
            policy: Rc::clone(policy),
            settings,
            breaker: met.breaker,
            lacks: met.lacks.map(|lacks| (belongs, lacks)),
            carried,
            is_attempt,
            state,
            verdict,
            view,
        };
        match call.verdict {
            Some(Verdict::Rejected(_)) => call.breaker.count(Counted::Rejected, carried, 1, &root.worker),
            Some(Verdict::Admitted(permit)) if permit.is_probe() => call.breaker.count_probe(&root.worker),
            _ => {}
        }
        call
    }

    /// Why it is rejected, if it is.
    pub(crate) fn rejection(&self) -> Option<Rejection> {
        match self.verdict {
            Some(Verdict::Rejected(rejection)) => Some(rejection),
            _ => None,
        }
    }

    /// Whether it takes another route, because it is rejected. In a cluster there is none to take.
    pub(crate) fn is_rerouted(&self) -> bool {
        let reroutes = self.policy.reject.reroute.is_some() && !self.is_attempt;
        reroutes && self.carried == Carried::Out && self.rejection().is_some()
    }

    fn permit(&self) -> Option<Permit> {
        match self.verdict {
            Some(Verdict::Admitted(permit)) => Some(permit),
            _ => None,
        }
    }

    /// Remembers that a probe's response headers were good.
    pub(crate) fn answered(&self, root: &CircuitBreaker) {
        let Some(permit) = self.permit().filter(|permit| permit.is_probe()) else {
            return;
        };
        if let Some(at) = root.moment() {
            self.change(root, at, None, &mut |record| {
                let moved = record.advance(&self.settings, at);
                record.answered(permit);
                moved
            });
        }
    }

    /// Settles what came of it.
    pub(crate) fn settle(
        &self,
        root: &CircuitBreaker,
        outcome: Outcome,
        retry_after_seconds: Option<u64>,
        ids: &dyn Fn() -> Ids,
    ) {
        if let Some(permit) = self.permit() {
            let counts = permit.is_probe() || outcome != Outcome::Ignored;
            if counts
                && !self.gather(permit, outcome)
                && let Some(at) = root.moment()
            {
                self.change(root, at, Some(ids), &mut |record| {
                    record.settle(&self.settings, permit, outcome, retry_after_seconds, at)
                });
            }
        }
        match Counted::from(outcome) {
            Counted::Success => self.breaker.count_success_later(self.carried),
            counted => self.breaker.count(counted, self.carried, 1, &root.worker),
        }
    }

    /// Gathers what may wait for a tick.
    fn gather(&self, permit: Permit, outcome: Outcome) -> bool {
        let may_wait = match outcome {
            Outcome::Success => true,
            Outcome::TooMany => !permit.is_probe(),
            Outcome::Failure | Outcome::Slow | Outcome::Ignored => false,
        };
        let mut gathered = self.breaker.gathered.get();
        let is_gathered = may_wait && gathered.take(permit);
        self.breaker.gathered.set(gathered);
        is_gathered
    }

    fn change(
        &self,
        root: &CircuitBreaker,
        at: Moment,
        ids: Option<&dyn Fn() -> Ids>,
        act: &mut dyn FnMut(&mut Record) -> Option<Transition>,
    ) {
        let changed = change(
            &root.worker,
            &self.breaker,
            &self.settings,
            at,
            Merges::Always,
            act,
        );
        if let Ok(Change {
            transition: transition @ Some(_),
            ..
        }) = changed
        {
            let ids = ids.map(|ids| ids());
            root.tell(&self.breaker, transition, ids.as_ref());
        }
    }
}

/// What stands of a decision that may not have been written. A probe is one only once its place is.
fn stands(verdict: Verdict, unwritten: Option<GaveUp>) -> Option<Verdict> {
    match (verdict, unwritten) {
        (Verdict::Admitted(permit), Some(why)) if permit.is_probe() => match why {
            // Others got the places.
            GaveUp::Contended => Some(Verdict::Rejected(Rejection {
                retry_after_seconds: 1,
                why: Why::HalfOpen,
            })),
            // Nobody can have a place, and nothing is to be open for ever.
            GaveUp::Refused => None,
        },
        (verdict, _) => Some(verdict),
    }
}
