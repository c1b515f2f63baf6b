//! Two workers and one record: every order of their reads, writes and failed writes, up to a depth.
//!
//! Each worker is a handful of small steps, as the plugin takes them: read the record; decide, and write it back if
//! nobody else has (or read again); wait for the answer; read; settle, and write. A worker may die at any step, and
//! time may pass at any step: a little, a lease, an open time. What can come of all that is searched state by state,
//! each state once, and in every state that is reached the invariants are checked.
//!
//! Beside them there may be an operator, who at some step reads the record and then forces the breaker or resets it.

use std::collections::HashSet;

use super::super::record::Phase;
use super::*;

const LEASE: u64 = 40;
const OPEN: u64 = 100;
const MAX_WAIT: u64 = 120;

/// How far a search goes. With it, everything between opening and closing again is reached many times over: the test
/// counts it.
const DEPTH: usize = 18;

/// How far a search with an operator goes: each of his deeds makes a world of its own.
const DEPTH_WITH_OPERATOR: usize = 13;

/// For how long an operator forces it.
const FORCED: u64 = 140;

/// Where an operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    /// There is none, or he has done what he would.
    Gone,
    /// He has done nothing yet.
    Idle,
    /// He has read a record to change.
    Changing(Read, Deed),
}

/// What he does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Deed {
    Force(State),
    Reset,
}

/// Where a worker is with its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum At {
    /// Between two requests.
    Idle,
    /// It has read a record to admit.
    Admitting(Read),
    /// It has a permit, and waits for the answer.
    Waiting(Permit),
    /// It has read a record to settle.
    Settling(Read, Permit, Outcome),
    /// It is gone, with all that it held.
    Dead,
}

/// What a worker has read: its place among all records that were ever written, and whether nobody has written since,
/// which is all that compare-and-swap tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Read {
    place: usize,
    is_last: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    /// The place of the record among all that were ever written.
    record: usize,
    now: u64,
    workers: [At; 2],
    /// What each worker has gathered.
    gathered: [Gathered; 2],
    operator: Operator,
    /// What an operator forces, and until when.
    forced: Option<(State, u64)>,
}

impl World {
    fn read(&self) -> Read {
        Read {
            place: self.record,
            is_last: true,
        }
    }

    /// Workers have no names: of two worlds in which they have changed places, one is enough.
    fn sorted(mut self) -> Self {
        let order = |who: usize| format!("{:?}{:?}", self.workers[who], self.gathered[who]);
        if order(0) > order(1) {
            self.workers.swap(0, 1);
            self.gathered.swap(0, 1);
        }
        self
    }
}

/// What a search has met.
#[derive(Debug, Default, PartialEq, Eq)]
struct Met {
    states: usize,
    lost_races: usize,
    late_results: usize,
    rejections: usize,
    transitions: Vec<(State, State, Reason)>,
    most_probes: usize,
    lost_deeds: usize,
}

struct Search {
    settings: Settings,
    max_calls: usize,
    /// All records that were written, once each, as bytes.
    records: Vec<Vec<u8>>,
    seen: HashSet<World>,
    met: Met,
    depth: usize,
    operator: Operator,
}

