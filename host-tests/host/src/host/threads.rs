//! Workers as threads: truly at once, or one host call at a time.

use std::panic::resume_unwind;
use std::thread;

use super::Host;
use crate::worker::Worker;

impl Host {
    /// Runs the same work for each worker, each in a thread of its own, all at once. For contention: what the threads
    /// do to each other differs from run to run, so expect only what must hold in every one.
    ///
    /// # Panics
    /// When a worker's work does, with its message.
    ///
    /// # Examples
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin).workers(4);
    /// host.in_parallel(|worker| {
    ///     for _ in 0..25 {
    ///         worker.get("/").expect_rejected(401);
    ///     }
    /// });
    /// assert_eq!(host.metric("keyless_requests"), 100);
    /// ```
    #[track_caller]
    pub fn in_parallel(&self, work: impl Fn(Worker<'_>) + Sync) {
        self.start();
        self.on_threads(work).unwrap_or_else(|panic| resume_unwind(panic));
        self.check_deaths();
    }

    /// Runs the same work for each worker, one host call at a time in this order, so that every run is the same. First
    /// each worker, in turn, comes up to its first host call; then each number in `order` lets that worker make the
    /// host call and go on up to its next. A worker that has finished is passed over; when the order is used up, the
    /// workers finish one after another. See [`crate::every_order`].
    ///
    /// Workers must not wait for each other in any other way, nor move the clock.
    ///
    /// # Panics
    /// When a worker's work does, with its message, or the order names a worker that the host does not have.
    ///
    /// # Examples
    /// ```
    /// # let plugin = host::Module::new(&wat::parse_file("examples/api-key.wat").unwrap());
    /// let host = host::Host::new(plugin).workers(2);
    /// host.step([0, 1, 1, 1], |worker| { worker.get("/").expect_rejected(401); });
    /// let on: Vec<_> = host.host_calls().iter().rev().take(6).rev().map(|call| call.thread).collect();
    /// use host::Thread::Worker;
    /// assert_eq!(on, [Worker(0), Worker(1), Worker(1), Worker(1), Worker(0), Worker(0)]);
    /// ```
    #[track_caller]
    pub fn step(&self, order: impl IntoIterator<Item = usize>, work: impl Fn(Worker<'_>) + Sync) {
        self.start();
        let workers = self.envoy().setup().settings.workers;
        let order: Vec<usize> = order.into_iter().collect();
        if let Some(number) = order.iter().find(|number| **number >= workers) {
            panic!("the order names worker {number} of {workers} (they count from 0)");
        }
        let shared = self.shared();
        assert!(
            !shared.steps.are_on(),
            "the workers of this host are stepped already"
        );
        shared.steps.begin(workers, order);
        let done = self.on_threads(|worker| {
            let _turns = shared.steps.join(worker.number);
            work(worker);
        });
        shared.steps.end();
        self.envoy().deliver_posts();
        done.unwrap_or_else(|panic| resume_unwind(panic));
        self.check_deaths();
    }

    /// Runs the work of each worker in a thread and waits for all.
    ///
    /// # Errors
    /// What the first worker panicked with whose work did.
    fn on_threads(&self, work: impl Fn(Worker<'_>) + Sync) -> thread::Result<()> {
        let workers = self.envoy().setup().settings.workers;
        let outcomes: Vec<thread::Result<()>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..workers)
                .map(|number| {
                    let (work, worker) = (&work, Worker { host: self, number });
                    scope.spawn(move || work(worker))
                })
                .collect();
            threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        outcomes.into_iter().collect()
    }
}

/// Every order in which workers can make so many host calls each, for [`Host::step`]: worker 0 the first number of
/// them, worker 1 the second. There are as many as ways to shuffle them together: 20 for `[3, 3]`, 12870 for `[8, 8]`.
///
/// ```
/// let orders: Vec<_> = host::every_order(&[2, 1]).collect();
/// assert_eq!(orders, [[0, 0, 1], [0, 1, 0], [1, 0, 0]]);
/// ```
pub fn every_order(host_calls: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let first: Vec<usize> = host_calls
        .iter()
        .enumerate()
        .flat_map(|(worker, calls)| std::iter::repeat_n(worker, *calls))
        .collect();
    std::iter::successors(Some(first), |order| next_permutation(order.clone()))
}

/// The next one in lexicographic order; none after the last.
fn next_permutation(mut order: Vec<usize>) -> Option<Vec<usize>> {
    let falls_from = order.windows(2).rposition(|pair| pair[0] < pair[1])?;
    let greater = order.iter().rposition(|worker| *worker > order[falls_from])?;
    order.swap(falls_from, greater);
    order[falls_from + 1..].reverse();
    Some(order)
}
