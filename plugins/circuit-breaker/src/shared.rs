//! A breaker's record in shared data: read, decided on, and written back if that changed it.
//!
//! The decision is made again on the newer record where another worker was faster. So what it led to is told only once
//! the record is written.

use crate::breaker::Breaker;
use kit::{GaveUp, Worker};
use policy::breaker::{Moment, Record, Settings, State, Transition};

/// What a look at the record led to.
pub(crate) struct Change {
    /// The state that the breaker is in now.
    pub(crate) state: State,
    /// What happened to the breaker.
    pub(crate) transition: Option<Transition>,
    /// Why the record could not be written, and nothing happened to the breaker.
    pub(crate) unwritten: Option<GaveUp>,
}

/// Why there was nothing to decide on.
pub(crate) enum Missed {
    /// The host did not hand the record over, which was counted.
    Unread,
    /// It is another breaker's by now.
    GivenAway,
}

/// When a worker merges what it has gathered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merges {
    /// When it must: the record shows a failure.
    IfNeeded,
    /// In any case.
    Always,
}

/// Decides on a breaker's record. What the worker has gathered is merged before. `decide` may be called more than once:
/// the last time counts.
pub(crate) fn change(
    worker: &Worker,
    breaker: &Breaker,
    settings: &Settings,
    at: Moment,
    merges: Merges,
    decide: &mut dyn FnMut(&mut Record) -> Option<Transition>,
) -> Result<Change, Missed> {
    let gathered_before = breaker.gathered.get();
    let mut seen = Err(Missed::Unread);
    let written = worker.change_shared(breaker.record(), |bytes| {
        let mut record = breaker.read(bytes, worker);
        // What was imported is not there yet. (To decode the bytes again would be the dearest part of a request.)
        let before = bytes.map(|_| record.clone()).unwrap_or_default();
        if !breaker.owns(&record) {
            seen = Err(Missed::GivenAway);
            return None;
        }
        let mut gathered = gathered_before;
        let must = gathered.saw(&record, at.now_millis);
        let mut merged = None;
        if must || (merges == Merges::Always && gathered.successes() > 0) {
            merged = record.merge(settings, &gathered, at);
            gathered.merged();
        }
        let moved = decide(&mut record);
        gathered.saw(&record, at.now_millis);
        let change = Change {
            state: record.state(),
            transition: merged.or(moved),
            unwritten: None,
        };
        seen = Ok((change, gathered));
        record.changed_from(&before)
    });
    let (mut change, gathered) = seen?;
    match written {
        Ok(()) => breaker.gathered.set(gathered),
        Err(why) => {
            change.transition = None;
            change.unwritten = Some(why);
        }
    }
    Ok(change)
}