impl Search {
    fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut stand = Stand::new(|settings| {
            settings.trip.consecutive_failures = Some(2);
            settings.open.first_millis = OPEN;
            settings.open.max_millis = OPEN;
            settings.open.reset_after_millis = 0;
            settings.half_open = HalfOpen {
                max_calls: 1,
                successes: 1,
                lease_millis: LEASE,
                max_wait_millis: MAX_WAIT,
            };
            change(settings);
        });
        stand.bytes = Record::default().encode();
        Self {
            max_calls: stand.settings.half_open.max_calls as usize,
            settings: stand.settings,
            records: vec![stand.bytes],
            seen: HashSet::new(),
            met: Met::default(),
            depth: DEPTH,
            operator: Operator::Gone,
        }
    }

    fn with_operator(self) -> Self {
        Self {
            depth: DEPTH_WITH_OPERATOR,
            operator: Operator::Idle,
            ..self
        }
    }

    fn record(&self, place: usize) -> Record {
        Record::decode(&self.records[place])
    }

    fn place(&mut self, bytes: Vec<u8>) -> usize {
        let found = self.records.iter().position(|known| *known == bytes);
        found.unwrap_or_else(|| {
            self.records.push(bytes);
            self.records.len() - 1
        })
    }

    fn run(mut self) -> Met {
        let mut front = vec![World {
            record: 0,
            now: 1_000,
            workers: [At::Idle; 2],
            gathered: [Gathered::default(); 2],
            operator: self.operator,
            forced: None,
        }];
        for _ in 0..self.depth {
            let mut next = Vec::new();
            for world in front {
                for follower in self.followers(&world) {
                    let follower = follower.sorted();
                    if self.seen.insert(follower.clone()) {
                        self.check(&follower);
                        next.push(follower);
                    }
                }
            }
            front = next;
        }
        self.met.states = self.seen.len();
        self.met
    }

    /// All worlds that can come next.
    fn followers(&mut self, world: &World) -> Vec<World> {
        let mut worlds = Vec::new();
        for millis in [LEASE, OPEN] {
            // Time is only worth telling apart up to where all that is held is over.
            if world.now < 1_000 + 3 * OPEN {
                worlds.push(World {
                    now: world.now + millis,
                    ..world.clone()
                });
            }
        }
        match world.operator {
            Operator::Gone => {}
            Operator::Idle => {
                for deed in [Deed::Force(State::Open), Deed::Force(State::Closed), Deed::Reset] {
                    worlds.push(World {
                        operator: Operator::Changing(world.read(), deed),
                        ..world.clone()
                    });
                }
            }
            Operator::Changing(read, deed) => worlds.push(self.change(world, read, deed)),
        }
        for who in 0..2 {
            let mut go = |at| {
                let mut next = world.clone();
                next.workers[who] = at;
                worlds.push(next);
            };
            match world.workers[who] {
                At::Dead => {}
                At::Idle => go(At::Admitting(world.read())),
                At::Waiting(permit) => {
                    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Ignored] {
                        go(At::Settling(world.read(), permit, outcome));
                    }
                    go(At::Dead);
                }
                At::Admitting(read) => worlds.push(self.admit(world, who, read)),
                At::Settling(read, permit, outcome) => {
                    worlds.push(self.settle(world, who, read, permit, outcome));
                }
            }
        }
        worlds
    }

    fn moment(world: &World) -> Moment {
        Moment {
            now_millis: world.now,
            draw: 0.0,
        }
    }

    /// Writes what was made of the record that was read, if that is still the last. `None`: another worker was faster,
    /// and the worker reads again.
    fn write(&mut self, world: &World, read: Read, record: &Record) -> Option<World> {
        let mut next = world.clone();
        let Some(bytes) = record.changed_from(&Record::decode(&self.records[read.place])) else {
            return Some(next);
        };
        if !read.is_last {
            self.met.lost_races += 1;
            return None;
        }
        next.record = self.place(bytes);
        for at in &mut next.workers {
            if let At::Admitting(read) | At::Settling(read, ..) = at {
                read.is_last = false;
            }
        }
        if let Operator::Changing(read, _) = &mut next.operator {
            read.is_last = false;
        }
        Some(next)
    }

    fn met(&mut self, transition: Option<Transition>) {
        let Some(Transition { from, to, reason, .. }) = transition else {
            return;
        };
        if !self.met.transitions.contains(&(from, to, reason)) {
            self.met.transitions.push((from, to, reason));
        }
    }

    fn change(&mut self, world: &World, read: Read, deed: Deed) -> World {
        let mut record = self.record(read.place);
        let (transition, forced) = match deed {
            Deed::Force(state) => {
                let force = match state {
                    State::Open => Force::Open,
                    _ => Force::Closed,
                };
                let transition = record.force(force, FORCED, "a test", world.now);
                (transition, Some((state, world.now + FORCED)))
            }
            Deed::Reset => (record.reset(), None),
        };
        let Some(mut next) = self.write(world, read, &record) else {
            self.met.lost_deeds += 1;
            return World {
                operator: Operator::Changing(world.read(), deed),
                ..world.clone()
            };
        };
        self.met(transition);
        next.operator = Operator::Gone;
        next.forced = forced;
        next
    }

    fn admit(&mut self, world: &World, who: usize, read: Read) -> World {
        let mut record = self.record(read.place);
        let mut gathered = world.gathered[who];
        let at = Self::moment(world);
        if gathered.saw(&record, world.now) {
            record.merge(&self.settings, &gathered, at);
            gathered.merged();
        }
        let admission = record.admit(&self.settings, at);
        gathered.saw(&record, world.now);
        let Some(mut next) = self.write(world, read, &record) else {
            let mut again = world.clone();
            again.workers[who] = At::Admitting(world.read());
            return again;
        };
        self.met(admission.transition);
        next.gathered[who] = gathered;
        next.workers[who] = match admission.verdict {
            Verdict::Admitted(permit) => At::Waiting(permit),
            Verdict::Rejected(_) => {
                self.met.rejections += 1;
                At::Idle
            }
        };
        next
    }

    fn settle(&mut self, world: &World, who: usize, read: Read, permit: Permit, outcome: Outcome) -> World {
        let mut gathered = world.gathered[who];
        if outcome == Outcome::Success && gathered.successes() < 2 && gathered.take(permit) {
            let mut next = world.clone();
            next.gathered[who] = gathered;
            next.workers[who] = At::Idle;
            return next;
        }
        let mut record = self.record(read.place);
        let at = Self::moment(world);
        let merged = record.merge(&self.settings, &gathered, at);
        gathered.merged();
        let before = record.clone();
        let transition = record.settle(&self.settings, permit, outcome, None, at);
        if permit.generation < before.generation() {
            self.met.late_results += 1;
            assert_eq!(
                record, before,
                "an outcome of an older generation changed something"
            );
        }
        gathered.saw(&record, world.now);
        let Some(mut next) = self.write(world, read, &record) else {
            let mut again = world.clone();
            again.workers[who] = At::Settling(world.read(), permit, outcome);
            return again;
        };
        self.met(merged);
        self.met(transition);
        next.gathered[who] = gathered;
        next.workers[who] = At::Idle;
        next
    }

    /// What must hold in every world.
    fn check(&mut self, world: &World) {
        let record = self.record(world.record);
        if let Some((state, _)) = world.forced.filter(|(_, until)| world.now < *until) {
            assert_eq!(record.state(), state, "{world:?} {record:?}");
            assert!(record.view(world.now).forced.is_some(), "{world:?} {record:?}");
        } else {
            assert_eq!(record.view(world.now).forced, None, "{world:?} {record:?}");
        }
        if let Phase::HalfOpen { leases, .. } = &record.phase {
            let unexpired = leases.held.iter().filter(|lease| lease.ends_millis() > world.now);
            assert!(unexpired.count() <= self.max_calls, "{record:?}");
        }
        // Told by the workers, and not by the record: so many probes of this generation are really out there, whose
        // leases have not ended.
        let really = world.workers.iter().filter(|at| match at {
            At::Waiting(permit) | At::Settling(_, permit, _) => match &record.phase {
                Phase::HalfOpen { leases, .. } if permit.generation == record.generation() => leases
                    .held
                    .iter()
                    .any(|lease| permit.probe == Some(lease.number) && lease.ends_millis() > world.now),
                _ => false,
            },
            _ => false,
        });
        let really = really.count();
        assert!(really <= self.max_calls, "{world:?} {record:?}");
        self.met.most_probes = self.met.most_probes.max(really);
        for at in &world.workers {
            if let At::Waiting(permit) = at {
                assert!(
                    permit.generation <= record.generation(),
                    "a permit of the future: {world:?}"
                );
            }
        }
        self.check_way_out(world, record);
    }

    /// Whoever may have died: one more worker and some time close the breaker.
    fn check_way_out(&self, world: &World, mut record: Record) {
        let mut now_millis = world.now;
        for _ in 0..4 {
            now_millis += OPEN.max(MAX_WAIT).max(LEASE).max(FORCED);
            let at = Moment {
                now_millis,
                draw: 0.0,
            };
            while let Verdict::Admitted(permit) = record.admit(&self.settings, at).verdict {
                record.settle(&self.settings, permit, Outcome::Success, None, at);
                if record.state() == State::Closed {
                    return;
                }
            }
        }
        panic!("no way out of {world:?}: {record:?}");
    }
}

