//! What upstreams answer, by the scenario's phases.

use super::seen::Arrival;
use crate::scenario::{Answer, At, Otherwise, Phase};
use host::Arriving;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What arrived at all upstreams so far.
pub(crate) type Arrivals = Arc<Mutex<Vec<Arrival>>>;

/// The upstream of one cluster.
pub(crate) struct Upstream {
    phases: Vec<At<Phase>>,
    cluster: usize,
    arrivals: Arrivals,
    kept: Mutex<Kept>,
}

static NO_HEADERS: BTreeMap<String, String> = BTreeMap::new();

/// What an upstream keeps in mind.
struct Kept {
    random: fastrand::Rng,
    /// What arrived in the last second, the oldest first,
    arrived: VecDeque<Duration>,
    /// and what it took of that.
    taken: VecDeque<Duration>,
}

/// An answer and what belongs to it.
struct Reply<'a> {
    answer: Answer,
    after: Duration,
    headers: &'a BTreeMap<String, String>,
    body: Option<&'a str>,
}

const SECOND: Duration = Duration::from_secs(1);

/// As long as an upstream takes where a scenario does not say it.
const USUAL: Duration = Duration::from_millis(5);

impl Upstream {
    pub(crate) fn new(phases: &[At<Phase>], cluster: usize, arrivals: &Arrivals, seed: u64) -> Upstream {
        Upstream {
            phases: phases.to_vec(),
            cluster,
            arrivals: arrivals.clone(),
            kept: Mutex::new(Kept {
                random: fastrand::Rng::with_seed(seed),
                arrived: VecDeque::new(),
                taken: VecDeque::new(),
            }),
        }
    }

    /// When its cluster has no healthy host.
    pub(crate) fn without_hosts(&self, lasts: Duration) -> Vec<Range<Duration>> {
        let mut times = Vec::new();
        for (index, phase) in self.phases.iter().enumerate() {
            if phase.answer != Answer::NoHost {
                continue;
            }
            let begin = phase.from.get();
            // What is under way when the scenario ends is to find no other world.
            let end = self
                .phases
                .get(index + 1)
                .map_or(Duration::MAX, |next| next.from.get());
            let Some(flaps) = phase.flaps else {
                times.push(begin..end);
                continue;
            };
            let mut turn = begin;
            while turn < end.min(lasts) {
                times.push(turn..(turn + flaps.lasts.get()).min(end));
                turn += flaps.every.get();
            }
        }
        times
    }

    /// Answers an attempt.
    pub(crate) fn answer(&self, arriving: &Arriving<'_>) -> host::Answer {
        let now = arriving.after();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = self.reply(now, &mut kept);
        let arrival = Arrival {
            at: now,
            cluster: self.cluster,
            connection: arriving.connection(),
            number: arriving.attempt(),
            answer: reply.answer,
        };
        self.arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(arrival);
        reply.into_answer()
    }

    fn reply(&self, now: Duration, kept: &mut Kept) -> Reply<'_> {
        for times in [&mut kept.arrived, &mut kept.taken] {
            while times.front().is_some_and(|time| *time + SECOND <= now) {
                times.pop_front();
            }
        }
        let before = kept.arrived.len();
        kept.arrived.push_back(now);
        let usual = Reply {
            answer: Answer::Status(200),
            after: USUAL,
            headers: &NO_HEADERS,
            body: None,
        };
        let Some(phase) = self.phases.iter().rev().find(|phase| phase.from.get() <= now) else {
            return usual;
        };
        if let Some(capacity) = phase.capacity {
            let load = if phase.collapses { before } else { kept.taken.len() };
            if load >= capacity as usize {
                let busy = Reply {
                    answer: Answer::Status(503),
                    after: Duration::ZERO,
                    ..usual
                };
                return other(phase.overloaded.as_ref(), busy);
            }
            kept.taken.push_back(now);
        }
        let turned = phase.flaps.is_some_and(|flaps| {
            let since = now - phase.from.get();
            since.as_nanos() % flaps.every.get().as_nanos().max(1) >= flaps.lasts.get().as_nanos()
        });
        if turned || !phase.percent.takes(&mut kept.random) {
            return other(phase.otherwise.as_ref(), usual);
        }
        let jitter = u64::try_from(phase.jitter.get().as_millis()).unwrap_or(0);
        let more = if jitter == 0 {
            0
        } else {
            kept.random.u64(0..=jitter)
        };
        Reply {
            answer: phase.answer,
            after: phase.after.get() + Duration::from_millis(more),
            headers: &phase.headers,
            body: phase.body.as_deref(),
        }
    }
}

fn other<'a>(otherwise: Option<&'a Otherwise>, default: Reply<'a>) -> Reply<'a> {
    let Some(otherwise) = otherwise else {
        return default;
    };
    Reply {
        answer: otherwise.answer,
        after: otherwise.after.map_or(default.after, |after| after.get()),
        headers: &otherwise.headers,
        body: otherwise.body.as_deref(),
    }
}

impl Reply<'_> {
    fn into_answer(self) -> host::Answer {
        let answer = match self.answer {
            Answer::Status(status) => {
                let mut answer = host::Answer::new(status);
                for (name, value) in self.headers {
                    answer = answer.header(&name.to_ascii_lowercase(), value);
                }
                match self.body {
                    Some(body) => answer.body(body),
                    None => answer,
                }
            }
            // That no host is healthy is known before anything arrives.
            Answer::Refuse | Answer::NoHost => host::Answer::connection_failure(),
            Answer::Reset => host::Answer::reset(),
            Answer::Never => host::Answer::never(),
        };
        answer.after(self.after)
    }
}
