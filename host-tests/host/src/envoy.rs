//! One Envoy: its settings, what its threads share, and the threads once it has started.

mod arrivals;
mod call_outs;
mod calls;
mod clients;
mod fatal;
mod flow;
mod lifecycle;
mod pass;
mod posts;
mod router;
mod seats;
mod thread;
mod ticks;
mod timers;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use atomic_refcell::AtomicRefCell;
use parking_lot::Mutex;

use crate::answer::Outcome;
use crate::call_out::CallOut;
use crate::client_request::{ClientRequest, Protocol};
use crate::cluster::Cluster;
use crate::edge::Edge;
use crate::plugin::Plugin;
use crate::route::{Route, RouteTable};
use crate::shared::Shared;
use crate::stream::SharedStream;
use crate::way::{Arrival, Direction};

use lifecycle::Bases;
pub(crate) use seats::Taken;
use thread::EnvoyThread;
pub(crate) use thread::Refusal;
pub use ticks::Due;

/// What a test sets before the first exchange.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) routes: RouteTable,
    pub(crate) clusters: Vec<Cluster>,
    /// What clusters are like that only routes name.
    pub(crate) other_clusters: Cluster,
    pub(crate) edge: Edge,
    pub(crate) fuel_per_callback: u64,
    pub(crate) allow_vm_death: bool,
    pub(crate) allow_unserved: bool,
    pub(crate) allow_memory_growth: bool,
    /// Host calls, costs and metrics around each exchange are written down.
    pub(crate) keeps_records: bool,
    /// Names of headers that requests and answers have as secrets of the modules, and shall not; none: all of them.
    pub(crate) not_planted: Option<Vec<Vec<u8>>>,
    /// Bytes of a body that a filter may hold back.
    pub(crate) buffer_limit: usize,
}

impl Settings {
    /// Bytes of this exchange's body that a filter, or the router for a retry, may hold back. Over HTTP/2 Envoy's limit
    /// is the window of the stream, which is beyond what tests send.
    pub(crate) fn limit_of(&self, stream: &SharedStream) -> usize {
        match stream.borrow().sent.protocol {
            Protocol::Http1 => self.buffer_limit,
            Protocol::Http2 => usize::MAX,
        }
    }

    /// The cluster of this name; where the test has set none up, one like all others.
    pub(crate) fn cluster(&self, name: &str) -> Cow<'_, Cluster> {
        let mut clusters = self.clusters.iter();
        match clusters.find(|cluster| cluster.name == name) {
            Some(cluster) => Cow::Borrowed(cluster),
            None => Cow::Owned(Cluster {
                name: name.to_owned(),
                ..self.other_clusters.clone()
            }),
        }
    }

    /// Whether Envoy has this cluster: routes lead to it, or the test has set it up.
    pub(crate) fn has_cluster(&self, name: &str) -> bool {
        let set_up = self.clusters.iter().any(|cluster| cluster.name == name);
        set_up || self.routes.names_cluster(name)
    }
}

impl Setup {
    /// All plugins in the order in which Envoy starts them, those of clusters first, each with its cluster.
    pub(crate) fn all_plugins(&self) -> impl Iterator<Item = (Option<&str>, &Arc<Plugin>)> {
        let own = self.plugins.iter().map(|plugin| (None, plugin));
        let clusters = self.settings.clusters.iter();
        let of_clusters = clusters.flat_map(|cluster| {
            let filters = cluster.filters.iter();
            filters.map(|plugin| (Some(cluster.name.as_str()), plugin))
        });
        of_clusters.chain(own)
    }
}

/// About a second of interpretation, and far more than any callback of a plugin needs.
const DEFAULT_FUEL: u64 = 100_000_000;

/// Envoy's `per_connection_buffer_limit_bytes`.
const DEFAULT_BUFFER_LIMIT: usize = 1024 * 1024;

pub(crate) struct Envoy {
    /// Changed only before it has started.
    setup: AtomicRefCell<Setup>,
    pub(crate) shared: Arc<Shared>,
    phase: Mutex<Phase>,
    bases: Mutex<Bases>,
}

