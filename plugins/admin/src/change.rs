//! A breaker's record is changed, as its own plugin changes it: read, and written by compare-and-swap.

use crate::listed::{Breaker, Moment};
use kit::Worker;
use policy::admin::{Change, Deed};
use policy::breaker::{Record, Transition};
use std::rc::Rc;

/// What came of it.
pub(crate) enum Changed {
    /// It is as was asked.
    Made {
        /// With its record as it is now.
        breaker: Rc<Breaker>,
        /// What happened to it, if it was in another state.
        transition: Option<Transition>,
    },
    /// The record is another breaker's by now.
    GivenAway,
    /// The host refused, or others were faster each time.
    Unwritten,
}

pub(crate) fn carry_out(worker: &Worker, breaker: &Breaker, change: &Change, at: Moment) -> Changed {
    let mut made = Changed::GivenAway;
    let written = worker.change_shared(&breaker.name, |bytes| {
        let mut record = bytes.map(Record::decode).unwrap_or_default();
        if !breaker.owns(&record) {
            made = Changed::GivenAway;
            return None;
        }
        let transition = match change.deed {
            Deed::Force(force, lasts_millis) => {
                record.force(force, lasts_millis, &change.reason, at.now_millis)
            }
            Deed::Reset => record.reset(),
        };
        let bytes = record.encode();
        let breaker = Rc::new(Breaker {
            record,
            ..breaker.clone()
        });
        made = Changed::Made { breaker, transition };
        Some(bytes)
    });
    match written {
        Ok(()) => made,
        Err(_) => Changed::Unwritten,
    }
}
