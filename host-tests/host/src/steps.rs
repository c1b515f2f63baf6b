//! Workers as threads that run one at a time, and change places where the test says so: before a host call.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

/// Whose turn it is, while workers are stepped.
#[derive(Default)]
pub(crate) struct Steps {
    stepping: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    order: VecDeque<usize>,
    unfinished: BTreeSet<usize>,
    turn: Option<usize>,
    /// By worker: each waits for its own, so that one turn wakes one thread, of however many.
    handed_on: Vec<Arc<Condvar>>,
}

impl Steps {
    /// Begins: each worker first runs up to its first host call, then each entry of the order lets its worker make one
    /// host call.
    pub(crate) fn begin(&self, workers: usize, order: impl IntoIterator<Item = usize>) {
        let mut state = self.state.lock();
        state.order = (0..workers).chain(order).collect();
        state.unfinished = (0..workers).collect();
        state.handed_on = (0..workers).map(|_| Arc::default()).collect();
        state.hand_on();
        self.stepping.store(true, Ordering::Release);
    }

    /// All workers have finished.
    pub(crate) fn end(&self) {
        self.stepping.store(false, Ordering::Release);
    }

    pub(crate) fn are_on(&self) -> bool {
        self.stepping.load(Ordering::Acquire)
    }

    /// A worker's thread waits for its first turn. Its work is finished when the guard is dropped, by a panic too.
    pub(crate) fn join(&self, worker: usize) -> impl Drop {
        self.wait(worker, &mut self.state.lock());
        Finish { steps: self, worker }
    }

    /// A worker is about to make a host call: it waits until the order lets it.
    pub(crate) fn before_host_call(&self, worker: usize) {
        if self.are_on() {
            let mut state = self.state.lock();
            state.hand_on();
            self.wait(worker, &mut state);
        }
    }

    fn wait(&self, worker: usize, state: &mut parking_lot::MutexGuard<'_, State>) {
        let Some(handed_on) = state.handed_on.get(worker).cloned() else {
            return;
        };
        handed_on.wait_while(state, |state| state.turn != Some(worker));
    }
}

impl State {
    /// The next in the order that is not finished; when the order is used up, the first that is not.
    fn hand_on(&mut self) {
        while let Some(next) = self.order.pop_front() {
            if self.unfinished.contains(&next) {
                return self.give_turn(Some(next));
            }
        }
        self.give_turn(self.unfinished.first().copied());
    }

    fn give_turn(&mut self, turn: Option<usize>) {
        self.turn = turn;
        if let Some(handed_on) = turn.and_then(|worker| self.handed_on.get(worker)) {
            handed_on.notify_one();
        }
    }
}

struct Finish<'s> {
    steps: &'s Steps,
    worker: usize,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let mut state = self.steps.state.lock();
        state.unfinished.remove(&self.worker);
        state.hand_on();
    }
}
