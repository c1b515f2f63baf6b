//! What was seen while a scenario was played.

use crate::scenario::{Answer, State};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;

/// A scenario that was played. All times are those since its beginning.
pub(crate) struct Played {
    /// How long it took by its own clock, without what was still under way then.
    pub(crate) lasts: Duration,
    pub(crate) workers: usize,
    pub(crate) seed: u64,
    /// The clients' names.
    pub(crate) clients: Vec<String>,
    /// The clusters' names, those of the scenario first.
    pub(crate) clusters: Vec<String>,
    /// Every try of every request, in the order in which they began.
    pub(crate) tries: Vec<Try>,
    /// Every attempt that was made to ask an upstream, in order.
    pub(crate) arrivals: Vec<Arrival>,
    /// Every breaker that the modules told of.
    pub(crate) breakers: Vec<Breaker>,
    /// What happened beside requests: changes, and VMs that died.
    pub(crate) happened: Vec<Happened>,
    /// Every counter and gauge at the end.
    pub(crate) metrics: BTreeMap<String, u64>,
}

/// One try of a request by a client.
#[derive(Clone, Debug)]
pub(crate) struct Try {
    /// The client's index.
    pub(crate) client: usize,
    /// Which of its requests, counted from 1.
    pub(crate) request: u64,
    /// Which try of it, counted from 1.
    pub(crate) number: u32,
    /// By which its attempts know it.
    pub(crate) connection: u64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) has_key: bool,
    pub(crate) at: Duration,
    /// How long the client waited.
    pub(crate) took: Duration,
    /// What the client got.
    pub(crate) got: Got,
    /// What the proxy answered; 0 where it did not.
    pub(crate) status: u16,
    /// `%RESPONSE_CODE_DETAILS%`
    pub(crate) details: String,
    /// `%RESPONSE_FLAGS%`
    pub(crate) flags: String,
    /// Filter state of the plugins.
    pub(crate) error_code: Option<String>,
    pub(crate) circuit: Option<String>,
    pub(crate) retry: Option<String>,
    /// The answer's `x-request-id`, where the client got an answer.
    pub(crate) id: Option<String>,
    /// What the client sent as such.
    pub(crate) sent_id: Option<String>,
    /// The client's body came to the proxy only in part.
    pub(crate) is_cut: bool,
    /// What came of each attempt of the proxy.
    pub(crate) attempts: Vec<String>,
}

/// What a client got of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// A whole answer with this status.
    Answer(u16),
    /// The proxy answered, and it was lost on the way.
    Lost,
    /// The connection broke before there was an answer.
    Broken,
    /// It waited too long, and went away.
    GaveUp,
    /// The answer broke off in the middle.
    Half,
}

/// What became of a try, seen from the proxy: each is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Answered with a status below 500.
    Answered,
    /// Answered by a plugin without asking an upstream.
    Rejected,
    /// Answered with a status from 500 on.
    Failed,
    /// The client has no answer.
    Gone,
}

/// Where Envoy itself answers before it asks an upstream.
const ENVOYS_OWN: &[&str] = &[
    "route_not_found",
    "cluster_not_found",
    "direct_response",
    "wasm_fail_stream",
];

impl Try {
    /// The status that the client got; 0 for none.
    pub(crate) fn client_status(&self) -> u16 {
        match self.got {
            Got::Answer(status) => status,
            Got::Lost | Got::Broken | Got::GaveUp | Got::Half => 0,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        let own = ENVOYS_OWN.contains(&self.details.as_str());
        match self.got {
            _ if self.status >= 400 && self.attempts.is_empty() && !own && self.got != Got::GaveUp => {
                Kind::Rejected
            }
            Got::Answer(status) if status < 500 => Kind::Answered,
            Got::Answer(_) => Kind::Failed,
            Got::Lost | Got::Broken | Got::GaveUp | Got::Half => Kind::Gone,
        }
    }
}

/// An attempt of the proxy to ask an upstream.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Duration,
    /// The cluster's index.
    pub(crate) cluster: usize,
    /// Of which try.
    pub(crate) connection: u64,
    /// Which attempt of it, counted from 1.
    pub(crate) number: usize,
    /// What the upstream does about it.
    pub(crate) answer: Answer,
}

/// A breaker.
#[derive(Clone, Debug)]
pub(crate) struct Breaker {
    /// As metrics and log lines call it; one of attempts has ` (attempts)` behind it.
    pub(crate) name: String,
    pub(crate) transitions: Vec<Transition>,
}

impl Breaker {
    /// Its state at this time: closed before the first transition.
    pub(crate) fn state_at(&self, time: Duration) -> State {
        let before = self
            .transitions
            .iter()
            .rev()
            .find(|transition| transition.at <= time);
        before.map_or(State::Closed, |transition| transition.to)
    }
}

/// A change of state, as a plugin logged it.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) at: Duration,
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) reason: String,
    /// The numbers that caused it, by the names that the log line gives them.
    pub(crate) numbers: Map<String, Value>,
}

/// What happened beside requests.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) at: Duration,
    pub(crate) what: String,
    /// It is something to mend: a configuration that was refused, a VM that died by itself.
    pub(crate) is_fault: bool,
}

/// Where a filter answers in the upstream's place, the router gives the attempt up, although the upstream had answered: what
/// it answered is told then.
pub(super) fn name_answers(tries: &mut [Try], arrivals: &[Arrival]) {
    let places: BTreeMap<u64, usize> = tries
        .iter()
        .enumerate()
        .map(|(at, made)| (made.connection, at))
        .collect();
    for arrival in arrivals {
        let made = places.get(&arrival.connection).and_then(|at| tries.get_mut(*at));
        let Some(made) = made.filter(|made| matches!(made.got, Got::Answer(_) | Got::Lost)) else {
            continue;
        };
        let last = made.attempts.len();
        if let Some(came_to) = made.attempts.get_mut(arrival.number - 1)
            && arrival.number == last
            && came_to == "given up"
        {
            *came_to = arrival.answer.to_string();
        }
    }
}
