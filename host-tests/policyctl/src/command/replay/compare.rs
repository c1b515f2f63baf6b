//! What became of each request, before and after: the same, or what else.

use super::logged::{Logged, Place};
use super::outcome::Outcome;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// All requests, before and after.
pub(super) struct Comparison {
    examples: usize,
    waiting: HashMap<u64, Waiting>,
    /// Requests of which both are known.
    pub(super) compared: u64,
    /// What changed, by what to what.
    pub(super) changes: BTreeMap<Change, Group>,
    /// What came of them before, and after.
    pub(super) totals: [Totals; 2],
}

/// From what to what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) old: Seen,
    pub(super) new: Seen,
}

/// What a client saw.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    /// 0 where the client was gone.
    pub(super) code: u16,
    /// `None`: there was none, or it is not known.
    pub(super) error_code: Option<Arc<str>>,
}

/// Requests that have something in common.
#[derive(Default)]
pub(super) struct Group {
    pub(super) count: u64,
    /// How many of them have an upstream whose answer is taken from another request.
    pub(super) guessed: u64,
    /// The first of them.
    pub(super) examples: Vec<Example>,
}

/// A request that can be found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Example {
    number: u64,
    pub(super) id: Option<Box<str>>,
    pub(super) place: Place,
}

/// What came of all requests on one side.
#[derive(Default)]
pub(super) struct Totals {
    /// Refused by a plugin, by its details.
    pub(super) refused: BTreeMap<&'static str, Group>,
    /// Tried again, by what the first attempt came to.
    pub(super) retried: BTreeMap<Arc<str>, Group>,
    /// Not tried again although the answer was one for that, by the reason.
    pub(super) withheld: BTreeMap<Arc<str>, Group>,
    /// How often upstreams were asked more than once a request.
    pub(super) more_attempts: u64,
    pub(super) tried_again: u64,
}

struct Waiting {
    example: Example,
    is_guessed: bool,
    sides: [Option<Outcome>; 2],
}

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Old = 0,
    New = 1,
}

impl Comparison {
    /// `examples`: how many requests are named of each group.
    pub(super) fn new(examples: usize) -> Self {
        Self {
            examples,
            waiting: HashMap::new(),
            compared: 0,
            changes: BTreeMap::new(),
            totals: <[Totals; 2]>::default(),
        }
    }

    /// A request of this number is under way.
    pub(super) fn expect(&mut self, number: u64, logged: &Logged) {
        let waiting = Waiting {
            example: Example {
                number,
                id: logged.id.clone(),
                place: logged.place,
            },
            is_guessed: logged.refused.is_some(),
            sides: [None, None],
        };
        self.waiting.insert(number, waiting);
    }

    /// What came of it on one side. In which order the two sides tell makes no difference.
    pub(super) fn tell(&mut self, of: Of, number: u64, outcome: Outcome) {
        let Some(waiting) = self.waiting.get_mut(&number) else {
            return;
        };
        if let Some(totals) = self.totals.get_mut(of as usize) {
            totals.add(&outcome, waiting, self.examples);
        }
        if let Some(side) = waiting.sides.get_mut(of as usize) {
            *side = Some(outcome);
        }
        if let [Some(_), Some(_)] = waiting.sides
            && let Some(whole) = self.waiting.remove(&number)
        {
            self.compare(&whole);
        }
    }

    fn compare(&mut self, whole: &Waiting) {
        self.compared += 1;
        let [Some(old), Some(new)] = &whole.sides else {
            return;
        };
        let codes_are_known = old.error_code.is_some() && new.error_code.is_some();
        let seen = |outcome: &Outcome| Seen {
            code: outcome.code,
            error_code: outcome.error_code.clone().flatten().filter(|_| codes_are_known),
        };
        let change = Change {
            old: seen(old),
            new: seen(new),
        };
        if change.old != change.new {
            let group = self.changes.entry(change).or_default();
            group.add(whole, self.examples);
        }
    }
}

impl Totals {
    fn add(&mut self, outcome: &Outcome, whole: &Waiting, examples: usize) {
        if let Some(details) = outcome.refused {
            self.refused.entry(details).or_default().add(whole, examples);
        }
        if outcome.attempts > 1 {
            self.tried_again += 1;
            self.more_attempts += u64::from(outcome.attempts - 1);
        }
        if let Some(after) = &outcome.retried_after {
            self.retried
                .entry(after.clone())
                .or_default()
                .add(whole, examples);
        }
        if let Some(why) = &outcome.withheld {
            self.withheld.entry(why.clone()).or_default().add(whole, examples);
        }
    }

    /// How many requests a plugin refused with these details.
    pub(super) fn refused_with(&self, details: &str) -> u64 {
        self.refused.get(details).map_or(0, |group| group.count)
    }
}

impl Group {
    /// The examples are the first ones, in whichever order requests are added.
    fn add(&mut self, whole: &Waiting, examples: usize) {
        self.count += 1;
        self.guessed += u64::from(whole.is_guessed);
        let is_among = |last: &Example| whole.example.number < last.number;
        if self.examples.len() < examples || self.examples.last().is_some_and(is_among) {
            let at = self
                .examples
                .partition_point(|other| other.number < whole.example.number);
            self.examples.insert(at, whole.example.clone());
            self.examples.truncate(examples);
        }
    }
}