pub(crate) struct Setup {
    pub(crate) settings: Settings,
    pub(crate) plugins: Vec<Arc<Plugin>>,
}

enum Phase {
    New,
    Running(Arc<Threads>),
    ShutDown,
}

/// The main thread, then the workers. Each is locked while something happens on it, so they can run at once.
type Threads = Vec<Mutex<EnvoyThread>>;

/// The address from which requests come, unless a test says otherwise.
pub(crate) fn default_peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 50_000))
}

impl Envoy {
    pub(crate) fn new(plugins: Vec<Plugin>) -> Envoy {
        Envoy {
            setup: AtomicRefCell::new(Setup {
                settings: Settings {
                    workers: 1,
                    routes: RouteTable::of_routes([Route::new("default")]),
                    clusters: Vec::new(),
                    other_clusters: Cluster::new(""),
                    edge: Edge::default(),
                    fuel_per_callback: DEFAULT_FUEL,
                    allow_vm_death: false,
                    allow_unserved: false,
                    allow_memory_growth: false,
                    keeps_records: true,
                    not_planted: Some(Vec::new()),
                    buffer_limit: DEFAULT_BUFFER_LIMIT,
                },
                plugins: plugins.into_iter().map(Arc::new).collect(),
            }),
            shared: Arc::new(Shared::new()),
            phase: Mutex::new(Phase::New),
            bases: Mutex::default(),
        }
    }

    pub(crate) fn setup(&self) -> impl Deref<Target = Setup> {
        self.setup.borrow()
    }

    /// Changes what may be changed before the start; none if that is past.
    pub(crate) fn change_setup(&self, change: impl FnOnce(&mut Setup)) -> Option<()> {
        let phase = self.phase.lock();
        matches!(*phase, Phase::New).then(|| change(&mut self.setup.borrow_mut()))
    }

    /// A client's request comes in on a worker. It goes on until it waits for something outside of Envoy.
    pub(crate) fn open(&self, worker: usize, sent: ClientRequest) -> SharedStream {
        self.on_worker(worker, |worker| worker.open(sent))
    }

    /// The upstream of an exchange answers, or the router does because none can.
    pub(crate) fn answer(&self, stream: &SharedStream, outcome: Outcome) {
        self.on_worker_of(stream, |worker| worker.answer(stream, outcome));
    }

    /// The upstream of an exchange sends a status below 200.
    pub(crate) fn inform(&self, stream: &SharedStream, status: u16) {
        self.on_worker_of(stream, |worker| worker.inform(stream, status));
    }

    /// A peer of a live exchange sends on.
    pub(crate) fn arrives(&self, stream: &SharedStream, way: Direction, arrival: Arrival) {
        self.on_worker_of(stream, |worker| worker.arrives(stream, way, arrival));
    }

    /// The client goes away.
    pub(crate) fn abort(&self, stream: &SharedStream) {
        self.on_worker_of(stream, |worker| worker.abort(stream));
    }

    /// Moves the clock on, and runs on every thread what becomes due on the way.
    pub(crate) fn advance(&self, by: Duration) {
        let end = self.shared.clock.elapsed() + by;
        while self.run_next(end).is_some() {}
        self.shared.clock.set_elapsed(end);
    }

    /// Moves the clock on to what is due next within this time, and runs that; else by this time.
    pub(crate) fn advance_to_next_within(&self, within: Duration) -> Option<Due> {
        let end = self.shared.clock.elapsed() + within;
        let ran = self.run_next(end);
        if ran.is_none() {
            self.shared.clock.set_elapsed(end);
        }
        ran
    }

    /// As if a callback had trapped on this worker: its VMs are dead.
    pub(crate) fn kill_worker(&self, worker: usize) {
        self.on_worker(worker, EnvoyThread::kill);
    }

    /// Moves the clock on to what is due next, and runs that.
    #[track_caller]
    pub(crate) fn advance_to_next(&self) {
        assert!(self.run_next(Duration::MAX).is_some(), "nothing is due any more");
    }

