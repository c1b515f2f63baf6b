//! One request to the plugin: who asks, what, and what he is answered.

use crate::Admin;
use crate::change::{self, Changed};
use crate::listed::{self, Breaker, Moment};
use crate::refuse::Refusal;
use crate::{report, show};
use kit::{Answer, Filter, Ids, Object, Reply, Request};
use policy::admin::{Asked, Change, PROXIED, asked};
use std::net::IpAddr;
use std::rc::Rc;

/// One exchange on its way through the plugin.
pub(crate) struct Exchange {
    root: Rc<Admin>,
}

impl Exchange {
    pub(crate) fn new(root: &Rc<Admin>) -> Self {
        Self {
            root: Rc::clone(root),
        }
    }
}

impl Filter for Exchange {
    fn request(&mut self, request: &mut Request<'_>) -> Answer {
        let root = &*self.root;
        let path = request.first(":path");
        match root.settings.path.below(path) {
            Some(below) => Answer::Reply(root.answer(request, path, below)),
            None => Answer::GoOn,
        }
    }
}

impl Admin {
    fn answer(&self, request: &Request<'_>, path: &[u8], below: &[u8]) -> Reply {
        let worker = &self.worker;
        let ids = Ids::of(&request.head(), worker);
        let peer = request.source_address();
        let answered = self
            .admit(request, peer)
            .and_then(|()| self.carry_out(request, path, below, peer, &ids));
        let (outcome, reply) = match answered {
            Ok((outcome, body)) => (outcome, show::reply(body)),
            Err(refusal) => {
                if refusal.is_forbidden() {
                    report::refused_line(worker, &refusal, peer, &ids);
                }
                (refusal.outcome(), refusal.reply(&ids, worker))
            }
        };
        self.requests.increment(worker, &[("outcome", outcome)]);
        reply
    }

    /// Whether this peer is answered at all.
    fn admit(&self, request: &Request<'_>, peer: Option<IpAddr>) -> Result<(), Refusal> {
        let is_known = |peer: IpAddr| self.settings.cidrs.iter().any(|network| network.holds(peer));
        // Behind a proxy there may be anybody.
        if PROXIED.iter().any(|name| !request.values(name).is_empty()) {
            return Err(Refusal::Proxied);
        }
        match peer.is_some_and(is_known) {
            true => Ok(()),
            false => Err(Refusal::Peer),
        }
    }

    fn carry_out(
        &self,
        request: &Request<'_>,
        path: &[u8],
        below: &[u8],
        peer: Option<IpAddr>,
        ids: &Ids,
    ) -> Result<(&'static str, Vec<u8>), Refusal> {
        let asked = asked(request.first(":method"), path, below, |name| request.first(name))?;
        let at = Moment::of(&self.worker).ok_or(Refusal::Unavailable)?;
        match asked {
            Asked::Show(wanted) => Ok(("shown", self.show(wanted.as_deref(), at))),
            Asked::Change(change) => self.change(&change, at, peer, ids),
        }
    }

    fn show(&self, wanted: Option<&str>, at: Moment) -> Vec<u8> {
        let (mut breakers, mut complete) = listed::breakers(&self.worker);
        if let Some(wanted) = wanted {
            breakers.retain(|breaker| breaker.is(wanted));
        }
        let breakers = objects(&breakers, at);
        if wanted.is_some() {
            return show::page(at, complete, &breakers, None);
        }
        let (budgets, all) = listed::budgets(&self.worker);
        complete &= all;
        let budgets: Vec<Object> = budgets.iter().map(|budget| show::budget(budget, at)).collect();
        show::page(at, complete, &breakers, Some(&budgets))
    }

    fn change(
        &self,
        asked: &Change,
        at: Moment,
        peer: Option<IpAddr>,
        ids: &Ids,
    ) -> Result<(&'static str, Vec<u8>), Refusal> {
        let (breakers, complete) = listed::breakers(&self.worker);
        let mut found = breakers.iter().filter(|breaker| breaker.is(&asked.breaker));
        let breaker = match (found.next(), found.next()) {
            (Some(breaker), None) => breaker,
            (Some(_), Some(_)) => {
                let ids = breakers.iter().filter(|breaker| breaker.is(&asked.breaker));
                return Err(Refusal::Ambiguous(ids.map(id).collect()));
            }
            (None, _) if !complete => return Err(Refusal::Unavailable),
            (None, _) => return Err(Refusal::Unknown(breakers.iter().map(id).collect())),
        };
        match change::carry_out(&self.worker, breaker, asked, at) {
            Changed::Made { breaker, transition } => {
                report::changed(self, &breaker, asked, transition, peer, ids);
                let body = show::page(at, complete, &objects(&[breaker], at), None);
                Ok((report::event(asked), body))
            }
            Changed::GivenAway => {
                let others = breakers.iter().filter(|other| other.id != breaker.id);
                Err(Refusal::Unknown(others.map(id).collect()))
            }
            Changed::Unwritten => Err(Refusal::Unavailable),
        }
    }
}

fn id(breaker: &Rc<Breaker>) -> String {
    breaker.id.clone()
}

fn objects(breakers: &[Rc<Breaker>], at: Moment) -> Vec<Object> {
    breakers
        .iter()
        .map(|breaker| show::breaker(breaker, at))
        .collect()
}
