//! An upstream of sockets and threads, which can be in any trouble: a library for servers would keep it from most.

mod wire;

use crate::{Error, Result};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// What every request that is answered in order gets as its body.
pub(crate) const BODY: &[u8] = b"an order as the upstream has it\n";
/// Requests for this path are answered 503, whatever else the upstream does.
pub(crate) const BROKEN: &str = "/broken";

/// Requests for this path are never answered.
pub(crate) const HANGING: &str = "/hanging";

/// How the upstream answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// In order.
    Well,
    /// Not at all: it accepts nothing, reads nothing and writes nothing, as a process that was stopped.
    Frozen,
    /// In order, a byte at a time.
    ByteByByte,
    /// With half the headers, and then a reset.
    ResetInHeaders,
    /// With headers and half the body, and then a reset.
    ResetInBody,
    /// With bytes that are no HTTP.
    Garbage,
}

/// A running upstream on 127.0.0.1, until it is dropped.
#[derive(Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    broken_requests: AtomicU64,
    hanging: Mutex<Hanging>,
}

/// How many requests hang, and how many have at the same time.
#[derive(Debug, Default)]
struct Hanging {
    now: u64,
    most: u64,
}

#[derive(Debug)]
struct State {
    manner: Manner,
    seed: u64,
    /// Counts the lives: what belongs to an earlier one ends.
    life: u64,
    is_alive: bool,
    /// By a number, so that each that ends takes its own away.
    connections: BTreeMap<u64, TcpStream>,
    accepted: u64,
}

impl Upstream {
    /// Starts one on a free port; what is random in it follows from the seed.
    ///
    /// # Errors
    /// Where the system gives no socket or thread.
    pub(crate) fn start(seed: u64) -> Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                manner: Manner::Well,
                seed,
                life: 0,
                is_alive: false,
                connections: BTreeMap::new(),
                accepted: 0,
            }),
            changed: Condvar::new(),
            broken_requests: AtomicU64::new(0),
            hanging: Mutex::default(),
        });
        let mut upstream = Upstream {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            shared,
            accepting: None,
        };
        upstream.revive()?;
        Ok(upstream)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it answers in this manner.
    pub(crate) fn answer(&self, manner: Manner) {
        self.shared.lock().manner = manner;
        self.shared.changed.notify_all();
    }

    /// How many requests for [`BROKEN`] have reached it.
    pub(crate) fn broken_requests(&self) -> u64 {
        self.shared.broken_requests.load(Ordering::Relaxed)
    }

    /// How many requests for [`HANGING`] have been with it at the same time, since this was asked last.
    pub(crate) fn most_hanging(&self) -> u64 {
        let mut hanging = self.shared.hanging();
        let now = hanging.now;
        std::mem::replace(&mut hanging.most, now)
    }

    /// It is killed: its sockets are closed, as the system does for a process that is gone.
    pub(crate) fn kill(&mut self) {
        {
            let mut state = self.shared.lock();
            state.is_alive = false;
            state.life += 1;
            for (_, connection) in std::mem::take(&mut state.connections) {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
        if let Some(accepting) = self.accepting.take() {
            // It waits for a connection: here is one.
            let _ = TcpStream::connect(self.address);
            let _ = accepting.join();
        }
    }

    /// It is started again, on the port that it had.
    ///
    /// # Errors
    /// Where the port is taken.
    pub(crate) fn revive(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.address).map_err(Error::io("an upstream: listening"))?;
        self.address = listener
            .local_addr()
            .map_err(Error::io("an upstream: listening"))?;
        self.shared.lock().is_alive = true;
        let shared = Arc::clone(&self.shared);
        self.accepting = Some(thread::spawn(move || accept(&listener, &shared)));
        Ok(())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hanging(&self) -> MutexGuard<'_, Hanging> {
        self.hanging.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How to answer, once it is not frozen; `None` where this life is over.
    fn manner(&self, life: u64) -> Option<Manner> {
        let mut state = self.lock();
        while state.manner == Manner::Frozen && state.life == life {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state.life == life).then_some(state.manner)
    }

    /// This connection is over, or its socket would stay open by what is kept of it.
    fn forget(&self, connection: u64) {
        self.lock().connections.remove(&connection);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let (life, number, seed) = {
            let mut state = shared.lock();
            if !state.is_alive {
                return;
            }
            let Ok(Ok(own)) = stream.as_ref().map(TcpStream::try_clone) else {
                continue;
            };
            state.accepted += 1;
            let number = state.accepted;
            state.connections.insert(number, own);
            (state.life, number, state.seed.wrapping_add(number))
        };
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let is_reset = wire::serve(&stream, life, seed, &shared);
            shared.forget(number);
            if !is_reset {
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }
}