fn all_met(met: &Met) {
    use State::{Closed, HalfOpen, Open};
    for transition in [
        (Closed, Open, Reason::ConsecutiveFailures),
        (Open, HalfOpen, Reason::OpenElapsed),
        (HalfOpen, Open, Reason::ProbeFailed),
        (HalfOpen, Closed, Reason::ProbesSucceeded),
        (HalfOpen, Open, Reason::HalfOpenTimeout),
    ] {
        assert!(
            met.transitions.contains(&transition),
            "{transition:?} was not met: {met:?}"
        );
    }
    assert!(
        met.lost_races > 1_000 && met.late_results > 1_000 && met.rejections > 1_000,
        "{met:?}"
    );
    assert!(met.states > 10_000, "{met:?}");
}

#[test]
fn in_every_order_of_two_workers_one_place_holds_one_probe() {
    let met = Search::new(|_| {}).run();
    eprintln!("{met:?}");
    all_met(&met);
    assert_eq!(met.most_probes, 1);
}

#[test]
fn in_every_order_of_two_workers_two_places_hold_two_probes() {
    let met = Search::new(|settings| {
        settings.half_open.max_calls = 2;
        settings.half_open.successes = 2;
    })
    .run();
    eprintln!("{met:?}");
    all_met(&met);
    assert_eq!(met.most_probes, 2);
}

#[test]
fn in_every_order_with_an_operator_what_he_forces_holds_until_its_end() {
    use State::{Closed, HalfOpen, Open};
    let met = Search::new(|settings| settings.trip.consecutive_failures = Some(1))
        .with_operator()
        .run();
    eprintln!("{met:?}");
    for transition in [
        (Closed, Open, Reason::Forced),
        (Open, Closed, Reason::Forced),
        (HalfOpen, Open, Reason::Forced),
        (HalfOpen, Closed, Reason::Forced),
        (HalfOpen, Closed, Reason::ProbesSucceeded),
    ] {
        assert!(
            met.transitions.contains(&transition),
            "{transition:?} was not met: {met:?}"
        );
    }
    assert!(met.lost_deeds > 1_000 && met.late_results > 1_000, "{met:?}");
    assert_eq!(met.most_probes, 1);
}
