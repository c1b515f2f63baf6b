//! The work on threads: one reads, one replays each configuration, and this one compares.

use super::breakers::Breakers;
use super::compare::{Comparison, Of};
use super::log::{Read, Reading};
use super::logged::Logged;
use super::outcome::Outcome;
use super::progress::Progress;
use super::side::Side;
use crate::problem::Problem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// So many batches may wait for a side: the faster one waits for the slower one, and neither fills the memory.
const MOST_WAITING: usize = 16;

/// A replay.
pub(super) struct Work {
    pub(super) reading: Reading,
    pub(super) new: Side,
    /// `None`: what the log says.
    pub(super) old: Option<Side>,
    /// How many requests are named of each group.
    pub(super) examples: usize,
}

/// What came of it.
pub(super) struct Done {
    pub(super) read: Read,
    pub(super) comparison: Comparison,
    pub(super) new: Breakers,
    /// `None`: the log does not tell of its breakers.
    pub(super) old: Option<Breakers>,
}

type Batch = Arc<Vec<Logged>>;

enum Told {
    Read(Batch),
    Over(Of, Vec<(u64, Outcome)>),
}

impl Work {
    /// Replays the log.
    pub(super) fn run(self) -> Result<Done, Problem> {
        let Self {
            reading,
            new,
            old,
            examples,
        } = self;
        let progress = Progress::of(&reading.files, &reading.consumed);
        let with_log = old.is_none();
        let (tell, told) = sync_channel(MOST_WAITING * 4);
        let (to_new, for_new) = sync_channel(MOST_WAITING);
        let (to_old, for_old) = sync_channel(MOST_WAITING);
        let done = thread::scope(|scope| {
            let new = scope.spawn({
                let tell = tell.clone();
                move || replay(new, Of::New, &for_new, &tell)
            });
            let old = old.map(|old| {
                let tell = tell.clone();
                scope.spawn(move || replay(old, Of::Old, &for_old, &tell))
            });
            let reader = scope.spawn(move || {
                reading.read(|batch| {
                    let is_told = tell.send(Told::Read(batch.clone())).is_ok();
                    let is_taken = with_log || to_old.send(batch.clone()).is_ok();
                    is_told && is_taken && to_new.send(batch).is_ok()
                })
            });
            let comparison = compare(&told, with_log, examples, &progress);
            // A panic of a thread is one of this program.
            let joined = |side: thread::ScopedJoinHandle<'_, Breakers>| {
                side.join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            let read = reader
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let (new, old) = (joined(new), old.map(joined));
            read.map(|read| Done {
                read,
                comparison,
                new,
                old,
            })
        });
        progress.end();
        done
    }
}

fn replay(mut side: Side, of: Of, batches: &Receiver<Batch>, tell: &SyncSender<Told>) -> Breakers {
    for batch in batches {
        let mut over = Vec::with_capacity(batch.len());
        for logged in batch.iter() {
            side.take(logged, |number, outcome| over.push((number, outcome)));
        }
        if tell.send(Told::Over(of, over)).is_err() {
            break;
        }
    }
    let mut over = Vec::new();
    let breakers = side.finish(|number, outcome| over.push((number, outcome)));
    // Nobody listens any more only where this thread's news cannot matter.
    let _ = tell.send(Told::Over(of, over));
    breakers
}

fn compare(told: &Receiver<Told>, with_log: bool, examples: usize, progress: &Progress) -> Comparison {
    let mut comparison = Comparison::new(examples);
    let mut read = 0;
    for told in told {
        match told {
            Told::Read(batch) => {
                for logged in batch.iter() {
                    comparison.expect(read, logged);
                    if with_log {
                        comparison.tell(Of::Old, read, Outcome::logged(logged));
                    }
                    read += 1;
                }
            }
            Told::Over(of, over) => {
                for (number, outcome) in over {
                    comparison.tell(of, number, outcome);
                }
            }
        }
        progress.tell(comparison.compared, read);
    }
    comparison
}
