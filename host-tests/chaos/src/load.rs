//! Clients that ask all the time, each on a connection that it keeps as long as Envoy does.

use crate::ends::{End, Ends, wrong};
use crate::upstream::{BROKEN, HANGING};
use crate::variant::Variant;
use live::client::{Connection, Request, Response};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// So many clients ask a listener.
const CLIENTS: usize = 4;
/// Between an answer and the next request.
const PAUSE: Duration = Duration::from_millis(4);
/// Envoy answers within its time-outs, of a second; a client waits much longer for a machine that has much to do.
const PATIENCE: Duration = Duration::from_secs(20);
/// Each so many requests, one is for what is broken all the time.
const BROKEN_EACH: u64 = 8;
/// Each so many of those, one is for what never answers, where that is asked for.
const HANGING_EACH: u64 = 3 * BROKEN_EACH;

/// What is special about the clients' listener.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kind {
    /// Plugins die: then an answer may have no body and no id, which the dead would have given it.
    pub(crate) is_mortal: bool,
    /// Clients ask for what never answers, too.
    pub(crate) hangs: bool,
}

/// The clients of one listener, until it is dropped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    variant: Variant,
    kind: Kind,
    address: SocketAddr,
    over: AtomicBool,
    number: AtomicU64,
    seen: Mutex<Seen>,
}

/// What the clients of one listener saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What became of requests for what the upstream can do.
    pub(crate) ends: Ends,
    /// What became of requests for what is broken.
    pub(crate) broken: Ends,
    /// Requests whose connection had been used before, and ended without a byte of an answer: a client may send them
    /// again, and these did.
    pub(crate) sent_again: u64,
    /// What was wrong, of answers and ends, with the request.
    pub(crate) wrong: Vec<String>,
}

impl Seen {
    /// How many requests were sent that Envoy may have seen.
    pub(crate) fn requests(&self) -> u64 {
        let refused = self.ends.get(&End::Refused).copied().unwrap_or_default();
        self.ends.values().sum::<u64>() + self.broken.values().sum::<u64>() - refused
    }
}

impl Load {
    /// Clients begin to ask the listener of this variant.
    pub(crate) fn start(variant: Variant, address: SocketAddr, kind: Kind) -> Self {
        let shared = Arc::new(Shared {
            variant,
            kind,
            address,
            over: AtomicBool::new(false),
            number: AtomicU64::new(0),
            seen: Mutex::default(),
        });
        let client = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || ask(&shared))
        };
        Load {
            clients: (0..CLIENTS).map(client).collect(),
            shared,
        }
    }

    /// What its clients saw so far.
    pub(crate) fn seen(&self) -> Seen {
        self.shared.lock().clone()
    }

    /// Ends, and says what the clients saw.
    pub(crate) fn stop(mut self) -> Seen {
        self.end();
        self.seen()
    }

    fn end(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            // A panic in it has been printed.
            let _ = client.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        // Nothing here leaves it half changed.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, is_broken: bool, id: &str, result: &live::Result<Response>) {
        let end = End::of(result);
        let wrong = match result {
            Ok(response) if self.kind.is_mortal && response.status == 503 => None,
            Ok(response) if self.variant != Variant::Plain => wrong(id, response),
            Err(error @ (live::Error::Late { .. } | live::Error::Malformed { .. })) => {
                Some(error.to_string())
            }
            _ => None,
        };
        let mut seen = self.lock();
        let ends = if is_broken {
            &mut seen.broken
        } else {
            &mut seen.ends
        };
        *ends.entry(end).or_default() += 1;
        seen.wrong.extend(wrong.map(|wrong| format!("{id}: {wrong}")));
    }
}

fn ask(shared: &Shared) {
    let mut kept: Option<Connection> = None;
    while !shared.over.load(Ordering::Relaxed) {
        let number = shared.number.fetch_add(1, Ordering::Relaxed);
        let is_broken = number % BROKEN_EACH == BROKEN_EACH - 1;
        let path = match number % HANGING_EACH {
            last if shared.kind.hangs && last == HANGING_EACH - 1 => HANGING,
            _ if is_broken => BROKEN,
            _ => "/orders",
        };
        let id = format!("chaos-{}-{number}", shared.variant.name());
        let request = Request::get(path).header("x-request-id", &id);
        let mut was_used = kept.is_some();
        let result = loop {
            let connection = match kept.take() {
                Some(connection) => Ok(connection),
                None => Connection::open(shared.address).map(|connection| connection.patience(PATIENCE)),
            };
            let result = connection.and_then(|mut connection| {
                let response = connection.send(&request)?;
                if response.values("connection").is_empty() {
                    kept = Some(connection);
                }
                Ok(response)
            });
            if was_used && matches!(result, Err(live::Error::NoResponse(_))) {
                shared.lock().sent_again += 1;
                was_used = false;
                continue;
            }
            break result;
        };
        shared.note(is_broken, &id, &result);
        thread::sleep(PAUSE);
    }
}