    /// How long it is until something is due.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        let due = self
            .all_threads()
            .iter()
            .filter_map(|thread| thread.lock().next_due())
            .min()?;
        Some(due.saturating_sub(self.shared.clock.elapsed()))
    }

    /// Runs what is due first, on whichever thread, if it is due by then.
    fn run_next(&self, by: Duration) -> Option<Due> {
        assert!(
            !self.shared.steps.are_on(),
            "a worker that is stepped cannot move the clock: others stand in the middle of a callback"
        );
        let threads = self.threads();
        let due = threads.iter().enumerate();
        let next = due.filter_map(|(index, thread)| Some((thread.lock().next_due()?, index)));
        let (due, index) = next.min().filter(|(due, _)| *due <= by)?;
        // What was due in the past runs now, not then.
        let now = self.shared.clock.elapsed();
        self.shared.clock.set_elapsed(due.max(now));
        let ran = threads[index].lock().run_due();
        posts::deliver(&self.shared, &threads);
        Some(ran)
    }

    /// The size of all VMs' memories, in pages of 64 KiB.
    pub(crate) fn pages(&self) -> u64 {
        let threads = self.all_threads();
        threads.iter().map(|thread| thread.lock().pages()).sum()
    }

    /// What is in the memories of a worker's VMs between two addresses that exported globals hold.
    pub(crate) fn memory_between(&self, worker: usize, from: &str, to: &str) -> Vec<Vec<u8>> {
        // The main thread comes first.
        self.all_threads()[worker + 1].lock().memory_between(from, to)
    }

    /// The size of the memories of a worker's VMs, in pages of 64 KiB.
    pub(crate) fn pages_of(&self, worker: usize) -> u64 {
        // The main thread comes first.
        self.all_threads()[worker + 1].lock().pages()
    }

    /// What plugins asked of other services, in order.
    pub(crate) fn call_outs(&self) -> Vec<CallOut> {
        let threads = self.all_threads();
        let all = threads.iter().flat_map(|thread| thread.lock().seen_call_outs());
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(asked_after, _)| *asked_after);
        all.into_iter().map(|(_, call_out)| call_out).collect()
    }

    /// All threads, to look at; none before the start and after the end.
    fn all_threads(&self) -> Arc<Threads> {
        assert!(
            !self.shared.steps.are_on(),
            "a worker that is stepped cannot look at the others: they stand in the middle of a callback"
        );
        match &*self.phase.lock() {
            Phase::Running(threads) => threads.clone(),
            Phase::New | Phase::ShutDown => Arc::default(),
        }
    }

    fn on_worker_of<T>(&self, stream: &SharedStream, act: impl FnOnce(&mut EnvoyThread) -> T) -> T {
        let worker = stream.borrow().worker;
        self.on_worker(worker, act)
    }

    fn on_worker<T>(&self, worker: usize, act: impl FnOnce(&mut EnvoyThread) -> T) -> T {
        let threads = self.threads();
        let done = act(&mut threads[worker + 1].lock());
        posts::deliver(&self.shared, &threads);
        done
    }

    fn threads(&self) -> Arc<Threads> {
        match &*self.phase.lock() {
            Phase::New => panic!("the host starts its VMs before it serves"),
            Phase::Running(threads) => threads.clone(),
            Phase::ShutDown => panic!("the host has shut down"),
        }
    }
}

impl Drop for Envoy {
    /// Every exchange is over by now, so every stream context must be deleted, and what the plugins kept of them freed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let mut leaks = self.shared.leaks.lock().clone();
        if let Phase::Running(threads) = self.phase.get_mut() {
            let streams = threads.iter().flat_map(|thread| thread.lock().open_streams());
            let open: Vec<String> = streams.map(|stream| stream.borrow().title()).collect();
            assert!(
                open.is_empty(),
                "contexts were never deleted: {}",
                open.join(", ")
            );
            leaks.extend(threads.iter().flat_map(|thread| thread.lock().leaks()));
        }
        let told = self.shared.secrets.lock().told();
        assert!(told.is_empty(), "{told}");
        let allowed = self.setup.borrow().settings.allow_memory_growth;
        assert!(
            allowed || leaks.is_empty(),
            "{}: if that is no leak, say allow_memory_growth",
            leaks.join("; ")
        );
    }
}
